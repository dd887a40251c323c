//! Very many deploys in which things go wrong. Runs are numbered: the first ones go through small
//! worlds exhaustively, every call with every effect and every moment with every intervention;
//! after them the number is the seed of a larger world with several faults at once. The same
//! number is the same run, everywhere. Knows no clock and no threads: whoever calls has those.

mod case;
mod judge;
mod worlds;

use super::run::Run;
use crate::execute::{self, Execution, Intent, Outcome, OutcomeKind};
use crate::fleet::{Fleet, Machine};
use crate::plan::reconstruct;
use case::{Case, Intervention};
use worlds::Prepared;

/// The worlds, made ready once for any number of runs.
#[derive(Debug, Clone)]
pub struct Explorer {
    small: Vec<(Prepared, case::Extent)>,
    large: Vec<Prepared>,
    with_traffic: Vec<Prepared>,
    options: execute::Options,
}

/// What a run broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub number: u64,
    pub what: String,
}

/// A run told in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The world, its faults and interventions.
    pub case: String,
    pub failure: Option<Failure>,
    /// One line for each event.
    pub trace: Vec<String>,
}

impl Default for Explorer {
    fn default() -> Self {
        Self::new()
    }
}

impl Explorer {
    pub fn new() -> Self {
        Self::with(execute::Options::new("sim"))
    }

    fn with(options: execute::Options) -> Self {
        let measured = |world: Prepared| {
            let extent = extent(&world);
            (world, extent)
        };
        Self {
            small: worlds::small().into_iter().map(measured).collect(),
            large: worlds::large(),
            with_traffic: worlds::with_traffic(),
            options,
        }
    }

    /// With this many runs the small worlds are gone through.
    pub fn small_runs(&self) -> u64 {
        let largest = self.small.iter().map(|(_, extent)| extent.cases()).max();
        largest.unwrap_or(0) * self.small.len() as u64
    }

    /// Run `number`.
    ///
    /// # Errors
    /// What must not happen and did.
    pub fn run(&self, number: u64) -> Result<(), Failure> {
        let case = self.case(number);
        Attempt::new(&case, 0, self.options.clone()).judged().map_err(|what| Failure { number, what })
    }

    /// The same run, with its trace.
    pub fn tell(&self, number: u64) -> Told {
        let case = self.case(number);
        let mut attempt = Attempt::new(&case, usize::MAX, self.options.clone());
        let failure = attempt.judged().err().map(|what| Failure { number, what });
        Told { case: case.to_string(), failure, trace: attempt.run.world().trace().to_vec() }
    }

    fn case(&self, number: u64) -> Case<'_> {
        let worlds = self.small.len() as u64;
        let (world, extent) = &self.small[(number % worlds) as usize];
        match number / worlds {
            rest if rest < extent.cases() => extent.case(world, rest),
            _ if number.is_multiple_of(TRAFFIC_EVERY) => case::random(&self.with_traffic, number),
            _ => case::random(&self.large, number),
        }
    }
}

/// How many calls and moments the world has when nothing goes wrong.
fn extent(world: &Prepared) -> case::Extent {
    let case = Case::plain(world);
    let mut attempt = Attempt::new(&case, usize::MAX, execute::Options::new("sim"));
    let mut moments = 0;
    while attempt.run.next().is_some() {
        moments += 1;
    }
    let calls = attempt.run.world().trace().iter().filter(|line| line[10..].starts_with("call ")).count() as u64;
    case::Extent { calls, moments }
}

/// A case while it is run.
struct Attempt<'a> {
    case: &'a Case<'a>,
    options: execute::Options,
    run: Run,
    /// The process that runs now did not begin the deploy.
    is_resumed: bool,
    /// Somebody wanted to go back when that was possible, and nobody wanted anything else since.
    goes_back: bool,
    processes: u64,
}

impl<'a> Attempt<'a> {
    fn new(case: &'a Case<'a>, trace_lines: usize, options: execute::Options) -> Self {
        let execution = case.world.execution.again(execute::Options { seed: case.seed, ..options.clone() }, None);
        let run = Run::begin(case.world.world.clone(), execution, case.faults.clone(), case.seed, trace_lines);
        Self { case, options, run, is_resumed: false, goes_back: false, processes: 1 }
    }

    /// Through all interventions to the end, and beyond it until all is well.
    fn judged(&mut self) -> Result<(), String> {
        let mut moment = 0;
        for (at, intervention) in &self.case.interventions {
            self.proceed(&mut moment, *at)?;
            match intervention {
                Intervention::Abort => {
                    self.goes_back |= judge::can_go_back(self.case, &self.run);
                    self.run.abort();
                }
                Intervention::Crash(intent) if self.case.without_plan => self.pick_up(*intent),
                Intervention::Crash(intent) => self.take_over(*intent, false),
            }
        }
        self.proceed(&mut moment, MOST_MOMENTS)?;
        let mut outcome = self.ended()?;
        if outcome.kind == OutcomeKind::Held {
            self.take_over(if self.case.seed.is_multiple_of(3) { Intent::Back } else { Intent::Forward }, true);
            self.proceed(&mut moment, MOST_MOMENTS)?;
            outcome = self.ended()?;
        }
        if outcome.kind == OutcomeKind::NeedsAttention && self.case.is_mendable() {
            self.mends(&outcome, &mut moment)?;
        }
        self.answers_all()
    }

    /// Where nothing goes wrong nobody notices the deploy, nor that it is aborted or its process
    /// killed.
    fn answers_all(&mut self) -> Result<(), String> {
        let dropped = self.run.end_traffic().and_then(|traffic| traffic.dropped.first());
        match dropped.filter(|_| self.case.faults.is_empty()) {
            Some(dropped) => Err(format!("{} ms: a request was dropped: {}", dropped.t_ms, dropped.why.as_str())),
            None => Ok(()),
        }
    }

    fn proceed(&mut self, moment: &mut u64, until: u64) -> Result<(), String> {
        while *moment < until && self.run.next().is_some() {
            *moment += 1;
            if *moment >= MOST_MOMENTS {
                return Err("it does not end".to_owned());
            }
        }
        Ok(())
    }

    /// What must hold at the end of each process that was not killed.
    fn ended(&mut self) -> Result<Outcome, String> {
        let Some(outcome) = self.run.outcome().cloned() else { return Err("it ended without an outcome".to_owned()) };
        self.run.settle();
        if let Some(breach) = self.run.world().breaches().first() {
            return Err(format!("{} ms: {}", breach.t_ms, breach.what));
        }
        if self.goes_back && outcome.kind == OutcomeKind::Completed && judge::took_blues(self.case, &self.run) {
            return Err(format!("it was to go back, and went on: {}", outcome.message));
        }
        match judge::lie(self.case, self.run.world(), &outcome, self.is_resumed) {
            Some(lie) => Err(format!("{lie}, though it ended as {:?}: {}", outcome.kind, outcome.message)),
            None => Ok(outcome),
        }
    }

    /// Nothing goes wrong any more: the deploy comes to an end, one way or the other.
    fn mends(&mut self, before: &Outcome, moment: &mut u64) -> Result<(), String> {
        self.run.heal(HEALING_MS);
        for intent in [Intent::Forward, Intent::Back] {
            self.take_over(intent, true);
            self.proceed(moment, MOST_MOMENTS)?;
            let outcome = self.ended()?;
            if matches!(outcome.kind, OutcomeKind::Completed | OutcomeKind::Restored) {
                return Ok(());
            }
        }
        let last = self.run.outcome().map(|outcome| outcome.message.clone()).unwrap_or_default();
        Err(format!("it cannot be mended: {last}; at first it ended with {}", before.message))
    }

    fn take_over(&mut self, intent: Intent, promoted: bool) {
        let options = execute::Options { promoted, ..self.next_process(intent) };
        self.run.take_over(self.case.world.execution.again(options, Some(intent)));
    }

    /// Without the plan, as far as the marks tell what is left of it; else with it.
    fn pick_up(&mut self, intent: Intent) {
        let machines = self.run.world().machines().iter().map(|machine| Machine::clone(machine)).collect();
        match reconstruct(&self.case.world.plan.app, &Fleet { machines, ..Fleet::default() }) {
            Ok(left) => {
                let intent = if left.is_complete { intent } else { Intent::Back };
                let options = self.next_process(intent);
                self.run.promise_what_serves();
                self.run.take_over(Execution::pick_up(&left, options, intent));
            }
            Err(_) => self.take_over(intent, false),
        }
    }

    fn next_process(&mut self, intent: Intent) -> execute::Options {
        self.goes_back = intent == Intent::Back && judge::can_go_back(self.case, &self.run);
        self.is_resumed = true;
        self.processes += 1;
        let run = format!("sim{}", self.processes);
        execute::Options { run, seed: self.case.seed ^ self.processes, ..self.options.clone() }
    }
}

/// No deploy of these worlds takes so many.
const MOST_MOMENTS: u64 = 20_000;

/// Requests take longer than all else: one large run of so many has them.
const TRAFFIC_EVERY: u64 = 32;

/// By then every lease has run out.
const HEALING_MS: u64 = 120_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::Flaw;

    /// The number of the first run that breaks a promise: single faults and interventions first,
    /// then larger worlds.
    fn found(flaw: Option<Flaw>) -> Option<Failure> {
        let explorer = Explorer::with(execute::Options { flaw, ..execute::Options::new("sim") });
        let large = explorer.small_runs();
        (0..6_000).chain(large..large + 1_000).find_map(|number| explorer.run(number).err())
    }

    #[test]
    fn every_planted_bug_is_found() {
        for flaw in Flaw::ALL {
            match found(Some(flaw)) {
                Some(Failure { number, what }) => {
                    println!("{flaw:?}: found by run {number}: {what}");
                    assert!(Explorer::new().run(number).is_ok(), "run {number} also fails without {flaw:?}");
                }
                None => panic!("{flaw:?} is not found"),
            }
        }
    }

    #[test]
    fn a_told_run_is_the_same_run() {
        let explorer = Explorer::new();
        let large = explorer.small_runs() + 7;
        assert_eq!(explorer.tell(large), explorer.tell(large));
        assert_ne!(explorer.tell(large).case, explorer.tell(large + 1).case);
    }
}
