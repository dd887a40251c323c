//! What deploys take over real sockets, against the simulator on loopback:
//! `cargo bench --bench deploy`, half a minute; with `-- --all` also a hundred machines with Fly's rate
//! limits, which take two minutes, and the memory that a thousand take, for twenty.
//! `tests/figures.rs` holds the same in virtual time, where nothing disturbs it.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark talks, and may fail"
)]

#[path = "../tests/figures/deploy.rs"]
mod deploy;
#[path = "../tests/plan/notation.rs"]
#[allow(dead_code)]
mod notation;

use std::fs;
use std::future::pending;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use cutover::execute::{Event, Execution, Options, OutcomeKind};
use cutover::native::http::{Client, Endpoint, drive};
use cutover::native::listen::{bind, serve};
use cutover::plan::Policy;
use cutover::sim::World;
use cutover::sim::http::Api;
use deploy::{Calls, FLYCTL, QUICK, critical_path_ms, deploy_of, no_waits, waits_of_flyctl};
use serde_json::json;

fn main() {
    for _ in 0..3 {
        told("3 machines, no waits", 3, &no_waits(), &[]);
    }
    told("3 machines, flyctl's waits", 3, &waits_of_flyctl(), &[]);
    told("3 machines, the defaults", 3, &Policy::default(), &[]);
    println!("{:28} {:7.3} s {:35} {}", "  flyctl itself", seconds(FLYCTL.took_ms), "", words(FLYCTL.calls));
    if std::env::args().any(|argument| argument == "--all") {
        told("100 machines, rate limits", 100, &waits_of_flyctl(), &["*=limited"]);
        memory(1_000);
    }
}

/// Deploys, and says what it took.
fn told(name: &str, machines: usize, policy: &Policy, faults: &[&str]) {
    let (fleet, plan) = deploy_of(machines, policy);
    let faults: Vec<_> = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    // Three machines at once, then one a second.
    let limited_ms = if faults.is_empty() { 0 } else { (machines as u64 - 3) * 1_000 };
    let least_ms = critical_path_ms(&plan, &QUICK) + limited_ms;
    let url = listen(Api::new(World::new(&fleet, QUICK, faults, 1), None));
    let client = Client::new("shop", &Endpoint::at(&url)).unwrap();
    let mut calls = Calls::default();
    let begin = Instant::now();
    let count = |_: u64, events: &[Event]| events.iter().for_each(|event| calls.see(event));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = runtime.block_on(drive(Execution::new(plan, Options::new("r1")), &client, count, pending()));
    assert_eq!(outcome.kind, OutcomeKind::Completed, "{outcome:?}");
    let took = begin.elapsed().as_secs_f64();
    let least = seconds(least_ms);
    println!("{name:28} {took:7.3} s, {:5.3} times the least ({least:7.3} s) {}", took / least, words(calls));
}

fn words(calls: Calls) -> String {
    format!("{:5} calls, {} of them of the Machines API", calls.all(), calls.of_machines)
}

/// A simulated Fly in a thread of its own; its address.
fn listen(api: Api) -> String {
    let (tell, told) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = bind(0).await.unwrap();
            tell.send(format!("http://{}", listener.local_addr().unwrap())).unwrap();
            serve(listener, api, None, pending()).await.unwrap();
        });
    });
    told.recv().unwrap()
}

/// The most memory that `cutover apply` takes; the simulator is a process of its own.
fn memory(machines: usize) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("deploy-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: String| -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let (fleet, plan) = deploy_of(machines, &no_waits());
    let fleet = file("machines.json", json!(fleet.machines).to_string());
    let plan = file("plan.json", plan.to_json());
    let begin = Instant::now();
    let mut fly = command(&["sim", "listen", "--port", "0", "--app", "shop", "--speed", "20", "--fleet"]);
    let mut fly = fly.arg(fleet).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(fly.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let url = line.split(['=', ' ']).find(|word| word.starts_with("http")).unwrap();
    let mut apply = command(&["apply", "--yes"]);
    apply.arg(plan).env("FLY_FLAPS_BASE_URL", url).env("FLY_API_TOKEN", "simulated").stdout(Stdio::null());
    let peak = peak_kib(&mut apply.spawn().unwrap());
    fly.kill().unwrap();
    fly.wait().unwrap();
    fs::remove_dir_all(&folder).unwrap();
    match peak {
        Some(kib) => println!("{machines} machines: {} MiB at most, {} s", kib / 1_024, begin.elapsed().as_secs()),
        None => println!("{machines} machines: this system does not say how much memory it took"),
    }
}

/// Waits for its end.
fn peak_kib(process: &mut Child) -> Option<u64> {
    let mut peak = None;
    loop {
        peak = peak.max(high_water_kib(process.id()));
        if let Some(status) = process.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return peak;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// As Linux has it.
fn high_water_kib(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cutover"));
    command.args(args).env_clear().stdin(Stdio::null());
    command
}

fn seconds(ms: u64) -> f64 {
    Duration::from_millis(ms).as_secs_f64()
}
