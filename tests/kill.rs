//! `kill -9` at random moments of a deploy over HTTP, by the real program against the real
//! simulator; then `resume`, with the plan or without: it ends well, and the fleet is whole.
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
    let apps = APPS.map(|(name, fixture)| App::planned(name, fixture, &folder));
    let next = AtomicU32::new(0);
    let counts = [const { [const { AtomicU32::new(0) }; 5] }; 2];
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= MOMENTS {
                        return;
                    }
                    let app = &apps[usize::from(nth % 4 == 3)];
                    let after = Duration::from_micros(SplitMix64::new(u64::from(nth)).below(micros(app.whole)));
                    let has_plan = (nth / 4).is_multiple_of(2);
                    let status = killed_and_resumed(app, has_plan, nth, after);
                    counts[usize::from(has_plan)][status].fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    std::fs::remove_dir_all(&folder).unwrap();
    let counts = counts.map(|counts| counts.map(AtomicU32::into_inner));
    let (took, whole) = (begin.elapsed().as_secs(), apps.map(|app| app.whole));
    println!("{MOMENTS} kills within {whole:?} of a deploy, in {took} s");
    println!("exit statuses 0 to 4 of resume: without its plan {:?}, with it {:?}", counts[0], counts[1]);
    assert!(counts[1][0] > MOMENTS / 4, "most deploys are under way when they are killed, and are finished");
    assert!(counts[0][0] > 0 && counts[0][3] > 0, "without a plan it goes either way");
    assert!(counts[0][4] + counts[1][4] > 0, "some are killed while the release command runs");
}

/// The exit status of `resume` after a deploy that was killed `after` it was started.
fn killed_and_resumed(app: &App, has_plan: bool, nth: u32, after: Duration) -> usize {
    let fly = Fly::listen(app);
    let mut apply = fly.command(["apply", "--yes", "--lease-ttl", TTL]).arg(&app.plan).spawn().unwrap();
    // What it takes to start would be most of the moments otherwise.
    BufReader::new(apply.stdout.as_mut().unwrap()).read_line(&mut String::new()).unwrap();
    std::thread::sleep(after);
    apply.kill().unwrap();
    apply.wait().unwrap();
    let mut resume = fly.command(["resume", "--events", "jsonl"]);
    resume.args(PATIENTLY);
    let resumed = match has_plan {
        true => resume.arg(&app.plan).output().unwrap(),
        false => resume.args(["--app", app.name]).output().unwrap(),
    };
    let machines = fly.machines();
    let context = || {
        let how = if has_plan { "with" } else { "without" };
        format!("{} killed after {after:?}, resumed {how} its plan (number {nth})\n{}", app.name, shown(&resumed))
    };
    match resumed.status.code() {
        Some(0) => assert!(app.is_green(&machines), "{}\n{}", context(), listed(&machines)),
        // Not begun, or over already.
        Some(1) => assert!(app.is_green(&machines) || app.is_blue(&machines), "{}\n{}", context(), listed(&machines)),
        Some(3) => assert!(app.is_blue(&machines), "{}\n{}", context(), listed(&machines)),
        Some(4) => fly.finish(&left(&resumed), &machines, &context()),
        _ => panic!("{}", context()),
    }
    resumed.status.code().and_then(|code| usize::try_from(code).ok()).unwrap()
}

/// What the last event says is left: machines, and the commands for them.
fn left(output: &Output) -> Vec<(String, String)> {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let done: Value = serde_json::from_str(stdout.lines().last().unwrap_or("null")).unwrap_or_default();
    let text = |left: &Value, key: &str| left[key].as_str().unwrap_or_default().to_owned();
    done["left"].as_array().into_iter().flatten().map(|left| (text(left, "machine"), text(left, "command"))).collect()
}

/// It shows what cannot be known: how a release command ended that nobody waited for, or whether a
/// creation that was not answered made a machine.
fn is_look(command: &str) -> bool {
    command.starts_with("fly logs ") || command.starts_with("fly machine list ")
}

/// An app whose deploy is planned.
struct App {
    name: &'static str,
    machines: PathBuf,
    plan: PathBuf,
    blues: BTreeSet<String>,
    /// How long its deploy takes when nobody kills it.
    whole: Duration,
}

impl App {
    fn planned(name: &'static str, fixture: &str, folder: &Path) -> Self {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join(fixture);
        let (machines, plan) = (fixture.join("machines.json"), folder.join(format!("{name}.json")));
        let mut command = Command::new(PROGRAM);
        command.args(["plan", "--image", "registry.fly.io/app:v2", "--settle", "10ms", "--machines"]);
        let output = command.arg(&machines).arg("-o").arg(&plan).arg(fixture.join("fly.toml")).output().unwrap();
        assert!(output.status.success(), "{}", shown(&output));
        let fleet: Value = serde_json::from_str(&std::fs::read_to_string(&machines).unwrap()).unwrap();
        let blues = fleet.as_array().unwrap().iter().map(|machine| machine["id"].as_str().unwrap().to_owned());
        let app = Self { name, blues: blues.collect(), machines, plan, whole: Duration::ZERO };
        Self { whole: app.undisturbed(), ..app }
    }

    fn undisturbed(&self) -> Duration {
        let fly = Fly::listen(self);
        let mut apply = fly.command(["apply", "--yes", "--lease-ttl", TTL]).arg(&self.plan).spawn().unwrap();
        BufReader::new(apply.stdout.as_mut().unwrap()).read_line(&mut String::new()).unwrap();
        let begin = Instant::now();
        let output = apply.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
        assert!(self.is_green(&fly.machines()));
        begin.elapsed()
    }

    /// Every blue as it was, and nothing else.
    fn is_blue(&self, machines: &[Value]) -> bool {
        self.is_whole(machines) && machines.iter().all(|machine| self.blues.contains(id(machine)))
    }

    /// A green for every blue.
    fn is_green(&self, machines: &[Value]) -> bool {
        self.is_whole(machines) && machines.iter().all(|machine| !self.blues.contains(id(machine)))
    }

    fn is_whole(&self, machines: &[Value]) -> bool {
        machines.len() == self.blues.len() && machines.iter().all(|machine| machine["cordoned"] != true)
    }
}

fn listed(machines: &[Value]) -> String {
    let line = |machine: &Value| format!("{} {} cordoned: {}\n", id(machine), machine["state"], machine["cordoned"]);
    machines.iter().map(line).collect()
}

fn id(machine: &Value) -> &str {
    machine["id"].as_str().unwrap()
}

/// A simulated Machines API, gone with this.
struct Fly<'a> {
    app: &'a App,
    process: Child,
    address: String,
}

impl<'a> Fly<'a> {
    fn listen(app: &'a App) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(["sim", "listen", "--port", "0", "--app", app.name, "--speed", SPEED, "--fleet"]);
        let mut process = command.arg(&app.machines).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let (_, behind) = line.split_once("http://").unwrap();
        Self { app, process, address: behind.split(' ').next().unwrap().to_owned() }
    }

    fn command<const N: usize>(&self, args: [&str; N]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(args).env_clear().env("FLY_API_TOKEN", "simulated");
        command.env("FLY_FLAPS_BASE_URL", format!("http://{}", self.address));
        command.env("XDG_STATE_HOME", self.app.plan.parent().unwrap().join("state"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Does what the report of a run that ended with 4 names. It names all that stands in the way of
    /// the one end or of the other, and its commands lead there.
    fn finish(&self, left: &[(String, String)], machines: &[Value], context: &str) {
        let named: BTreeSet<&str> = left.iter().map(|(machine, _)| machine.as_str()).collect();
        let (blues, greens): (Vec<_>, Vec<_>) =
            machines.iter().map(id).partition(|machine| self.app.blues.contains(*machine));
        let names_all = |those: &[&str]| those.iter().all(|machine| named.contains(machine));
        let is_known = |named: &str| machines.iter().any(|machine| id(machine) == named);
        let is_there = left.iter().all(|(machine, command)| is_known(machine) || is_look(command));
        assert!(is_there && (names_all(&greens) || names_all(&blues)), "{context}\n{}", listed(machines));
        let commands: BTreeSet<&str> = left.iter().flat_map(|(_, command)| command.split(" && ")).collect();
        commands.into_iter().for_each(|command| self.follow(command, context));
        let machines = self.machines();
        assert!(self.app.is_blue(&machines) || self.app.is_green(&machines), "{context}\n{}", listed(&machines));
    }

    fn follow(&self, command: &str, context: &str) {
        let path = |id: &str| format!("/v1/apps/{}/machines/{id}", self.app.name);
        match command.split(' ').collect::<Vec<_>>()[..] {
            _ if is_look(command) => {}
            ["cutover", verb, "--app", app] => {
                let output = self.command([verb, "--app", app]).args(PATIENTLY).output().unwrap();
                assert!(matches!(output.status.code(), Some(0 | 3)), "{context}\n{command}\n{}", shown(&output));
            }
            ["fly", "machine", "destroy", "--force", id, "-a", _] => {
                self.ask("DELETE", &format!("{}?force=true", path(id)));
            }
            ["fly", "machine", verb @ ("start" | "uncordon"), id, "-a", _] => {
                self.ask("POST", &format!("{}/{verb}", path(id)));
            }
            _ => panic!("{context}\n{command}: that finishes nothing"),
        }
    }

    /// Those that are not destroyed.
    fn machines(&self) -> Vec<Value> {
        let body = self.ask("GET", &format!("/v1/apps/{}/machines", self.app.name));
        let all: Vec<Value> = serde_json::from_str(&body).unwrap();
        all.into_iter().filter(|machine| machine["state"] != "destroyed").collect()
    }

    /// The body of what is answered.
    fn ask(&self, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request =
            format!("{method} {path} HTTP/1.1\r\nhost: fly\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response.split_once("\r\n\r\n").unwrap().1.to_owned()
    }
}

impl Drop for Fly<'_> {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn shown(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap()
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_cutover");

/// With the folder of each. The second has a release command, a standby, and a group that the proxy
/// stops.
const APPS: [(&str, &str); 2] = [("shop", "examples/shop"), ("bazaar", "tests/fixtures/bazaar")];

const MOMENTS: u32 = 208;

/// They mostly wait.
const SIDE_BY_SIDE: u32 = 48;

const SPEED: &str = "10";

const TTL: &str = "4s";

const PATIENTLY: [&str; 5] = ["--yes", "--lease-ttl", TTL, "--lease-wait", "20s"];
