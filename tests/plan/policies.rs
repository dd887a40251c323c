//! What a policy, and what fly.toml asks for beside it, makes of the steps.

use cutover::plan::{Change, Drain, Floor, Op, Plan, Policy};

use crate::notation::{self, SHOP, plan_with};
use crate::steps;

const FLEET: &str = "a1 app iad started v1\na2 app iad stopped v1\nw1 worker iad started v1";

fn planned(file: &str, fleet: &str, policy: &Policy) -> Plan {
    plan_with(file, fleet, "v2", policy).unwrap()
}

/// The steps of a deploy of [`FLEET`] from where its greens are ready.
fn after_the_greens(policy: &Policy) -> String {
    let all = steps(&planned(SHOP, FLEET, policy));
    let ready = all.find("uncordon").or(all.find("hold")).unwrap();
    let hold = all.find("hold").unwrap_or(ready).min(ready);
    all[all[..hold].rfind('\n').unwrap() + 1..].to_owned()
}

#[test]
fn a_release_command_and_machine_checks_run_before_any_traffic_moves() {
    let file = format!(
        "{SHOP}[deploy]\nrelease_command = \"migrate\"\nrelease_command_timeout = \"9m\"\nwait_timeout = \"2m\"\n\
         [[machine_checks]]\ncommand = [\"test\"]\n"
    );
    let plan = planned(&file, "a1 app iad started v1\nw1 worker ams stopped v1", &Policy::default());
    let all = steps(&plan);
    insta::assert_snapshot!(&all[..all.find("s14").unwrap()], @r#"
    s1 lease a1
    s2 release-command release-command (not started) <- s1
    s3 create green-app-1 <- s2
    s4 wait-started green-app-1 <- s3
    s5 wait-healthy green-app-1 <- s4
    s6 machine-check check-green-app-1-1 <- s5
    s7 create green-worker-1 <- s2
    s8 wait-started green-worker-1 <- s7
    s9 wait-healthy green-worker-1 <- s8
    s10 machine-check check-green-worker-1-1 <- s9
    s11 gate <- s6 s10
    s12 uncordon green-app-1 <- s11
    s13 uncordon green-worker-1 <- s11
    "#);
    let timeouts = plan.steps.iter().filter(|step| step.slot.is_some() && step.timeout_ms.is_some());
    let timeouts: Vec<_> = timeouts.map(|step| (step.op, step.timeout_ms.unwrap() / 1_000)).collect();
    let green = [(Op::WaitStarted, 120), (Op::WaitHealthy, 120), (Op::MachineCheck, 120)];
    assert_eq!(timeouts, [&[(Op::ReleaseCommand, 540)][..], &green, &green].concat());
}

/// flyctl asks for the version that it remembers from the last `fly secrets set`; here somebody has to name it.
#[test]
fn a_secrets_version_is_asked_for_with_every_machine_that_is_made() {
    let file = format!("{SHOP}[deploy]\nrelease_command = \"migrate\"\n[[machine_checks]]\ncommand = [\"test\"]\n");
    for secrets_version in [None, Some(7)] {
        let plan = planned(&file, FLEET, &Policy { secrets_version, ..Policy::default() });
        let asked: Vec<_> = plan.steps.iter().filter_map(|step| step.request.as_ref()).collect();
        assert_eq!(asked.len(), 6, "the release command, three greens and two that are checked");
        assert!(asked.iter().all(|request| request.min_secrets_version == secrets_version));
    }
}

#[test]
fn groups_take_the_traffic_in_their_order() {
    let policy = Policy { group_order: vec!["worker".into()], ..Policy::default() };
    insta::assert_snapshot!(after_the_greens(&policy), @r#"
    s12 uncordon green-worker-1 <- s11
    s13 settle <- s12
    s14 verify <- s13
    s15 cordon w1 <- s14
    s16 settle <- s15
    s17 uncordon green-app-1 <- s16
    s18 uncordon green-app-2 <- s16
    s19 settle <- s17 s18
    s20 verify <- s19
    s21 cordon a1 <- s20
    s22 cordon a2 <- s20
    s23 settle <- s21 s22
    s24 lease a2 <- s23
    s25 drain a1 <- s24
    s26 drain a2 <- s24
    s27 drain w1 <- s24
    s28 stop a1 <- s25
    s29 wait-stopped a1 <- s28
    s30 stop a2 <- s26
    s31 wait-stopped a2 <- s30
    s32 stop w1 <- s27
    s33 wait-stopped w1 <- s32
    s34 verify <- s29 s31 s33
    s35 destroy a1 <- s34
    s36 destroy a2 <- s34
    s37 destroy w1 <- s34
    "#);
}

#[test]
fn blues_are_kept_drained_and_watched_as_long_as_the_policy_says() {
    let policy = Policy {
        hold: true,
        bake_ms: 60_000,
        drain: Drain::UntilIdle,
        drain_timeout_ms: 30_000,
        keep_blue: true,
        verify_url: Some("https://shop.example/up".into()),
        ..Policy::default()
    };
    insta::assert_snapshot!(after_the_greens(&policy), @r#"
    s12 hold <- s11
    s13 uncordon green-app-1 <- s12
    s14 uncordon green-app-2 <- s12
    s15 uncordon green-worker-1 <- s12
    s16 settle <- s13 s14 s15
    s17 verify <- s16
    s18 cordon a1 <- s17
    s19 cordon a2 <- s17
    s20 cordon w1 <- s17
    s21 settle <- s18 s19 s20
    s22 lease a2 <- s21
    s23 verify-url <- s22
    s24 bake <- s23
    s25 drain a1 <- s24
    s26 drain a2 <- s24
    s27 drain w1 <- s24
    s28 gate <- s25 s26 s27
    s29 hold <- s28
    s30 stop a1 <- s29
    s31 wait-stopped a1 <- s30
    s32 stop a2 <- s29
    s33 wait-stopped a2 <- s32
    s34 stop w1 <- s29
    s35 wait-stopped w1 <- s34
    s36 verify <- s31 s33 s35
    s37 destroy a1 <- s36
    s38 destroy a2 <- s36
    s39 destroy w1 <- s36
    "#);
}

#[test]
fn with_a_surge_the_blues_go_batch_by_batch() {
    let policy = Policy { surge: Some(2), hold: true, ..Policy::default() };
    insta::assert_snapshot!(steps(&planned(SHOP, FLEET, &policy)), @r#"
    s1 lease a1
    s2 lease w1
    s3 gate <- s1 s2
    s4 create green-app-1 <- s3
    s5 wait-started green-app-1 <- s4
    s6 wait-healthy green-app-1 <- s5
    s7 create green-app-2 (not started) <- s3
    s8 gate <- s6 s7
    s9 hold <- s8
    s10 uncordon green-app-1 <- s9
    s11 uncordon green-app-2 <- s9
    s12 settle <- s10 s11
    s13 verify <- s12
    s14 cordon a1 <- s13
    s15 cordon a2 <- s13
    s16 settle <- s14 s15
    s17 lease a2 <- s16
    s18 drain a1 <- s17
    s19 drain a2 <- s17
    s20 stop a1 <- s18
    s21 wait-stopped a1 <- s20
    s22 stop a2 <- s19
    s23 wait-stopped a2 <- s22
    s24 verify <- s21 s23
    s25 destroy a1 <- s24
    s26 destroy a2 <- s24
    s27 gate <- s25 s26
    s28 create green-worker-1 <- s27
    s29 wait-started green-worker-1 <- s28
    s30 wait-healthy green-worker-1 <- s29
    s31 gate <- s30
    s32 uncordon green-worker-1 <- s31
    s33 settle <- s32
    s34 verify <- s33
    s35 cordon w1 <- s34
    s36 settle <- s35
    s37 drain w1 <- s36
    s38 stop w1 <- s37
    s39 wait-stopped w1 <- s38
    s40 verify <- s39
    s41 destroy w1 <- s40
    "#);
    let both = Policy { keep_blue: true, ..policy };
    let refused = plan_with(SHOP, FLEET, "v2", &both).unwrap_err();
    assert_eq!(refused.iter().map(|one| one.code).collect::<Vec<_>>(), ["keep-blue-with-surge"]);
    let hasty = Policy { wait_timeout_ms: Some(0), ..Policy::default() };
    let refused = plan_with(SHOP, FLEET, "v2", &hasty).unwrap_err();
    assert_eq!(refused.iter().map(|one| one.code).collect::<Vec<_>>(), ["no-time-to-wait"]);
}

#[test]
fn every_green_is_started_when_the_policy_asks_for_it() {
    let woken = |verify_stopped| {
        let plan = planned(SHOP, FLEET, &Policy { verify_stopped, ..Policy::default() });
        plan.steps.iter().filter(|step| step.op == Op::WaitHealthy).count()
    };
    assert_eq!((woken(false), woken(true)), (2, 3));
}

#[test]
fn floors_are_what_serves_now_or_what_the_policy_says() {
    let fleet = "a1 app iad started v1\na2 app iad started v1\na3 app ams started v1\nw1 worker iad failed v1";
    let floors = |floor| {
        let plan = plan_with(SHOP, fleet, "v2", &Policy { floor, ..Policy::default() })?;
        Ok(plan.floors.iter().map(|floor| floor.serving).collect::<Vec<_>>())
    };
    let refused = |floor| floors(floor).map_err(|refused: Vec<cutover::plan::Refusal>| refused[0].message.clone());
    assert_eq!(refused(None), Ok(vec![1, 2, 0]));
    assert_eq!(refused(Some(Floor::Percent(50))), Ok(vec![1, 1, 0]));
    assert_eq!(refused(Some(Floor::Machines(1))), Ok(vec![1, 1, 0]));
    insta::assert_snapshot!(refused(Some(Floor::Machines(2))).unwrap_err(), @r#"fewer machines serve now than the floor asks for: 1 of group `app` in ams, where the floor is 2"#);
}

#[test]
fn what_changes_is_told_once_for_all_machines_that_it_is_the_same_for() {
    let fleet =
        "a1 app iad started v1\na2 app ams started v1\na3 app iad started v1 other-config\nw1 worker iad started v2";
    let changed = SHOP.replace("2s", "3s").replace("\"work\"", "\"work --fast\"");
    let plan = notation::plan_of(&changed, &notation::fleet(SHOP, fleet), "v2", &Policy::default()).unwrap();
    let side = |value: &Option<serde_json::Value>| value.as_ref().map_or("-".to_owned(), ToString::to_string);
    let line = |change: &Change| {
        let Change { group, machines, path, from, to } = change;
        format!("{group} {}: {path} {} -> {}\n", machines.join(" "), side(from), side(to))
    };
    insta::assert_snapshot!(plan.changes.iter().map(line).collect::<String>(), @r#"
    app a3: env.FLY_PROCESS_GROUP - -> "app"
    app a3: env.OLD "1" -> -
    app a3: env.PRIMARY_REGION - -> "iad"
    app a1 a2 a3: image "registry.fly.io/shop:v1@sha256:0000000000000000000000000000000000000000000000000000000000007631" -> "registry.fly.io/shop:v2@sha256:0000000000000000000000000000000000000000000000000000000000007632"
    app a1 a2 a3: services[0].checks[0].timeout "2s" -> "3s"
    worker w1: checks.alive.timeout "2s" -> "3s"
    worker w1: init.cmd ["work"] -> ["work","--fast"]
    "#);
}

/// Expected and worst seconds, machines, calls.
#[track_caller]
fn check_estimate(fleet: &str, policy: &Policy, expected: (u64, u64, u64, u64)) {
    let found = planned(SHOP, fleet, policy).estimate;
    let seconds = |ms: u64| ms / 1_000;
    assert_eq!((seconds(found.expected_ms), seconds(found.worst_ms), found.peak_machines, found.calls), expected);
}

#[test]
fn a_deploy_takes_as_long_as_its_longest_chain_of_steps() {
    let one = "a1 app iad started v1\nw1 worker iad started v2";
    check_estimate(one, &Policy::default(), (35, 923, 3, 11));
    let slow = Policy { bake_ms: 600_000, stability_ms: 30_000, ..Policy::default() };
    check_estimate(one, &slow, (666, 1554, 3, 12));
    let asking = Policy { verify_url: Some("https://shop.example/up".into()), ..Policy::default() };
    check_estimate(one, &asking, (40, 1223, 3, 11));
    let many: String =
        (0..40).map(|at| format!("a{at} app iad started v1\n")).collect::<String>() + "w1 worker iad started v2";
    check_estimate(&many, &Policy::default(), (80, 968, 81, 362));
    check_estimate(&many, &Policy { concurrency: 1, ..Policy::default() }, (161, 1042, 81, 362));
    check_estimate(&many, &Policy { surge: Some(20), ..Policy::default() }, (111, 1887, 61, 364));
    check_estimate("a1 app iad started v2\nw1 worker iad started v2", &Policy::default(), (0, 0, 2, 0));
}
