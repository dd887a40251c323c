//! Every exit status, reached by commands that somebody would give.
#![cfg(unix)]

use crate::fly::Fly;
use crate::test::Test;

const APPLY: [&str; 3] = ["apply", "plan.json", "--yes"];

#[test]
fn done() {
    let fly = Fly::listen();
    fly.with(fly.plan().then(APPLY)).status(0).run();
}

#[test]
fn the_answer_is_no_and_nothing_was_touched() {
    Test::new()
        .file("fly.toml", "app = \"shop\"\n[deploy]\nstrategy = \"sometimes\"\n")
        .args(["check"])
        .status(1)
        .run();
    let plan = ["plan", "--machines", "machines.json", "--image", "shop:v2"];
    Test::shop().file("machines.json", "[]").args(plan).status(1).run();
}

#[test]
fn it_was_asked_wrongly_or_nobody_answered() {
    Test::new().args(["apply"]).status(2).run();
    Test::new().args(APPLY).status(2).run();
    let planned = Fly::listen().plan();
    let nobody = planned.then(APPLY).env("FLY_FLAPS_BASE_URL", "http://127.0.0.1:9").env("FLY_API_TOKEN", "simulated");
    let refused = nobody.status(2).run();
    let told = "no answer from http://127.0.0.1:9: Connection refused";
    assert!(refused.stdout.replace("\n  ", " ").contains(told), "{}", refused.stdout);
}

#[test]
fn it_was_aborted_and_the_fleet_is_as_before() {
    let fly = Fly::listen();
    let mut apply = fly.apply(fly.plan());
    apply.until_step("create", "done");
    apply.signal(&["INT"]);
    assert_eq!(apply.ends("restored").0, Some(3));
}

#[test]
fn something_is_left_that_needs_a_person() {
    let fly = Fly::listen();
    let mut apply = fly.apply(fly.plan());
    apply.until_step("create", "running");
    apply.signal(&["INT", "TERM"]);
    assert_eq!(apply.ends("needs-attention").0, Some(4));
}

#[test]
fn it_is_held() {
    let fly = Fly::listen();
    fly.with(fly.plan_with(&["--hold"]).then(APPLY)).status(5).run();
}

#[test]
fn the_plan_is_stale() {
    let fly = Fly::listen();
    let planned = fly.plan();
    fly.with(fly.plan().then(APPLY)).run();
    fly.with(planned.then(APPLY)).status(6).run();
}
