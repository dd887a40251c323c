//! A plan executed in a world, in virtual time: the one driver of the command line's `--sim`, the
//! page and the tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::check::Promise;
use super::fault::{Fault, Jump};
use super::proxy::{Network, Traffic};
use super::world::{Answered, Settings, Waiting, World};
use crate::execute::{self, Call, CallId, Event, Execution, Input, Outcome, Reply, SplitMix64};
use crate::fleet::{Fleet, Machine};
use crate::plan::{Disposition, Plan};

#[derive(Debug, Clone)]
pub struct Options {
    pub seed: u64,
    pub settings: Settings,
    pub faults: Vec<Fault>,
    pub execution: execute::Options,
    /// How many lines of the trace are kept, at least; none: it is not written.
    pub trace_lines: usize,
    /// Requests come in meanwhile.
    pub network: Option<Network>,
}

impl Default for Options {
    fn default() -> Self {
        let execution = execute::Options::new("sim");
        Self {
            seed: 0,
            settings: Settings::default(),
            faults: Vec::new(),
            execution,
            trace_lines: usize::MAX,
            network: None,
        }
    }
}

/// A run, one moment at a time.
#[derive(Debug, Clone)]
pub struct Run {
    world: World,
    execution: Execution,
    /// What is on its way, by when it arrives and the order of sending.
    ways: BTreeMap<(u64, u64), Travelling>,
    sent: u64,
    waits: Vec<(CallId, Waiting)>,
    wake_at_ms: Option<u64>,
    random: SplitMix64,
    latency_ms: u64,
    /// What our own clock does, the soonest last.
    jumps: Vec<(u64, Jump)>,
    /// By how much our own clock is ahead.
    ahead_ms: u64,
    /// Until then our computer sleeps: what was sent arrives all the same, and answers wait.
    asleep_until_ms: u64,
    moments: u64,
    begun: bool,
    abort: bool,
    outcome: Option<Outcome>,
}

#[derive(Debug, Clone)]
enum Travelling {
    /// Without an id nobody waits for the answer any more.
    There(Option<CallId>, Call),
    Back(CallId, Reply),
}

/// Something happened: to the machines, to the execution, or both.
#[derive(Debug)]
pub struct Moment<'a> {
    pub t_ms: u64,
    pub events: Vec<Event>,
    /// Every machine, destroyed ones too, as they are now.
    pub machines: &'a [Arc<Machine>],
}

impl Run {
    pub fn new(plan: impl Into<Arc<Plan>>, fleet: &Fleet, options: Options) -> Self {
        let plan = plan.into();
        let mut world = Self::world_for(&plan, fleet, options.settings);
        if let Some(network) = options.network {
            world.send_traffic(network);
        }
        let execution = Execution::new(plan, options.execution);
        Self::begin(world, execution, options.faults, options.seed, options.trace_lines)
    }

    /// Where the deploy is to happen, and nothing goes wrong.
    pub(super) fn world_for(plan: &Plan, fleet: &Fleet, settings: Settings) -> World {
        let mut world = World::faultless(fleet, settings);
        world.hold_to(promise(plan));
        world
    }

    pub(super) fn begin(
        mut world: World,
        execution: Execution,
        faults: Vec<Fault>,
        seed: u64,
        trace_lines: usize,
    ) -> Self {
        let mut jumps: Vec<(u64, Jump)> = faults.iter().filter_map(jump).collect();
        jumps.sort_by_key(|(at_ms, _)| std::cmp::Reverse(*at_ms));
        world.keep_trace(trace_lines);
        world.meet(faults, seed);
        Self {
            latency_ms: world.settings.latency_ms,
            world,
            execution,
            ways: BTreeMap::new(),
            sent: 0,
            waits: Vec::new(),
            wake_at_ms: None,
            // Apart from the world's own, so that latency does not change its ids.
            random: SplitMix64::new(seed ^ 0x6c61_7465_6e63_7921),
            jumps,
            ahead_ms: 0,
            asleep_until_ms: 0,
            moments: 0,
            begun: false,
            abort: false,
            outcome: None,
        }
    }

    /// Somebody wants it to stop: told to the execution at the next moment.
    pub const fn abort(&mut self) {
        self.abort = true;
    }

    /// The process that ran it is gone, and all that was on its way to Fly has arrived.
    pub fn crash(&mut self) {
        while let Some((at, way)) = self.ways.pop_first() {
            if let Travelling::There(_, call) = way {
                self.world.advance(at.0.max(self.world.now_ms()));
                self.world.call(&call);
            }
        }
    }

    /// The process that ran it is gone, and another takes over: what was on its way to Fly still
    /// arrives.
    pub fn take_over(&mut self, execution: Execution) {
        let ways = std::mem::take(&mut self.ways);
        let there = ways.into_iter().filter_map(|(at, way)| match way {
            Travelling::There(_, call) => Some((at, Travelling::There(None, call))),
            Travelling::Back(..) => None,
        });
        self.ways = there.collect();
        self.waits.clear();
        self.wake_at_ms = None;
        self.execution = execution;
        self.begun = false;
        self.abort = false;
        self.outcome = None;
    }

    /// Of what was promised only as much holds from now on as serves: who has lost the plan does not
    /// know what was there before.
    pub(super) fn promise_what_serves(&mut self) {
        self.world.promise_what_serves();
    }

    pub const fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// Calls that Fly does not have yet.
    pub(super) fn on_their_way(&self) -> impl Iterator<Item = &Call> {
        self.ways.values().filter_map(|way| match way {
            Travelling::There(_, call) => Some(call),
            Travelling::Back(..) => None,
        })
    }

    pub const fn world(&self) -> &World {
        &self.world
    }

    /// What became of the requests that came in, once every edge has heard of everything.
    pub fn end_traffic(&mut self) -> Option<&Traffic> {
        self.world.end_traffic();
        self.world.traffic()
    }

    /// The next moment at which something changed; `None` when the run has ended.
    ///
    /// # Panics
    /// When the execution waits for nothing, or does not end in ten million moments: that
    /// is a bug in it.
    #[expect(clippy::should_implement_trait, reason = "a moment borrows the run")]
    pub fn next(&mut self) -> Option<Moment<'_>> {
        let changes = self.world.changes();
        let mut events = Vec::new();
        while self.outcome.is_none() {
            self.moments += 1;
            assert!(self.moments < MOST_MOMENTS, "a run ends, whatever happens to it");
            events.extend(self.happen());
            if !events.is_empty() || self.world.changes() != changes {
                return Some(Moment { t_ms: self.world.now_ms(), events, machines: self.world.machines() });
            }
        }
        None
    }

    /// The run to its end.
    pub fn finish(&mut self) -> Vec<(u64, Event)> {
        let mut told = Vec::new();
        while let Some(moment) = self.next() {
            let t_ms = moment.t_ms;
            told.extend(moment.events.into_iter().map(|event| (t_ms, event)));
        }
        told
    }

    fn happen(&mut self) -> Vec<Event> {
        if !self.begun {
            self.begun = true;
            return self.step(Input::Begin);
        }
        if std::mem::take(&mut self.abort) {
            return self.step(Input::Abort);
        }
        let now_ms = self.next_ms();
        self.world.advance(now_ms);
        if let Some((_, jump)) = self.jumps.pop_if(|(at_ms, _)| *at_ms <= now_ms) {
            match jump {
                Jump::Ahead { ms } => self.ahead_ms += ms,
                Jump::Asleep { ms } => self.sleep(now_ms + ms),
            }
            return Vec::new();
        }
        self.answer_waits();
        let due = self.ways.first_key_value().map(|(at, _)| *at).filter(|(at_ms, _)| *at_ms <= now_ms);
        match due.and_then(|at| self.ways.remove(&at)) {
            Some(Travelling::There(id, call)) => {
                match (self.world.call(&call), id) {
                    (Answered::Now { reply, slow_ms }, Some(id)) => self.send(slow_ms, Travelling::Back(id, reply)),
                    (Answered::Later(waiting), Some(id)) => self.waits.push((id, waiting)),
                    (_, None) => {}
                }
                Vec::new()
            }
            Some(Travelling::Back(id, reply)) => self.step(Input::Reply(id, reply)),
            None if self.wake_ms().is_some_and(|at_ms| at_ms <= now_ms) => self.step(Input::Wake),
            None => Vec::new(),
        }
    }

    fn next_ms(&self) -> u64 {
        let way = self.ways.first_key_value().map(|((at_ms, _), _)| *at_ms);
        let wait = self.waits.iter().map(|(_, waiting)| waiting.until_ms).min();
        let next = [way, wait, self.wake_ms(), self.world.next_change_ms()].into_iter().flatten().min();
        assert!(next.is_some(), "an execution that has not ended waits for something");
        next.unwrap_or(0).max(self.world.now_ms())
    }

    /// By the world's clock.
    fn wake_ms(&self) -> Option<u64> {
        self.wake_at_ms.map(|at_ms| at_ms.saturating_sub(self.ahead_ms).max(self.asleep_until_ms))
    }

    fn sleep(&mut self, until_ms: u64) {
        self.asleep_until_ms = self.asleep_until_ms.max(until_ms);
        let ways = std::mem::take(&mut self.ways);
        let late = |((at_ms, nth), way): ((u64, u64), Travelling)| match way {
            Travelling::Back(..) => ((at_ms.max(until_ms), nth), way),
            Travelling::There(..) => ((at_ms, nth), way),
        };
        self.ways = ways.into_iter().map(late).collect();
    }

    /// What is still on its way to Fly arrives.
    pub fn settle(&mut self) {
        for ((at_ms, _), way) in std::mem::take(&mut self.ways) {
            if let Travelling::There(_, call) = way {
                self.world.advance(at_ms);
                let _ = self.world.call(&call);
            }
        }
    }

    /// Time passes, and nothing goes wrong any more.
    pub fn heal(&mut self, for_ms: u64) {
        self.jumps.clear();
        self.world.heal();
        self.world.advance(self.world.now_ms() + for_ms);
    }

    fn answer_waits(&mut self) {
        let (world, mut answered) = (&self.world, Vec::new());
        self.waits.retain(|(id, waiting)| match world.settled(waiting) {
            Some(reply) => {
                answered.push((*id, reply));
                false
            }
            None => true,
        });
        for (id, reply) in answered {
            self.send(0, Travelling::Back(id, reply));
        }
    }

    fn step(&mut self, input: Input) -> Vec<Event> {
        let step = self.execution.step(self.world.now_ms() + self.ahead_ms, input);
        for (id, call) in step.calls {
            self.send(0, Travelling::There(Some(id), call));
        }
        self.wake_at_ms = step.wake_at_ms;
        self.outcome = step.outcome;
        step.events
    }

    /// One way takes between a quarter and a half of the latency.
    fn send(&mut self, slow_ms: u64, travelling: Travelling) {
        let way_ms = self.latency_ms / 4 + self.random.below(self.latency_ms / 4 + 1);
        self.sent += 1;
        let at_ms = self.world.now_ms() + slow_ms + way_ms;
        let is_answer = matches!(travelling, Travelling::Back(..));
        self.ways.insert((if is_answer { at_ms.max(self.asleep_until_ms) } else { at_ms }, self.sent), travelling);
    }
}

const fn jump(fault: &Fault) -> Option<(u64, Jump)> {
    match fault {
        Fault::Clock { at_ms, jump } => Some((*at_ms, *jump)),
        _ => None,
    }
}

/// What the plan says of the fleet.
fn promise(plan: &Plan) -> Promise {
    let is_touched =
        |disposition| matches!(disposition, Disposition::Replace | Disposition::Remove | Disposition::Sweep);
    let (touched, untouched): (Vec<_>, Vec<_>) =
        plan.machines.iter().partition(|machine| is_touched(machine.disposition));
    let removed = touched.iter().filter(|machine| machine.disposition == Disposition::Remove);
    Promise {
        groups: plan.machines.iter().map(|machine| (machine.id.clone(), machine.group.to_string())).collect(),
        removed: removed.map(|machine| machine.group.to_string()).collect(),
        untouched: untouched.iter().map(|machine| machine.id.clone()).collect(),
        replaced: touched
            .iter()
            .filter(|machine| machine.disposition == Disposition::Replace)
            .map(|machine| machine.id.clone())
            .collect(),
        floors: plan
            .floors
            .iter()
            .map(|floor| ((floor.group.to_string(), floor.region.to_string()), floor.serving))
            .collect(),
    }
}

const MOST_MOMENTS: u64 = 10_000_000;
