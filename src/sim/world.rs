//! The machines of one app and what calls do to them, in virtual time.

mod calls;
mod changes;
mod life;
mod routing;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::Arc;

pub use calls::Release;

use super::check::{self, Breach, Checker, Promise};
use super::fault::{Behaviour, Effect, Fault, Faults};
use super::machine;
use super::proxy::Proxy;
use crate::execute::{Answer, Call, Kind, Reply, SplitMix64, Why};
use crate::fleet::{Fleet, HostStatus, Machine, State};

/// How long things take, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// From `created` until the image is there.
    pub prepare_ms: u64,
    /// From `starting` to `started`.
    pub boot_ms: u64,
    /// From `started` until every check passes.
    pub check_ms: u64,
    /// From `stopping` to `stopped`.
    pub stop_ms: u64,
    /// How long a machine runs that was made for one command.
    pub command_ms: u64,
    /// From a call to its answer; each takes between half of it and all.
    pub latency_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { prepare_ms: 1_500, boot_ms: 1_000, check_ms: 3_000, stop_ms: 1_000, command_ms: 2_000, latency_ms: 100 }
    }
}

/// A Fly with one app.
#[derive(Debug, Clone)]
pub struct World {
    pub settings: Settings,
    now_ms: u64,
    /// Sorted by id once, then in the order of creation.
    machines: Vec<Arc<Machine>>,
    lives: Vec<Life>,
    places: BTreeMap<String, usize>,
    /// What will happen by itself: when and in which order of planning.
    pending: BTreeMap<(u64, u64), Pending>,
    planned: u64,
    faults: Faults,
    random: SplitMix64,
    checker: Checker,
    releases: Vec<Release>,
    /// Nobody sends requests where there is none.
    proxy: Option<Box<Proxy>>,
    changes: u64,
    /// Machines that somebody else changed, or that changed against their will.
    troubled: BTreeSet<String>,
    trace: Vec<String>,
    /// How many lines of it are kept, at least.
    trace_lines: usize,
}

/// What is not seen of a machine.
#[derive(Debug, Clone, Default)]
struct Life {
    /// Raised whenever it turns elsewhere: what was planned before no longer holds.
    turn: u64,
    /// Lists show it from then on.
    listed_from_ms: u64,
    cordoned_ms: Option<u64>,
    lease: Option<Held>,
    /// It comes from where the proxy lets machines rest, or goes there.
    is_routed: bool,
}

#[derive(Debug, Clone)]
struct Held {
    nonce: String,
    owner: String,
    expires_ms: u64,
}

impl Held {
    fn elsewhere(expires_ms: u64) -> Self {
        Self { nonce: "elsewhere".to_owned(), owner: "somebody@example.com".to_owned(), expires_ms }
    }
}

#[derive(Debug, Clone, Copy)]
struct Pending {
    place: usize,
    turn: u64,
    then: Then,
}

#[derive(Debug, Clone, Copy)]
enum Then {
    Prepared {
        launch: bool,
    },
    Booted,
    ChecksPass,
    Dies,
    /// The command that it was made for ends.
    Ended,
    Stopped,
    /// What somebody else does, by its place among the faults.
    Elsewhere,
}

/// A call's answer: at once, or when something comes true.
#[derive(Debug, Clone, PartialEq)]
pub enum Answered {
    Now { reply: Reply, slow_ms: u64 },
    Later(Waiting),
}

/// A wait that is held open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    id: String,
    state: State,
    pub until_ms: u64,
}

impl World {
    /// Machines that run have passed their checks, whatever their list says of it.
    pub fn new(fleet: &Fleet, settings: Settings, faults: Vec<Fault>, seed: u64) -> Self {
        let mut world = Self::faultless(fleet, settings);
        world.meet(faults, seed);
        world
    }

    /// Where nothing goes wrong.
    pub(super) fn faultless(fleet: &Fleet, settings: Settings) -> Self {
        let mut world = Self {
            settings,
            now_ms: 0,
            machines: Vec::new(),
            lives: Vec::new(),
            places: BTreeMap::new(),
            pending: BTreeMap::new(),
            planned: 0,
            faults: Faults::default(),
            random: SplitMix64::new(0),
            checker: Checker::default(),
            releases: Vec::new(),
            proxy: None,
            changes: 0,
            troubled: BTreeSet::new(),
            trace: Vec::new(),
            trace_lines: usize::MAX,
        };
        for machine in &fleet.machines {
            let mut machine = machine.clone();
            if let (State::Started, true, Some(config)) = (&machine.state, machine.checks.is_empty(), &machine.config) {
                machine.checks = machine::check_results(config, "passing");
            }
            world.add(machine);
        }
        world.hold_to(Promise::default());
        world
    }

    /// From its beginning on this goes wrong.
    pub(super) fn meet(&mut self, faults: Vec<Fault>, seed: u64) {
        self.faults = Faults::new(faults);
        self.random = SplitMix64::new(seed);
        for place in 0..self.machines.len() {
            self.befall(place);
            if self.machines[place].state == State::Started {
                self.plan_death(place);
            }
        }
        for (index, at_ms) in self.faults.times() {
            self.planned += 1;
            let pending = Pending { place: index, turn: 0, then: Then::Elsewhere };
            self.pending.insert((at_ms, self.planned), pending);
        }
    }

    /// From now on the trace keeps its newest lines, this many at least; none: it is not written.
    pub fn keep_trace(&mut self, lines: usize) {
        self.trace_lines = lines;
    }

    /// From now on nothing goes wrong any more.
    pub fn heal(&mut self) {
        self.faults = Faults::default();
    }

    /// Machines that somebody else changed, or that changed against their will: nobody can promise
    /// anything about them.
    pub fn is_troubled(&self, id: &str) -> bool {
        self.troubled.contains(id)
    }

    /// From now on breaking this promise is a breach, and what serves now is the floor.
    pub fn hold_to(&mut self, promise: Promise) {
        self.checker = Checker::new(self.machines.iter().map(|machine| &**machine), promise);
    }

    /// Destroyed ones stay, as a memory.
    pub fn machines(&self) -> &[Arc<Machine>] {
        &self.machines
    }

    pub const fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// How often anything changed: the same number, the same world.
    pub const fn changes(&self) -> u64 {
        self.changes
    }

    /// How many machines serve, by group and region.
    pub fn serving(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.checker.serving()
    }

    pub(super) fn promise_what_serves(&mut self) {
        self.checker.promise_what_serves();
    }

    /// What happened that must not.
    pub fn breaches(&self) -> &[Breach] {
        self.checker.breaches()
    }

    /// One line for everything that happened: time, who, what, to whom, how.
    pub fn trace(&self) -> &[String] {
        &self.trace
    }

    /// When something will happen by itself.
    pub fn next_change_ms(&self) -> Option<u64> {
        let due_ms = self.pending.first_key_value().map(|((at_ms, _), _)| *at_ms);
        due_ms.into_iter().chain(self.routed_ms()).min()
    }

    /// Lets time pass; it never goes back.
    pub fn advance(&mut self, now_ms: u64) {
        while let Some(at_ms) = self.next_change_ms().filter(|at_ms| *at_ms <= now_ms) {
            self.now_ms = self.now_ms.max(at_ms);
            // A request that is answered in time is not cut off.
            if self.routed_ms() == Some(at_ms) {
                self.route();
            } else if let Some((_, Pending { place, turn, then })) = self.pending.pop_first() {
                match then {
                    Then::Elsewhere => self.elsewhere(place),
                    _ if self.lives[place].turn == turn => self.happen(place, then),
                    _ => {}
                }
            }
        }
        self.now_ms = self.now_ms.max(now_ms);
    }

    /// Does what `call` asks, or what the faults make of it.
    pub fn call(&mut self, call: &Call) -> Answered {
        let (id, name) = self.addressee(call);
        let effect = self.faults.on_call(call, &id, &name, self.now_ms);
        let kind = Kind::of(call);
        let answered = match effect {
            Some(Effect::Refused(refusal)) => now(Reply::Refused(refusal.why())),
            Some(Effect::LostBefore) => now(lost()),
            Some(Effect::Absent) => now(Reply::Absent),
            Some(Effect::LostAfter) => {
                self.perform(call);
                now(lost())
            }
            Some(Effect::Twice) => {
                self.perform(call);
                self.perform(call)
            }
            Some(Effect::Slow { ms }) => match self.perform(call) {
                Answered::Now { reply, .. } => Answered::Now { reply, slow_ms: ms },
                later => later,
            },
            None | Some(Effect::Limited) => self.perform(call),
        };
        if self.trace_lines > 0 {
            let how = match &answered {
                Answered::Now { reply, .. } => brief(reply),
                Answered::Later(_) => "held".to_owned(),
            };
            self.note("call", kind.as_str(), if id.is_empty() { &name } else { &id }, &how);
        }
        answered
    }

    /// The answer to a wait, once there is one.
    pub fn settled(&self, waiting: &Waiting) -> Option<Reply> {
        let machine = &self.machines[*self.places.get(&waiting.id)?];
        if machine.state == waiting.state {
            return Some(Reply::Done(Answer::Ok));
        }
        if machine.state == State::Destroyed {
            return Some(Reply::Absent);
        }
        (self.now_ms >= waiting.until_ms).then_some(Reply::Refused(Why::NotYet))
    }

    /// Destroys without force: only what does not run.
    pub fn destroy_gently(&mut self, id: &str, nonce: Option<String>) -> Answered {
        let runs = self.places.get(id).map(|place| &self.machines[*place].state).is_some_and(|state| {
            !matches!(state, State::Stopped | State::Suspended | State::Failed | State::Created | State::Destroyed)
        });
        if runs {
            let message =
                "failed_precondition: unable to destroy machine, not currently stopped, suspended, failed or created";
            return now(Reply::Refused(Why::WrongState { message: message.to_owned() }));
        }
        self.call(&Call::Destroy { id: id.to_owned(), nonce })
    }

    fn addressee(&self, call: &Call) -> (String, String) {
        if let Call::CreateMachine { name, .. } = call {
            return (String::new(), name.clone());
        }
        let Some(id) = call.machine() else { return Default::default() };
        let name = self.places.get(id).map(|place| self.machines[*place].name.clone()).unwrap_or_default();
        (id.to_owned(), name)
    }

    fn perform(&mut self, call: &Call) -> Answered {
        match call {
            Call::ListMachines => {
                let all = self.machines.iter().zip(&self.lives);
                let listed = all
                    .filter(|(machine, life)| machine.state != State::Destroyed && life.listed_from_ms <= self.now_ms);
                now(Reply::Done(Answer::Machines(listed.map(|(machine, _)| Arc::clone(machine)).collect())))
            }
            Call::CreateMachine { name, request } => now(self.create(name, request)),
            Call::GetMachine { id } => match self.places.get(id) {
                Some(place) => now(Reply::Done(Answer::Machine(Arc::clone(&self.machines[*place])))),
                None => now(Reply::Absent),
            },
            Call::AcquireLease { id, ttl_s, nonce } => {
                self.on(id, |world, place| world.lease(place, *ttl_s, nonce.as_ref()))
            }
            Call::ReleaseLease { id, nonce } => self.on(id, |world, place| world.release(place, nonce)),
            Call::Cordon { id, nonce } => self.change(call, id, nonce, |world, place| world.cordon(place, true)),
            Call::Uncordon { id, nonce } => self.change(call, id, nonce, |world, place| world.cordon(place, false)),
            Call::Start { id, nonce } => self.change(call, id, nonce, Self::start),
            Call::Stop { id, nonce } => self.change(call, id, nonce, Self::stop),
            Call::Destroy { id, nonce } => self.change(call, id, nonce, Self::destroy),
            Call::Wait { id, state, timeout_s, .. } => match self.places.get(id) {
                None => now(Reply::Absent),
                Some(_) => {
                    let until_ms = self.now_ms.saturating_add(timeout_s.saturating_mul(1_000));
                    let waiting = Waiting { id: id.clone(), state: state.clone(), until_ms };
                    self.settled(&waiting).map_or(Answered::Later(waiting), now)
                }
            },
            other => self.ask(other),
        }
    }

    fn on(&mut self, id: &str, act: impl FnOnce(&mut Self, usize) -> Reply) -> Answered {
        now(match self.places.get(id).copied() {
            Some(place) if self.machines[place].state != State::Destroyed => act(self, place),
            _ => Reply::Absent,
        })
    }

    /// A change by a call: needs the lease where there is one, and a host that answers.
    fn change(
        &mut self,
        call: &Call,
        id: &str,
        nonce: &Option<String>,
        act: impl FnOnce(&mut Self, usize) -> Reply,
    ) -> Answered {
        self.on(id, |world, place| {
            world.checker.touched(world.now_ms, id, Kind::of(call).as_str());
            if let Some(held) = world.held(place).filter(|held| Some(&held.nonce) != nonce.as_ref()) {
                return Reply::Refused(Why::LeaseHeld { owner: held.owner.clone() });
            }
            if world.machines[place].host_status != HostStatus::Ok {
                return Reply::Unknown("its host does not answer".to_owned());
            }
            let reply = act(world, place);
            world.changed(place, true);
            reply
        })
    }

    fn add(&mut self, machine: Machine) -> usize {
        let place = self.machines.len();
        self.places.insert(machine.id.clone(), place);
        self.machines.push(Arc::new(machine));
        self.lives.push(Life::default());
        self.befall(place);
        place
    }

    /// What is wrong with a machine from its beginning.
    fn befall(&mut self, place: usize) {
        for behaviour in self.behaviours(place) {
            match behaviour {
                Behaviour::Leased { ms } => self.lives[place].lease = Some(Held::elsewhere(self.now_ms + ms)),
                // Only of what is new.
                Behaviour::Unlisted { ms } if self.now_ms > 0 => self.lives[place].listed_from_ms = self.now_ms + ms,
                _ => {}
            }
        }
    }

    /// Whoever was shown the machine keeps what was seen.
    fn machine_mut(&mut self, place: usize) -> &mut Machine {
        Arc::make_mut(&mut self.machines[place])
    }

    fn changed(&mut self, place: usize, called: bool) {
        self.changes += 1;
        let machine = &self.machines[place];
        if let Some(proxy) = &mut self.proxy {
            proxy.hear(self.now_ms, place, machine);
        }
        let is_up = check::is_up(machine) || self.is_between(place);
        if let Some(breach) = self.checker.changed(self.now_ms, machine, is_up, called) {
            let id = machine.id.clone();
            self.note("checker", "breach", &id, &breach.what);
        }
    }

    fn note(&mut self, who: &str, what: &str, whom: &str, how: impl Display) {
        if self.trace_lines == 0 {
            return;
        }
        if self.trace.len() / 2 >= self.trace_lines {
            self.trace.drain(..self.trace_lines);
        }
        self.trace.push(format!("{:>9} {who:<8} {what:<9} {whom:<32} {how}", self.now_ms));
    }
}

const fn now(reply: Reply) -> Answered {
    Answered::Now { reply, slow_ms: 0 }
}

fn lost() -> Reply {
    Reply::Unknown("the answer was lost".to_owned())
}

fn brief(reply: &Reply) -> String {
    match reply {
        Reply::Done(_) => "done".to_owned(),
        Reply::Absent => "absent".to_owned(),
        Reply::Unknown(_) => "lost".to_owned(),
        Reply::Refused(why) => format!("refused {why:?}"),
    }
}
