//! What is done with a plan, of an app of fifty groups with any number of machines.

use std::fmt::Write;
use std::hint::black_box;

use cutover::config::{self, Config};
use cutover::fleet::{self, Fleet};
use cutover::machine::machine_config;
use cutover::plan::{self, Desired, Plan, Policy};
use cutover::render::text::{self, Look};
use cutover::syntax::{self, Format};
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Work {
    /// What others are compared with: the list of machines as JSON, whatever it says.
    ParseJson,
    ReadMachines,
    Plan,
    WritePlan,
    ReadPlan,
    ShowPlan,
}

impl Work {
    pub(crate) const ALL: [Self; 6] =
        [Self::ParseJson, Self::ReadMachines, Self::Plan, Self::WritePlan, Self::ReadPlan, Self::ShowPlan];

    pub(crate) fn named(name: &str) -> Self {
        let named = Self::ALL.into_iter().find(|work| work.name() == name);
        named.unwrap_or_else(|| panic!("`{name}` is none of {:?}", Self::ALL.map(Self::name)))
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ParseJson => "parse-json",
            Self::ReadMachines => "read-machines",
            Self::Plan => "plan",
            Self::WritePlan => "write-plan",
            Self::ReadPlan => "read-plan",
            Self::ShowPlan => "show-plan",
        }
    }

    /// What does it once, with what it needs and nothing else.
    pub(crate) fn of(self, machines: usize) -> Box<dyn Fn()> {
        let app = App::new();
        let list = app.list(machines);
        match self {
            Self::ParseJson => Box::new(move || drop(black_box(serde_json::from_str::<Value>(&list)))),
            Self::ReadMachines => Box::new(move || drop(black_box(fleet(&list)))),
            Self::Plan => {
                let fleet = fleet(&list);
                Box::new(move || drop(black_box(app.plan(&fleet))))
            }
            Self::WritePlan => {
                let plan = app.plan(&fleet(&list));
                Box::new(move || drop(black_box(plan.to_json())))
            }
            Self::ReadPlan => {
                let json = app.plan(&fleet(&list)).to_json();
                Box::new(move || drop(black_box(plan::read(&json).expect("it is a plan"))))
            }
            Self::ShowPlan => {
                let plan = app.plan(&fleet(&list));
                Box::new(move || drop(black_box(text::plan(&plan, Look::default()))))
            }
        }
    }
}

/// The list of so many machines as the API tells it while a deploy goes on: with what became of each, and
/// with marks of its own.
#[allow(dead_code, reason = "not every benchmark reads one")]
pub(crate) fn told_list(machines: usize) -> String {
    let app = App::new();
    let mut list = String::new();
    for at in 0..machines {
        let mut machine = app.machine(at);
        let event = |kind: &str| {
            let exit = json!({"exit_code": 0, "exited_at": "2026-01-01T00:00:00Z", "oom_killed": false, "requested_stop": true});
            json!({"id": format!("01{at:024}"), "type": kind, "status": kind, "source": "flyd", "timestamp": 1_767_225_600_000_u64,
                "request": {"exit_event": exit, "restart_count": 1}})
        };
        machine["events"] = ["start", "exit", "stop", "start", "exit", "start", "launch"].map(event).into();
        machine["checks"][0]["output"] = "HTTP GET http://172.19.10.2:8080/healthz: 200 OK Output: ok".into();
        machine["config"]["metadata"]["cutover_slot"] = format!("{at:014x} app-{at}").into();
        machine["private_ip"] = format!("fdaa:2:45b:a7b:1f60:{at:x}:2").into();
        list.push(if at == 0 { '[' } else { ',' });
        write!(list, "{machine}").expect("a text takes all");
    }
    list + "]"
}

struct App {
    text: String,
    config: Config,
}

impl App {
    /// Each group has a service and a check, and all share their variables.
    fn new() -> Self {
        let text = file();
        let config = config::read(&syntax::parse(&text, Format::Toml)).config;
        Self { text, config }
    }

    /// As `fly machine list --json` prints them, the groups in turn.
    fn list(&self, machines: usize) -> String {
        let machines: Vec<_> = (0..machines).map(|at| self.machine(at).to_string()).collect();
        format!("[{}]", machines.join(","))
    }

    fn plan(&self, fleet: &Fleet) -> Plan {
        let Self { text, config } = self;
        let desired = Desired { app: "shop", image: "registry.fly.io/shop:v2", path: "fly.toml", text, config };
        plan::plan(&desired, fleet, &Policy::default()).expect("it can be planned")
    }

    fn machine(&self, at: usize) -> Value {
        let group = format!("group{}", at % GROUPS);
        let old = machine_config(&self.config, &group, Some("registry.fly.io/shop:v1"), None);
        let mut config = old.expect("a config");
        config.set_metadata("fly_release_version", "7");
        config.fields_mut().insert("guest".to_owned(), json!({"cpu_kind": "shared", "cpus": 1, "memory_mb": 256}));
        let region = ["iad", "fra", "syd"][at % 3];
        json!({
            "id": format!("{:014x}", at * 7_919), "name": format!("machine-{at}"), "state": "started",
            "region": region, "instance_id": format!("01{at:024}"), "host_status": "ok",
            "image_ref": {"registry": "registry.fly.io", "repository": "shop", "tag": "v1"}, "config": config,
            "checks": [{"name": "servicecheck-00-http-8080", "status": "passing"}],
        })
    }
}

fn fleet(list: &str) -> Fleet {
    fleet::parse(list).expect("it is a list")
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

const GROUPS: usize = 50;
