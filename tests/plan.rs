//! What the planner does with small fleets, as a reader would say it.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout)]

#[path = "plan/cover.rs"]
mod cover;
#[path = "plan/failure_modes.rs"]
mod failure_modes;
#[path = "plan/interrupted.rs"]
mod interrupted;
#[path = "plan/leftovers.rs"]
mod leftovers;
#[path = "plan/notation.rs"]
mod notation;
#[path = "plan/observed.rs"]
mod observed;
#[path = "plan/parity.rs"]
mod parity;
#[path = "plan/policies.rs"]
mod policies;
#[path = "plan/properties.rs"]
mod properties;
#[path = "plan/refusals.rs"]
mod refusals;
#[path = "plan/underway.rs"]
mod underway;

use cutover::plan::{Desired, Disposition, Op, Plan, Policy, Step, read};
use notation::{SHOP, plan_with};

/// Each step as `id op what <- needs`.
fn steps(plan: &Plan) -> String {
    let line = |step: &Step| {
        let op = serde_json::to_value(step.op).unwrap();
        let what = step.machine.as_ref().or(step.slot.as_ref()).map(|name| format!(" {name}")).unwrap_or_default();
        let asleep = step.request.as_ref().is_some_and(|request| request.skip_launch);
        let asleep = if asleep { " (not started)" } else { "" };
        let needs = if step.needs.is_empty() { String::new() } else { format!(" <- {}", step.needs.join(" ")) };
        format!("{} {}{what}{asleep}{needs}\n", step.id, op.as_str().unwrap())
    };
    plan.steps.iter().map(line).collect()
}

fn text_of(file: &str, fleet: &str, tag: &str, policy: &Policy) -> String {
    match plan_with(file, fleet, tag, policy) {
        Err(refusals) => refusals
            .iter()
            .map(|refusal| {
                format!(
                    "{}: {} [{}]\n{}",
                    refusal.code,
                    refusal.message,
                    refusal.machines.join(" "),
                    refusal.fix.iter().map(|command| format!("    {command}\n")).collect::<String>()
                )
            })
            .collect(),
        Ok(plan) => {
            let machine = |machine: &cutover::plan::PlannedMachine| {
                let disposition = serde_json::to_value(machine.disposition).unwrap();
                format!("{} {}: {}\n", machine.id, disposition.as_str().unwrap(), machine.why)
            };
            let warnings = plan.warnings.iter().map(|warning| format!("warning {}\n", warning.code));
            plan.machines.iter().map(machine).chain(warnings).collect()
        }
    }
}

/// Dispositions and warnings, or refusals, of a deploy of `v2`.
fn outcome(fleet: &str) -> String {
    text_of(SHOP, fleet, "v2", &Policy::default())
}

#[test]
fn a_whole_plan_reads_from_lease_to_destroy() {
    let fleet = "
        a1 app iad started v1
        a2 app iad stopped v1
        w1 worker iad started v1
        w2 worker iad stopped v1 standby=w1
        z1 gone ams started v1
    ";
    let plan = plan_with(SHOP, fleet, "v2", &Policy::default()).unwrap();
    insta::assert_snapshot!(steps(&plan), @r#"
    s1 lease a1
    s2 lease w1
    s3 lease z1
    s4 gate <- s1 s2 s3
    s5 create green-app-1 <- s4
    s6 wait-started green-app-1 <- s5
    s7 wait-healthy green-app-1 <- s6
    s8 create green-app-2 (not started) <- s4
    s9 create green-worker-1 <- s4
    s10 wait-started green-worker-1 <- s9
    s11 wait-healthy green-worker-1 <- s10
    s12 create green-worker-2 (not started) <- s4 s9
    s13 gate <- s7 s8 s11 s12
    s14 uncordon green-app-1 <- s13
    s15 uncordon green-app-2 <- s13
    s16 uncordon green-worker-1 <- s13
    s17 uncordon green-worker-2 <- s13
    s18 settle <- s14 s15 s16 s17
    s19 verify <- s18
    s20 cordon a1 <- s19
    s21 cordon a2 <- s19
    s22 cordon w1 <- s19
    s23 cordon w2 <- s19
    s24 settle <- s20 s21 s22 s23
    s25 lease a2 <- s24
    s26 lease w2 <- s24
    s27 gate <- s25 s26
    s28 drain a1 <- s27
    s29 drain a2 <- s27
    s30 drain w1 <- s27
    s31 stop a1 <- s28
    s32 wait-stopped a1 <- s31
    s33 stop a2 <- s29
    s34 wait-stopped a2 <- s33
    s35 stop w1 <- s30
    s36 wait-stopped w1 <- s35
    s37 stop w2 <- s27
    s38 wait-stopped w2 <- s37
    s39 verify <- s32 s34 s36 s38
    s40 destroy a1 <- s39
    s41 destroy a2 <- s39
    s42 destroy w1 <- s39
    s43 destroy w2 <- s39
    s44 gate <- s40 s41 s42 s43
    s45 cordon z1 <- s44
    s46 settle <- s45
    s47 drain z1 <- s46
    s48 stop z1 <- s47
    s49 wait-stopped z1 <- s48
    s50 gate <- s49
    s51 destroy z1 <- s50
    "#);
    assert_eq!(plan.point_of_no_return.as_deref(), Some("s40"));
    let capacity: String = plan
        .capacity
        .iter()
        .map(|row| format!("{} {}/{} {}\n", row.after.as_deref().unwrap_or("-"), row.group, row.region, row.serving))
        .collect();
    insta::assert_snapshot!(capacity, @r#"
    - app/iad 2
    - gone/ams 1
    - worker/iad 1
    s14 app/iad 3
    s15 app/iad 4
    s16 worker/iad 2
    s20 app/iad 3
    s21 app/iad 2
    s22 worker/iad 1
    s45 gone/ams 0
    "#);
}

#[test]
fn every_machine_has_its_place_and_a_reason() {
    insta::assert_snapshot!(outcome("
        a1 app iad started v1
        a2 app iad started v1 unmanaged
        a3 app iad started v1 unreachable
        a4 app iad destroyed v1
        a5 - iad started v1 leased
        r1 fly_app_release_command iad stopped v1
        w1 worker iad started v2
        w2 worker iad started v2 no-config
        z1 gone ams started v1
        z2 gone ams started v1 unreachable
    "), @r#"
    a1 replace: it runs shop:v1
    a2 ignore: Fly Launch does not manage it: it has no `fly_platform_version` of `v2`
    a3 unreachable: its host does not answer: it cannot be cordoned, stopped or destroyed now
    a4 leftover: it is destroyed already
    a5 replace: it runs shop:v1
    r1 leftover: it was made for a release command and serves nothing; it is stopped, so that its command is not running
    w1 keep: it runs the image and the config that are wanted
    w2 ignore: Fly does not say what it runs, so nobody can tell whether the deploy manages it
    z1 remove: fly.toml has no group `gone`
    z2 unreachable: fly.toml has no group `gone`, but its host does not answer: it cannot be destroyed now
    warning unreachable-stays
    warning unmanaged-ignored
    warning unknown-config
    warning leased
    warning leftovers
    warning group-removed
    "#);
}

#[test]
fn a_group_that_is_as_wanted_is_left_alone() {
    let plan = plan_with(SHOP, "a1 app iad started v2\nw1 worker iad started v2", "v2", &Policy::default()).unwrap();
    assert_eq!(steps(&plan), "");
    assert_eq!(plan.warnings, []);
}

#[test]
fn one_machine_that_differs_makes_the_whole_group_change() {
    insta::assert_snapshot!(outcome("
        a1 app iad started v2
        a2 app iad started v2 other-config
        a3 app iad started v2 cordoned
        w1 worker iad started v2
    "), @r#"
    a1 replace: another machine of group `app` is replaced: all of them change at once
    a2 replace: it runs the image, but with another config
    a3 replace: it runs the image, but is cordoned
    w1 keep: it runs the image and the config that are wanted
    warning image-not-new
    warning cordoned-replaced
    "#);
}

#[test]
fn a_standby_gets_its_role_towards_the_new_machine() {
    let fleet = "a1 app iad started v1\nw1 worker iad stopped v1 standby=w2\nw2 worker iad started v1";
    let plan = plan_with(SHOP, fleet, "v2", &Policy::default()).unwrap();
    let created: Vec<_> = plan.steps.iter().filter(|step| step.op == Op::Create).collect();
    let [_, active, standby] = created.as_slice() else { panic!("{created:?}") };
    assert_eq!((active.replaces.as_deref(), standby.replaces.as_deref()), (Some("w2"), Some("w1")));
    assert_eq!(standby.standby_for, [active.slot.clone().unwrap()]);
    assert!(standby.needs.contains(&active.id), "made after the machine that it stands by for");
    assert!(standby.request.as_ref().unwrap().config.standbys().next().is_none(), "ids are for the run to fill in");
}

#[test]
fn a_new_group_gets_two_machines_or_one_and_a_standby() {
    let plan = plan_with(SHOP, "", "v2", &Policy { first_deploy: true, ..Policy::default() }).unwrap();
    insta::assert_snapshot!(steps(&plan), @r#"
    s1 create green-app-1
    s2 wait-started green-app-1 <- s1
    s3 wait-healthy green-app-1 <- s2
    s4 create green-app-2
    s5 wait-started green-app-2 <- s4
    s6 wait-healthy green-app-2 <- s5
    s7 create green-worker-1
    s8 wait-started green-worker-1 <- s7
    s9 wait-healthy green-worker-1 <- s8
    s10 create green-worker-2 (not started) <- s7
    s11 gate <- s3 s6 s9 s10
    s12 uncordon green-app-1 <- s11
    s13 uncordon green-app-2 <- s11
    s14 uncordon green-worker-1 <- s11
    s15 uncordon green-worker-2 <- s11
    s16 settle <- s12 s13 s14 s15
    s17 verify <- s16
    "#);
    let alone = Policy { first_deploy: true, high_availability: false, ..Policy::default() };
    let plan = plan_with(SHOP, "", "v2", &alone).unwrap();
    assert_eq!(plan.steps.iter().filter(|step| step.op == Op::Create).count(), 2);
}

#[test]
fn one_green_is_started_where_the_proxy_stopped_every_blue() {
    let plan = plan_with(
        SHOP,
        "a1 app iad stopped v1\na2 app iad stopped v1\nw1 worker iad started v2",
        "v2",
        &Policy::default(),
    );
    insta::assert_snapshot!(steps(&plan.unwrap()), @r#"
    s1 create green-app-1
    s2 wait-started green-app-1 <- s1
    s3 wait-healthy green-app-1 <- s2
    s4 create green-app-2 (not started)
    s5 gate <- s3 s4
    s6 uncordon green-app-1 <- s5
    s7 uncordon green-app-2 <- s5
    s8 settle <- s6 s7
    s9 verify <- s8
    s10 cordon a1 <- s9
    s11 cordon a2 <- s9
    s12 settle <- s10 s11
    s13 lease a1 <- s12
    s14 lease a2 <- s12
    s15 gate <- s13 s14
    s16 drain a1 <- s15
    s17 drain a2 <- s15
    s18 stop a1 <- s16
    s19 wait-stopped a1 <- s18
    s20 stop a2 <- s17
    s21 wait-stopped a2 <- s20
    s22 verify <- s19 s21
    s23 destroy a1 <- s22
    s24 destroy a2 <- s22
    "#);
}

#[test]
fn a_green_is_started_when_the_proxy_would_not_start_it_any_more() {
    let fleet = "a1 app iad started v1\na2 app iad stopped v1\nw1 worker iad started v2";
    let fleet = notation::fleet(SHOP, fleet);
    let file = SHOP.replace("\"stop\"", "\"off\"");
    let plan = notation::plan_of(&file, &fleet, "v2", &Policy::default()).unwrap();
    let created = plan.steps.iter().filter_map(|step| step.request.as_ref());
    assert!(created.into_iter().all(|request| !request.skip_launch));
}

#[test]
fn groups_may_run_different_images() {
    insta::assert_snapshot!(outcome("a1 app iad started v1\nw1 worker iad started v0"), @r#"
    a1 replace: it runs shop:v1
    w1 replace: it runs shop:v0
    warning images-differ
    "#);
}

#[test]
fn only_what_is_selected_is_touched() {
    let policy = Policy { groups: vec!["app".into()], exclude_machines: vec!["a2".into()], ..Policy::default() };
    insta::assert_snapshot!(text_of(SHOP, "a1 app iad started v1\na2 app iad started v1\nw1 worker iad started v1", "v2", &policy), @r#"
    a1 replace: it runs shop:v1
    a2 ignore: it is excluded from this deploy
    w1 ignore: this deploy is not for group `worker`
    "#);
}

#[test]
fn a_removed_group_goes_last_and_a_selected_one_may_go_alone() {
    let policy = Policy { groups: vec!["gone".into()], ..Policy::default() };
    let plan =
        plan_with(SHOP, "a1 app iad started v1\nw1 worker iad started v1\nz1 gone iad stopped v1", "v2", &policy)
            .unwrap();
    insta::assert_snapshot!(steps(&plan), @r#"
    s1 cordon z1
    s2 settle <- s1
    s3 lease z1 <- s2
    s4 stop z1 <- s3
    s5 wait-stopped z1 <- s4
    s6 gate <- s5
    s7 destroy z1 <- s6
    "#);
}

#[test]
fn a_machine_out_of_reach_is_replaced_once_and_stays() {
    let lost = "a1 app iad started v1\na2 app iad started v1 unreachable\nw1 worker iad started v2";
    let plan = plan_with(SHOP, lost, "v2", &Policy::default()).unwrap();
    assert_eq!(plan.steps.iter().filter(|step| step.op == Op::Create).count(), 2);
    assert!(plan.steps.iter().all(|step| step.machine.as_deref() != Some("a2")));
    let passed_over =
        "g1 app iad started v2\ng2 app iad started v2\na2 app iad started v1 unreachable\nw1 worker iad started v2";
    let plan = plan_with(SHOP, passed_over, "v3", &Policy { groups: vec!["app".into()], ..Policy::default() }).unwrap();
    assert_eq!(plan.steps.iter().filter(|step| step.op == Op::Create).count(), 2, "its successor is there already");
}

#[test]
fn the_file_can_ask_for_what_this_plan_does_not_do() {
    let file = format!("{SHOP}\n[deploy]\nstrategy = \"rolling\"\nrelease_command = \"migrate\"\n");
    insta::assert_snapshot!(text_of(&file, "a1 app iad started v1\nw1 worker iad started v1", "v2", &Policy::default()), @r#"
    a1 replace: it runs shop:v1
    w1 replace: it runs shop:v1
    warning strategy-differs
    warning release-command
    "#);
}

#[test]
fn the_deploy_markers_of_a_blue_are_not_handed_on() {
    let mut fleet = notation::fleet(SHOP, "a1 app iad started v1\nw1 worker iad started v1");
    let config = fleet.machines[0].config_mut().unwrap();
    for key in ["fly_bluegreen_deployment_tag", "fly_flyctl_bluegreen_launch_id", "cutover_run", "owner"] {
        config.set_metadata(key, "x");
    }
    let plan = notation::plan_of(SHOP, &fleet, "v2", &Policy::default()).unwrap();
    let request = plan.steps.iter().find_map(|step| step.request.as_ref()).unwrap();
    insta::assert_snapshot!(request.config.get("metadata").unwrap(), @r#"{"fly_platform_version":"v2","fly_process_group":"app","owner":"x"}"#);
}

#[test]
fn a_plan_is_read_back_as_it_was_written() {
    let plan = plan_with(SHOP, "a1 app iad started v1\nw1 worker iad started v1", "v2", &Policy::default()).unwrap();
    assert_eq!(read(&plan.to_json()), Ok(plan));
}

#[test]
fn a_plan_that_is_not_as_it_was_written_is_refused() {
    let plan = plan_with(SHOP, "a1 app iad started v1\nw1 worker iad started v1", "v2", &Policy::default()).unwrap();
    let json = plan.to_json();
    let wrong = |text: &str| read(text).unwrap_err().message + "\n";
    let all = [
        wrong(&json.replace("\"settle_ms\": 10000", "\"settle_ms\": 0")),
        wrong(&json.replace("\"version\": 1", "\"version\": 2")),
        wrong(&json.replacen("\"app\"", "\"surprise\": 1,\n  \"app\"", 1)),
        wrong(&json.replacen("\"steps\"", "\"stepz\"", 1)),
        wrong(&json[..json.len() / 2]),
        wrong("[]"),
        wrong(""),
        wrong("no plan"),
    ];
    insta::assert_snapshot!(all.concat(), @r#"
    the plan was changed after it was made: its digest does not match; make it again with `cutover plan`
    this is a plan of version 2, and only version 1 is known here: update cutover
    this is not a plan of version 1: unknown field `surprise`, expected one of `version`, `app`, `image`, `policy`, `source`, `definition`, `digest`, `fleet`, `machines`, `steps`, `operations`, `floors`, `changes`, `estimate`, `point_of_no_return`, `capacity`, `warnings` at line 3 column 12; make it again with `cutover plan`
    this is not a plan of version 1: unknown field `stepz`, expected one of `version`, `app`, `image`, `policy`, `source`, `definition`, `digest`, `fleet`, `machines`, `steps`, `operations`, `floors`, `changes`, `estimate`, `point_of_no_return`, `capacity`, `warnings` at line 96 column 9; make it again with `cutover plan`
    the plan is cut off at line 314; make it again with `cutover plan`
    this is not a plan: it has no `version`
    the plan is empty; make it again with `cutover plan`
    this is not a plan: expected ident at line 1 column 2
    "#);
}

#[test]
fn the_example_app_is_planned_without_a_warning() {
    let file = include_str!("../examples/shop/fly.toml");
    let fleet = cutover::fleet::parse(include_str!("../examples/shop/machines.json")).unwrap();
    let plan = notation::plan_of(file, &fleet, "v2", &Policy::default()).unwrap();
    assert_eq!(plan.warnings, []);
    insta::assert_snapshot!(steps(&plan), @r#"
    s1 lease 2874d0ea5b1938
    s2 lease 3d8d74e1b02589
    s3 lease 9185e370f63e48
    s4 lease e784966fd25058
    s5 gate <- s1 s2 s3 s4
    s6 create green-app-1 <- s5
    s7 wait-started green-app-1 <- s6
    s8 wait-healthy green-app-1 <- s7
    s9 create green-app-2 <- s5
    s10 wait-started green-app-2 <- s9
    s11 wait-healthy green-app-2 <- s10
    s12 create green-app-3 <- s5
    s13 wait-started green-app-3 <- s12
    s14 wait-healthy green-app-3 <- s13
    s15 create green-worker-1 <- s5
    s16 wait-started green-worker-1 <- s15
    s17 wait-healthy green-worker-1 <- s16
    s18 create green-worker-2 (not started) <- s5 s15
    s19 gate <- s8 s11 s14 s17 s18
    s20 uncordon green-app-1 <- s19
    s21 uncordon green-app-2 <- s19
    s22 uncordon green-app-3 <- s19
    s23 uncordon green-worker-1 <- s19
    s24 uncordon green-worker-2 <- s19
    s25 settle <- s20 s21 s22 s23 s24
    s26 verify <- s25
    s27 cordon 2874d0ea5b1938 <- s26
    s28 cordon 3d8d74e1b02589 <- s26
    s29 cordon 9185e370f63e48 <- s26
    s30 cordon d891204c7e6028 <- s26
    s31 cordon e784966fd25058 <- s26
    s32 settle <- s27 s28 s29 s30 s31
    s33 lease d891204c7e6028 <- s32
    s34 drain 2874d0ea5b1938 <- s33
    s35 drain 3d8d74e1b02589 <- s33
    s36 drain 9185e370f63e48 <- s33
    s37 drain e784966fd25058 <- s33
    s38 stop 2874d0ea5b1938 <- s34
    s39 wait-stopped 2874d0ea5b1938 <- s38
    s40 stop 3d8d74e1b02589 <- s35
    s41 wait-stopped 3d8d74e1b02589 <- s40
    s42 stop 9185e370f63e48 <- s36
    s43 wait-stopped 9185e370f63e48 <- s42
    s44 stop d891204c7e6028 <- s33
    s45 wait-stopped d891204c7e6028 <- s44
    s46 stop e784966fd25058 <- s37
    s47 wait-stopped e784966fd25058 <- s46
    s48 verify <- s39 s41 s43 s45 s47
    s49 destroy 2874d0ea5b1938 <- s48
    s50 destroy 3d8d74e1b02589 <- s48
    s51 destroy 9185e370f63e48 <- s48
    s52 destroy d891204c7e6028 <- s48
    s53 destroy e784966fd25058 <- s48
    "#);
}

#[test]
fn deploying_what_the_example_app_runs_already_is_nothing_to_do() {
    let file = include_str!("../examples/shop/fly.toml");
    let fleet = cutover::fleet::parse(include_str!("../examples/shop/machines.json")).unwrap();
    let image = fleet.machines[0].image().unwrap().to_string();
    let config = notation::config_of(file);
    let desired = Desired { app: "shop", image: &image, path: "fly.toml", text: file, config: &config };
    let plan = cutover::plan::plan(&desired, &fleet, &Policy::default()).unwrap();
    assert_eq!(steps(&plan), "");
    assert!(plan.machines.iter().all(|machine| machine.disposition == Disposition::Keep));
}
