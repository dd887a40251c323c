//! A run that is stopped at once: what is said of it is true, and can be done right then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cutover::execute::{Execution, Handle, Intent, Leftover, Outcome};
use cutover::fleet::{Fleet, Machine, State};
use cutover::plan::mark::{self};
use cutover::plan::{Op, Policy, reconstruct};
use cutover::sim::Run;

use crate::TWO;
use crate::stories::{SITE, Story};

#[test]
fn whoever_stops_a_run_at_once_is_told_of_each_machine_that_changed() {
    for abort_at_ms in [u64::MAX, 3_000, 20_000] {
        let story = Story::of("a1 app iad started v1\na2 app iad started v1 cordoned");
        stopped_at_every_moment(&story, abort_at_ms, |run, stopped| {
            // From the first destroy on, the greens have taken over.
            if run.outcome().is_some() || stopped.left.iter().any(|one| one.command.contains("resume")) {
                return;
            }
            for machine in run.world().machines().iter().filter(|machine| machine.state != State::Destroyed) {
                let is_as_before = story.fleet.machines.iter().any(|blue| is_alike(blue, machine));
                let is_named = stopped.left.iter().any(|one| one.machine == machine.id || one.machine == machine.name);
                assert!(is_as_before || is_named, "{machine:?} {stopped:?}");
            }
        });
    }
}

#[test]
fn whoever_stops_a_run_at_once_is_told_what_became_of_the_blues() {
    let check = |blue: &str, abort_at_ms: u64, expected: &[&str]| {
        let mut told = BTreeSet::new();
        let story = Story::of(&format!("{blue}\na2 app iad started v1"));
        let last = stopped_at_every_moment(&story, abort_at_ms, |_, stopped| {
            told.extend(stopped.left.iter().filter(|one| one.machine == "a1").map(|one| one.why.clone()));
        });
        assert_eq!(told.iter().map(String::as_str).collect::<Vec<_>>(), expected);
        assert_eq!(last.left, [], "after its end, a run leaves nothing to do");
    };
    let (board, goes) = ("it may tell of the deploy", "a blue: it is to go, and may be gone already");
    let (hidden, stopped) = ("a blue: it may be hidden from the proxy", "a blue: it may be stopped");
    let both = "a blue: it may be stopped, and hidden from the proxy";
    check("a1 app iad started v1", u64::MAX, &[goes, hidden, both, board]);
    check("a1 app iad started v1 cordoned", u64::MAX, &[goes, stopped, board]);
    check("a1 app iad stopped v1", u64::MAX, &[goes, hidden, board]);
    check("a1 app iad started v1", 3_000, &[board]);
    check("a1 app iad started v1", 20_000, &[hidden, board]);
}

/// With one surge batch, a hold, a bake, a release command: whoever does at once what was said, while
/// the leases of the run hold, ends with a whole fleet.
#[test]
fn what_is_said_when_a_run_is_stopped_at_once_can_be_done_at_once() {
    let command = format!("{SITE}[deploy]\nrelease_command = \"migrate\"\n");
    let policy = |change: fn(&mut Policy)| {
        let mut policy = Policy::default();
        change(&mut policy);
        policy
    };
    let mut done = BTreeMap::new();
    for (file, lines, policy) in [
        (SITE, TWO, Policy::default()),
        (SITE, "a1 app iad started v1\na2 app iad stopped v1", Policy::default()),
        (SITE, TWO, policy(|it| it.bake_ms = 60_000)),
        (SITE, TWO, policy(|it| it.surge = Some(1))),
        (SITE, "a1 app iad started v1\nz1 gone ams started v1", Policy::default()),
        (&command, TWO, Policy::default()),
    ] {
        // What is to be done past the point of no return, marks alone do not always tell.
        let is_told_whole = policy.surge.is_none() && !lines.contains("gone");
        for (handle, abort_at_ms) in [("plan", u64::MAX), ("plan", 20_000), ("app", u64::MAX), ("app", 24_000)] {
            let mut story = Story::with(file, lines, &policy);
            if handle == "plan" {
                story.handle = Handle::Plan("plan.json".to_owned());
            } else if !is_told_whole {
                continue;
            }
            stopped_at_every_moment(&story, abort_at_ms, |run, stopped| {
                if let Some(command) = one_command(stopped) {
                    *done.entry(command.clone()).or_insert(0) += 1;
                    carried_out(&story, run, &command);
                }
            });
        }
    }
    println!("{done:?}");
    assert!(done.len() == 4 && done.values().all(|count| *count > 20), "{done:?}");
}

#[test]
fn whoever_stops_a_resumed_run_at_once_is_told_the_same() {
    let (story, mut stopped_again) = (Story::of(TWO), 0);
    stopped_at_every_moment(&story, u64::MAX, |run, stopped| {
        let Some(command) = one_command(stopped).filter(|_| run.world().now_ms().is_multiple_of(7)) else { return };
        for intent in [Intent::Forward, Intent::Back] {
            let mut resumed = run.clone();
            let execution = Execution::resume(&story.plan, story.options.execution.clone(), intent);
            let mut trail = execution.trail(story.handle.clone());
            resumed.take_over(execution);
            while let Some(moment) = resumed.next() {
                moment.events.iter().for_each(|event| trail.see(event));
                let command = one_command(&trail.abandoned());
                assert!(command.is_some() || resumed.outcome().is_some(), "{command:?}");
                if let Some(command) = command {
                    stopped_again += 1;
                    carried_out(&story, &resumed, &command);
                }
            }
        }
        assert!(command.starts_with("cutover "));
    });
    assert!(stopped_again > 500, "{stopped_again}");
}

#[test]
fn whoever_stops_a_run_during_its_release_command_is_told_of_the_machine() {
    let file = format!("{SITE}[deploy]\nrelease_command = \"migrate\"\n");
    let mut named = BTreeSet::new();
    let story = Story::with(&file, TWO, &Policy::default());
    stopped_at_every_moment(&story, u64::MAX, |run, stopped| {
        let is_there = |machine: &&Arc<Machine>| machine.name.contains("release-command") && machine.is_live();
        let Some(machine) = run.world().machines().iter().find(is_there) else { return };
        let is_it = |one: &&Leftover| one.machine == machine.id || one.machine == machine.name;
        let one = stopped.left.iter().find(is_it).unwrap();
        named.extend((one.machine == machine.id).then(|| one.why.clone()));
    });
    assert_eq!(named.len(), 1, "{named:?}");
}

/// Runs to the end, and looks at each moment as if the run were stopped there: at the run and at what
/// is said then. What is said at the last moment.
fn stopped_at_every_moment(story: &Story, abort_at_ms: u64, mut look: impl FnMut(&Run, &Outcome)) -> Outcome {
    let mut run = Run::new(&story.plan, &story.fleet, story.options.clone());
    let mut trail = Execution::new(&story.plan, story.options.execution.clone()).trail(story.handle.clone());
    let mut is_aborted = false;
    while let Some(moment) = run.next() {
        moment.events.iter().for_each(|event| trail.see(event));
        let is_due = moment.t_ms >= abort_at_ms;
        look(&run, &trail.abandoned());
        if is_due && !std::mem::replace(&mut is_aborted, is_due) {
            run.abort();
        }
    }
    trail.abandoned()
}

/// The one for all that is left, and nothing that destroys by itself.
fn one_command(stopped: &Outcome) -> Option<String> {
    let commands: BTreeSet<&String> = stopped.left.iter().map(|left| &left.command).collect();
    assert!(commands.len() <= 1 && commands.iter().all(|command| command.starts_with("cutover ")), "{stopped:?}");
    assert!(commands.iter().all(|command| stopped.message.contains(command.as_str())), "{stopped:?}");
    commands.first().map(|command| (*command).clone())
}

/// Somebody does what was said, right then: what the run had on its way still arrives, and its leases
/// hold. What is refused is done again later. The capacity never falls below the floor, and the fleet
/// is whole in the end.
fn carried_out(story: &Story, run: &Run, command: &str) {
    let mut run = run.clone();
    for _ in 0..3 {
        let Some(execution) = begun(story, &run, command) else { break };
        run.take_over(execution);
        while run.next().is_some() {}
        if is_whole(story, &run) {
            break;
        }
        run.heal(15_000);
    }
    let world = run.world();
    let told = || {
        let (breaches, left) = (world.breaches(), crate::stories::left(world.machines()));
        format!("{command}: {breaches:?} {left} {:#?}\n{}", run.outcome(), world.trace().join("\n"))
    };
    assert!(world.breaches().is_empty() && is_whole(story, &run), "{}", told());
}

/// As before, or as planned; and nothing tells of a deploy any more.
fn is_whole(story: &Story, run: &Run) -> bool {
    let live: Vec<_> = run.world().machines().iter().filter(|it| it.state != State::Destroyed).collect();
    let is_blue = |machine: &Machine| story.fleet.machines.iter().any(|blue| is_alike(blue, machine));
    let is_restored = live.len() == story.fleet.machines.len() && live.iter().all(|machine| is_blue(machine));
    let is_green = |machine: &Machine| !machine.cordoned && machine.name.starts_with("cutover-");
    let greens = story.plan.steps.iter().filter(|step| step.op == Op::Create).count();
    let is_replaced = live.len() == greens && live.iter().all(|machine| is_green(machine));
    (is_restored || is_replaced) && live.iter().all(|machine| mark::keys(machine).is_empty())
}

/// What the command does first is to read the fleet; nothing where it refuses what it reads.
fn begun(story: &Story, run: &Run, command: &str) -> Option<Execution> {
    let machines = run.world().machines().iter().filter(|machine| machine.state != State::Destroyed);
    let found = Fleet { machines: machines.map(|machine| Machine::clone(machine)).collect(), ..Fleet::default() };
    let options = story.options.execution.clone();
    let is_told = found.machines.iter().any(|machine| !mark::keys(machine).is_empty());
    match command {
        "cutover abort plan.json" if is_told => Some(Execution::resume(&story.plan, options, Intent::Back)),
        "cutover resume plan.json" if is_told => Some(Execution::resume(&story.plan, options, Intent::Forward)),
        "cutover abort --app shop" | "cutover resume --app shop" => match reconstruct("shop", &found) {
            Ok(left) if command.contains("abort") => Some(Execution::pick_up(&left, options, Intent::Back)),
            Ok(left) => Some(Execution::pick_up(&left, options, Intent::Forward)),
            Err(refusal) => {
                assert_eq!(refusal.code, "nothing-interrupted");
                None
            }
        },
        _ => {
            assert!(!is_told, "{command}");
            None
        }
    }
}

fn is_alike(one: &Machine, other: &Machine) -> bool {
    (&one.id, &one.state, one.cordoned) == (&other.id, &other.state, other.cordoned)
}
