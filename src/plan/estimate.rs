//! How long a deploy takes, how many machines it needs and how many calls it makes: reckoned from
//! the steps, as an executor would go through them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::classify::{Placed, Situation};
use super::green::Green;
use super::list::At;
use super::{Drain, Estimate, Op, Policy, Step, operation};
use crate::limits;

pub(super) fn estimate(situation: &Situation, placed: &[Placed], greens: &[Green], steps: &[Step]) -> Estimate {
    let policy = situation.policy;
    let graph = Graph::new(steps);
    let first_pass: BTreeMap<&str, u64> =
        greens.iter().filter_map(|green| Some((green.slot.as_str(), green.gate.as_ref()?.first_pass_ms))).collect();
    let expected = |step: &Step| {
        let first_pass = || step.slot.as_deref().and_then(|slot| first_pass.get(slot)).copied().unwrap_or(0);
        expected_ms(step, policy, first_pass)
    };
    let live = placed.iter().filter(|placed| placed.machine.is_live()).count() as u64;
    Estimate {
        expected_ms: graph.finish_ms(steps, policy, expected),
        worst_ms: graph.finish_ms(steps, policy, |step| step.timeout_ms.unwrap_or(0)),
        peak_machines: peak(live, steps),
        calls: steps.iter().map(|step| calls(step, policy)).sum(),
    }
}

/// How long the step waits when all goes well, beside its calls.
fn expected_ms(step: &Step, policy: &Policy, first_pass_ms: impl Fn() -> u64) -> u64 {
    let most = step.timeout_ms.unwrap_or(0);
    most.min(match step.op {
        Op::WaitStarted => START_MS,
        Op::WaitHealthy => first_pass_ms().saturating_add(policy.stability_ms),
        Op::WaitStopped => STOP_MS,
        Op::ReleaseCommand | Op::MachineCheck => COMMAND_MS,
        Op::Drain if policy.drain == Drain::UntilIdle => IDLE_MS,
        Op::VerifyUrl => ANSWER_MS,
        _ => most,
    })
}

/// A drain of a fixed length asks nothing.
fn calls(step: &Step, policy: &Policy) -> u64 {
    let is_asking = step.op != Op::Drain || policy.drain == Drain::UntilIdle;
    if is_asking { operation::row(step.op).calls.len() as u64 } else { 0 }
}

/// Machines of the app at once, at most. All machines of a batch's checks may run side by side.
fn peak(live: u64, steps: &[Step]) -> u64 {
    let (mut now, mut for_commands, mut peak) = (live, 0, live);
    for step in steps {
        match step.op {
            Op::Create => now += 1,
            Op::Destroy => now = now.saturating_sub(1),
            Op::MachineCheck => for_commands += 1,
            Op::ReleaseCommand => peak = peak.max(now + 1),
            Op::Gate => for_commands = 0,
            _ => {}
        }
        peak = peak.max(now + for_commands);
    }
    peak
}

/// Which steps wait for which.
struct Graph {
    /// How many steps each one needs.
    needs: Vec<usize>,
    /// The steps that need the first one, then those that need the second, and so on.
    needed_by: Vec<usize>,
    /// Where in it those of each step begin, and where those of the last one end.
    firsts: Vec<usize>,
}

impl Graph {
    fn new(steps: &[Step]) -> Self {
        let needs: Vec<usize> = steps.iter().map(|step| step.needs.len()).collect();
        let needed = || steps.iter().flat_map(|step| &step.needs).filter_map(|needed| At::of(needed)).map(At::index);
        let mut firsts = vec![0; steps.len() + 1];
        needed().for_each(|needed| firsts[needed + 1] += 1);
        for at in 0..steps.len() {
            firsts[at + 1] += firsts[at];
        }
        let by = needs.iter().enumerate().flat_map(|(at, needs)| std::iter::repeat_n(at, *needs));
        let mut free = firsts.clone();
        let mut needed_by = vec![0; firsts[steps.len()]];
        for (needed, by) in needed().zip(by) {
            needed_by[free[needed]] = by;
            free[needed] += 1;
        }
        Self { needs, needed_by, firsts }
    }

    /// When the last step is done: each begins when all that it needs is done and one of the
    /// policy's lines is free for its calls; machines are made no faster than the API allows.
    fn finish_ms(&self, steps: &[Step], policy: &Policy, waits_ms: impl Fn(&Step) -> u64) -> u64 {
        let mut needs = self.needs.clone();
        let mut begins = vec![0; steps.len()];
        let mut ready: BinaryHeap<Reverse<(u64, usize)>> =
            needs.iter().enumerate().filter(|(_, needs)| **needs == 0).map(|(at, _)| Reverse((0, at))).collect();
        let mut lines = Lines::new(policy.concurrency);
        let mut creates = Creates::default();
        let mut last = 0;
        while let Some(Reverse((time, at))) = ready.pop() {
            let step = &steps[at];
            let makes = matches!(step.op, Op::Create | Op::ReleaseCommand | Op::MachineCheck);
            let time = if makes { creates.begin(time) } else { time };
            let done = lines.call(time, calls(step, policy) * CALL_MS).saturating_add(waits_ms(step));
            last = last.max(done);
            for next in &self.needed_by[self.firsts[at]..self.firsts[at + 1]] {
                begins[*next] = done.max(begins[*next]);
                needs[*next] -= 1;
                if needs[*next] == 0 {
                    ready.push(Reverse((begins[*next], *next)));
                }
            }
        }
        last
    }
}

/// Calls that may be under way at once.
struct Lines {
    free: BinaryHeap<Reverse<u64>>,
}

impl Lines {
    fn new(concurrency: u64) -> Self {
        let lines = usize::try_from(concurrency).unwrap_or(usize::MAX).clamp(1, MOST_LINES);
        Self { free: std::iter::repeat_n(Reverse(0), lines).collect() }
    }

    /// Gives the time when the calls are answered.
    fn call(&mut self, time: u64, takes_ms: u64) -> u64 {
        if takes_ms == 0 {
            return time;
        }
        let free = self.free.pop().map_or(0, |Reverse(free)| free);
        let done = time.max(free) + takes_ms;
        self.free.push(Reverse(done));
        done
    }
}

/// The API's limit: some machines at once, then one a second.
#[derive(Default)]
struct Creates {
    /// When nothing of what was taken from the limit would be missing any more.
    whole_ms: u64,
}

impl Creates {
    fn begin(&mut self, time: u64) -> u64 {
        let begin = time.max(self.whole_ms.saturating_sub((limits::CREATES_AT_ONCE - 1) * SECOND_MS));
        self.whole_ms = self.whole_ms.max(begin) + SECOND_MS;
        begin
    }
}

const SECOND_MS: u64 = 1_000;

/// One call, from here to Fly and back.
const CALL_MS: u64 = 300;

/// From created to started: most images are pulled and booted in this time.
const START_MS: u64 = 5_000;

/// From the signal to stopped, for a program that obeys it.
const STOP_MS: u64 = 2_000;

/// A command of which nothing is known.
const COMMAND_MS: u64 = 15_000;

/// Until connections are seen to have ended twice in a row.
const IDLE_MS: u64 = 5_000;

/// An address that answers as it should, asked a few times.
const ANSWER_MS: u64 = 5_000;

/// More calls at once than this make no deploy faster.
const MOST_LINES: usize = 1_024;
