//! What planning costs inside one process: `cargo bench --bench plan`. The two sizes of fleet tell
//! whether the cost is linear in the number of machines. With a number of machines
//! (`cargo bench --bench plan -- --once 10000`), and of plans when there are to be more than one,
//! nothing is measured here: for callgrind, and for the memory that it takes.

#![allow(clippy::disallowed_methods, clippy::expect_used, clippy::print_stderr, reason = "a benchmark talks")]

use std::fmt::Write;
use std::hint::black_box;

use criterion::Criterion;
use cutover::config::{self, Config};
use cutover::fleet::{self, Fleet};
use cutover::machine::machine_config;
use cutover::plan::{Desired, Plan, Policy, plan, read};
use cutover::syntax::{self, Format};
use serde_json::json;

const GROUPS: usize = 50;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--once") {
        let machines = arguments.get(at + 1).and_then(|count| count.parse().ok()).expect("how many machines");
        let app = App::of(machines);
        let times = arguments.get(at + 2).map_or(1, |times| times.parse().expect("how many times"));
        let steps = (0..times).map(|_| black_box(app.plan()).steps.len()).max();
        return eprintln!("{} steps", steps.unwrap_or(0));
    }
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    for machines in [1_000, 10_000] {
        let app = App::of(machines);
        let json = app.plan().to_json();
        criterion
            .bench_function(&format!("plan {machines} machines"), |bencher| bencher.iter(|| black_box(app.plan())));
        criterion.bench_function(&format!("write a plan of {machines} machines"), |bencher| {
            let plan = app.plan();
            bencher.iter(|| black_box(plan.to_json()));
        });
        criterion.bench_function(&format!("read a plan of {machines} machines"), |bencher| {
            bencher.iter(|| black_box(read(&json).expect("it is a plan")));
        });
    }
}

struct App {
    text: String,
    config: Config,
    fleet: Fleet,
}

impl App {
    /// An app of fifty groups, each with a service, a check and an equal share of the machines.
    fn of(machines: usize) -> Self {
        let text = file();
        let config = config::read(&syntax::parse(&text, Format::Toml)).config;
        let fleet = json!((0..machines).map(|at| machine(&config, at)).collect::<Vec<_>>());
        let fleet = fleet::parse(&fleet.to_string()).expect("it is a fleet");
        Self { text, config, fleet }
    }

    fn plan(&self) -> Plan {
        let image = "registry.fly.io/shop:v2";
        let Self { text, config, fleet } = self;
        let desired = Desired { app: "shop", image, path: "fly.toml", text, config };
        plan(&desired, fleet, &Policy::default()).expect("it can be planned")
    }
}

fn file() -> String {
    let mut text = "app = \"shop\"\nprimary_region = \"iad\"\n\n[env]\n".to_owned();
    for at in 0..20 {
        writeln!(text, "VARIABLE_{at} = \"the value of variable {at}\"").expect("a text takes all");
    }
    text.push_str("\n[processes]\n");
    for at in 0..GROUPS {
        writeln!(text, "group{at} = \"serve {at}\"").expect("a text takes all");
    }
    for at in 0..GROUPS {
        write!(
            text,
            "\n[[services]]\ninternal_port = 8080\nprotocol = \"tcp\"\nprocesses = [\"group{at}\"]\n\
             [[services.ports]]\nport = {}\nhandlers = [\"http\"]\n\
             [[services.http_checks]]\ninterval = \"15s\"\ntimeout = \"2s\"\npath = \"/healthz\"\n",
            10_000 + at
        )
        .expect("a text takes all");
    }
    text
}

fn machine(config: &Config, at: usize) -> serde_json::Value {
    let group = format!("group{}", at % GROUPS);
    let mut made = machine_config(config, &group, Some("registry.fly.io/shop:v1"), None).expect("a config");
    made.set_metadata("fly_release_version", "7");
    made.0.insert("guest".to_owned(), json!({"cpu_kind": "shared", "cpus": 1, "memory_mb": 256}));
    let region = ["iad", "fra", "syd"][at % 3];
    json!({
        "id": format!("{:014x}", at * 7_919), "name": format!("machine-{at}"), "state": "started",
        "region": region, "instance_id": format!("01{at:024}"), "host_status": "ok",
        "image_ref": {"registry": "registry.fly.io", "repository": "shop", "tag": "v1"}, "config": made,
        "checks": [{"name": "servicecheck-00-http-8080", "status": "passing"}],
    })
}
