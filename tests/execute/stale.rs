//! The fleet is compared with the plan before anything is done: what changed, whether it matters,
//! and a deploy that did not end.

use cutover::execute::Event;
use cutover::fleet::{Fleet, HostStatus, Machine, State};
use cutover::plan::mark::{self, Course, Direction, Marks};
use cutover::sim::Run;

use crate::notation;
use crate::stories::{self, Story};
use crate::{GREENS, TWO};

fn stale(change: impl FnOnce(&mut Vec<Machine>), says: &str) {
    let story = Story::of(TWO).meanwhile(|fleet| change(&mut fleet.machines)).run();
    assert_eq!(stories::name(story.outcome.kind), "stale");
    let why: Vec<String> = story.outcome.left.iter().map(|left| format!("{}: {}", left.machine, left.why)).collect();
    assert_eq!(why, [says]);
    assert_eq!(story.trace.len(), 1, "nothing but the list: {:?}", story.trace);
}

#[test]
fn a_fleet_that_changed_since_the_plan_is_left_alone() {
    stale(|machines| drop(machines.remove(0)), "a1: it is gone: the plan counts on it");
    let cordon = |machines: &mut Vec<Machine>| machines[0].cordoned = true;
    stale(cordon, "a1: cordoned was false and is true: what serves is not what the plan counted");
    stale(
        |machines| machines[0].host_status = HostStatus::Unreachable,
        "a1: host status was ok and is unreachable: the plan treats a machine out of reach in another way",
    );
    stale(
        |machines| machines[0].instance_id = "01NEW".into(),
        "a1: version was 01a1 and is 01NEW: somebody updated or restarted it since",
    );
    let image = "registry.fly.io/shop:v1@sha256:0000000000000000000000000000000000000000000000000000000000007631";
    stale(
        |machines| machines[1].image_ref.tag = "v9".into(),
        &format!("a2: image was {image} and is {}: somebody deployed it since", image.replace(":v1", ":v9")),
    );
    stale(
        |machines| drop(machines[1].config_mut().unwrap().fields_mut().remove("services")),
        "a2: its config changed: its green would be made from what it was",
    );
    stale(|machines| machines[1].state = State::Destroying, "a2: it is destroying: the plan counts on it");
    let newcomer = |machines: &mut Vec<Machine>| machines.push(Machine { id: "a9".into(), ..machines[0].clone() });
    stale(newcomer, "a9: it is new (name-a1): the plan would make a second fleet beside it");
}

/// What is told of machines that are not as the plan observed them: all of it matters, or nothing.
fn told(story: Story) -> (&'static str, String) {
    let mut run = Run::new(&story.plan, &story.fleet, story.options);
    let mut told = String::new();
    while let Some(moment) = run.next() {
        for event in moment.events {
            if let Event::Change { machine, what, matters, why } = event {
                told += &format!("{machine} {what}; {matters}: {why}\n");
            }
        }
    }
    (stories::name(run.outcome().unwrap().kind), told)
}

#[test]
fn what_changed_is_told_with_whether_it_matters_and_why() {
    let stopped = |fleet: &mut Fleet| fleet.machines[1].state = State::Stopped;
    let (outcome, changes) = told(Story::of(TWO).meanwhile(stopped));
    assert_eq!(outcome, "completed");
    insta::assert_snapshot!(changes, @"a2 it was started and is stopped; false: the proxy starts and stops machines, and the plan holds either way");
    let lines = format!("{TWO}\nr1 fly_app_release_command iad stopped v1\nr2 fly_app_console iad started v1");
    let several = |fleet: &mut Fleet| {
        stopped(fleet);
        fleet.machines.retain(|machine| machine.id != "r1");
        fleet.machines[0].cordoned = true;
        fleet.machines[2].state = State::Stopped;
        fleet.machines.push(Machine { id: "r9".into(), ..fleet.machines[2].clone() });
    };
    let (outcome, changes) = told(Story::of(&lines).meanwhile(several));
    assert_eq!(outcome, "stale");
    insta::assert_snapshot!(changes, @r#"
    a1 cordoned was false and is true; true: what serves is not what the plan counted
    a2 it was started and is stopped; false: the proxy starts and stops machines, and the plan holds either way
    r1 it is gone; false: the plan does nothing to it
    r2 it was started and is stopped; false: the plan does nothing to it
    r9 it is new (name-r2); false: the plan does nothing to it
    "#);
}

#[test]
fn a_machine_that_the_proxy_stopped_since_the_plan_makes_it_not_stale() {
    let story = Story::of(TWO).meanwhile(|fleet| fleet.machines[1].state = State::Stopped).run();
    story.ends("completed", GREENS);
}

#[test]
fn what_the_plan_is_not_about_may_change_meanwhile() {
    let metadata = |machine: &mut Machine, key: &str, value: &str| {
        machine.config_mut().unwrap().set_metadata(key, value);
    };
    let newcomer = |group: &'static str| {
        move |fleet: &mut Fleet| {
            let mut machine = Machine { id: "a9".into(), ..fleet.machines[0].clone() };
            metadata(&mut machine, "fly_process_group", group);
            fleet.machines.push(machine);
        }
    };
    for group in ["fly_app_release_command", "another"] {
        let story = Story::of(TWO).meanwhile(newcomer(group)).run();
        assert_eq!(stories::name(story.outcome.kind), "completed", "{group}");
    }
    let cloned = |fleet: &mut Fleet| metadata(&mut fleet.machines[0], "cutover_direction", "a0 back sha256:aa r1");
    assert_eq!(stories::name(Story::of(TWO).meanwhile(cloned).run().outcome.kind), "completed");
}

#[test]
fn a_plan_that_goes_on_from_a_deploy_that_did_not_end_finishes_it() {
    let half = "
        a1 app iad started v1
        g1 app iad started v2 made-by=r7/green-app-1/a1/3
        a2 app iad started v1 course=forward/r7
        g3 app iad started v2 made-by=r7/green-app-3/a3/3
    ";
    let story = Story::of(half).run();
    story.ends("completed", "g1 started, g3 started, green-app-1 started").asks_for(&[]);
    let marked = story.machines.iter().find(|machine| machine.is_live() && !mark::keys(machine).is_empty());
    assert_eq!(marked, None, "a mark is left");
    // Taken back, it is where it was.
    let back = Story::of(half).fault("machine@green-app-1=never-healthy").run();
    back.ends("restored", "a1 started, a2 started, g1 started, g3 started");
    let marked = back.machines.iter().filter(|machine| machine.is_live() && Marks::of(machine).is_some());
    assert_eq!(marked.map(|machine| machine.id.as_str()).collect::<Vec<_>>(), ["g1", "g3"]);
}

#[test]
fn a_plan_that_goes_on_is_refused_once_somebody_takes_that_deploy_back() {
    let story = Story::of("g1 app iad started v2 made-by=r7/green-app-1/a1/2\na2 app iad started v1")
        .meanwhile(|fleet| {
            let course = Course { direction: Direction::Back, plan: notation::PLAN.into(), run: "r8".into() };
            let (key, value) = course.entry("a2");
            fleet.machines[0].config_mut().unwrap().set_metadata(key, &value);
        })
        .run();
    story.ends("stale", "a2 started, g1 started").says("did not end");
}
