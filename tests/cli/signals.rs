//! What asks a deploy to end, once and twice.
#![cfg(unix)]

use crate::fly::Fly;

#[test]
fn a_signal_takes_back_what_was_done() {
    for signal in ["INT", "TERM", "HUP"] {
        let fly = Fly::listen();
        let before = fly.machines();
        let mut apply = fly.apply(fly.plan());
        apply.until_step("wait-healthy", "done");
        apply.signal(&[signal]);
        assert_eq!(apply.ends("restored").0, Some(3), "{signal}");
        assert_eq!(fly.machines(), before, "{signal}");
    }
}

#[test]
fn a_signal_after_the_first_destroy_finishes() {
    let fly = Fly::listen();
    let mut apply = fly.apply(fly.plan());
    apply.until_step("destroy", "done");
    apply.signal(&["TERM"]);
    assert_eq!(apply.ends("completed").0, Some(0));
}

#[test]
fn a_second_signal_stops_at_once_and_names_what_is_left() {
    // Of two kinds: one that is sent twice before it is heard is heard once.
    for (first, second) in [("INT", "TERM"), ("TERM", "HUP"), ("HUP", "INT")] {
        // However busy the machine: nothing is taken back before the second is heard.
        let fly = Fly::listen_with("destroy=slow:20000");
        let mut apply = fly.apply(fly.plan());
        apply.until_step("wait-healthy", "done");
        apply.signal(&[first, second]);
        // The last event says so too, also to who reads nothing else.
        let (status, report) = apply.ends("needs-attention");
        assert_eq!(status, Some(4));
        // Traffic had not moved: the blues were not touched.
        let told = report.split_once("Left to do\n").unwrap().1;
        assert!(told.starts_with("  cutover abort plan.json\n      "), "{report}");
        assert!(told.contains("a green: it is hidden") && !told.contains("2874d0ea5b1938"), "{report}");
        assert!(report.replace("\n  ", " ").contains("which may hold for 13 s more"), "{report}");
    }
}

/// What is printed, done at once and in its order, while the leases of the run hold.
#[test]
fn what_a_second_signal_leaves_is_taken_back_by_the_command_that_it_names() {
    let fly = Fly::listen();
    let before = fly.machines();
    let mut apply = fly.apply(fly.plan_with(&["--bake", "60s"]));
    apply.until_step("bake", "running");
    apply.signal(&["INT", "TERM"]);
    let (_, report, test) = apply.ends_in("needs-attention");
    assert!(!report.contains("fly machine"), "{report}");
    let printed = report.lines().filter_map(|line| line.strip_prefix("  cutover "));
    let [command] = printed.collect::<Vec<_>>().try_into().unwrap();
    fly.with(test.again(command.split(' ').chain(["--yes"]))).status(3).run();
    assert_eq!(fly.machines(), before);
}

/// Its plan was not saved by anybody: it is kept where the report says, and gone where nothing is left.
#[test]
fn what_a_deploy_leaves_is_taken_back_with_the_plan_that_it_kept() {
    let fly = Fly::listen();
    let before = fly.machines();
    let policy = ["--bake", "60s"];
    let image = ["--image", "registry.fly.io/shop:v2", "--settle", "100ms"];
    let args = ["deploy", "--yes", "--events", "jsonl"].into_iter().chain(image).chain(policy);
    let mut deploy = fly.running(fly.plan_with(&policy), args, |command| command);
    deploy.until_step("bake", "running");
    deploy.signal(&["INT", "TERM"]);
    let (_, report, test) = deploy.ends_in("needs-attention");
    let command = report.lines().find_map(|line| line.strip_prefix("  cutover ")).unwrap().to_owned();
    assert!(command.starts_with("abort ") && command.contains("/state/cutover/shop."), "{report}");
    fly.with(test.again(command.split(' ').chain(["--yes"]))).status(3).run();
    assert_eq!(fly.machines(), before);
}

/// As `nohup` starts a program.
#[test]
fn a_hang_up_that_was_ignored_from_the_start_stays_ignored() {
    let fly = Fly::listen();
    let mut apply = fly.apply_in_shell(fly.plan(), "trap '' HUP; exec \"$@\"");
    apply.until_step("create", "done");
    apply.signal(&["HUP"]);
    assert_eq!(apply.ends("completed").0, Some(0));
}
