//! `kill -9` at random moments of a deploy over HTTP, in each of its phases, by the real program
//! against the real simulator; then `resume` or `abort`, with the plan or without, killed in their
//! turn now and then: it ends well, and the fleet is whole.
#![cfg(unix)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test starts programs, waits, and may fail"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cutover::execute::SplitMix64;
use serde_json::Value;

#[test]
fn a_killed_deploy_ends_well_wherever_it_was() {
    let begin = Instant::now();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kill-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let apps = APPS.map(|(name, fixture, more)| App::planned(name, fixture, more, &folder));
    let (next, tally) = (AtomicU32::new(0), Mutex::new(Tally::default()));
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= MOMENTS {
                        return;
                    }
                    let app = &apps[usize::try_from(nth).unwrap() % apps.len()];
                    let (struck, way, status) = Case::nth(app, nth).run();
                    let mut tally = tally.lock().unwrap();
                    struck.into_iter().for_each(|phase| *tally.struck.entry(phase).or_default() += 1);
                    *tally.ended.entry((way, status)).or_default() += 1;
                }
            });
        }
    });
    std::fs::remove_dir_all(&folder).unwrap();
    let Tally { struck, ended } = tally.into_inner().unwrap();
    println!("{MOMENTS} kills in {} s, by the phase that they struck: {struck:?}", begin.elapsed().as_secs());
    println!("exit statuses of what came after: {ended:?}");
    for phase in PHASES {
        assert!(struck.get(phase).is_some_and(|count| *count >= 4), "too few kills struck {phase}: {struck:?}");
    }
    let count = |is_it: fn(&Way, i32) -> bool| {
        ended.iter().filter(|((way, status), _)| is_it(way, *status)).map(|(_, count)| count).sum::<u32>()
    };
    assert!(count(|way, status| way.verb == "resume" && way.has_plan && status == 0) > MOMENTS / 6, "{ended:?}");
    assert!(count(|way, status| way.verb == "resume" && !way.has_plan && status == 0) > 0, "{ended:?}");
    assert!(count(|way, status| way.verb == "resume" && !way.has_plan && status == 3) > 0, "{ended:?}");
    assert!(count(|way, status| way.verb == "abort" && status == 3) > MOMENTS / 12, "{ended:?}");
    assert!(count(|_, status| status == 4) > 0, "some are killed while the release command runs: {ended:?}");
    assert!(count(|way, status| way.verb == "abort" && status == 0) > 0, "past its point it is finished: {ended:?}");
}

#[derive(Default)]
struct Tally {
    struck: BTreeMap<&'static str, u32>,
    ended: BTreeMap<(Way, i32), u32>,
}

/// What is done after the kill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    verb: &'static str,
    has_plan: bool,
    is_killed_too: bool,
}

struct Case<'a> {
    app: &'a App,
    nth: u32,
    way: Way,
    random: SplitMix64,
}

impl<'a> Case<'a> {
    fn nth(app: &'a App, nth: u32) -> Self {
        let mut random = SplitMix64::new(u64::from(nth));
        let mut one_of = |count: u64| random.below(count) == 0;
        let verb = if one_of(3) { "abort" } else { "resume" };
        let way = Way { verb, has_plan: one_of(2), is_killed_too: one_of(4) };
        Self { app, nth, way, random }
    }

    /// The phases that the kill struck, and how what came after it ended.
    fn run(mut self) -> (BTreeSet<&'static str>, Way, i32) {
        let fly = Fly::listen(self.app);
        let before = fly.machines();
        fly.hold();
        // Each phase in its turn, so that long ones do not take all kills; within it, any moment.
        let rhythm = &self.app.rhythm;
        let phases: Vec<&str> = PHASES.iter().copied().filter(|phase| rhythm.contains_key(phase)).collect();
        let phase = phases[usize::try_from(self.nth).unwrap() / APPS.len() % phases.len()];
        let beats = &rhythm[phase];
        let beat = usize::try_from(self.random.below(beats.len() as u64)).unwrap();
        let delay = Duration::from_micros(self.random.below(beats[beat].max(1) * 1_000));
        let struck =
            self.app.killed(fly.begin(), |seen| seen.begun.get(phase).is_some_and(|begun| *begun > beat), delay);
        if self.way.is_killed_too {
            let told = self.random.below(MOST_TOLD);
            self.app.killed(self.second(&fly), |seen| seen.told > told, Duration::ZERO);
        }
        let second = self.second(&fly).output().unwrap();
        let status = second.status.code();
        let context =
            format!("{} number {}, killed in {struck:?}, {:?}\n{}", self.app.name, self.nth, self.way, shown(&second));
        match status {
            Some(0) => fly.ends(&context, |now| self.app.is_green(now, &before)),
            // Not begun, or over already.
            Some(1) => fly.ends(&context, |now| self.app.is_green(now, &before) || is_blue(now, &before)),
            Some(3) => fly.ends(&context, |now| is_blue(now, &before)),
            Some(4) => fly.finish(&left(&second), &before, &context),
            // Held again, since nobody promoted it: somebody does.
            Some(5) if self.app.is_held => {
                fly.follow(&format!("cutover promote {}", self.app.plan.display()), &context);
                fly.ends(&context, |now| self.app.is_green(now, &before));
            }
            _ => panic!("{context}"),
        }
        (struck, self.way, status.unwrap())
    }

    fn second(&self, fly: &Fly) -> Command {
        let mut command = fly.command([self.way.verb, "--events", "jsonl"]);
        command.args(PATIENTLY);
        match self.way.has_plan {
            true => command.arg(&self.app.plan),
            false => command.args(["--app", self.app.name]),
        };
        command
    }
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

/// What a run has told of so far.
#[derive(Default)]
struct Seen {
    told: u64,
    /// How often something of each phase was begun.
    begun: BTreeMap<&'static str, usize>,
    /// What is begun and not answered or done, with its phase and time.
    under_way: BTreeMap<String, (&'static str, u64)>,
    is_over: bool,
}

/// An app whose deploy is planned.
struct App {
    name: &'static str,
    machines: PathBuf,
    plan: PathBuf,
    image: String,
    /// Step -> what it does.
    ops: BTreeMap<String, String>,
    is_held: bool,
    /// By phase, the milliseconds that each thing of it takes when nobody kills the run.
    rhythm: BTreeMap<&'static str, Vec<u64>>,
}

impl App {
    fn planned(name: &'static str, fixture: &str, more: &[&str], folder: &Path) -> Self {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join(fixture);
        let plan = folder.join(format!("{name}{}.json", more.concat()));
        let machines = fixture.join("machines.json");
        let mut command = Command::new(PROGRAM);
        command.args(["plan", "--image", IMAGE, "--settle", "10ms", "--drain-timeout", "100ms"]).args(more);
        command.arg("--machines").arg(&machines).arg("-o").arg(&plan);
        let output = command.arg(fixture.join("fly.toml")).output().unwrap();
        assert!(output.status.success(), "{}", shown(&output));
        let planned: Value = serde_json::from_str(&std::fs::read_to_string(&plan).unwrap()).unwrap();
        let text = |step: &Value, key: &str| step[key].as_str().unwrap().to_owned();
        let ops = planned["steps"].as_array().unwrap().iter().map(|step| (text(step, "id"), text(step, "op")));
        let (ops, image) = (ops.collect(), text(&planned, "image"));
        let is_held = more.contains(&"--hold");
        let app = Self { name, machines, plan, image, ops, is_held, rhythm: BTreeMap::new() };
        Self { rhythm: app.undisturbed(), ..app }
    }

    fn undisturbed(&self) -> BTreeMap<&'static str, Vec<u64>> {
        let fly = Fly::listen(self);
        let before = fly.machines();
        fly.hold();
        let output = fly.begin().output().unwrap();
        fly.ends(&shown(&output), |now| self.is_green(now, &before));
        let (mut rhythm, mut seen) = (BTreeMap::new(), Seen::default());
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            if let Some((phase, took_ms)) = self.see(&mut seen, &serde_json::from_str(line).unwrap()) {
                rhythm.entry(phase).or_insert_with(Vec::new).push(took_ms);
            }
        }
        rhythm
    }

    /// Runs the command, kills it `delay` after it told enough, and gives the phases of what was under
    /// way then.
    fn killed(
        &self,
        mut command: Command,
        is_enough: impl Fn(&Seen) -> bool,
        delay: Duration,
    ) -> BTreeSet<&'static str> {
        let mut process = command.spawn().unwrap();
        let (mut seen, mut is_killed) = (Seen::default(), false);
        for line in BufReader::new(process.stdout.take().unwrap()).lines() {
            // The last line may be cut.
            let Ok(event) = serde_json::from_str(&line.unwrap()) else { break };
            self.see(&mut seen, &event);
            if !is_killed && is_enough(&seen) {
                is_killed = true;
                std::thread::sleep(delay);
                process.kill().unwrap();
            }
        }
        process.wait().unwrap();
        let struck: BTreeSet<&str> = seen.under_way.into_values().map(|(phase, _)| phase).collect();
        match struck.is_empty() {
            true => BTreeSet::from([if seen.is_over { "after" } else { "between" }]),
            false => struck,
        }
    }

    /// The phase of what has ended, and how long it took.
    fn see(&self, seen: &mut Seen, event: &Value) -> Option<(&'static str, u64)> {
        seen.told += 1;
        let (t_ms, call, step) = (event["t_ms"].as_u64()?, &event["id"], &event["step"]);
        let op = step.as_str().and_then(|step| self.ops.get(step)).map_or("", String::as_str);
        let (key, begun) = match (event["event"].as_str()?, event["state"].as_str()) {
            ("call", _) => (format!("call {call}"), event["call"].as_str()?.split(' ').next()),
            ("reply", _) => (format!("call {call}"), None),
            ("step", Some("running")) => (format!("step {step}"), Some(op)),
            ("step", _) => (format!("step {step}"), None),
            (other, _) => {
                seen.is_over |= other == "done";
                return None;
            }
        };
        let Some(word) = begun else {
            let (phase, began_ms) = seen.under_way.remove(&key)?;
            return Some((phase, t_ms - began_ms));
        };
        let is_step = key.starts_with("step");
        let word = if matches!(word, "wait-started" | "wait-healthy") { "wait" } else { word };
        // What a step does in one call is as long as that.
        let phase = PHASES.into_iter().find(|phase| *phase == word && is_step == OF_STEPS.contains(phase))?;
        *seen.begun.entry(phase).or_default() += 1;
        seen.under_way.insert(key, (phase, t_ms));
        None
    }

    /// A green in the place of every blue, in the state that this had.
    fn is_green(&self, now: &[Value], before: &[Value]) -> bool {
        let place = |machine: &Value| {
            let group = &machine["config"]["metadata"]["fly_process_group"];
            format!("{group} {} {} {}", machine["region"], machine["state"], machine["cordoned"] == true)
        };
        let places = |machines: &[Value]| {
            let mut places: Vec<String> = machines.iter().map(place).collect();
            places.sort_unstable();
            places
        };
        let is_new = |machine: &Value| {
            machine["config"]["image"] == *self.image && before.iter().all(|blue| id(blue) != id(machine))
        };
        places(now) == places(before) && now.iter().all(|machine| is_new(machine) && is_free(machine))
    }
}

/// Every blue as it was, and nothing else.
fn is_blue(now: &[Value], before: &[Value]) -> bool {
    let is_same = |machine: &Value, blue: &Value| {
        ["id", "state", "cordoned", "config", "image_ref"].iter().all(|key| machine[key] == blue[key])
    };
    let has_same = |machine: &Value| before.iter().any(|blue| is_same(machine, blue));
    now.len() == before.len() && now.iter().all(|machine| has_same(machine) && is_free(machine))
}

/// Nothing tells of a deploy, and nobody holds its lease.
fn is_free(machine: &Value) -> bool {
    let mut keys = machine["config"]["metadata"].as_object().into_iter().flatten().map(|(key, _)| key);
    machine["lease"].is_null() && !keys.any(|key| key.starts_with("cutover_"))
}

fn listed(machines: &[Value]) -> String {
    let line = |machine: &Value| {
        let (state, cordoned, lease) = (&machine["state"], &machine["cordoned"], &machine["lease"]);
        format!("{} {state} cordoned: {cordoned} {lease} {}\n", id(machine), machine["config"]["metadata"])
    };
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

    /// Up to where the plan holds, if it does.
    fn hold(&self) {
        if self.app.is_held {
            let held = self.command(["apply", "--yes", "--lease-ttl", TTL]).arg(&self.app.plan).output().unwrap();
            assert_eq!(held.status.code(), Some(5), "{}", shown(&held));
        }
    }

    /// What is to be killed.
    fn begin(&self) -> Command {
        let verb = if self.app.is_held { "promote" } else { "apply" };
        let mut command = self.command([verb, "--yes", "--events", "jsonl", "--lease-ttl", TTL]);
        command.arg(&self.app.plan).stderr(Stdio::null());
        command
    }

    /// Does in their order what the report of a run that ended with 4 names. It names all that stands
    /// in the way of the one end or of the other, and its commands lead there.
    fn finish(&self, left: &[(String, String)], before: &[Value], context: &str) {
        let machines = self.machines();
        let named: BTreeSet<&str> = left.iter().map(|(machine, _)| machine.as_str()).collect();
        let is_known_blue = |machine: &&str| before.iter().any(|blue| id(blue) == *machine);
        let (blues, greens): (Vec<_>, Vec<_>) = machines.iter().map(id).partition(is_known_blue);
        let names_all = |those: &[&str]| those.iter().all(|machine| named.contains(machine));
        let is_known = |named: &str| machines.iter().any(|machine| id(machine) == named);
        let is_there = left.iter().all(|(machine, command)| is_known(machine) || is_look(command));
        assert!(is_there && (names_all(&greens) || names_all(&blues)), "{context}\n{}", listed(&machines));
        let mut commands: Vec<&str> = left.iter().map(|(_, command)| command.as_str()).collect();
        commands.dedup();
        commands.iter().flat_map(|command| command.split(" && ")).for_each(|command| self.follow(command, context));
        self.ends(context, |now| is_blue(now, before) || self.app.is_green(now, before));
    }

    fn follow(&self, command: &str, context: &str) {
        let path = |id: &str| format!("/v1/apps/{}/machines/{id}", self.app.name);
        match command.split(' ').collect::<Vec<_>>()[..] {
            _ if is_look(command) => {}
            ["cutover", verb, ref deploy @ ..] => {
                let output = self.command([verb]).args(deploy).args(PATIENTLY).output().unwrap();
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

    /// The machines come to be so, once those that started are up and leases of the killed have run out.
    fn ends(&self, context: &str, is_so: impl Fn(&[Value]) -> bool) {
        let begin = Instant::now();
        loop {
            let machines = self.machines();
            if is_so(&machines) {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "{context}\n{}", listed(&machines));
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Those that are not destroyed.
    fn machines(&self) -> Vec<Value> {
        let body = self.ask("GET", &format!("/v1/apps/{}/machines", self.app.name));
        let all: Vec<Value> = serde_json::from_str(&body).unwrap();
        all.into_iter().filter(|machine| machine["state"] != "destroyed").collect()
    }

    /// The body of what is answered, which is that it was done.
    fn ask(&self, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request =
            format!("{method} {path} HTTP/1.1\r\nhost: fly\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 2"), "{method} {path}: {response}");
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

const PROGRAM: &str = env!("CARGO_BIN_EXE_cutover");

const IMAGE: &str = "registry.fly.io/app:v2";

/// Name, folder, policy. The second has a release command, a standby, and a group that the proxy stops.
const APPS: [(&str, &str, &[&str]); 4] = [
    ("shop", "examples/shop", &[]),
    ("bazaar", "tests/fixtures/bazaar", &[]),
    ("shop", "examples/shop", &["--bake", "3s"]),
    ("shop", "examples/shop", &["--hold"]),
];

/// In the order of a deploy, as the events of a run name them.
const PHASES: [&str; 11] =
    ["mark", "release-command", "create", "wait", "uncordon", "cordon", "bake", "drain", "stop", "destroy", "unmark"];

/// What is not over with one call.
const OF_STEPS: [&str; 4] = ["release-command", "wait", "bake", "drain"];

const MOMENTS: u32 = 208;

/// They mostly wait.
const SIDE_BY_SIDE: u32 = 64;

/// A run that goes on with another tells of about so much.
const MOST_TOLD: u64 = 150;

const SPEED: &str = "10";

const TTL: &str = "4s";

const PATIENTLY: [&str; 5] = ["--yes", "--lease-ttl", TTL, "--lease-wait", "20s"];

const PATIENCE: Duration = Duration::from_secs(20);
