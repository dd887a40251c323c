//! What the operations of a plan do beyond replacing machines: commands, holds, drains, bakes, the
//! URL, and the records that are kept of it.

use std::collections::BTreeSet;

use cutover::execute::{self, Event, Execution, Intent, Kind, OutcomeKind, ReleaseStatus, StepState};
use cutover::fleet::{Fleet, State};
use cutover::plan::{Drain, Op, Policy, mark, reconstruct};
use cutover::sim::{Options, Run};

use crate::notation::{SHOP, plan_of};
use crate::stories::{self, SITE, Story};
use crate::{BLUES, GREENS, TWO};

const MIGRATED: &str = "[deploy]\nrelease_command = \"migrate\"\nrelease_command_timeout = \"2m\"\n";
const CHECKED: &str = "[[machine_checks]]\ncommand = [\"test\"]\n";

fn with(more: &str, policy: &Policy) -> Story {
    Story::with(&format!("{SITE}{more}"), TWO, policy)
}

// The release command.

#[test]
fn d20_a_release_command_runs_once_before_any_green_is_made() {
    let story = with(MIGRATED, &Policy::default()).run();
    story.ends("completed", GREENS);
    let creates: Vec<_> = story.trace.iter().filter(|line| line.contains(" create ")).collect();
    assert!(creates.len() == 3 && creates[0].contains("release-command"), "{creates:?}");
    assert_eq!(story.count("start"), 1);
}

#[test]
fn a_release_command_that_fails_stops_the_deploy_and_shows_what_it_wrote() {
    let story = with(MIGRATED, &Policy::default()).fault("machine@release-command=exits:3").run();
    story
        .ends("restored", BLUES)
        .says("its command ended with exit code 3; it wrote: ")
        .says("The release command ran");
    assert_eq!(story.count("create"), 1, "no green was made");
}

#[test]
fn a_release_command_that_never_ends_is_ended_at_its_timeout() {
    let story = with(MIGRATED, &Policy::default()).fault("machine@release-command=hangs").run();
    story.ends("restored", BLUES).says("not within 120 s").says("; it wrote: ").says("The release command ran");
}

#[test]
fn a_release_command_whose_start_is_lost_may_have_run() {
    let story = with(MIGRATED, &Policy::default()).fault("start@release-command=lost-before").run();
    story.ends("restored", BLUES).says("The release command may have run");
}

#[test]
fn a_release_command_is_waited_for_when_the_deploy_is_aborted() {
    let story = with(MIGRATED, &Policy::default()).abort_at(4_000).run();
    story.ends("restored", BLUES).says("it was aborted").says("The release command ran");
}

#[test]
fn a_release_command_of_unknown_fate_is_never_run_again() {
    let story = with(MIGRATED, &Policy::default());
    let (plan, fleet) = (story.plan, story.fleet);
    let mut kinds = std::collections::BTreeSet::new();
    for crash_at in 0..60 {
        let options = Options::default();
        let mut run = Run::new(&plan, &fleet, options.clone());
        for _ in 0..crash_at {
            run.next();
        }
        run.take_over(Execution::resume(&plan, options.execution, Intent::Forward));
        run.finish();
        let trace = run.world().trace().join("\n");
        let runs = trace.matches("call     start ").count();
        assert!(runs <= 1 && run.world().breaches().is_empty(), "crash at {crash_at}\n{trace}");
        let outcome = run.outcome().unwrap();
        match outcome.kind {
            OutcomeKind::Completed => {}
            _ => assert!(outcome.left.iter().any(|left| left.command == "fly logs -a shop"), "{outcome:?}\n{trace}"),
        }
        kinds.insert(stories::name(outcome.kind));
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["completed", "needs-attention"]);
}

// Machine checks.

#[test]
fn b32_a_machine_check_runs_for_each_green_and_leaves_nothing() {
    let story = with(CHECKED, &Policy::default()).run();
    story.ends("completed", GREENS);
    assert_eq!(story.count("create"), 4);
}

#[test]
fn a_machine_check_that_fails_or_never_ends_takes_the_deploy_back() {
    for fault in ["machine@check-green-app-2-1=exits:1", "machine@check-green-app-2-1=hangs"] {
        let story = with(CHECKED, &Policy::default()).fault(fault).run();
        story.ends("restored", BLUES).says("machine-check check-green-app-2-1");
        assert_eq!(story.count("uncordon"), 0);
    }
}

// Held, promoted, aborted.

#[test]
fn b37_a_held_deploy_waits_with_its_greens_and_goes_on_when_promoted_or_back_when_aborted() {
    for (keep_blue, waits_with) in
        [(false, "green-app-1 started cordoned, green-app-2 started cordoned"), (true, GREENS)]
    {
        let policy = Policy { hold: !keep_blue, keep_blue, ..Policy::default() };
        for (intent, ends, left) in [
            (Intent::Forward, OutcomeKind::Completed, "green-app-1 started, green-app-2 started"),
            (Intent::Back, OutcomeKind::Restored, BLUES),
        ] {
            let Story { plan, fleet, .. } = with("", &policy);
            let mut run = Run::new(&plan, &fleet, Options::default());
            run.finish();
            assert_eq!(run.outcome().unwrap().kind, OutcomeKind::Held);
            let is_leased = run.world().machines().iter().any(|machine| run.world().lease_of(&machine.id).is_some());
            assert!(!is_leased && stories::left(run.world().machines()).contains(waits_with));
            let mut options = Options::default().execution;
            options.promoted = true;
            run.take_over(Execution::resume(&plan, options, intent));
            run.finish();
            let outcome = run.outcome().unwrap();
            assert_eq!((outcome.kind, stories::left(run.world().machines()).as_str()), (ends, left), "{outcome:?}");
            assert!(run.world().machines().iter().all(|one| !one.is_live() || mark::keys(one).is_empty()));
        }
    }
}

#[test]
fn a_resumed_deploy_is_held_again_until_somebody_promotes_it() {
    let Story { plan, fleet, options, .. } = with("", &Policy { hold: true, ..Policy::default() });
    let mut run = Run::new(&plan, &fleet, options.clone());
    run.finish();
    run.take_over(Execution::resume(&plan, options.execution, Intent::Forward));
    run.finish();
    assert_eq!(run.outcome().unwrap().kind, OutcomeKind::Held);
}

#[test]
fn what_another_run_did_is_told_as_such() {
    let Story { plan, fleet, options, .. } = with("", &Policy { hold: true, ..Policy::default() });
    let done = |events: Vec<(u64, Event)>, earlier: bool| -> BTreeSet<String> {
        let told = events.into_iter().filter_map(|(_, event)| match event {
            Event::Step { step, state: StepState::Done, by_earlier_run, .. } if by_earlier_run == earlier => Some(step),
            _ => None,
        });
        told.filter(|id| plan.steps.iter().any(|step| step.id == *id && step.op != Op::Lease)).collect()
    };
    let mut run = Run::new(&plan, &fleet, options.clone());
    let first = done(run.finish(), false);
    run.take_over(Execution::resume(&plan, execute::Options { promoted: true, ..options.execution }, Intent::Forward));
    assert_eq!(first, done(run.finish(), true));
    assert!(first.len() > 6, "{first:?}");
}

#[test]
fn a_deploy_that_is_over_is_not_begun_again_by_whoever_resumes_it() {
    let Story { plan, fleet, options, .. } = with("", &Policy::default());
    let another = plan_of(SITE, &fleet, "v3", &Policy::default()).unwrap();
    for (resumed, intent, ends) in [
        (&plan, Intent::Forward, OutcomeKind::Completed),
        (&plan, Intent::Back, OutcomeKind::Completed),
        (&another, Intent::Forward, OutcomeKind::Stale),
    ] {
        let mut run = Run::new(&plan, &fleet, options.clone());
        run.finish();
        let calls = run.world().trace().len();
        run.take_over(Execution::resume(resumed, execute::Options::new("other"), intent));
        run.finish();
        let (outcome, trace) = (run.outcome().unwrap(), &run.world().trace()[calls..]);
        assert_eq!(outcome.kind, ends, "{outcome:?}");
        assert!(trace.iter().filter(|line| line.contains(" call ")).all(|line| line.contains(" list ")), "{trace:#?}");
    }
}

#[test]
fn a_deploy_with_two_holds_is_promoted_twice() {
    let policy = Policy { hold: true, keep_blue: true, bake_ms: 600_000, ..Policy::default() };
    let Story { plan, fleet, options, .. } = with("", &policy);
    let promoted = execute::Options { promoted: true, ..options.execution.clone() };
    let mut run = Run::new(&plan, &fleet, options);
    for (ends, left) in [
        (OutcomeKind::Held, "a1 started, a2 started, green-app-1 started cordoned, green-app-2 started cordoned"),
        (OutcomeKind::Held, "a1 started cordoned, a2 started cordoned, green-app-1 started, green-app-2 started"),
        (OutcomeKind::Completed, GREENS),
    ] {
        run.finish();
        let outcome = run.outcome().unwrap();
        assert_eq!((outcome.kind, stories::left(run.world().machines()).as_str()), (ends, left), "{outcome:?}");
        run.take_over(Execution::resume(&plan, promoted.clone(), Intent::Forward));
    }
    assert!(run.world().now_ms() < 700_000, "what came before a hold is not done again after it");
}

#[test]
fn a_deploy_is_not_begun_while_another_did_not_end() {
    let Story { plan, fleet, options, .. } = with(MIGRATED, &Policy::default());
    let another = with("", &Policy { settle_ms: 1, ..Policy::default() }).plan;
    for plan_now in [&plan, &another] {
        let mut run = Run::new(&plan, &fleet, options.clone());
        while run.world().trace().iter().all(|line| !line.contains(" start ")) {
            assert!(run.next().is_some());
        }
        run.take_over(Execution::new(plan_now, options.execution.clone()));
        run.finish();
        let outcome = run.outcome().unwrap();
        assert_eq!(outcome.kind, OutcomeKind::Stale);
        let whose = if plan_now.digest == plan.digest { "this plan" } else { &plan.digest };
        assert!(outcome.message.contains(&format!("by {whose} did not end")), "{outcome:?}");
        assert!(outcome.left.iter().any(|left| left.machine == "a1"), "{outcome:?}");
        let starts = run.world().trace().iter().filter(|line| line.contains(" call     start ")).count();
        assert_eq!(starts, 1, "the release command ran once");
    }
}

#[test]
fn cleaning_up_after_a_deploy_lets_others_begin() {
    let lines = "a1 app iad started v1 course=forward/r1\ng1 app iad started v2 cordoned made-by=r1/green-app-1/a1/2";
    let ending = Story::with(SITE, lines, &Policy { cleanup: true, ..Policy::default() }).run();
    ending.ends("completed", "a1 started");
    assert!(ending.machines.iter().all(|one| !one.is_live() || mark::keys(one).is_empty()), "{:?}", ending.trace);
}

#[test]
fn a_release_command_is_not_run_again_without_the_plan_either() {
    let Story { plan, fleet, options, .. } = with(MIGRATED, &Policy::default());
    for (intent, ends) in [(Intent::Forward, OutcomeKind::NeedsAttention), (Intent::Back, OutcomeKind::Restored)] {
        let mut run = Run::new(&plan, &fleet, options.clone());
        while run.world().trace().iter().all(|line| !line.contains(" start ")) {
            assert!(run.next().is_some());
        }
        run.crash();
        let found = Fleet {
            machines: run.world().machines().iter().map(|machine| cutover::fleet::Machine::clone(machine)).collect(),
            ..Fleet::default()
        };
        let left = reconstruct("shop", &found).unwrap();
        assert_eq!((left.is_complete, left.release_command.as_ref().unwrap().is_done), (false, false));
        run.take_over(Execution::pick_up(&left, options.execution.clone(), intent));
        run.finish();
        let outcome = run.outcome().unwrap();
        assert_eq!(outcome.kind, ends, "{outcome:?}");
        let words =
            if intent == Intent::Forward { "is not known to be done" } else { "The release command may have run" };
        assert!(outcome.message.contains(words), "{outcome:?}");
    }
}

// What somebody else does meanwhile, and answers that are lost.

/// Crashes when the trace shows this for the first time, and goes on so.
fn crashed_at(story: Story, what: &str, intent: Intent) -> (OutcomeKind, String, Vec<String>) {
    let mut run = Run::new(&story.plan, &story.fleet, story.options.clone());
    while run.world().trace().iter().all(|line| !line.contains(what)) {
        assert!(run.next().is_some(), "{what} never happened");
    }
    run.take_over(Execution::resume(&story.plan, story.options.execution, intent));
    run.finish();
    let outcome = run.outcome().unwrap();
    let named = outcome.left.iter().map(|left| format!("{}: {}", left.machine, left.why)).collect();
    assert!(run.world().breaches().is_empty(), "{:?}", run.world().breaches());
    (outcome.kind, stories::left(run.world().machines()), named)
}

#[test]
fn a_blue_that_somebody_else_destroyed_is_no_point_of_no_return() {
    let taken = || with("", &Policy::default()).fault("machine@a1=destroyed-at:2000");
    let left = crashed_at(taken(), "a1                               Destroyed", Intent::Back);
    let named = vec!["a1: it is gone, and not by this run".to_owned()];
    assert_eq!(left, (OutcomeKind::NeedsAttention, "a2 started".to_owned(), named));
}

#[test]
fn a_crash_between_the_mark_and_the_first_destroy_leaves_both_ways_open() {
    let marked = |intent| crashed_at(with("", &Policy::default()), "call     stop      a2", intent);
    assert_eq!(marked(Intent::Back).0, OutcomeKind::Restored);
    assert_eq!(marked(Intent::Forward).0, OutcomeKind::Completed);
    let destroyed = |intent| {
        crashed_at(with("", &Policy::default()), "state     a1                               destroyed", intent)
    };
    assert_eq!(destroyed(Intent::Back).0, OutcomeKind::Completed);
}

#[test]
fn a_green_that_is_needed_stays_on_the_way_back() {
    let story = with("", &Policy { bake_ms: 60_000, ..Policy::default() })
        .fault("machine@a1=host-lost-at:30000")
        .abort_at(40_000)
        .run();
    story.ends("needs-attention", "a1 started cordoned, a2 started, green-app-1 started");
    assert!(story.outcome.left.iter().any(|left| left.machine == story.id_of("green-app-1")), "{:?}", story.outcome);
}

#[test]
fn a_deploy_ends_well_when_the_first_answer_to_each_kind_of_change_is_lost() {
    for effect in ["lost-after", "lost-before"] {
        let changes = Kind::ALL.into_iter().filter(|kind| kind.changes() && *kind != Kind::CreateRelease);
        let story = changes
            .fold(with("", &Policy::default()), |story, kind| story.fault(&format!("{}#1={effect}", kind.as_str())));
        story.run().ends("completed", GREENS);
    }
    let machines = ["a1", "a2", "green-app-1", "green-app-2"];
    let everywhere = machines.iter().fold(with("", &Policy::default()), |story, machine| {
        let changes = Kind::ALL.into_iter().filter(|kind| kind.changes());
        changes.fold(story, |story, kind| story.fault(&format!("{}@{machine}#1=lost-after", kind.as_str())))
    });
    everywhere.run().ends("completed", GREENS);
}

// Drain, bake, URL.

#[test]
fn b21_a_busy_blue_is_drained_until_it_is_idle_or_its_time_is_over() {
    let policy = Policy { drain: Drain::UntilIdle, drain_timeout_ms: 60_000, ..Policy::default() };
    let stop_after = |fault: &str| {
        let mut story = with("", &policy);
        if !fault.is_empty() {
            story = story.fault(fault);
        }
        let ending = story.run();
        ending.ends("completed", GREENS);
        ending.last_time_of("stop") - ending.last_time_of("cordon")
    };
    let (idle, busy, never) =
        (stop_after(""), stop_after("machine@a1=busy:30000"), stop_after("machine@a1=busy:900000"));
    assert!(idle < 15_000, "{idle}");
    assert!((30_000..36_000).contains(&busy), "{busy}");
    assert!(never >= 60_000, "{never}");
    assert!(stop_after("exec=refused") >= 60_000, "what cannot be asked gets all of its time");
}

#[test]
fn a_green_that_dies_while_it_bakes_gives_its_place_back() {
    let policy = Policy { bake_ms: 120_000, ..Policy::default() };
    let story = with("", &policy).fault("machine@green-app-2=dies:60000").run();
    story.ends("restored", BLUES).says("bake").says("green-app-2 does not serve");
    assert_eq!(story.count("stop"), 1, "the green that still lived: the blues were running all the time");
}

#[test]
fn an_abort_while_it_bakes_gives_the_traffic_back() {
    let policy = Policy { bake_ms: 120_000, ..Policy::default() };
    let story = with("", &policy).abort_at(60_000).run();
    story.ends("restored", BLUES).says("it was aborted");
    assert_eq!((story.count("stop"), story.count("create")), (2, 2), "the greens: the blues were running all the time");
}

#[test]
fn a_group_is_verified_by_the_greens_that_have_traffic_by_then() {
    let lines = "a1 app iad started v1\nw1 worker iad started v1";
    let policy = Policy { group_order: vec!["worker".into()], ..Policy::default() };
    let dies = "machine@green-app-1=dies:14000";
    let ending = Story::with(SHOP, lines, &policy).fault(dies).run();
    ending.ends("restored", "a1 started, w1 started").says("green-app-1 does not serve");
    let moved = ending.times_of("uncordon");
    assert!(moved[0] < 14_000 && moved[1] > 14_000, "the worker had its traffic before: {moved:?}");
    assert!(ending.time_of("cordon") > 14_000, "its verification was not about the others");
}

#[test]
fn a_url_that_answers_badly_gives_the_traffic_back() {
    let policy = Policy { verify_url: Some("https://shop.example".into()), ..Policy::default() };
    with("", &policy).run().ends("completed", GREENS);
    let story = with("", &policy).fault("probe=refused").run();
    story.ends("restored", BLUES).says("verify-url");
}

#[test]
fn a_check_that_passes_once_and_then_fails_is_no_health() {
    let policy = Policy { stability_ms: 20_000, ..Policy::default() };
    let story = with("", &policy).fault("machine@green-app-1=dies:10000").run();
    story.ends("restored", BLUES).says("wait-healthy green-app-1");
    assert_eq!(story.count("uncordon"), 0);
}

// In batches.

#[test]
fn a_batch_that_fails_leaves_the_blues_of_it_in_their_places() {
    let policy = Policy { surge: Some(1), ..Policy::default() };
    with("", &policy).run().ends("completed", GREENS);
    let story = with("", &policy).fault("machine@green-app-2=never-healthy").run();
    story.ends("needs-attention", "a2 started, green-app-1 started").says("wait-healthy green-app-2");
    story.asks_for(&["fly machine status a2 -a shop"]);
}

// What is written down.

#[test]
fn c10_a_release_is_recorded_and_its_failure_is_only_a_warning() {
    let statuses = |story: Story| {
        let ending = story.run();
        (stories::name(ending.outcome.kind), ending.releases.clone(), ending.stamps.clone())
    };
    let complete = statuses(with("", &Policy::default()));
    assert_eq!(complete, ("completed", vec![Some(ReleaseStatus::Complete)], vec!["8".to_owned(); 2]));
    let failed = statuses(with("", &Policy::default()).fault("machine@green-app-1=never-healthy"));
    assert_eq!((failed.0, failed.1), ("restored", vec![Some(ReleaseStatus::Failed)]));
    let aborted = statuses(with("", &Policy::default()).abort_at(8_000));
    assert_eq!((aborted.0, aborted.1), ("restored", vec![Some(ReleaseStatus::Interrupted)]));
    let unrecorded = statuses(with("", &Policy::default()).fault("record=refused"));
    assert_eq!(unrecorded, ("completed", vec![], vec!["7".to_owned(); 2]));
}

#[test]
fn fly_is_not_asked_before_it_says_so() {
    let story = with("", &Policy::default()).fault("create#1=rate-limited:7000").run();
    story.ends("completed", GREENS);
    let creates = story.times_of("create");
    assert!(creates.len() == 3 && creates[2] - creates[0] >= 7_000, "{creates:?}");
}

#[test]
fn b27_many_greens_are_created_as_fast_as_fly_lets_them_be() {
    let lines: String = (0..30).map(|nth| format!("a{nth} app iad started v1\n")).collect();
    let story = Story::of(&lines).run();
    let creates = story.times_of("create");
    for window in creates.windows(5) {
        assert!(window[4] - window[0] > 900, "{creates:?}");
    }
    let took_ms = creates[29] - creates[0];
    assert!(took_ms < 31_000, "27 of 30 wait a second each: {took_ms}");
}

#[test]
fn three_machines_take_no_more_time_and_calls_than_with_flyctl() {
    let lines = "a1 app iad started v1\na2 app iad started v1\na3 app iad started v1";
    let mut story = Story::of(lines);
    let settings = &mut story.options.settings;
    (settings.prepare_ms, settings.boot_ms, settings.check_ms, settings.stop_ms) = (0, 500, 500, 200);
    settings.latency_ms = 20;
    let story = story.run();
    assert_eq!(stories::name(story.outcome.kind), "completed");
    let calls = story
        .trace
        .iter()
        .filter(|line| line.contains(" call "))
        .filter(|line| !["record", "report"].iter().any(|other| line.contains(other)));
    let calls = calls.count();
    println!("{calls} calls in {} ms", story.t_ms);
    assert!(calls <= 53 && story.t_ms <= 22_500, "{calls} calls in {} ms\n{}", story.t_ms, story.trace.join("\n"));
    assert!(story.machines.iter().filter(|machine| machine.state != State::Destroyed).count() == 3);
}
