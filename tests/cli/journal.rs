//! The journal of runs: noted where a program keeps its state, and told by `status`.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::fly::{Fly, TOKEN};
use crate::test::{Ran, Test};

const APPLY: [&str; 3] = ["apply", "plan.json", "--yes"];
const STATUS: [&str; 3] = ["status", "--app", "shop"];
const JOURNAL: &str = "state/cutover/shop.jsonl";

fn lines(ran: &Ran) -> Vec<Value> {
    ran.read(JOURNAL).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_run_is_noted_when_it_begins_and_when_it_ends() {
    let fly = Fly::listen();
    let planned = fly.plan();
    let plan: Value = serde_json::from_str(&planned.read("plan.json")).unwrap();
    let ran = fly.with(planned.then(APPLY)).run();
    let [started, ended] = lines(&ran).try_into().unwrap();
    assert_eq!([&started["event"], &started["command"], &started["direction"]], ["started", "apply", "forward"]);
    assert_eq!([&started["plan"], &started["image"]], [&plan["digest"], &plan["image"]]);
    assert_eq!(
        [&ended["event"], &ended["outcome"], &ended["attempt"]],
        ["ended", "completed", started["attempt"].as_str().unwrap()]
    );
    assert!(ended["exit_status"] == 0 && ended["duration_ms"].as_u64() > Some(0), "{ended}");
    // Neither the token nor what the machines' environment holds.
    let text = ran.read(JOURNAL);
    assert!(!text.contains(TOKEN) && !text.contains("LOG_LEVEL"), "{text}");
    assert_eq!(ran.path(JOURNAL).metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let told = fly.with(ran.then(STATUS)).run().stdout;
    assert!(told.contains("/shop.jsonl):\n") && told.contains("Z  apply    shop:v2  completed after "), "{told}");
}

#[test]
fn a_run_that_was_killed_has_no_end() {
    let fly = Fly::listen();
    let mut apply = fly.apply(fly.plan());
    apply.until_step("create", "done");
    let resumed = apply.kill().again(["abort", "plan.json", "--yes"]).status(3).run();
    let told = fly.with(resumed.then(STATUS)).run().stdout;
    assert!(told.contains("Z  apply    shop:v2  no end is known\n"), "{told}");
    assert!(told.contains("Z  abort    shop:v2  restored after ") && told.ends_with(" (exit 3)\n"), "{told}");
}

/// One that takes back a deploy beside the run that goes on with it ends by itself, not for the other.
#[test]
fn what_runs_beside_another_has_its_own_end() {
    let fly = Fly::listen();
    let mut apply = fly.apply_with(fly.plan_with(&["--bake", "10s"]), &["--lease-ttl", "60s"]);
    apply.until_step("bake", "running");
    let beside = apply.beside(["abort", "--app", "shop", "--yes", "--lease-ttl", "1s"]);
    fly.with(beside).status(4).run();
    let (_, _, test) = apply.ends_in("completed");
    let told = fly.with(test.again(STATUS)).run().stdout;
    let shown = |command: &str| told.lines().find(|line| line.contains(&format!("Z  {command} "))).unwrap().to_owned();
    assert!(shown("apply").contains("completed after ") && shown("apply").ends_with("(exit 0)"), "{told}");
    assert!(shown("abort").contains("needs attention after ") && shown("abort").ends_with("(exit 4)"), "{told}");
}

#[test]
fn a_journal_that_cannot_be_written_is_a_warning() {
    let fly = Fly::listen();
    let planned = fly.plan();
    let state = planned.path("fly.toml");
    let ran = fly.with(planned.then(APPLY)).env("XDG_STATE_HOME", state.to_str().unwrap()).run();
    assert!(ran.stdout.contains("\nCompleted after "), "{}", ran.stdout);
    assert_eq!(ran.stderr.matches("warning: the journal of runs, ").count(), 1, "{}", ran.stderr);
}

#[test]
fn a_simulated_run_is_not_noted() {
    let ran = Test::new().args(["deploy", "--sim", "--yes"]).run();
    assert!(ran.files().is_empty(), "{:?}", ran.files());
}
