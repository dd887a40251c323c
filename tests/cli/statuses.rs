//! Every exit status of every command, reached through the program.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::fly::Fly;
use crate::test::Test;

/// A command where something is as it is, what it ends with, and a word of what it says.
struct Row {
    command: &'static str,
    status: i32,
    says: &'static str,
    faults: Vec<&'static str>,
    /// More of fly.toml, or all of it when it names the app.
    file: &'static str,
    /// Arguments of the plan that was made before; none: none was made.
    plan: Option<&'static str>,
    before: Vec<Before>,
    /// What is answered to its question.
    answer: Option<&'static str>,
    /// What somebody else does before it is answered, and what that ends with.
    meanwhile: Vec<(&'static str, i32)>,
    /// It knows no Fly.
    is_alone: bool,
}

enum Before {
    Ends(&'static str, i32),
    /// Killed when it makes a call of this kind.
    Killed(&'static str, &'static str),
}

fn row(command: &'static str, status: i32, says: &'static str) -> Row {
    let (faults, before, meanwhile) = (Vec::new(), Vec::new(), Vec::new());
    Row { command, status, says, faults, file: "", plan: None, before, answer: None, meanwhile, is_alone: false }
}

impl Row {
    fn fault(mut self, fault: &'static str) -> Self {
        self.faults.push(fault);
        self
    }

    fn file(self, file: &'static str) -> Self {
        Self { file, ..self }
    }

    fn plan(self, args: &'static str) -> Self {
        Self { plan: Some(args), ..self }
    }

    fn after(mut self, command: &'static str, status: i32) -> Self {
        self.before.push(Before::Ends(command, status));
        self
    }

    fn after_kill(mut self, call: &'static str) -> Self {
        self.before.push(Before::Killed("apply plan.json --yes --events jsonl --lease-ttl 4s", call));
        self
    }

    fn answer(self, answer: &'static str) -> Self {
        Self { answer: Some(answer), ..self }
    }

    fn meanwhile(mut self, command: &'static str, status: i32) -> Self {
        self.meanwhile.push((command, status));
        self
    }

    /// Another deploy has taken its place by the time it is answered.
    fn overtaken(self) -> Self {
        self.answer("y").meanwhile("abort plan.json --yes", 3).meanwhile(DEPLOY, 0)
    }

    fn alone(self) -> Self {
        Self { is_alone: true, ..self }
    }
}

fn apply() -> Vec<Row> {
    let row = |status, says| row("apply plan.json --yes", status, says).plan("");
    vec![
        row(0, "Completed after"),
        Row { command: "apply plan.json", ..row(1, "Nothing was touched.") }.answer("n"),
        row(2, "no token for the Machines API").alone(),
        row(2, "The fleet could not be read").fault("list#2=unauthorized"),
        Row { command: "apply missing.json --yes", ..row(2, "missing.json") },
        row(3, "not within 1 s").plan("--wait-timeout 1s").fault("machine@green-app-1=never-healthy"),
        row(3, "The release command ran").file(MIGRATED).fault("machine@release-command=exits:1"),
        row(4, "fly machine destroy --force 9080aaaa000000 -a shop").fault("destroy@9080aaaa000000=refused"),
        row(5, "Held after").plan("--hold"),
        row(6, "The plan is stale").after("apply plan.json --yes", 0),
    ]
}

fn deploy() -> Vec<Row> {
    let row = |status, says| row(DEPLOY, status, says);
    let asked = "deploy --image registry.fly.io/shop:v3 --settle 10ms";
    vec![
        row(0, "Completed after"),
        row(1, "no-health-checks").file("app = \"shop\""),
        Row { command: asked, ..row(1, "Nothing was touched.") }.answer("n"),
        row(2, "no token for the Machines API").alone(),
        row(3, "cordon 9080aaaa000000").fault("cordon@9080aaaa000000=refused"),
        row(4, "fly machine destroy --force 9080aaaa000000 -a shop").fault("destroy@9080aaaa000000=refused"),
        Row {
            command: "deploy --image registry.fly.io/shop:v3 --settle 10ms --yes --hold",
            ..row(5, "cutover promote")
        },
        Row { command: asked, ..row(6, "The plan is stale") }
            .plan("")
            .answer("y")
            .meanwhile("apply plan.json --yes", 0),
    ]
}

fn resume() -> Vec<Row> {
    let row = |status, says| row("resume plan.json --yes", status, says).plan("");
    vec![
        row(0, "Completed after").after_kill("uncordon"),
        row(1, "no deploy of this plan is under way"),
        Row { command: "resume --app shop --yes", ..row(1, "carries the marks") },
        row(2, "no token for the Machines API").alone(),
        Row { command: "resume --yes", ..row(2, "which app?") },
        row(3, "The fleet is as before").fault("cordon@9080aaaa000000=refused").after_kill("uncordon"),
        row(4, "is not known to be done").file(MIGRATED).after_kill("wait"),
        row(5, "Held after").plan("--hold").after("apply plan.json --yes", 5),
        Row { command: "resume plan.json", ..row(6, "The plan is stale") }
            .plan("--hold")
            .after("apply plan.json --yes", 5)
            .overtaken(),
    ]
}

fn promote() -> Vec<Row> {
    let row =
        |status, says| row("promote plan.json --yes", status, says).plan("--hold").after("apply plan.json --yes", 5);
    vec![
        row(0, "Completed after"),
        Row { before: Vec::new(), ..row(1, "no deploy of this plan is under way") },
        Row { command: "promote --yes", ..row(2, "which app?") },
        Row { before: Vec::new(), ..row(2, "no token for the Machines API").alone() },
        row(3, "cordon 9080aaaa000000").fault("cordon@9080aaaa000000=refused"),
        row(4, "fly machine destroy --force 9080aaaa000000 -a shop").fault("destroy@9080aaaa000000=refused"),
        row(5, "the blues stay until somebody promotes").plan("--hold --keep-blue"),
        Row { command: "promote plan.json", ..row(6, "The plan is stale") }.overtaken(),
    ]
}

fn abort() -> Vec<Row> {
    let row =
        |status, says| row("abort plan.json --yes", status, says).plan("--hold").after("apply plan.json --yes", 5);
    vec![
        Row { before: Vec::new(), ..row(0, "past its point of no return") }
            .plan("")
            .fault("report#2=slow:50000")
            .after_kill("unmark"),
        Row { before: Vec::new(), ..row(1, "no deploy of this plan is under way") },
        Row { command: "abort --yes", ..row(2, "which app?") },
        Row { before: Vec::new(), ..row(2, "no token for the Machines API").alone() },
        row(3, "The fleet is as before"),
        row(4, "fly machine destroy --force").fault("destroy=refused"),
        Row { command: "abort plan.json", ..row(6, "The plan is stale") }.overtaken(),
    ]
}

fn others() -> Vec<Row> {
    vec![
        row("status --app shop", 0, "No deploy is under way"),
        row("status", 2, "which app?"),
        row("status --app shop", 2, "no token for the Machines API").alone(),
        row("status --app other", 2, "knows no app `other`"),
        row("status --app shop", 5, "is held").plan("--hold").after("apply plan.json --yes", 5),
        row("sim run plan.json --machines machines.json", 0, "Completed after").plan(""),
        row("sim run plan.json --machines missing.json", 2, "missing.json").plan(""),
        row("sim run fly.toml --machines machines.json", 2, "fly.toml").alone(),
        row("sim run plan.json --machines machines.json", 5, "Held after").plan("--hold"),
        row("sim explore --runs 64 --threads 1", 0, "0 broke a promise").alone(),
        row("sim explore --seed 1", 0, "every promise was kept").alone(),
        row("sim explore --runs many", 2, "invalid value 'many'").alone(),
        row("sim listen --app shop --fleet missing.json", 2, "missing.json").alone(),
        row("sim listen --app shop --fleet machines.json --fault nonsense", 2, "is not a fault").alone(),
    ]
}

/// Of those that deploy, or serve a Fly to deploy to, what no row and no test beside them reaches, and why.
const NEVER: &[(&str, &[i32], &str)] = &[
    ("apply", &[], ""),
    ("deploy", &[], ""),
    ("resume", &[], ""),
    ("promote", &[], ""),
    ("abort", &[5], "it goes back, or to the end"),
    ("status", &[1, 3, 6], "it tells how far a deploy is; 4 is reached in `unfinished`"),
    ("sim run", &[1, 3], "in its Fly nothing goes wrong, and it asks nobody; 4 is reached here, 6 in `deploy`"),
    ("sim explore", &[1, 3, 4, 5, 6], "1: a promise was broken, which takes a bug; `sim` plants some in the library"),
    ("sim listen", &[1, 3, 4, 5, 6], "it serves until it is ended; 0 is reached here"),
];

#[test]
fn every_status_of_every_command_has_a_row_or_a_reason() {
    let elsewhere = [("status", 4), ("sim run", 4), ("sim run", 6), ("sim listen", 0)];
    for (command, never, why) in NEVER {
        let is_of = |row: &&Row| row.command.starts_with(command);
        let reached: BTreeSet<i32> = rows().iter().filter(is_of).map(|row| row.status).collect();
        let beside = elsewhere.iter().filter(|(name, _)| name == command).map(|(_, status)| *status);
        let told: Vec<i32> = reached.iter().copied().chain(beside).chain(never.iter().copied()).collect();
        let (all, once): (Vec<i32>, BTreeSet<i32>) = ((0..=6).collect(), told.iter().copied().collect());
        assert!(once.iter().eq(&all) && told.len() == all.len(), "{command}: {told:?}");
        assert_eq!(never.is_empty(), why.is_empty());
    }
}

#[test]
fn a_fly_that_is_ended_ends_well() {
    let files = Test::new().file("machines.json", MACHINES);
    assert_eq!(Fly::listen_as(files, &[]).ends("TERM"), Some(0));
}

#[test]
fn a_machine_out_of_reach_is_left_by_a_simulated_deploy_too() {
    let one = MACHINES.trim_start_matches('[').trim_end_matches(']');
    let lost = one.replace("9080aaaa000000", "9080aaaa000001").replace("\"ok\"", "\"unreachable\"");
    let files = Test::new().file("fly.toml", CONFIG).file("machines.json", format!("[{one}, {lost}]"));
    let plan = ["plan", "--machines", "machines.json", "--image", "registry.fly.io/shop:v2", "-o", "plan.json"];
    let planned = files.args(plan).run();
    let ran = planned.then(["sim", "run", "plan.json", "--machines", "machines.json"]).status(4).run();
    assert!(ran.stdout.contains("fly machine destroy --force 9080aaaa000001 -a shop"), "{}", ran.stdout);
}

#[test]
fn every_command_ends_with_the_status_that_says_how_it_went() {
    let (rows, next) = (rows(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    check(row);
                }
            });
        }
    });
    println!("{} rows", rows.len());
}

fn rows() -> Vec<Row> {
    [apply(), deploy(), resume(), promote(), abort(), others()].into_iter().flatten().collect()
}

fn check(row: &Row) {
    let config = if row.file.starts_with("app") { row.file.to_owned() } else { format!("{CONFIG}{}", row.file) };
    let files = || Test::new().file("fly.toml", &config).file("machines.json", MACHINES);
    let faults = row.faults.iter().flat_map(|fault| ["--fault", fault]);
    let speed = ["--speed", "100"];
    let fly = Fly::listen_as(files(), &speed.into_iter().chain(faults).collect::<Vec<_>>());
    let mut test = files();
    if let Some(more) = row.plan {
        let args = ["plan", "--image", "registry.fly.io/shop:v2", "--settle", "10ms", "-o", "plan.json"];
        let planned = fly.with(test.args(args).args(more.split_whitespace())).run();
        test = planned.then([]);
    }
    for before in &row.before {
        test = match before {
            Before::Ends(command, status) => fly.with(test.args(command.split(' '))).status(*status).run().then([]),
            Before::Killed(command, call) => {
                let mut running = fly.start(test.args(command.split(' ')));
                running.until(|event| event["call"].as_str().is_some_and(|name| name.starts_with(call)));
                running.kill().again([])
            }
        };
    }
    let plan = row.answer.and(row.plan).map(|_| test.folder_text("plan.json")).unwrap_or_default();
    let meanwhile = || {
        for (command, status) in &row.meanwhile {
            fly.with(files().file("plan.json", &plan).args(command.split(' '))).status(*status).run();
        }
    };
    let test = test.args(row.command.split(' ')).status(row.status);
    let test = if row.is_alone { test } else { fly.with(test) };
    let ran = match row.answer {
        None => test.run(),
        Some(answer) => test.run_asked(meanwhile, answer),
    };
    let told: Vec<&str> = ran.stdout.split_whitespace().chain(ran.stderr.split_whitespace()).collect();
    assert!(told.join(" ").contains(row.says), "{}: {:?} is not in {}", row.command, row.says, told.join(" "));
}

const DEPLOY: &str = "deploy --image registry.fly.io/shop:v3 --settle 10ms --yes";

const SIDE_BY_SIDE: usize = 4;

const MIGRATED: &str = "[deploy]\nrelease_command = \"migrate\"\n";

const CONFIG: &str = r#"app = "shop"
primary_region = "iad"

[http_service]
internal_port = 8080

[[http_service.checks]]
interval = "5s"
timeout = "2s"
grace_period = "5s"
path = "/healthz"

"#;

const MACHINES: &str = r#"[{
  "id": "9080aaaa000000", "name": "autumn-river-4471", "state": "started", "region": "iad",
  "instance_id": "01K9Q4SXB3M7ZC1V5N8WD2YH6A", "host_status": "ok",
  "image_ref": {"registry": "registry.fly.io", "repository": "shop", "tag": "v1", "digest": "sha256:4f1d"},
  "config": {
    "image": "registry.fly.io/shop:v1",
    "guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256},
    "metadata": {"fly_platform_version": "v2", "fly_process_group": "app", "fly_release_version": "7"},
    "services": [{"protocol": "tcp", "internal_port": 8080, "ports": [{"port": 443, "handlers": ["tls", "http"]}],
      "checks": [{"type": "http", "interval": "5s", "timeout": "2s", "path": "/healthz"}]}]
  }
}]"#;
