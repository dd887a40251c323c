//! Ways in which deploys on Fly were seen to go wrong, each named after its row among the failure
//! modes, where no other story shows it.

use cutover::execute::{Event, OutcomeKind};
use cutover::fleet::{Fleet, State};
use cutover::plan::Policy;
use cutover::sim::Run;

use serde_json::json;

use crate::notation::plan_of;
use crate::stories::{self, SITE, Story};
use crate::{BLUES, GREENS, TWO};

const MIGRATED: &str = "[deploy]\nrelease_command = \"migrate\"\n";

fn with(more: &str, policy: &Policy) -> Story {
    Story::with(&format!("{SITE}{more}"), TWO, policy)
}

fn faulty(story: Story, faults: &[&str]) -> Story {
    faults.iter().fold(story, |story, fault| story.fault(fault))
}

/// All that is told while it runs.
fn events(story: Story) -> (OutcomeKind, Vec<Event>) {
    let mut run = Run::new(&story.plan, &story.fleet, story.options);
    let mut told = Vec::new();
    while let Some(moment) = run.next() {
        told.extend(moment.events);
    }
    (run.outcome().unwrap().kind, told)
}

#[test]
fn a1_no_deploy_ends_with_a_second_fleet() {
    let mut ends = Vec::new();
    for effect in ["lost-after", "lost-before", "twice", "slow:40000", "absent"] {
        for nth in ["#1", "#2", "#3", ""] {
            for lag_ms in [0, 3_000, 9_000] {
                let faults = [format!("create{nth}={effect}"), format!("machine@green-app-1=unlisted:{lag_ms}")];
                let story = faulty(Story::of(TWO), &[&faults[0], &faults[1]]).run();
                let is_completed = story.outcome.kind == OutcomeKind::Completed;
                story.ends(
                    if is_completed { "completed" } else { "restored" },
                    if is_completed { GREENS } else { BLUES },
                );
                ends.push(is_completed);
            }
        }
    }
    assert!(ends.contains(&true) && ends.contains(&false));
}

#[test]
fn a5_nothing_runs_and_nothing_goes_before_every_machine_is_leased() {
    let file = format!("{SITE}{MIGRATED}");
    let story = Story::with(&file, "a1 app iad started v1\nz1 gone iad started v1", &Policy::default());
    let story = story.fault("machine@a1=leased:60000").run();
    assert_eq!(stories::name(story.outcome.kind), "restored");
    assert_eq!((story.count("create"), story.count("destroy"), story.count("mark")), (0, 0, 0));
}

#[test]
fn b3_a_green_in_the_place_of_a_blue_at_rest_is_verified_where_the_policy_wants_it() {
    let fleet = "a1 app iad started v1\na2 app iad stopped v1";
    let woken = || Story::with(SITE, fleet, &Policy { verify_stopped: true, ..Policy::default() });
    woken().run().ends("completed", GREENS);
    let story = woken().fault("machine@green-app-2=exits-on-start").run();
    story.ends("restored", "a1 started, a2 stopped").says("green-app-2").says("exit code 1");
    // Where it does not, what is never started cannot be seen to fail.
    let story = Story::of(fleet).fault("machine@green-app-2=exits-on-start").run();
    story.ends("completed", "green-app-1 started, green-app-2 stopped");
}

#[test]
fn b4_of_a_green_at_rest_no_check_is_told() {
    let (kind, events) = events(Story::of("a1 app iad started v1\na2 app iad stopped v1"));
    assert_eq!(kind, OutcomeKind::Completed);
    let of = |name: &str| -> Vec<(State, u64, u64)> {
        let told = events.iter().filter_map(|event| match event {
            Event::Machine { slot: Some(slot), state, checks_passing, checks_total, .. } if slot == name => {
                Some((state.clone(), *checks_passing, *checks_total))
            }
            _ => None,
        });
        told.collect()
    };
    assert!(of("green-app-1").contains(&(State::Started, 1, 1)));
    let at_rest = of("green-app-2");
    assert!(!at_rest.is_empty() && at_rest.iter().all(|told| told.0 != State::Started && (told.1, told.2) == (0, 0)));
}

#[test]
fn b5_a_standby_is_not_told_to_be_started() {
    let fleet = "a1 app iad started v1\nw1 worker iad started v1\nw2 worker iad stopped v1 standby=w1";
    let (_, events) = events(Story::shop(fleet));
    let states = events.iter().filter_map(|event| match event {
        Event::Machine { slot: Some(slot), state, .. } if slot == "green-worker-2" => Some(state),
        _ => None,
    });
    let states: Vec<&State> = states.collect();
    assert!(!states.is_empty() && !states.contains(&&State::Started), "{states:?}");
}

#[test]
fn b6_a_suspended_machine_is_woken_and_checked_where_the_policy_wants_it() {
    let policy = Policy { verify_stopped: true, ..Policy::default() };
    let story = Story::with(SITE, "a1 app iad suspended v1", &policy).fault("machine@green-app-1=never-healthy").run();
    story.ends("restored", "a1 suspended").says("0/1 checks passing");
}

#[test]
fn b22_a_blue_that_is_already_stopping_is_waited_for() {
    let slowly = || Story::of(TWO).fault("machine@a1=stops-slowly:20000");
    // Our own first request did it; asked again, Fly may say that it is done or that it is too late.
    faulty(slowly(), &["stop@a1#1=lost-after"]).run().ends("completed", GREENS);
    faulty(slowly(), &["stop@a1#1=lost-after", "stop@a1#2=busy"]).run().ends("completed", GREENS);
    faulty(slowly(), &["stop@a1=twice"]).run().ends("completed", GREENS);
    // Somebody else did it, and it is stopped by then.
    Story::of(TWO).fault("machine@a1=stopped-at:20000").run().ends("completed", GREENS);
}

#[test]
fn b23_each_machine_that_does_not_stop_is_told_with_its_cause() {
    let story = faulty(Story::of(TWO), &["stop@a1=refused", "stop@a2=no-capacity"]).run();
    story.ends("restored", BLUES).says("stop a1").says("injected");
}

#[test]
fn b25_a_green_that_is_killed_for_its_memory_fails_fast_and_is_told_so() {
    let story = Story::of(TWO).fault("machine@green-app-1=killed-at:4000").run();
    story.ends("restored", BLUES).says("its process ended with exit code 137, out of memory");
    assert!(story.t_ms < 20_000, "not after the whole timeout: {} ms", story.t_ms);
    let baked = with("", &Policy { bake_ms: 60_000, ..Policy::default() });
    let story = baked.fault("machine@green-app-1=killed-at:40000").run();
    story.ends("restored", BLUES).says("out of memory");
}

#[test]
fn b28_a_green_whose_host_is_lost_never_takes_over() {
    let story = faulty(Story::of(TWO), &["machine@green-app-2=host-lost-at:5000"]).run();
    story.ends("needs-attention", "a1 started, a2 started, green-app-2 started cordoned");
    story.asks_for(&[&format!("fly machine destroy --force {} -a shop", story.id_of("green-app-2"))]);
}

#[test]
fn b36_a_blue_that_uses_all_of_its_kill_timeout_fails_nothing_after_the_cut_over() {
    let all_ms = 300_000;
    let fleet = |fleet: &mut Fleet| {
        for machine in &mut fleet.machines {
            machine.config_mut().unwrap().fields_mut().insert("stop_config".into(), json!({"timeout": "5m0s"}));
        }
    };
    let mut story = with("kill_timeout = 300\n", &Policy { wait_timeout_ms: Some(all_ms), ..Policy::default() });
    fleet(&mut story.fleet);
    story.plan = plan_of(SITE, &story.fleet, "v2", &Policy::default()).unwrap();
    let story = story.fault(&format!("machine@a1=stops-slowly:{}", all_ms + 2_000)).run();
    story.ends("completed", GREENS);
    assert!(story.time_of("destroy") >= story.time_of("stop") + all_ms);
}

#[test]
fn b38_a_green_that_dies_between_batches_stops_the_roll_out() {
    let policy = Policy { surge: Some(1), ..Policy::default() };
    let staged = || with("", &policy);
    let first_ms = staged().run().time_of("destroy");
    for dies_ms in [first_ms + 500, first_ms + 3_000, first_ms + 8_000] {
        let story = staged().fault(&format!("machine@green-app-1=killed-at:{dies_ms}")).run();
        assert_eq!(stories::name(story.outcome.kind), "needs-attention", "{:?}", story.outcome);
        assert_eq!(story.breaches, [""; 0]);
        let is_there = |machine: &&cutover::fleet::Machine| machine.id == "a2" && machine.state == State::Started;
        assert!(story.machines.iter().any(|machine| is_there(&machine) && !machine.cordoned), "{:?}", story.outcome);
        assert!(!story.outcome.left.is_empty());
    }
}

#[test]
fn c1_only_leases_that_are_held_are_given_back_and_one_that_is_gone_is_no_news() {
    let story = Story::of(TWO).fault("machine@a2=leased:600000").run();
    let released: Vec<&String> = story.trace.iter().filter(|line| line.contains("call     release ")).collect();
    assert!(released.iter().all(|line| !line.contains(" a2 ")), "{released:#?}");
    let (kind, events) = events(Story::of(TWO).fault("release=absent"));
    assert_eq!(kind, OutcomeKind::Completed);
    assert!(!events.iter().any(|event| matches!(event, Event::Warning { .. })), "{events:?}");
}

#[test]
fn c6_a_green_that_fly_does_not_know_yet_is_asked_for_again() {
    for call in ["get", "wait"] {
        let fault = |nth: u32| format!("{call}@green-app-1#{nth}=absent");
        let story = faulty(Story::of(TWO), &[&fault(1), &fault(2)]).run();
        story.ends("completed", GREENS);
        assert_eq!(story.trace.iter().filter(|line| line.ends_with(" absent")).count(), 2, "{call}");
    }
}

#[test]
fn c7_a_blue_that_fly_has_forgotten_while_it_is_waited_for_has_stopped() {
    let story = Story::of(TWO).fault("wait@a1=absent").run();
    story.ends("completed", GREENS);
    assert!(story.trace.iter().any(|line| line.contains(" wait ") && line.ends_with(" absent")));
}
