//! Deploys that did not end: held, or killed; picked up by another process.
#![cfg(unix)]

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
    let told = fly.with(held(&fly).then(["status", "--app", "shop"])).run();
    assert!(told.stdout.contains("A deploy of shop is held before its traffic moves"), "{}", told.stdout);
    assert!(
        told.stdout.ends_with("Next: cutover promote --app shop, or cutover abort --app shop\n"),
        "{}",
        told.stdout
    );
    assert!(told.stdout.contains("cordoned  green in the place of"), "{}", told.stdout);
    let promoted = fly.with(told.then(["promote", "plan.json", "--yes"])).run();
    assert!(is_v2(&fly.machines()));
    let told = fly.with(promoted.then(["status", "--app", "shop"])).run();
    assert_eq!(told.stdout, "No deploy is under way on shop.\n");
    fly.with(told.then(["resume", "plan.json", "--yes"])).status(1).run();
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
    let told = fly.with(kept.then(["status", "--app", "shop"])).run();
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
    apply.kill().status(3).again(["resume", "--app", "shop", "--yes"]).run();
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
fn a_url_is_verified_by_samples() {
    let fly = Fly::listen();
    let url = format!("{}/v1/apps/shop", fly.url);
    let verified = Test::new().args(["verify", "--url", &url, "--samples", "3", "--expect", "name=shop"]).run();
    assert_eq!(verified.stdout, "All 3 samples are as expected.\n");
    let other = Test::new().args(["verify", "--url", &url, "--expect", "name=other"]).status(1).run();
    assert_eq!(other.stdout, "Sample 1 of 5: name is `shop`, not `other`\n");
}
