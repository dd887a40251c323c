//! Small worlds exhaustively: every call refused, lost before and lost after it was done, two of
//! them at a time, and an abort at every moment. Whatever happens, the run ends, the capacity
//! never falls below the floor, and the outcome tells the truth about what is left.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout)]

#[path = "plan/notation.rs"]
#[allow(dead_code)]
mod notation;

use std::collections::BTreeSet;
use std::sync::Arc;

use cutover::execute::{Execution, Intent, Outcome, OutcomeKind};
use cutover::fleet::{Fleet, Machine, State};
use cutover::plan::{Plan, Policy, mark, reconstruct};
use cutover::sim::{Effect, Fault, Options, Refusal, Run};
use notation::{SHOP, fleet, plan_of};

struct Small {
    name: &'static str,
    fleet: Fleet,
    plan: Plan,
}

/// Machines that are replaced, where they are there.
const BLUES: [&str; 2] = ["a1", "a2"];

fn small(name: &'static str, lines: &str) -> Small {
    let lines = format!("{lines}\nw1 worker iad started v2");
    let fleet = fleet(SHOP, &lines);
    let policy = Policy { settle_ms: 1_000, wait_timeout_ms: Some(60_000), ..Policy::default() };
    Small { name, plan: plan_of(SHOP, &fleet, "v2", &policy).unwrap(), fleet }
}

/// With batches: after the first of them there is only forward.
fn in_batches() -> Small {
    let Small { fleet, .. } = small("", "a1 app iad started v1\na2 app iad started v1");
    let policy = Policy { settle_ms: 1_000, wait_timeout_ms: Some(60_000), surge: Some(1), ..Policy::default() };
    Small { name: "two blues in batches", plan: plan_of(SHOP, &fleet, "v2", &policy).unwrap(), fleet }
}

/// With a release command and a machine check.
fn with_more_to_do() -> Small {
    let file = format!("{SHOP}\n{MORE}");
    let fleet = fleet(&file, "a1 app iad started v1\na2 app iad started v1\nw1 worker iad started v2");
    let policy = Policy { settle_ms: 1_000, wait_timeout_ms: Some(60_000), ..Policy::default() };
    Small { name: "with commands", plan: plan_of(&file, &fleet, "v2", &policy).unwrap(), fleet }
}

const MORE: &str = r#"
[deploy]
release_command = "migrate"
[[machine_checks]]
command = ["check"]
"#;

fn smalls() -> [Small; 3] {
    [
        small("one blue", "a1 app iad started v1"),
        small("two blues", "a1 app iad started v1\na2 app iad started v1"),
        small("one of two at rest", "a1 app iad started v1\na2 app iad stopped v1"),
    ]
}

/// The run with its faults, aborted at the given moment; gives how many calls it made and how many
/// moments it lasted.
fn check(small: &Small, faults: &[Fault], abort_at: Option<u64>) -> (usize, u64, OutcomeKind) {
    let mut options = Options { faults: faults.to_vec(), ..Options::default() };
    options.execution.lease_ttl_s = 30;
    let mut run = Run::new(&small.plan, &small.fleet, options);
    let mut moments = 0;
    while run.next().is_some() {
        moments += 1;
        if abort_at == Some(moments) {
            run.abort();
        }
    }
    let world = run.world();
    let outcome = run.outcome().unwrap();
    let told =
        || format!("{}, {faults:?}, abort at {abort_at:?}: {outcome:#?}\n{}", small.name, world.trace().join("\n"));
    assert!(world.breaches().is_empty(), "{}", told());
    if let Err(lie) = is_true(outcome, &small.fleet.machines, world.machines()) {
        panic!("{lie}: {}", told());
    }
    (world.trace().iter().filter(|line| line.contains(" call ")).count(), moments, outcome.kind)
}

fn is_true(outcome: &Outcome, before: &[Machine], after: &[Arc<Machine>]) -> Result<(), String> {
    let face = |machine: &Machine| (machine.id.clone(), machine.state.to_string(), machine.cordoned);
    let live = |machines: &mut dyn Iterator<Item = &Machine>| -> BTreeSet<_> {
        machines.filter(|machine| machine.state != State::Destroyed).map(face).collect()
    };
    let (was, is) = (live(&mut before.iter()), live(&mut after.iter().map(|machine| &**machine)));
    let named: BTreeSet<&str> = outcome.left.iter().map(|left| left.machine.as_str()).collect();
    match outcome.kind {
        OutcomeKind::Restored | OutcomeKind::Refused | OutcomeKind::Stale if was != is => {
            Err("the fleet is not as before".into())
        }
        OutcomeKind::Completed if is.iter().any(|(id, _, _)| BLUES.contains(&id.as_str())) => {
            Err("a blue is left".into())
        }
        OutcomeKind::Completed if is.iter().any(|(_, _, cordoned)| *cordoned) => Err("a green is cordoned".into()),
        OutcomeKind::Completed if is.len() != was.len() => Err("not as many machines as before".into()),
        OutcomeKind::NeedsAttention if named.is_empty() => Err("nobody is told what to do".into()),
        OutcomeKind::NeedsAttention => {
            // A blue that is not as before, and a green that takes no traffic, is named.
            let is_odd = |(id, _, cordoned): &&(String, String, bool)| *cordoned || BLUES.contains(&id.as_str());
            let odd = is.difference(&was).filter(is_odd).find(|(id, ..)| !named.contains(id.as_str()));
            odd.map_or(Ok(()), |(id, ..)| Err(format!("{id} is left and not named")))
        }
        _ => Ok(()),
    }
}

fn faults_of(nth: usize) -> impl Iterator<Item = Fault> {
    [Effect::Refused(Refusal::Plain), Effect::LostBefore, Effect::LostAfter]
        .into_iter()
        .map(move |effect| Fault::Call { kind: None, machine: None, nth: Some(nth as u64), effect })
}

#[test]
fn every_single_fault_and_abort_ends_well() {
    let mut runs = 0;
    for small in smalls() {
        let (calls, moments, kind) = check(&small, &[], None);
        assert_eq!(kind, OutcomeKind::Completed);
        for abort_at in 0..=moments {
            check(&small, &[], Some(abort_at));
            runs += 1;
        }
        for fault in (1..=calls).flat_map(faults_of) {
            check(&small, &[fault], None);
            runs += 1;
        }
    }
    println!("{runs} runs");
}

#[test]
fn every_pair_of_faults_ends_well() {
    let mut runs = 0;
    for small in smalls() {
        let (calls, ..) = check(&small, &[], None);
        for (first, second) in (1..=calls).flat_map(|first| (first + 1..=calls + 8).map(move |second| (first, second)))
        {
            for fault in faults_of(first) {
                for other in faults_of(second) {
                    check(&small, &[fault.clone(), other], None);
                    runs += 1;
                }
            }
        }
    }
    println!("{runs} runs");
}

#[test]
fn every_fault_with_an_abort_at_any_moment_ends_well() {
    let mut runs = 0;
    for small in smalls() {
        let (calls, moments, _) = check(&small, &[], None);
        for fault in (1..=calls).flat_map(faults_of) {
            for abort_at in (0..moments + 4).step_by(3) {
                check(&small, std::slice::from_ref(&fault), Some(abort_at));
                runs += 1;
            }
        }
    }
    println!("{runs} runs");
}

/// The process dies at the given moment.
fn crashed(small: &Small, crash_at: u64, options: Options) -> Run {
    let mut run = Run::new(&small.plan, &small.fleet, options);
    for _ in 0..crash_at {
        if run.next().is_none() {
            break;
        }
    }
    run
}

/// The process dies at the given moment, and another picks the deploy up.
fn check_crash(small: &Small, crash_at: u64, intent: Intent, faults: &[Fault]) -> OutcomeKind {
    let options = Options { faults: faults.to_vec(), ..Options::default() };
    let mut run = crashed(small, crash_at, options.clone());
    run.take_over(Execution::resume(&small.plan, options.execution, intent));
    while run.next().is_some() {}
    check_ending(small, &run, intent, &format!("crash at {crash_at}, {intent:?}, {faults:?}"), faults.is_empty())
}

/// The same without the plan, after what was on its way has arrived; `None` where no mark is left.
fn check_crash_without_plan(small: &Small, crash_at: u64, wanted: Intent) -> Option<OutcomeKind> {
    let mut run = crashed(small, crash_at, Options::default());
    run.crash();
    let told = format!("crash at {crash_at}, {wanted:?} without the plan");
    let found = Fleet {
        machines: run.world().machines().iter().map(|machine| Machine::clone(machine)).collect(),
        ..Fleet::default()
    };
    let left = match reconstruct("shop", &found) {
        Ok(left) => left,
        Err(refusal) => {
            // As before, or as wanted: nothing tells of a deploy, and there is none.
            let kind = match refusal.code {
                "nothing-interrupted" if run.outcome().is_some_and(|it| it.kind == OutcomeKind::Completed) => {
                    OutcomeKind::Completed
                }
                "nothing-interrupted" => OutcomeKind::Restored,
                "plan-needed" => return None,
                other => panic!("{other}: {told}"),
            };
            let nothing = Outcome { kind, message: String::new(), left: Vec::new() };
            let is = is_true(&nothing, &small.fleet.machines, run.world().machines());
            let is_finished = is_true(
                &Outcome { kind: OutcomeKind::Completed, ..nothing },
                &small.fleet.machines,
                run.world().machines(),
            );
            assert!(is.is_ok() || is_finished.is_ok(), "{told}: {}", run.world().trace().join("\n"));
            return None;
        }
    };
    let intent = if left.is_complete { wanted } else { Intent::Back };
    run.take_over(Execution::pick_up(&left, Options::default().execution, intent));
    while run.next().is_some() {}
    Some(check_ending(small, &run, intent, &told, true))
}

fn check_ending(small: &Small, run: &Run, intent: Intent, what: &str, is_calm: bool) -> OutcomeKind {
    let (world, outcome) = (run.world(), run.outcome().unwrap());
    let told = || {
        let trace = world.trace().join("\n");
        format!("{}, {what}: {outcome:#?}\n{trace}", small.name)
    };
    assert!(world.breaches().is_empty(), "{}", told());
    // Refused, it says of itself that it touched nothing; how far the deploy is, another says.
    if outcome.kind != OutcomeKind::Refused
        && let Err(lie) = is_true(outcome, &small.fleet.machines, world.machines())
    {
        panic!("{lie}: {}", told());
    }
    if is_calm {
        let is_past = world.machines().iter().any(|it| BLUES.contains(&it.id.as_str()) && it.state == State::Destroyed);
        let expected =
            if intent == Intent::Forward || is_past { OutcomeKind::Completed } else { OutcomeKind::Restored };
        assert_eq!(outcome.kind, expected, "{}", told());
        let marked = world.machines().iter().find(|machine| machine.is_live() && !mark::keys(machine).is_empty());
        assert!(marked.is_none(), "a mark is left on {marked:?}: {}", told());
    }
    outcome.kind
}

#[test]
fn a_crash_at_every_moment_ends_well_when_resumed_or_aborted() {
    let mut runs = 0;
    for small in smalls() {
        let (_, moments, _) = check(&small, &[], None);
        for crash_at in 0..=moments {
            for intent in [Intent::Forward, Intent::Back] {
                check_crash(&small, crash_at, intent, &[]);
                runs += 1;
            }
        }
    }
    println!("{runs} runs");
}

#[test]
fn a_crash_at_every_moment_ends_well_without_the_plan() {
    let (mut forward, mut back) = (0, 0);
    for small in smalls().into_iter().chain([with_more_to_do()]) {
        let (_, moments, _) = check(&small, &[], None);
        for crash_at in 0..=moments {
            for intent in [Intent::Forward, Intent::Back] {
                match check_crash_without_plan(&small, crash_at, intent) {
                    Some(OutcomeKind::Completed) => forward += 1,
                    Some(_) => back += 1,
                    None => {}
                }
            }
        }
    }
    println!("{forward} finished, {back} taken back");
    assert!(forward > 20 && back > 100);
}

#[test]
fn a_crash_in_batches_ends_well_or_needs_the_plan() {
    let small = in_batches();
    let (_, moments, _) = check(&small, &[], None);
    let ended = (0..=moments).filter(|at| check_crash_without_plan(&small, *at, Intent::Forward).is_some()).count();
    println!("{ended} of {} ended", moments + 1);
    assert!(ended > 0);
}

#[test]
fn batches_end_well_with_any_fault_abort_or_crash() {
    let small = in_batches();
    let (calls, moments, kind) = check(&small, &[], None);
    assert_eq!(kind, OutcomeKind::Completed);
    for moment in 0..=moments {
        check(&small, &[], Some(moment));
        check_crash(&small, moment, Intent::Forward, &[]);
        check_crash(&small, moment, Intent::Back, &[]);
    }
    for fault in (1..=calls).flat_map(faults_of) {
        check(&small, &[fault], None);
    }
    println!("{} runs", 3 * (moments + 1) + 3 * calls as u64);
}

#[test]
fn a_crash_with_any_fault_ends_well() {
    let mut runs = 0;
    for small in smalls() {
        let (calls, moments, _) = check(&small, &[], None);
        for fault in (1..=calls + 12).flat_map(faults_of) {
            for crash_at in (0..moments + 4).step_by(5) {
                for intent in [Intent::Forward, Intent::Back] {
                    check_crash(&small, crash_at, intent, std::slice::from_ref(&fault));
                    runs += 1;
                }
            }
        }
    }
    println!("{runs} runs");
}
