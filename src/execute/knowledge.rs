//! What a run knows of the fleet: learned from replies, and from nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::name::{self, machine_name};
use super::{Answer, Call, Reply, watch};
use crate::fleet::{HostStatus, Machine, State};
use crate::plan::mark::{Course, Direction, Marks, NOTICES};
use crate::plan::{Floored, Op, Plan, PlannedMachine, Step};

/// A machine that steps and goals speak of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// Observed by the plan, by its id.
    Machine(String),
    /// To be made by the run, by its name in the plan.
    Slot(String),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Knowledge {
    /// The digest in the marks of this deploy: of its plan, or of the lost one.
    pub deploy: String,
    /// The group of each machine that names none.
    groups: Arc<BTreeMap<String, String>>,
    /// The names that this run gives, with their slots.
    names: BTreeMap<String, String>,
    /// The machines that the plan observed.
    observed: Arc<BTreeSet<String>>,
    /// Of these those at rest, and the slots whose machines are made to rest.
    resting: Arc<BTreeSet<String>>,
    /// Every machine as it was before anything was done.
    pub before: BTreeMap<String, Arc<Machine>>,
    /// The machines made so far, by slot.
    pub greens: BTreeMap<String, Green>,
    slot_of: BTreeMap<String, String>,
    /// Second machines of a slot: nobody wants them.
    pub surplus: BTreeSet<String>,
    /// The leases held, by machine.
    pub leases: BTreeMap<String, Held>,
    /// The last look at each machine, by id.
    sightings: BTreeMap<String, Sighting>,
    /// When the fleet was last asked for as a whole.
    listed_ms: Option<u64>,
    /// Machines that the last list did not show: gone, or too new for it.
    unlisted: BTreeSet<String>,
    /// Machines that were told to stop serving: whatever is seen of them, they do not count.
    leaving: BTreeSet<String>,
    /// Machines that tell which way this deploy goes, or may.
    boards: BTreeSet<String>,
    /// Something tells of this deploy: it is not over.
    pub is_told: bool,
    /// How many of the machines seen serve, per group and region.
    serving: BTreeMap<(String, String), u64>,
    /// Machines that the proxy starts when a request comes, each with when it was first seen awake, if
    /// its checks have not passed since.
    sleepers: BTreeMap<String, Option<u64>>,
    pub release: Option<Release>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Green {
    pub id: String,
    pub instance_id: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub nonce: String,
    pub expires_ms: u64,
}

/// What the release API calls this deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Release {
    pub id: String,
    pub version: String,
}

#[derive(Debug, Clone)]
pub(super) struct Sighting {
    /// When the question was asked: the answer may be as old as this.
    pub asked_ms: u64,
    /// `None`: there is no such machine.
    pub machine: Option<Arc<Machine>>,
}

impl Target {
    /// As the plan calls it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Machine(name) | Self::Slot(name) => name,
        }
    }
}

impl Knowledge {
    pub(super) fn new(plan: &Plan, deploy: &str, run: &str) -> Self {
        let groups = plan.machines.iter().map(|machine| (machine.id.clone(), machine.group.to_string()));
        let makes = |op| matches!(op, Op::Create | Op::ReleaseCommand | Op::MachineCheck);
        let slots = plan.steps.iter().filter(|step| makes(step.op)).filter_map(|step| step.slot.clone());
        let names = slots.map(|slot| (machine_name(run, &slot, 1), slot));
        let observed = plan.machines.iter().map(|machine| machine.id.clone()).collect();
        let rests = |machine: &&PlannedMachine| matches!(machine.observed.state, State::Stopped | State::Suspended);
        let blues = plan.machines.iter().filter(rests).map(|machine| machine.id.clone());
        let is_made_so = |step: &&Step| step.request.as_ref().is_some_and(|request| request.skip_launch);
        let greens = plan.steps.iter().filter(is_made_so).filter_map(|step| step.slot.clone());
        Self {
            deploy: deploy.to_owned(),
            groups: Arc::new(groups.collect()),
            names: names.collect(),
            observed: Arc::new(observed),
            resting: Arc::new(blues.chain(greens).collect()),
            ..Self::default()
        }
    }

    /// The same of a run that knows nothing yet.
    pub(super) fn again(&self, run: &str) -> Self {
        Self {
            deploy: self.deploy.clone(),
            groups: Arc::clone(&self.groups),
            names: self.names.values().map(|slot| (machine_name(run, slot, 1), slot.clone())).collect(),
            observed: Arc::clone(&self.observed),
            resting: Arc::clone(&self.resting),
            ..Self::default()
        }
    }

    /// The id of the target, once it exists.
    pub(super) fn id<'a>(&'a self, target: &'a Target) -> Option<&'a str> {
        match target {
            Target::Machine(id) => Some(id),
            Target::Slot(slot) => self.greens.get(slot).map(|green| green.id.as_str()),
        }
    }

    pub(super) fn slot_of(&self, id: &str) -> Option<&String> {
        self.slot_of.get(id)
    }

    pub(super) fn instance_id(&self, target: &Target) -> String {
        match target {
            Target::Machine(id) => self.before.get(id).map(|machine| machine.instance_id.clone()),
            Target::Slot(slot) => self.greens.get(slot).map(|green| green.instance_id.clone()),
        }
        .unwrap_or_default()
    }

    /// Proof that we may change the machine: only machines that others could change have one.
    pub(super) fn nonce(&self, id: &str) -> Option<String> {
        self.leases.get(id).map(|held| held.nonce.clone())
    }

    pub(super) fn was_started(&self, id: &str) -> bool {
        self.before.get(id).is_some_and(|machine| machine.state == State::Started)
    }

    /// The last look at a machine.
    pub(super) fn seen(&self, id: &str) -> Option<&Machine> {
        self.sightings.get(id)?.machine.as_deref()
    }

    /// The machines that carry the direction of a deploy, each with the digest of its plan.
    pub(super) fn noticed(&self) -> impl Iterator<Item = (&str, String)> {
        self.live().filter_map(|machine| Some((machine.id.as_str(), Course::of(machine)?.plan)))
    }

    /// Whether a green of this deploy was there when last looked at.
    pub(super) fn has_green_of(&self, deploy: &str) -> bool {
        self.live().filter_map(Marks::of).any(|marks| marks.plan == deploy)
    }

    fn live(&self) -> impl Iterator<Item = &Machine> {
        let machines = self.sightings.values().filter_map(|sighting| sighting.machine.as_deref());
        machines.filter(|machine| machine.is_live())
    }

    /// It was there, and is no more.
    pub(super) fn is_gone(&self, id: &str) -> bool {
        self.sightings.get(id).is_some_and(|sighting| !sighting.machine.as_deref().is_some_and(Machine::is_live))
    }

    /// A blue that is no more, or was no more when the run began.
    pub(super) fn is_taken(&self, id: &str) -> bool {
        self.is_gone(id) || !self.before.contains_key(id)
    }

    /// The look at a machine, if it is recent enough to act on.
    pub(super) fn seen_since(&self, id: &str, since_ms: u64) -> Option<&Sighting> {
        self.sightings.get(id).filter(|sighting| sighting.asked_ms >= since_ms)
    }

    pub(super) fn is_listed_since(&self, since_ms: u64) -> bool {
        self.listed_ms.is_some_and(|listed_ms| listed_ms >= since_ms)
    }

    /// How many machines serve in a place without this one; an empty region is any.
    pub(super) fn serving_without(&self, id: &str, floor: &Floored) -> u64 {
        let all = self.serving.iter().filter(|(place, _)| is_of(place, floor)).map(|(_, count)| count).sum::<u64>();
        all - u64::from(self.counts(id, floor))
    }

    /// Whether the machine is one of those that serve in a place.
    pub(super) fn counts(&self, id: &str, floor: &Floored) -> bool {
        self.seen(id).and_then(|machine| self.place(machine)).is_some_and(|place| is_of(&place, floor))
    }

    /// Whether it serves in a place as last seen, though it may have been told to stop.
    pub(super) fn serves_still(&self, id: &str, floor: &Floored) -> bool {
        let seen = self.seen(id).filter(|machine| machine.is_serving());
        seen.and_then(|machine| self.home(machine)).is_some_and(|place| is_of(&place, floor))
    }

    /// How many machines in a place, beside this one, are about to serve.
    pub(super) fn waking_without(&self, id: &str, floor: &Floored, now_ms: u64) -> u64 {
        let others = self.sleepers.keys().filter(|other| *other != id && !self.leaving.contains(*other));
        let waking = others.filter_map(|other| self.seen(other)).filter(|machine| self.is_waking(machine, now_ms));
        waking.filter_map(|machine| self.home(machine)).filter(|place| is_of(place, floor)).count() as u64
    }

    /// One that is counted, but neither listed nor looked at since then.
    pub(super) fn doubtful(&self, floor: &Floored, since_ms: u64) -> Option<&str> {
        let mut unseen = self.unlisted.iter().filter(|id| self.seen_since(id, since_ms).is_none());
        unseen.find(|id| self.counts(id, floor)).map(String::as_str)
    }

    /// From now on it may stop serving at any time.
    pub(super) fn leaves(&mut self, id: &str) {
        self.count(id, |count| count - 1);
        self.leaving.insert(id.to_owned());
        self.count(id, |count| count + 1);
    }

    pub(super) fn stays(&mut self, id: &str) {
        self.count(id, |count| count - 1);
        self.leaving.remove(id);
        self.count(id, |count| count + 1);
    }

    /// The machines that tell which way this deploy goes, or may.
    pub(super) fn boards(&self) -> impl Iterator<Item = &String> {
        self.boards.iter().filter(|id| !self.is_gone(id))
    }

    /// Which way the deploy went last, as far as anybody tells.
    pub(super) fn direction(&self) -> Option<Direction> {
        Course::last_of(self.live(), &self.deploy).map(|course| course.direction)
    }

    /// `asked_ms`: when the call was made; a lease counts from then, so that we never believe in
    /// it longer than Fly does.
    pub(super) fn learn(&mut self, call: &Call, reply: &Reply, asked_ms: u64) {
        match (call, reply) {
            (Call::ListMachines, Reply::Done(Answer::Machines(machines))) => {
                self.listed_ms = Some(asked_ms);
                self.unlisted = self.sightings.keys().cloned().collect();
                let told = machines.iter().filter(|it| Course::of(it).is_some_and(|course| course.plan == self.deploy));
                self.boards.extend(told.map(|machine| machine.id.clone()));
                let is_marked = |it: &Arc<Machine>| Marks::of(it).is_some_and(|marks| marks.plan == self.deploy);
                self.is_told |= !self.boards.is_empty() || machines.iter().any(is_marked);
                for machine in machines {
                    self.unlisted.remove(&machine.id);
                    self.recognize(machine);
                    self.see(&machine.id, Sighting { asked_ms, machine: Some(Arc::clone(machine)) });
                }
            }
            (Call::GetMachine { id }, Reply::Done(Answer::Machine(machine))) => {
                self.recognize(machine);
                self.see(id, Sighting { asked_ms, machine: Some(Arc::clone(machine)) });
            }
            (
                Call::GetMachine { id }
                | Call::Cordon { id, .. }
                | Call::Uncordon { id, .. }
                | Call::Start { id, .. }
                | Call::Stop { id, .. }
                | Call::Destroy { id, .. },
                Reply::Absent,
            )
            | (Call::Destroy { id, .. }, Reply::Done(_)) => {
                self.see(id, Sighting { asked_ms, machine: None });
            }
            (Call::Cordon { id, .. }, Reply::Done(_)) => self.revise(id, |machine| machine.cordoned = true),
            (Call::Uncordon { id, .. }, Reply::Done(_)) => {
                self.stays(id);
                self.revise(id, |machine| machine.cordoned = false);
            }
            // What was seen before our own change says nothing of now.
            (Call::Start { id, .. }, Reply::Done(_)) => self.revise(id, |machine| machine.state = State::Starting),
            (Call::Stop { id, .. }, Reply::Done(_)) => self.revise(id, |machine| machine.state = State::Stopping),
            (
                Call::Cordon { id, .. } | Call::Uncordon { id, .. } | Call::Start { id, .. } | Call::Stop { id, .. },
                Reply::Unknown(_),
            ) => self.forget(id),
            (Call::AcquireLease { id, ttl_s, .. }, Reply::Done(Answer::Lease { nonce, .. })) => {
                let expires_ms = asked_ms.saturating_add(ttl_s.saturating_mul(1_000));
                self.leases.insert(id.clone(), Held { nonce: nonce.clone(), expires_ms });
            }
            (Call::SetMetadata { id, key, .. }, Reply::Done(_) | Reply::Unknown(_))
                if NOTICES.contains(&key.as_str()) =>
            {
                self.boards.insert(id.clone());
            }
            (Call::CreateRelease { .. }, Reply::Done(Answer::Release { id, version })) => {
                self.release = Some(Release { id: id.clone(), version: version.clone() });
            }
            _ => {}
        }
        if let (Call::ReleaseLease { id, .. } | Call::Destroy { id, .. }, Reply::Done(_) | Reply::Absent) =
            (call, reply)
        {
            self.leases.remove(id);
        }
    }

    /// The fleet as it was before anything was done; what is not in it is not there.
    pub(super) fn begin_with(&mut self, machines: &[Arc<Machine>]) {
        self.before = machines.iter().map(|machine| (machine.id.clone(), Arc::clone(machine))).collect();
        let gone: Vec<String> = self.sightings.keys().filter(|id| !self.before.contains_key(*id)).cloned().collect();
        for id in gone {
            let asked_ms = self.listed_ms.unwrap_or(0);
            self.see(&id, Sighting { asked_ms, machine: None });
        }
    }

    pub(super) fn made(&mut self, slot: &str, machine: &Machine) {
        let green = Green { id: machine.id.clone(), instance_id: machine.instance_id.clone() };
        self.slot_of.insert(green.id.clone(), slot.to_owned());
        self.greens.insert(slot.to_owned(), green);
    }

    /// A machine that this plan made says so itself; when all is done, only its name still does.
    fn recognize(&mut self, machine: &Machine) {
        let slot = match Marks::of(machine) {
            Some(marks) => Some(marks.slot).filter(|_| marks.plan == self.deploy),
            None => {
                self.names.get(&machine.name).or_else(|| self.slot_in_name(machine).filter(|_| self.is_told)).cloned()
            }
        };
        let Some(slot) = slot.filter(|_| machine.is_live()) else { return };
        match self.greens.get(&slot) {
            Some(green) if green.id != machine.id => drop(self.surplus.insert(machine.id.clone())),
            Some(_) => {}
            None => self.made(&slot, machine),
        }
    }

    /// The slot that the name of a new machine speaks of, whichever run gave it: that of this deploy
    /// while it is not over.
    pub(super) fn slot_in_name(&self, machine: &Machine) -> Option<&String> {
        let is_new = !self.observed.contains(&machine.id) && machine.name.starts_with(name::PREFIX);
        let is_of = |slot: &&String| machine.name.strip_suffix(slot.as_str()).is_some_and(|run| run.ends_with('-'));
        let slots = self.names.values().filter(|_| is_new);
        slots.filter(is_of).max_by_key(|slot| slot.len())
    }

    fn see(&mut self, id: &str, sighting: Sighting) {
        self.count(id, |count| count - 1);
        match sighting.machine.as_deref() {
            Some(machine) if watch::sleeps(machine) => drop(self.sleepers.insert(id.to_owned(), None)),
            Some(machine) if is_up(machine) && !machine.is_passing() => {
                let slept = !self.sightings.contains_key(id) && self.has_rested(id);
                if let Some(since_ms) = self.sleepers.get_mut(id) {
                    since_ms.get_or_insert(sighting.asked_ms);
                } else if slept {
                    self.sleepers.insert(id.to_owned(), Some(sighting.asked_ms));
                }
            }
            _ => drop(self.sleepers.remove(id)),
        }
        self.sightings.insert(id.to_owned(), sighting);
        self.count(id, |count| count + 1);
    }

    fn forget(&mut self, id: &str) {
        self.count(id, |count| count - 1);
        self.sightings.remove(id);
    }

    fn revise(&mut self, id: &str, change: impl FnOnce(&mut Machine)) {
        self.count(id, |count| count - 1);
        if let Some(machine) = self.sightings.get_mut(id).and_then(|sighting| sighting.machine.as_mut()) {
            change(Arc::make_mut(machine));
        }
        self.count(id, |count| count + 1);
    }

    fn count(&mut self, id: &str, change: impl FnOnce(u64) -> u64) {
        if let Some(place) = self.seen(id).and_then(|machine| self.place(machine)) {
            let count = self.serving.entry(place).or_default();
            *count = change(*count);
        }
    }

    /// It was at rest before anybody of this run looked at it.
    fn has_rested(&self, id: &str) -> bool {
        self.resting.contains(self.slot_of.get(id).map_or(id, String::as_str))
    }

    /// It was at rest, and was started since, by the proxy or as by it: it has some time until its
    /// checks pass.
    pub(super) fn is_waking(&self, machine: &Machine, now_ms: u64) -> bool {
        let is_reachable = !machine.cordoned && machine.host_status == HostStatus::Ok;
        let may_take_ms = || WAKING_MS + watch::grace_ms(machine);
        let in_time = |since_ms: &Option<u64>| since_ms.is_none_or(|since_ms| now_ms < since_ms + may_take_ms());
        is_reachable && is_up(machine) && self.sleepers.get(&machine.id).is_some_and(in_time)
    }

    /// Where it serves, if it does.
    fn place(&self, machine: &Machine) -> Option<(String, String)> {
        let serves = machine.is_serving() && !self.leaving.contains(&machine.id);
        self.home(machine).filter(|_| serves)
    }

    /// Its group and its region.
    fn home(&self, machine: &Machine) -> Option<(String, String)> {
        let planned = || self.groups.get(&machine.id).map(String::as_str);
        Some((machine.group().or_else(planned)?.to_owned(), machine.region.clone()))
    }
}

/// An empty region is any.
fn is_of((group, region): &(String, String), floor: &Floored) -> bool {
    *group == floor.group && (floor.region.is_empty() || *region == floor.region)
}

const fn is_up(machine: &Machine) -> bool {
    matches!(machine.state, State::Starting | State::Started)
}

/// How long a machine may take from being started until its checks pass, beside their grace period.
const WAKING_MS: u64 = 30_000;
