//! `apply` and `plan` over HTTP, against `sim listen`.
#![cfg(unix)]

use crate::fly::{Fly, TOKEN};
use crate::test::Test;

#[test]
fn a_plan_is_carried_out_over_http() {
    let fly = Fly::listen();
    let test = fly.with(fly.plan().then(["apply", "plan.json", "--yes"]));
    let ran = test.run();
    assert!(ran.stdout.contains("\nCompleted after "), "{}", ran.stdout);
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("verysecret"));
    let machines = fly.machines();
    assert_eq!(machines.len(), 5);
    assert!(machines.iter().all(|(_, image)| image.as_str().unwrap().starts_with("registry.fly.io/shop:v2")));
    // The machines of the plan are gone.
    let again = fly.with(ran.then(["apply", "plan.json", "--yes"])).status(6).run();
    assert!(again.stdout.contains("The plan is stale"), "{}", again.stdout);
}

/// A full disk does not end a deploy half way; and nobody is left to think that all was told.
#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_told_and_the_deploy_is_carried_out() {
    for events in [&[][..], &["--events", "jsonl"]] {
        let fly = Fly::listen();
        let test = fly.with(fly.plan().then(["apply", "plan.json", "--yes"].iter().chain(events).copied()));
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = test.command().stdin(std::process::Stdio::null()).stdout(full).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{told}");
        assert_eq!(told.matches("warning: cannot write to standard output: No space left").count(), 1, "{told}");
        assert!(told.contains("\nCompleted after "), "{told}");
        assert!(fly.machines().iter().all(|(_, image)| image.as_str().unwrap().contains("shop:v2")));
    }
}

#[test]
fn without_a_token_nothing_is_tried() {
    let args = ["plan", "--machines", "machines.json", "--image", "shop:v2", "-o", "plan.json"];
    let ran = Test::shop().args(args).run().then(["apply", "plan.json", "--yes"]).status(2).run();
    assert!(ran.stderr.starts_with("error: no token for the Machines API"), "{}", ran.stderr);
}

#[test]
fn an_api_that_does_not_answer_is_named_and_the_token_is_not() {
    let test = Test::shop().args(["plan", "--image", "shop:v2"]);
    // Nothing listens on the discard port.
    let test = test.env("FLY_FLAPS_BASE_URL", "http://127.0.0.1:9").env("FLY_API_TOKEN", TOKEN);
    let ran = test.status(2).run();
    assert!(ran.stderr.contains("no answer from http://127.0.0.1:9: Connection refused"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("verysecret"));
}

#[test]
fn a_password_in_the_base_url_is_refused_and_not_shown() {
    let test = Test::shop().args(["plan", "--image", "shop:v2"]);
    let test = test.env("FLY_FLAPS_BASE_URL", "http://me:verysecret@127.0.0.1:9").env("FLY_API_TOKEN", TOKEN);
    let ran = test.status(2).run();
    assert!(ran.stderr.contains("user name or a password"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("verysecret"));
}

/// A pasted list is vouched for by whoever pasted it; of a live one Fly says what it must agree with.
#[test]
fn an_empty_live_list_of_an_app_that_was_deployed_is_refused_even_as_a_first_deploy() {
    let fly = Fly::listen_to("[]");
    let args = ["plan", "--image", "registry.fly.io/shop:v2", "--first-deploy"];
    let live = fly.with(Test::shop().args(args)).status(1).run();
    assert!(live.stdout.contains("empty-fleet"), "{}", live.stdout);
}
