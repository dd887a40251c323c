//! What a run does when things go well and when they do not, in virtual time: each fault is a
//! test, named after what a user would see.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout)]

#[path = "execute/failure_modes.rs"]
mod failure_modes;
#[path = "plan/notation.rs"]
#[allow(dead_code)]
mod notation;
#[path = "execute/operations.rs"]
mod operations;
#[path = "execute/rows.rs"]
mod rows;
#[path = "execute/stale.rs"]
mod stale;
#[path = "execute/stopping.rs"]
mod stopping;
#[path = "execute/stories.rs"]
mod stories;

use std::collections::BTreeSet;
use std::sync::Arc;

use cutover::execute::{Answer, Call, Event, Execution, Input, Intent, Reply, StepState};
use cutover::fleet::Machine;
use cutover::plan::mark::{Course, Direction};
use cutover::plan::{Op, Policy};
use cutover::sim::Run;
use notation::SHOP;
use stories::{SITE, Story};

const TWO: &str = "a1 app iad started v1\na2 app iad started v1";
const BLUES: &str = "a1 started, a2 started";
const GREENS: &str = "green-app-1 started, green-app-2 started";

#[test]
fn a_deploy_replaces_every_blue() {
    let story = Story::of(TWO).run();
    story.ends("completed", GREENS).asks_for(&[]);
    assert_eq!((story.count("create"), story.count("destroy"), story.count("list")), (2, 2, 4));
}

#[test]
fn a_fleet_that_is_as_wanted_is_not_touched() {
    let story = Story::of("a1 app iad started v2\na2 app iad started v2").run();
    story.ends("completed", BLUES);
    assert_eq!(story.trace.len(), 1, "only the list: {:?}", story.trace);
}

#[test]
fn a_first_deploy_makes_machines_and_destroys_none() {
    let first = Policy { first_deploy: true, ..Policy::default() };
    Story::with(SITE, "", &first).run().ends("completed", GREENS);
    Story::with(SITE, "", &first).fault("machine@green-app-2=never-healthy").run().ends("restored", "");
}

#[test]
fn a_blue_at_rest_gets_a_green_at_rest() {
    let story = Story::of("a1 app iad started v1\na2 app iad stopped v1").run();
    story.ends("completed", "green-app-1 started, green-app-2 stopped");
}

#[test]
fn a_standby_stands_by_for_the_new_machine() {
    let story =
        Story::shop("a1 app iad started v1\nw1 worker iad started v1\nw2 worker iad stopped v1 standby=w1").run();
    story.ends("completed", "green-app-1 started, green-worker-1 started, green-worker-2 stopped");
    let active = story.id_of("green-worker-1");
    let standby = story.machines.iter().find(|machine| machine.name.ends_with("green-worker-2")).unwrap();
    let config = standby.config.as_ref().unwrap();
    assert_eq!(config.standbys().collect::<Vec<_>>(), [&active]);
    assert_eq!(config.get("env").unwrap()["FLY_STANDBY_FOR"], active);
}

#[test]
fn a_removed_group_goes_last() {
    let story = Story::of("a1 app iad started v1\nz1 gone ams started v1").run();
    story.ends("completed", "green-app-1 started");
    let last = |call: &str| story.trace.iter().rposition(|line| line.contains(call)).unwrap();
    assert!(last(" call     destroy   z1 ") > last(" call     destroy   a1 "));
}

#[test]
fn a_machine_on_a_dead_host_stays_and_is_named() {
    let story = Story::of("a1 app iad started v1\na2 app iad started v1 unreachable").run();
    story.ends("needs-attention", "a2 started, green-app-1 started, green-app-2 started");
    story.asks_for(&["fly machine destroy --force a2 -a shop"]);
}

#[test]
fn a_large_fleet_keeps_its_leases_while_it_is_replaced() {
    let lines: String = (0..400).map(|nth| format!("a{nth} app iad started v1\n")).collect();
    let story = Story::of(&lines).run();
    assert_eq!((stories::name(story.outcome.kind), story.breaches.len(), story.leases), ("completed", 0, 0));
    assert!(story.count("renew") < story.count("lease") * 12, "{}", story.count("renew"));
}

#[test]
fn a_fleet_that_cannot_be_read_is_not_touched() {
    Story::of(TWO).fault("list=unauthorized").run().ends("refused", BLUES).says("no access");
    Story::of(TWO).fault("list=lost-before").run().ends("refused", BLUES).says("could not be read");
}

// Before traffic moves.

#[test]
fn a_green_that_never_gets_healthy_is_taken_back() {
    let story = Story::of(TWO).fault("machine@green-app-2=never-healthy").run();
    story
        .ends("restored", BLUES)
        .says("wait-healthy green-app-2): not within 300 s: it is started, 0/1 checks passing");
}

#[test]
fn a_green_that_never_starts_is_taken_back() {
    let story = Story::of(TWO).fault("machine@green-app-1=never-starts").run();
    story.ends("restored", BLUES).says("wait-started green-app-1").says("not within 300 s");
}

#[test]
fn a_green_that_exits_on_boot_fails_fast() {
    let story = Story::of(TWO).fault("machine@green-app-1=exits-on-start").run();
    story.ends("restored", BLUES).says("its process ended with exit code 1");
    assert!(story.t_ms < 20_000, "not after the whole timeout: {} ms", story.t_ms);
}

#[test]
fn a_region_without_room_takes_everything_back() {
    let story = Story::of(TWO).fault("create#2=no-capacity").run();
    story.ends("restored", BLUES).says("no room for it");
    assert_eq!(story.count("uncordon"), 0);
}

#[test]
fn a_create_whose_answer_is_lost_is_found_by_its_name() {
    let story = Story::of(TWO).fault("create@green-app-1#1=lost-after").run();
    story.ends("completed", GREENS);
    assert_eq!((story.count("create"), story.count("list")), (2, 5));
}

#[test]
fn a_list_that_lags_behind_makes_no_second_green() {
    let story =
        Story::of(TWO).fault("create@green-app-1#1=lost-after").fault("machine@green-app-1=unlisted:3000").run();
    story.ends("completed", GREENS);
    let story = Story::of(TWO)
        .fault("create@green-app-1#1=lost-after")
        .fault("machine@green-app-1=unlisted:6000")
        .fault("create@green-app-2=no-capacity")
        .run();
    story.ends("restored", BLUES);
}

#[test]
fn a_create_that_never_arrived_is_repeated() {
    let story = Story::of(TWO).fault("create@green-app-1#1=lost-before").run();
    story.ends("completed", GREENS);
    assert_eq!(story.count("create"), 3);
}

#[test]
fn a_create_that_is_never_answered_is_given_up() {
    let story = Story::of(TWO).fault("create@green-app-1=lost-before").run();
    story.ends("restored", BLUES).says("create green-app-1").says("its fate is unknown");
}

#[test]
fn a_green_of_unknown_fate_is_found_and_destroyed_when_going_back() {
    let story = Story::of(TWO).fault("create@green-app-1#1=lost-after").fault("create@green-app-2=no-capacity").run();
    story.ends("restored", BLUES);
    assert_eq!(story.count("destroy"), 1);
}

#[test]
fn too_many_requests_are_waited_out() {
    let story = Story::of(TWO).fault("create#1=rate-limited").fault("create#3=rate-limited").run();
    story.ends("completed", GREENS);
    Story::of(TWO).fault("get#2=rate-limited").fault("uncordon#1=rate-limited").run().ends("completed", GREENS);
}

/// A log that says nothing for minutes leaves whoever reads it to guess.
#[test]
fn what_is_refused_again_and_again_is_told_once() {
    let Story { plan, fleet, options, .. } = Story::of(TWO).fault("create@green-app-1=rate-limited");
    let mut run = Run::new(&plan, &fleet, options);
    let mut warnings = Vec::new();
    while let Some(moment) = run.next() {
        warnings.extend(moment.events.into_iter().filter_map(|event| match event {
            Event::Warning { message } => Some((moment.t_ms < 30_000, message)),
            _ => None,
        }));
    }
    let told = "s4 (create green-app-1): refused: too many requests, 4 times so far; it is tried again";
    assert_eq!(warnings, [(true, told.to_owned())]);
}

#[test]
fn a_failed_poll_is_no_failed_check() {
    let story = Story::of(TWO).fault("get#1=lost-before").fault("get#2=lost-before").fault("get#4=lost-after").run();
    story.ends("completed", GREENS);
}

// Leases.

#[test]
fn a_lease_held_by_somebody_else_stops_the_deploy_before_anything_is_made() {
    let story = Story::of(TWO).fault("machine@a2=leased:10000").run();
    assert_eq!(stories::name(story.outcome.kind), "restored");
    story.says("its lease is held by somebody@example.com");
    assert_eq!(story.count("create"), 0);
}

#[test]
fn a_lease_held_by_somebody_else_can_be_waited_for() {
    let mut story = Story::of(TWO).fault("machine@a2=leased:10000");
    story.options.execution.lease_wait_ms = 20_000;
    story.run().ends("completed", GREENS);
}

#[test]
fn a_lease_whose_answer_is_lost_runs_out_and_is_taken_again() {
    Story::of(TWO).fault("lease@a1#1=lost-after").run().ends("completed", GREENS);
}

#[test]
fn a_renewal_that_is_lost_is_repeated() {
    let story = Story::of(TWO).fault("renew@a1#1=lost-before").fault("renew@a1#2=lost-after").run();
    story.ends("completed", GREENS);
}

#[test]
fn a_lease_that_is_lost_stops_the_deploy() {
    let story = Story::of(TWO).fault("renew@a1=lost-before").run();
    story.ends("restored", BLUES).says("the lease of a1 was lost");
}

#[test]
fn an_api_that_never_answers_is_not_waited_for_long() {
    let Story { plan, options, .. } = Story::of(TWO);
    for intent in [None, Some(Intent::Forward), Some(Intent::Back)] {
        let execution = || Execution::new(&plan, options.execution.clone());
        let resumed = |intent| Execution::resume(&plan, options.execution.clone(), intent);
        let mut execution = intent.map_or_else(execution, resumed);
        let (mut now_ms, mut step) = (0, execution.step(0, Input::Begin));
        while step.outcome.is_none() {
            now_ms = step.wake_at_ms.unwrap();
            step = execution.step(now_ms, Input::Wake);
        }
        let outcome = step.outcome.unwrap();
        assert_eq!((stories::name(outcome.kind), now_ms), ("refused", 30_000), "{intent:?}");
        let says = "The fleet could not be read: no answer in time. Nothing was changed.";
        assert_eq!(outcome.message, says, "{intent:?}");
    }
}

#[test]
fn on_the_way_back_a_list_that_cannot_be_read_is_waited_for_by_all_at_once() {
    let six: String = (1..=6).map(|nth| format!("a{nth} app iad started v1\n")).collect();
    let lost = (2..100).map(|nth| format!("list#{nth}=lost-before"));
    let story = lost.fold(Story::of(&six), |story, fault| story.fault(&fault)).abort_at(12_000).run();
    story.says("Not everything could be taken back");
    // The greens lose their traffic, then they are destroyed: five tries of each.
    assert_eq!(story.count("list"), 1 + 2 * 5);
    let named: BTreeSet<&str> = story.outcome.left.iter().map(|left| left.machine.as_str()).collect();
    assert_eq!((named.len(), story.outcome.left.len()), (6, 6), "{:?}", story.outcome.left);
}

#[test]
fn a_lease_that_ran_out_is_not_told_as_given_back() {
    let Story { plan, fleet, options, .. } = Story::of(TWO).fault("renew@a1=lost-before");
    let lease = |machine: &str| {
        let mut steps = plan.steps.iter().filter(|step| step.op == Op::Lease);
        steps.find(|step| step.machine.as_deref() == Some(machine)).unwrap().id.to_string()
    };
    let events = Run::new(plan.clone(), &fleet, options).finish();
    for (machine, told) in [("a1", Some("its lease was over already")), ("a2", None)] {
        let last = events.iter().rev().find_map(|(_, event)| match event {
            Event::Step { step, state, message, .. } if *step == lease(machine) => Some((*state, message.as_deref())),
            _ => None,
        });
        assert_eq!(last, Some((StepState::TakenBack, told)), "{machine}");
    }
}

#[test]
fn a_machine_changed_between_the_check_and_its_lease_stops_the_deploy() {
    let Story { plan, fleet, options, .. } = Story::of("a1 app iad started v1");
    let mut execution = Execution::new(&plan, options.execution);
    let list = execution.step(0, Input::Begin).calls[0].0;
    let lease = execution
        .step(1, Input::Reply(list, Reply::Done(Answer::Machines(fleet.machines.into_iter().map(Arc::new).collect()))))
        .calls[0]
        .0;
    let changed = Answer::Lease { nonce: "n".into(), instance_id: "01NEW".into() };
    let step = execution.step(2, Input::Reply(lease, Reply::Done(changed)));
    assert!(matches!(step.calls.as_slice(), [(_, Call::ReleaseLease { nonce, .. })] if nonce == "n"), "{step:?}");
    let step = execution.step(3, Input::Reply(step.calls[0].0, Reply::Done(Answer::Ok)));
    let outcome = step.outcome.unwrap();
    assert_eq!(stories::name(outcome.kind), "restored");
    assert!(outcome.message.contains("its version was 01a1 and is 01NEW"), "{outcome:?}");
}

#[test]
fn a_reply_that_never_comes_counts_as_lost() {
    let Story { plan, options, .. } = Story::of("a1 app iad started v1");
    let mut execution = Execution::new(&plan, options.execution);
    let mut step = execution.step(0, Input::Begin);
    let (first, _) = step.calls[0].clone();
    for _ in 0..40 {
        let Some(wake_at_ms) = step.wake_at_ms else { break };
        step = execution.step(wake_at_ms, Input::Wake);
        assert_eq!(execution.step(wake_at_ms, Input::Reply(first, Reply::Absent)).outcome, None, "too late to count");
    }
    assert_eq!(step.outcome.map(|outcome| stories::name(outcome.kind)), Some("refused"));
}

// While traffic moves.

#[test]
fn one_lost_uncordon_does_not_end_the_deploy() {
    Story::of(TWO).fault("uncordon#1=lost-before").run().ends("completed", GREENS);
    Story::of(TWO).fault("uncordon#1=lost-after").run().ends("completed", GREENS);
}

#[test]
fn a_green_that_dies_after_its_checks_passed_never_takes_over() {
    let story = Story::of(TWO).fault("machine@green-app-1=dies:6000").run();
    story.ends("restored", BLUES).says("green-app-1 does not serve: its process ended with exit code 1");
    assert_eq!(story.count("cordon"), 2, "the greens; no blue was touched");
}

#[test]
fn a_green_that_dies_while_the_blues_stop_brings_them_back() {
    let story = Story::of(TWO).fault("machine@green-app-2=dies:21800").run();
    story.ends("restored", BLUES).says("green-app-2 does not serve");
    assert_eq!((story.count("start"), story.count("stop")), (2, 3), "the blues, and the green that still lived");
}

#[test]
fn no_blue_is_stopped_once_a_green_died() {
    let story = Story::of(TWO).fault("machine@green-app-1=dies:20500").run();
    story.ends("restored", BLUES).says("only 1 of 2 would serve in app/iad");
    assert_eq!((story.count("start"), story.count("stop")), (0, 1), "the green that still lived");
}

#[test]
fn a_blue_that_somebody_lets_serve_again_is_not_stopped_below_the_floor() {
    let faults = ["machine@a1=uncordoned-at:20000", "machine@green-app-1=unwell-at:20000"];
    let story = faults.into_iter().fold(Story::of(TWO), Story::fault).run();
    story.ends("restored", BLUES);
    assert_eq!(story.count("stop"), 2, "the greens");
}

#[test]
fn a_cordon_that_fails_uncordons_what_was_cordoned() {
    let story = Story::of(TWO).fault("cordon@a2=refused").run();
    story.ends("restored", BLUES).says("cordon a2");
}

#[test]
fn a_stop_that_fails_starts_what_was_stopped() {
    let story = Story::of(TWO).fault("stop@a2=refused").run();
    story.ends("restored", BLUES).says("stop a2");
}

#[test]
fn a_blue_that_takes_its_time_to_stop_is_waited_for() {
    let story = Story::of(TWO).fault("machine@a1=stops-slowly:60000").run();
    story.ends("completed", GREENS);
    assert!(story.time_of("destroy") >= story.time_of("stop") + 60_000);
}

#[test]
fn a_green_is_kept_where_its_blue_died_meanwhile() {
    let story = Story::of(TWO).fault("machine@a1=dies:12000").fault("machine@green-app-2=dies:11000").run();
    story.ends("needs-attention", "a1 stopped, a2 started, green-app-1 started");
    story.says("green-app-2 does not serve").says("Not everything could be taken back");
    let left = &story.outcome.left;
    assert!(left.iter().all(|left| left.machine == story.id_of("green-app-1")), "{left:?}");
    assert!(left.iter().all(|left| !left.command.contains("destroy")), "it serves: {left:?}");
}

/// The proxy gives a machine that it starts time for its checks; this one had all of it.
#[test]
fn a_green_is_kept_where_its_blue_was_started_again_and_turned_unwell() {
    let stopped_ms = Story::of(TWO).run().last_time_of("stop");
    let unwell = format!("machine@a1=unwell-at:{}", stopped_ms + 6_000);
    let story = Story::of(TWO).abort_at(stopped_ms + 1_100).fault(&unwell).run();
    story.ends("needs-attention", "a1 started, a2 started, green-app-1 started");
}

/// It may answer requests, though it was told to stop before.
#[test]
fn a_green_that_somebody_uncordoned_on_the_way_back_is_kept_where_it_is_needed() {
    let somebody = ["machine@green-app-1=uncordoned-at:29000", "machine@a2=killed-at:30000"];
    let faults = somebody.into_iter().chain(["machine@green-app-2=stops-slowly:15000"]);
    let story = faults.fold(Story::of(TWO).abort_at(15_000), Story::fault).run();
    story.ends("needs-attention", "a1 started, a2 stopped, green-app-1 stopped, green-app-2 stopped cordoned");
}

// After the point of no return.

#[test]
fn a_destroy_that_fails_is_never_silent() {
    let story = Story::of(TWO).fault("destroy@a1=refused").run();
    story.ends("needs-attention", &format!("a1 stopped cordoned, {GREENS}"));
    story.asks_for(&["fly machine destroy --force a1 -a shop"]).says("destroy a1");
}

#[test]
fn a_destroy_that_is_refused_for_long_is_told_and_not_taken_back() {
    let story = Story::of(TWO).fault("destroy@a1=rate-limited").run();
    story.ends("needs-attention", &format!("a1 stopped cordoned, {GREENS}"));
    story.asks_for(&["fly machine destroy --force a1 -a shop"]).says("destroy a1").says("24 times");
}

#[test]
fn a_destroy_whose_answer_is_lost_is_done_when_the_machine_is_gone() {
    Story::of(TWO).fault("destroy#1=lost-after").run().ends("completed", GREENS);
    Story::of(TWO).fault("destroy#1=lost-before").run().ends("completed", GREENS);
}

#[test]
fn a_blue_gets_its_place_back_when_its_green_dies_before_it_is_destroyed() {
    let story = ["#1", "#2", "#3", "#4"]
        .iter()
        .fold(Story::of(TWO), |story, nth| story.fault(&format!("destroy@a2{nth}=lost-before")))
        .fault("machine@green-app-2=dies:23900")
        .run();
    story.ends("needs-attention", "a2 started, green-app-1 started");
    story.asks_for(&["fly machine status a2 -a shop"]).says("green-app-2 does not serve");
    let told = |machine: &Machine| Course::of(machine).is_some_and(|course| course.direction == Direction::Past);
    let boards: Vec<&Machine> = story.machines.iter().filter(|machine| told(machine)).collect();
    assert!(boards.iter().any(|machine| machine.id == "a2"), "that a1 is gone for good stays written down");
}

// Going back.

#[test]
fn a_failure_to_go_back_is_told_beside_the_failure_that_led_to_it() {
    let story = Story::of(TWO).fault("machine@green-app-1=never-healthy").fault("destroy@green-app-2=refused").run();
    story.ends("needs-attention", "a1 started, a2 started, green-app-2 started cordoned");
    story.says("wait-healthy green-app-1").says("Not everything could be taken back");
    let command = format!("fly machine destroy --force {} -a shop", story.id_of("green-app-2"));
    story.asks_for(&[&command]);
}

#[test]
fn an_abort_before_the_first_destroy_leaves_the_fleet_as_it_was() {
    // What is under way to the first destroy has passed the point of no return.
    let point_ms = Story::of(TWO).run().time_of("destroy") - 100;
    for t_ms in (0..2_500).step_by(20).chain((2_500..point_ms).step_by(250)).chain([point_ms]) {
        let story = Story::of(TWO).abort_at(t_ms).run();
        story.ends("restored", BLUES).says("bort");
    }
}

#[test]
fn an_abort_after_the_first_destroy_finishes_the_deploy() {
    let slow = || Story::of(TWO).fault("destroy@a2#1=lost-before");
    let t_ms = slow().run().time_of("destroy");
    slow().abort_at(t_ms + 50).run().ends("completed", GREENS);
}

#[test]
fn going_back_leaves_a_cordoned_blue_cordoned_and_a_stopped_one_stopped() {
    let fleet = "a1 app iad started v1 cordoned\na2 app iad started v1\na3 app iad stopped v1";
    let story = Story::of(fleet).fault("machine@green-app-2=dies:20000").run();
    story.ends("restored", "a1 started cordoned, a2 started, a3 stopped");
}

#[test]
fn the_other_group_is_taken_back_too() {
    let story = Story::with(SHOP, "a1 app iad started v1\nw1 worker iad started v1", &Policy::default());
    story.fault("machine@green-worker-1=never-healthy").run().ends("restored", "a1 started, w1 started");
}

/// Who reads events waits for the end of whatever began.
#[test]
fn every_step_that_begins_ends_when_the_deploy_is_aborted() {
    for abort_at_ms in (0..30_000).step_by(250) {
        let Story { plan, fleet, options, .. } = Story::of(TWO);
        let mut run = Run::new(&plan, &fleet, options);
        let (mut running, mut is_aborted) = (BTreeSet::new(), false);
        while let Some(moment) = run.next() {
            for event in &moment.events {
                let Event::Step { step, state, .. } = event else { continue };
                match state {
                    StepState::Running => running.insert(step.clone()),
                    StepState::Done | StepState::Failed | StepState::TakenBack => running.remove(step),
                };
            }
            if !is_aborted && moment.t_ms >= abort_at_ms {
                is_aborted = true;
                run.abort();
            }
        }
        assert_eq!(running, BTreeSet::new(), "aborted at {abort_at_ms}");
    }
}
