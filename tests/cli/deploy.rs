//! `deploy --sim` and `sim run`.

use serde_json::Value;

use crate::test::Test;

const PLAN: [&str; 7] =
    ["plan", "--machines", "machines.json", "--image", "registry.fly.io/shop:v2", "-o", "plan.json"];

fn events(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_first_command_deploys_the_example() {
    let ran = Test::new().args(["deploy", "--sim", "--yes"]).run();
    assert!(ran.stderr.starts_with("There is no fly.toml here: this is the example app `shop`"), "{}", ran.stderr);
    for told in ["Blue-green deploy of shop\n", "point of no return", "deploying\n", "\nCompleted after "] {
        assert!(ran.stdout.contains(told), "{told:?} is not in {}", ran.stdout);
    }
    assert!(ran.files().is_empty(), "it leaves nothing behind");
}

#[test]
fn nobody_is_asked_where_nobody_is() {
    let ran = Test::new().args(["deploy", "--sim"]).status(2).run();
    assert!(ran.stderr.ends_with("help: pass `--yes` to go on without being asked\n"), "{}", ran.stderr);
}

#[test]
fn your_own_app_in_the_simulator() {
    let args = ["deploy", "--sim", "--yes", "--machines", "machines.json", "--image", "registry.fly.io/shop:v2"];
    let ran = Test::shop().args(args).run();
    assert!(ran.stdout.contains("Completed after"), "{}", ran.stdout);
    assert_eq!(ran.stderr, "");
}

#[test]
fn events_for_programs_have_standard_output_to_themselves() {
    let ran = Test::new().args(["deploy", "--sim", "--yes", "--events", "jsonl"]).run();
    let events = events(&ran.stdout);
    assert!(events.iter().all(|event| event["t_ms"].is_u64() && event["event"].is_string()));
    assert!(events.is_sorted_by_key(|event| event["t_ms"].as_u64()));
    let last = events.last().unwrap();
    assert_eq!((&last["event"], &last["outcome"]), (&"done".into(), &"completed".into()));
    assert_eq!(last["left"], Value::Array(Vec::new()));
}

#[test]
fn the_same_run_twice_is_the_same() {
    let run = || Test::new().args(["deploy", "--sim", "--yes", "--events", "jsonl"]).run().stdout;
    assert_eq!(run(), run());
}

#[test]
fn nothing_to_do_is_done() {
    let args = ["deploy", "--sim", "--yes", "--machines", "machines.json", "--exclude-machine"];
    let all = "2874d0ea5b1938,3d8d74e1b02589,e784966fd25058,9185e370f63e48,d891204c7e6028";
    let ran = Test::shop().args(args).args([all, "--image", "registry.fly.io/shop:v2"]).run();
    assert!(ran.stdout.contains("Nothing to do."), "{}", ran.stdout);
}

#[test]
fn a_plan_for_other_machines_is_stale() {
    let planned = Test::shop().args(PLAN).run();
    let moved = planned.read("machines.json").replacen("01K9Q4SXB3M7ZC1V5N8WD2YH6A", "01K9Q4SXB3M7ZC1V5N8WD2YH6B", 1);
    std::fs::write(planned.path("moved.json"), moved).unwrap();
    let ran = planned.then(["sim", "run", "plan.json", "--machines", "moved.json"]).status(6).run();
    assert!(ran.stdout.contains("The plan is stale"), "{}", ran.stdout);
    assert!(ran.stdout.contains("2874d0ea5b1938"), "{}", ran.stdout);
}

#[test]
fn requests_meanwhile_are_counted() {
    let planned = Test::shop().args(PLAN).run();
    let args = ["sim", "run", "plan.json", "--machines", "machines.json", "--traffic", "--propagation", "40s"];
    let told = planned.then(args).run().stdout;
    insta::assert_snapshot!(&told[told.find("Requests").unwrap()..], @r#"
    Requests meanwhile: 1528 answered, 156 dropped
      419 by shop:v1, 1109 by shop:v2
      more than one version for 20.6s; the longest wait for a machine 5.0s
      156 dropped, because every known machine refused: first after 33.6s in ams, 3d8d74e1b02589
    "#);
}

#[test]
fn requests_meanwhile_leave_the_events_to_themselves() {
    let planned = Test::shop().args(PLAN).run();
    let ran = planned
        .then(["sim", "run", "plan.json", "--machines", "machines.json", "--traffic", "--events", "jsonl"])
        .run();
    assert_eq!(events(&ran.stdout).last().unwrap()["event"], "done");
    assert!(ran.stderr.contains("answered, 0 dropped"), "{}", ran.stderr);
}
