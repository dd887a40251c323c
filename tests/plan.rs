//! What the planner does with small fleets, as a reader would say it.
#![allow(clippy::unwrap_used)]

#[path = "plan/notation.rs"]
mod notation;
#[path = "plan/parity.rs"]
mod parity;
#[path = "plan/properties.rs"]
mod properties;

use cutover::plan::{Op, Plan, Policy, Step, read};
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

fn file_without(lines: &[&str]) -> String {
    let keeps = |line: &&str| !lines.contains(line);
    SHOP.lines().filter(keeps).map(|line| format!("{line}\n")).collect()
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
    insta::assert_snapshot!(steps(&plan), @"");
    assert_eq!(plan.point_of_no_return.as_deref(), Some("s34"));
    let capacity: String = plan
        .capacity
        .iter()
        .map(|row| format!("{} {}/{} {}\n", row.after.as_deref().unwrap_or("-"), row.group, row.region, row.serving))
        .collect();
    insta::assert_snapshot!(capacity, @"");
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
    "), @"");
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
    "), @"");
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
    insta::assert_snapshot!(steps(&plan), @"");
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
    insta::assert_snapshot!(steps(&plan.unwrap()), @"");
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
fn mixed_images_are_refused_with_the_choice_spelled_out() {
    insta::assert_snapshot!(outcome("
        a1 app iad started v1
        a2 app ams started v0
        a3 app ams started v1
        w1 worker iad started v1
    "), @"");
}

#[test]
fn machines_of_an_interrupted_deploy_are_those_that_serve_nothing() {
    insta::assert_snapshot!(outcome("
        a1 app iad started v1
        a2 app iad started v2 cordoned
        w1 worker iad started v1
    "), @"");
}

#[test]
fn groups_may_run_different_images() {
    insta::assert_snapshot!(outcome("a1 app iad started v1\nw1 worker iad started v0"), @"");
}

#[test]
fn a_tag_that_moved_is_another_image() {
    let mut fleet = notation::fleet(SHOP, "a1 app iad started v1\na2 app iad started v1\nw1 worker iad started v1");
    fleet.machines[1].image_ref.digest = notation::digest("moved");
    let refused = notation::plan_of(SHOP, &fleet, "v2", &Policy::default()).unwrap_err();
    assert_eq!(refused[0].code, "mixed-images");
}

#[test]
fn volumes_are_refused_with_the_way_around_them() {
    insta::assert_snapshot!(outcome("
        a1 app iad started v1 volume
        w1 worker iad started v1
    "), @"");
    insta::assert_snapshot!(outcome("
        a1 app iad started v1
        w1 worker iad started v1 volume unreachable
    "), @"");
}

#[test]
fn a_volume_in_the_file_is_refused_before_anything_is_made() {
    let file = format!("{SHOP}\n[mounts]\nsource = \"data\"\ndestination = \"/data\"\nprocesses = [\"worker\"]\n");
    let refused = plan_with(&file, "a1 app iad started v1", "v2", &Policy::default()).unwrap_err();
    insta::assert_snapshot!(refused[0].message, @"");
    let only_app = Policy { groups: vec!["app".into()], ..Policy::default() };
    assert!(plan_with(&file, "a1 app iad started v1", "v2", &only_app).is_ok(), "the other group has none");
}

#[test]
fn a_group_with_services_needs_a_check_of_its_own() {
    let file =
        file_without(&["[[http_service.checks]]", "interval = \"5s\"", "timeout = \"2s\"", "path = \"/healthz\""]);
    let file = file.replace("interval = \"15s\"", "interval = \"15s\"\ntimeout = \"2s\"");
    let fleet = "a1 app iad started v1\nw1 worker iad started v1";
    insta::assert_snapshot!(text_of(&file, fleet, "v2", &Policy::default()), @"");
    let allowed = Policy { allow_unchecked: true, ..Policy::default() };
    insta::assert_snapshot!(text_of(&file, fleet, "v2", &allowed), @"");
}

#[test]
fn an_empty_list_is_not_taken_for_a_new_app() {
    insta::assert_snapshot!(outcome(""), @"");
    insta::assert_snapshot!(outcome("r1 fly_app_release_command iad stopped v1"), @"");
}

#[test]
fn no_second_fleet_is_made_beside_unmanaged_machines() {
    insta::assert_snapshot!(outcome("a1 app iad started v1 unmanaged\nw1 worker iad started v1"), @"");
}

#[test]
fn an_app_of_another_name_is_refused() {
    let file = SHOP.replace("\"shop\"", "\"blog\"");
    insta::assert_snapshot!(text_of(&file, "a1 app iad started v1\nw1 worker iad started v1", "v2", &Policy::default()), @"");
}

#[test]
fn a_policy_that_names_what_is_not_there_is_refused() {
    let policy = Policy { groups: vec!["ap".into()], exclude_machines: vec!["a9".into()], ..Policy::default() };
    insta::assert_snapshot!(text_of(SHOP, "a1 app iad started v1\nw1 worker iad started v1", "v2", &policy), @"");
}

#[test]
fn only_what_is_selected_is_touched() {
    let policy = Policy { groups: vec!["app".into()], exclude_machines: vec!["a2".into()], ..Policy::default() };
    insta::assert_snapshot!(text_of(SHOP, "a1 app iad started v1\na2 app iad started v1\nw1 worker iad started v1", "v2", &policy), @"");
}

#[test]
fn a_removed_group_goes_last_and_a_selected_one_may_go_alone() {
    let policy = Policy { groups: vec!["gone".into()], ..Policy::default() };
    let plan =
        plan_with(SHOP, "a1 app iad started v1\nw1 worker iad started v1\nz1 gone iad stopped v1", "v2", &policy)
            .unwrap();
    insta::assert_snapshot!(steps(&plan), @"");
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
    insta::assert_snapshot!(text_of(&file, "a1 app iad started v1\nw1 worker iad started v1", "v2", &Policy::default()), @"");
}

#[test]
fn the_deploy_markers_of_a_blue_are_not_handed_on() {
    let mut fleet = notation::fleet(SHOP, "a1 app iad started v1\nw1 worker iad started v1");
    let config = fleet.machines[0].config.as_mut().unwrap();
    for key in ["fly_bluegreen_deployment_tag", "fly_flyctl_bluegreen_launch_id", "cutover_run", "owner"] {
        config.set_metadata(key, "x");
    }
    let plan = notation::plan_of(SHOP, &fleet, "v2", &Policy::default()).unwrap();
    let request = plan.steps.iter().find_map(|step| step.request.as_ref()).unwrap();
    insta::assert_snapshot!(request.config.0["metadata"], @"");
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
    insta::assert_snapshot!(all.concat(), @"");
}

#[test]
fn the_example_app_is_planned_without_a_warning() {
    let file = include_str!("../examples/shop/fly.toml");
    let fleet = cutover::fleet::parse(include_str!("../examples/shop/machines.json")).unwrap();
    let plan = notation::plan_of(file, &fleet, "v2", &Policy::default()).unwrap();
    assert_eq!(plan.warnings, []);
    insta::assert_snapshot!(steps(&plan), @"");
}
