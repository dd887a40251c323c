//! Deploys that did not end: held, or killed; picked up by another process.
#![cfg(unix)]

use std::time::{Duration, Instant};

use serde_json::Value;

use cutover::plan::{Desired, Policy, plan};
use cutover::{config, fleet, syntax};

use crate::fly::Fly;
use crate::test::{Ran, Test};

fn is_v2(machines: &[(Value, Value)]) -> bool {
    machines.iter().all(|(_, image)| image.as_str().unwrap().starts_with("registry.fly.io/shop:v2"))
}

/// A plan whose deploy is held before its cut-over, carried out up to there.
fn held(fly: &Fly) -> Ran {
    let test = Test::new().file("plan.json", plan_with_a_hold()).args(["apply", "plan.json", "--yes"]);
    let ran = fly.with(test).status(5).run();
    assert!(ran.stdout.contains("Held after"), "{}", ran.stdout);
    ran
}

fn plan_with_a_hold() -> String {
    let text = include_str!("../../examples/shop/fly.toml");
    let config = config::read(&syntax::parse(text, syntax::Format::Toml)).config;
    let fleet = fleet::parse(include_str!("../../examples/shop/machines.json")).unwrap();
    let policy = Policy { hold: true, settle_ms: 100, ..Policy::default() };
    let image = "registry.fly.io/shop:v2";
    let desired = Desired { app: "shop", image, path: "fly.toml", text, config: &config };
    plan(&desired, &fleet, &policy).unwrap().to_json()
}

#[test]
fn a_held_deploy_is_told_of_and_promoted() {
    let fly = Fly::listen();
    let told = fly.with(held(&fly).then(["status", "--app", "shop"])).status(5).run();
    assert!(told.stdout.contains("A deploy of shop is held before its traffic moves"), "{}", told.stdout);
    let next = "Next: cutover promote --app shop, or cutover abort --app shop\n";
    assert!(told.stdout.contains(next), "{}", told.stdout);
    assert!(told.stdout.contains("cordoned  green in the place of"), "{}", told.stdout);
    let promoted = fly.with(told.then(["promote", "plan.json", "--yes"])).run();
    assert!(is_v2(&fly.machines()));
    let told = fly.with(promoted.then(["status", "--app", "shop"])).run();
    assert!(told.stdout.starts_with("No deploy is under way on shop.\n\nLast runs"), "{}", told.stdout);
    fly.with(told.then(["abort", "plan.json", "--yes"])).status(1).run();
}

/// A CI that tries again is not told that it failed.
#[test]
fn to_resume_a_deploy_that_is_over_is_done() {
    let fly = Fly::listen();
    let mut ran = fly.with(fly.plan().then(["resume", "plan.json", "--yes"])).status(1).run();
    assert!(ran.stderr.contains("no deploy of this plan is under way on `shop`"), "{}", ran.stderr);
    ran = fly.with(ran.then(["apply", "plan.json", "--yes"])).run();
    for command in ["resume", "promote"] {
        ran = fly.with(ran.then([command, "plan.json", "--yes"])).run();
        let told = "  The deploy is over: every machine is as the plan wants it, and nothing is left\n  to do.\n";
        assert!(ran.stdout.contains(told), "{}", ran.stdout);
    }
    ran = fly.with(ran.then(["resume", "plan.json", "--yes", "--events", "jsonl"])).run();
    assert_eq!(ran.json()["outcome"], "completed");
    assert!(is_v2(&fly.machines()));
}

#[test]
fn an_app_that_is_not_that_of_the_plan_is_refused() {
    let fly = Fly::listen();
    let mut ran = held(&fly);
    for command in ["status", "resume", "promote", "abort"] {
        ran = fly.with(ran.then([command, "plan.json", "--app", "other"])).status(2).run();
        assert!(ran.stderr.contains("the plan is of `shop`, and `--app` names `other`"), "{}", ran.stderr);
    }
    // What the environment says is meant for where nothing else is said.
    ran = fly.with(ran.then(["status", "plan.json"])).env("FLY_APP", "other").status(5).run();
    fly.with(ran.then(["status"])).env("FLY_APP", "shop").status(5).run();
}

/// They have no list to read instead.
#[test]
fn without_a_token_only_what_helps_is_suggested() {
    for command in ["status", "resume", "promote", "abort"] {
        let ran = Test::new().args([command, "--app", "shop"]).status(2).run();
        assert!(ran.stderr.contains("no token") && !ran.stderr.contains("--machines"), "{}", ran.stderr);
    }
    let ran = Test::shop().args(["plan", "--image", "shop:v2"]).status(2).run();
    assert!(ran.stderr.contains("then `--machines machines.json`"), "{}", ran.stderr);
}

#[test]
fn a_held_deploy_is_taken_back() {
    let fly = Fly::listen();
    let before = fly.machines();
    fly.with(held(&fly).then(["abort", "plan.json", "--yes"])).status(3).run();
    assert_eq!(fly.machines(), before);
}

#[test]
fn a_held_deploy_is_held_again_and_promoted_without_its_plan() {
    let fly = Fly::listen();
    let again = fly.with(held(&fly).then(["resume", "--app", "shop", "--yes"])).status(5).run();
    assert!(again.stderr.contains("Without PLAN"), "{}", again.stderr);
    // The simulator's leases run as fast as its time.
    fly.with(again.then(["promote", "--app", "shop", "--yes", "--lease-ttl", "60s"])).run();
    assert!(is_v2(&fly.machines()));
}

#[test]
fn a_held_deploy_is_taken_back_without_its_plan() {
    let fly = Fly::listen();
    let before = fly.machines();
    let aborted = fly.with(held(&fly).then(["abort", "--app", "shop", "--yes"])).status(3).run();
    assert_eq!(fly.machines(), before);
    let again = fly.with(aborted.then(["abort", "--app", "shop", "--yes"])).status(1).run();
    assert!(again.stderr.contains("no machine of app `shop` carries the marks"), "{}", again.stderr);
}

#[test]
fn a_deploy_that_did_not_end_is_not_begun_again() {
    let fly = Fly::listen();
    let refused = fly.with(held(&fly).then(["apply", "plan.json", "--yes"])).status(6).run();
    assert!(refused.stdout.contains("A deploy of shop by this plan did not end."), "{}", refused.stdout);
    assert!(refused.stdout.contains("cutover status --app shop"), "{}", refused.stdout);
    fly.with(refused.then(["abort", "plan.json", "--yes"])).status(3).run();
}

/// Held before its cut-over and, once promoted, with its blues kept.
fn held_twice(fly: &Fly) -> Ran {
    let args = ["plan", "--image", "registry.fly.io/shop:v2", "--settle", "100ms", "--hold", "--keep-blue"];
    let planned = fly.with(Test::shop().args(args).args(["-o", "plan.json"])).run();
    let held = fly.with(planned.then(["apply", "plan.json", "--yes"])).status(5).run();
    assert!(held.stdout.contains("the traffic moves once somebody promotes"), "{}", held.stdout);
    let kept = fly.with(held.then(["promote", "plan.json", "--yes"])).status(5).run();
    assert!(kept.stdout.contains("the blues stay until somebody promotes"), "{}", kept.stdout);
    let told = fly.with(kept.then(["status", "--app", "shop"])).status(5).run();
    assert!(told.stdout.contains("is held: the traffic has moved, and its blues are kept"), "{}", told.stdout);
    told
}

#[test]
fn a_deploy_with_two_holds_is_promoted_twice() {
    let fly = Fly::listen();
    fly.with(held_twice(&fly).then(["promote", "plan.json", "--yes"])).run();
    assert!(is_v2(&fly.machines()));
}

#[test]
fn a_deploy_with_two_holds_is_taken_back_at_the_second() {
    let fly = Fly::listen();
    let before = fly.machines();
    fly.with(held_twice(&fly).then(["abort", "plan.json", "--yes"])).status(3).run();
    assert_eq!(fly.machines(), before);
}

#[test]
fn a_killed_deploy_without_all_its_greens_is_taken_back_without_its_plan() {
    let fly = Fly::listen();
    let before = fly.machines();
    let mut apply = fly.apply(fly.plan());
    apply.until(|event| event["call"].as_str().is_some_and(|call| call.starts_with("create")));
    let ran = apply.kill().status(3).again(["resume", "--app", "shop", "--yes"]).run();
    assert!(ran.stderr.contains("It is taken back: "), "{}", ran.stderr);
    assert!(ran.stdout.contains("What the marks of the deploy tell of is as before."), "{}", ran.stdout);
    assert_eq!(fly.machines(), before);
}

#[test]
fn a_killed_deploy_is_finished_or_taken_back_by_another_process() {
    for (command, status) in [("resume", 0), ("abort", 3)] {
        let fly = Fly::listen();
        let before = fly.machines();
        let mut apply = fly.apply(fly.plan());
        apply.until_step("uncordon", "running");
        let killed = apply.kill().status(status).again([command, "plan.json", "--yes"]).run();
        let machines = fly.machines();
        assert!(if status == 0 { is_v2(&machines) } else { machines == before }, "{}", killed.stdout);
    }
}

#[test]
fn an_abort_that_comes_too_late_says_so() {
    let fly = Fly::listen();
    let mut apply = fly.apply(fly.plan());
    apply.until_step("destroy", "done");
    let late = apply.kill().status(0).again(["abort", "plan.json", "--yes"]).run();
    assert!(late.stderr.contains("past its point of no return, so it was finished"), "{}", late.stderr);
    assert!(is_v2(&fly.machines()), "{}", late.stdout);
}

#[test]
fn a_run_that_goes_on_is_told_from_one_that_was_killed() {
    let fly = Fly::listen();
    let status = ["status", "--app", "shop"];
    let mut apply = fly.apply(fly.plan());
    apply.until_step("create", "done");
    let told = fly.with(Test::new().args(status)).run().stdout;
    assert!(told.contains("A deploy of shop goes on (run "), "{told}");
    assert!(told.contains("holds the leases of 4 machines until 2026-01-01T00:"), "{told}");
    assert!(told.contains("Should it not end: cutover resume --app shop, or cutover abort --app shop\n"), "{told}");
    apply.kill();
    let deadline = Instant::now() + Duration::from_secs(30);
    let told = loop {
        let output = fly.with(Test::new().args(status)).command().output().unwrap();
        if output.status.code() == Some(4) {
            break String::from_utf8(output.stdout).unwrap();
        }
        assert!(output.status.success() && Instant::now() < deadline, "{output:?}");
    };
    assert!(told.contains("A deploy of shop is neither finished nor taken back (run "), "{told}");
    assert!(told.contains("Next: cutover resume --app shop, or cutover abort --app shop\n"), "{told}");
}

#[test]
fn nobody_takes_over_from_a_run_that_goes_on() {
    let fly = Fly::listen();
    let before = fly.machines();
    let mut apply = fly.apply_with(fly.plan_with(&["--bake", "5m"]), &["--lease-ttl", "60s"]);
    apply.until_step("bake", "running");
    for command in ["resume", "abort"] {
        let beside = Test::new().args([command, "--app", "shop", "--yes", "--lease-ttl", "1s"]);
        let refused = fly.with(beside).status(4).run();
        assert!(refused.stdout.contains("lease is held by "), "{}", refused.stdout);
        let told = refused.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains("The deploy is as far as it was."), "{told}");
        assert!(told.contains("10 machines its deploy is neither finished nor taken back 2874d0ea5b1938, "), "{told}");
        assert!(!told.contains("fly machine status"), "{told}");
    }
    apply.signal(&["INT"]);
    assert_eq!(apply.ends("restored").0, Some(3));
    assert_eq!(fly.machines(), before);
}

#[test]
fn a_url_is_verified_by_samples() {
    let fly = Fly::listen();
    let url = format!("{}/v1/apps/shop", fly.url);
    let verified = Test::new().args(["verify", "--url", &url, "--samples", "3", "--expect", "name=shop"]).run();
    assert_eq!(verified.stdout, "All 3 samples are as expected.\n");
    let other = Test::new().args(["verify", "--url", &url, "--expect", "name=other"]).status(1).run();
    assert_eq!(other.stdout, "Sample 1 of 5: name is `shop`, not `other`\n");
}
