//! `kill -9` at random moments of a deploy over HTTP, by the real program against the real
//! simulator; then `resume`: it ends well, and the fleet is whole.
#![cfg(unix)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test starts programs, waits, and may fail"
)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cutover::execute::SplitMix64;
use serde_json::Value;

#[test]
fn a_killed_deploy_ends_well_wherever_it_was() {
    let begin = Instant::now();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kill-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let plan = folder.join("plan.json");
    make_plan(&plan);
    let whole = undisturbed(&plan);
    let next = AtomicU32::new(0);
    let counts = [const { AtomicU32::new(0) }; 5];
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= MOMENTS {
                        return;
                    }
                    let after = Duration::from_micros(SplitMix64::new(u64::from(nth)).below(micros(whole)));
                    counts[killed_and_resumed(&plan, nth, after)].fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    std::fs::remove_dir_all(&folder).unwrap();
    let counts: Vec<u32> = counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
    let took = begin.elapsed().as_secs();
    println!("{MOMENTS} kills within {whole:?} of a deploy, in {took} s; exit statuses of resume: {counts:?}");
    assert!(counts[0] > MOMENTS / 2, "most deploys are under way when they are killed, and are finished");
}

/// The exit status of `resume` after a deploy that was killed `after` it was started.
fn killed_and_resumed(plan: &Path, nth: u32, after: Duration) -> usize {
    let fly = Fly::listen();
    let mut apply = fly.command(["apply", "--yes", "--lease-ttl", TTL]).arg(plan).spawn().unwrap();
    // What it takes to start would be most of the moments otherwise.
    BufReader::new(apply.stdout.as_mut().unwrap()).read_line(&mut String::new()).unwrap();
    std::thread::sleep(after);
    apply.kill().unwrap();
    apply.wait().unwrap();
    let resumed = fly
        .command(["resume", "--yes", "--lease-ttl", TTL, "--lease-wait", "20s", "--events", "jsonl"])
        .arg(plan)
        .output()
        .unwrap();
    let context = || format!("killed after {after:?} (number {nth})\n{}", shown(&resumed));
    let machines = fly.machines();
    match resumed.status.code() {
        Some(0) => assert!(is_green(&machines), "{}\n{machines:#?}", context()),
        // Not begun, or over already.
        Some(1) => assert!(is_green(&machines) || is_blue(&machines), "{}\n{machines:#?}", context()),
        Some(3) => assert!(is_blue(&machines), "{}\n{machines:#?}", context()),
        Some(4) => assert!(is_told_truly(&resumed, &machines), "{}\n{machines:#?}", context()),
        _ => panic!("{}", context()),
    }
    resumed.status.code().and_then(|code| usize::try_from(code).ok()).unwrap()
}

/// Every blue as it was, and nothing else.
fn is_blue(machines: &[Value]) -> bool {
    let blues = blues();
    machines.len() == blues.len()
        && machines.iter().all(|machine| blues.contains(machine["id"].as_str().unwrap()) && machine["cordoned"] != true)
}

/// A green for every blue.
fn is_green(machines: &[Value]) -> bool {
    let blues = blues();
    machines.len() == blues.len()
        && machines
            .iter()
            .all(|machine| !blues.contains(machine["id"].as_str().unwrap()) && machine["cordoned"] != true)
}

/// Each machine that is said to be left is there, or is one that may be; and some machine serves.
fn is_told_truly(resumed: &Output, machines: &[Value]) -> bool {
    let stdout = String::from_utf8_lossy(&resumed.stdout);
    let done: Value = serde_json::from_str(stdout.lines().last().unwrap_or("null")).unwrap_or_default();
    let left = done["left"].as_array().cloned().unwrap_or_default();
    let serves = machines.iter().any(|machine| machine["state"] == "started" && machine["cordoned"] != true);
    !left.is_empty() && left.iter().all(|left| left["command"].as_str().is_some_and(|text| !text.is_empty())) && serves
}

/// How long a deploy takes that nobody kills.
fn undisturbed(plan: &Path) -> Duration {
    let fly = Fly::listen();
    let mut apply = fly.command(["apply", "--yes", "--lease-ttl", TTL]).arg(plan).spawn().unwrap();
    BufReader::new(apply.stdout.as_mut().unwrap()).read_line(&mut String::new()).unwrap();
    let begin = Instant::now();
    let output = apply.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    assert!(is_green(&fly.machines()));
    begin.elapsed()
}

fn make_plan(path: &Path) {
    let mut command = Command::new(PROGRAM);
    command.args(["plan", "--image", "registry.fly.io/shop:v2", "--settle", "10ms", "--machines"]);
    command.arg(shop("machines.json")).arg("-o").arg(path).arg(shop("fly.toml"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
}

/// A simulated Machines API, gone with this.
struct Fly {
    process: Child,
    address: String,
}

impl Fly {
    fn listen() -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(["sim", "listen", "--port", "0", "--app", "shop", "--speed", SPEED, "--fleet"]);
        let mut process = command.arg(shop("machines.json")).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let (_, behind) = line.split_once("http://").unwrap();
        Self { process, address: behind.split(' ').next().unwrap().to_owned() }
    }

    fn command<const N: usize>(&self, args: [&str; N]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(args).env_clear().env("FLY_API_TOKEN", "simulated");
        command.env("FLY_FLAPS_BASE_URL", format!("http://{}", self.address));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Those that are not destroyed.
    fn machines(&self) -> Vec<Value> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request = "GET /v1/apps/shop/machines HTTP/1.1\r\nhost: fly\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let (_, body) = response.split_once("\r\n\r\n").unwrap();
        let all: Vec<Value> = serde_json::from_str(body).unwrap();
        all.into_iter().filter(|machine| machine["state"] != "destroyed").collect()
    }
}

impl Drop for Fly {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn blues() -> BTreeSet<String> {
    let fleet: Value = serde_json::from_str(&std::fs::read_to_string(shop("machines.json")).unwrap()).unwrap();
    fleet.as_array().unwrap().iter().map(|machine| machine["id"].as_str().unwrap().to_owned()).collect()
}

fn shop(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop").join(name)
}

fn shown(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap()
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_cutover");

const MOMENTS: u32 = 200;

/// They mostly wait.
const SIDE_BY_SIDE: u32 = 72;

/// Leases run out as much faster, and are renewed at half of their time: at 2 they would be lost.
const SPEED: &str = "1";

const TTL: &str = "4s";
