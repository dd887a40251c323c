//! What `cutover check` costs inside one process: `cargo bench --bench check`. The throughput of the
//! large files tells whether the cost is linear in the length of the text.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a benchmark reads files and talks"
)]

use std::fmt::Write;
use std::fs;
use std::hint::black_box;
use std::path::Path;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use cutover::lint::{self, Input, Settings};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus");

fn check(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("check");
    bench(&mut group, "the example app", &[include_str!("../examples/shop/fly.toml").to_owned()]);
    bench(&mut group, "500 lines", &[of_lines(500)]);
    group.sample_size(10);
    bench(&mut group, "1 MB", &[of_bytes(1_000_000)]);
    bench(&mut group, "10 MB", &[of_bytes(10_000_000)]);
    bench(&mut group, "1 MB of variables", &[variables(1_000_000)]);
    bench(&mut group, "10 MB of variables", &[variables(10_000_000)]);
    bench(&mut group, "2 MB of unknown keys", &[unknown_keys(2_000_000)]);
    match corpus() {
        Some(texts) => bench(&mut group, &format!("the corpus of {} files", texts.len()), &texts),
        None => eprintln!("there is no corpus at {CORPUS}: nothing to measure"),
    }
    group.finish();
}

fn bench(group: &mut BenchmarkGroup<WallTime>, name: &str, texts: &[String]) {
    let bytes: usize = texts.iter().map(String::len).sum();
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            for text in texts {
                black_box(lint::check(&Input::new("fly.toml", black_box(text)), &Settings::default()));
            }
        });
    });
}

/// A file of at least this many lines that gives all the kinds of sections their share.
fn of_lines(lines: usize) -> String {
    (1..).map(file).find(|text| text.lines().count() >= lines).expect("files grow without end")
}

/// The same, by length.
fn of_bytes(bytes: usize) -> String {
    let per_service = file(101).len() - file(100).len();
    file(bytes / per_service)
}

/// An app of four process groups with so many services, each with its checks and its variables.
fn file(services: usize) -> String {
    let mut text = HEAD.to_owned();
    for at in 0..services {
        for name in ["URL", "TIMEOUT", "LOG_LEVEL", "QUEUE", "FEATURES"] {
            line(&mut text, &format!("SERVICE_{at}_{name} = \"the {name} of service {at} # not a comment\""));
        }
    }
    for group in GROUPS {
        line(&mut text, &format!("\n[[mounts]]\nsource = \"{group}_data\"\ndestination = \"/data\""));
        line(&mut text, &format!("initial_size = \"10gb\"\nprocesses = [\"{group}\"]"));
    }
    (0..services).for_each(|at| service(&mut text, at));
    text
}

fn service(text: &mut String, at: usize) {
    let (group, internal, public) = (GROUPS[at % GROUPS.len()], 1_024 + at, 20_000 + at);
    line(text, &format!("\n# Service {at}.\n[[services]]\nprotocol = \"tcp\"\ninternal_port = {internal}"));
    line(text, &format!("auto_stop_machines = \"off\"\nprocesses = [\"{group}\"]"));
    line(text, &format!("\n[[services.ports]]\nport = {public}\nhandlers = [\"tls\", \"http\"]"));
    line(text, "\n[services.concurrency]\ntype = \"requests\"\nsoft_limit = 200\nhard_limit = 250");
    line(text, "\n[[services.http_checks]]\nmethod = \"GET\"\npath = \"/healthz\"");
    line(text, "interval = \"10s\"\ntimeout = \"2s\"\ngrace_period = \"5s\"");
    line(text, &format!("\n[checks.alive_{at}]\ntype = \"tcp\"\nport = {internal}"));
    line(text, &format!("interval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"5s\"\nprocesses = [\"{group}\"]"));
}

fn variables(bytes: usize) -> String {
    repeated("app = \"shop\"\n\n[env]\n", bytes, |at| format!("VARIABLE_{at} = \"value {at}\""))
}

/// Every line is a finding.
fn unknown_keys(bytes: usize) -> String {
    repeated("app = \"shop\"\n", bytes, |at| format!("unknown_{at} = {at}"))
}

fn repeated(head: &str, bytes: usize, of: impl Fn(usize) -> String) -> String {
    let mut text = head.to_owned();
    let mut at = 0;
    while text.len() < bytes {
        line(&mut text, &of(at));
        at += 1;
    }
    text
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a String takes everything");
}

fn corpus() -> Option<Vec<String>> {
    let entries = fs::read_dir(Path::new(CORPUS)).ok()?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    Some(
        paths
            .filter(|path| path.extension().is_some_and(|end| end == "toml"))
            .filter_map(|path| fs::read_to_string(path).ok())
            .collect(),
    )
}

const GROUPS: [&str; 4] = ["api", "app", "mail", "work"];

const HEAD: &str = r#"app = "shop"
primary_region = "iad"
kill_signal = "SIGTERM"
kill_timeout = "30s"

[deploy]
strategy = "rolling"
wait_timeout = "5m"

[processes]
api = "/srv/shop api"
app = "/srv/shop serve"
mail = "/srv/shop mail"
work = "/srv/shop work --queue orders"

[[vm]]
size = "shared-cpu-1x"
memory = "512mb"

[env]
"#;

criterion_group!(benches, check);
criterion_main!(benches);
