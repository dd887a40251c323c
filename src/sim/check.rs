//! Watches a world for what must never happen, whoever acts on it: too few machines serving, and
//! machines touched that are nobody's business. It shares no code with planner or executor.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::fleet::{HostStatus, Machine, State};

/// Something that must not happen happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    pub t_ms: u64,
    pub what: String,
}

/// What is promised about a fleet, for the checker to hold whoever acts on it to.
#[derive(Debug, Clone, Default)]
pub struct Promise {
    /// The groups that machines count for, where they name none themselves, by id.
    pub groups: BTreeMap<String, String>,
    /// These groups are to go: nobody misses their machines.
    pub removed: BTreeSet<String>,
    /// These machines are not touched.
    pub untouched: BTreeSet<String>,
    /// These machines are destroyed only while as many others serve as are promised.
    pub replaced: BTreeSet<String>,
    /// What is promised to serve, per group and region, where it is not what serves at first.
    pub floors: BTreeMap<Place, u64>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Checker {
    promise: Arc<Promise>,
    /// How many machines served at the start, per group and region.
    floor: BTreeMap<Place, u64>,
    /// Since when each serves; those that did from the start, since 0.
    serving: BTreeMap<Place, BTreeMap<String, u64>>,
    /// Machines that serve, or would if they were not cordoned.
    up: BTreeSet<String>,
    /// When one of them last was so no more, by itself.
    lost_ms: BTreeMap<Place, u64>,
    breaches: Vec<Breach>,
}

/// A group and a region.
type Place = (String, String);

impl Checker {
    /// Whatever serves now is the floor, save in groups that are to go.
    pub(super) fn new<'a>(machines: impl Iterator<Item = &'a Machine>, promise: Promise) -> Self {
        let mut checker = Self { promise: Arc::new(promise), ..Self::default() };
        for machine in machines.filter(|machine| is_up(machine)) {
            checker.up.insert(machine.id.clone());
            if machine.cordoned {
                continue;
            }
            let place = checker.place(machine);
            if !checker.promise.removed.contains(&place.0) {
                *checker.floor.entry(place.clone()).or_default() += 1;
            }
            checker.serving.entry(place).or_default().insert(machine.id.clone(), 0);
        }
        let promised = checker.promise.floors.iter().map(|(place, floor)| (place.clone(), *floor));
        checker.floor.extend(promised);
        checker
    }

    pub(super) fn touched(&mut self, t_ms: u64, id: &str, what: &str) {
        if self.promise.untouched.contains(id) {
            self.breaches.push(Breach { t_ms, what: format!("{what} of {id}, which is no part of the plan") });
        }
    }

    /// After each change of a machine; gives the breach that it is. `is_up`: it serves unless it is
    /// cordoned. `called`: a call changed it, not the machine itself.
    pub(super) fn changed(&mut self, t_ms: u64, machine: &Machine, is_up: bool, called: bool) -> Option<Breach> {
        let place = self.place(machine);
        let serving = self.serving.entry(place.clone()).or_default();
        let was_up = if is_up { !self.up.insert(machine.id.clone()) } else { self.up.remove(&machine.id) };
        if is_up && !machine.cordoned {
            serving.entry(machine.id.clone()).or_insert(t_ms);
            return None;
        }
        let since_ms = serving.remove(&machine.id);
        if !called && (since_ms.is_some() || was_up && !is_up) {
            self.lost_ms.insert(place.clone(), t_ms);
        }
        // What serves only just now nobody could know of.
        let served = since_ms.is_some_and(|ms| ms == 0 || t_ms - ms > NOTICE_MS);
        let goes = machine.state == State::Destroyed && self.promise.replaced.contains(&machine.id);
        if !called || !served && !goes {
            return None;
        }
        let (count, floor) = (serving.len() as u64, self.floor.get(&place).copied().unwrap_or(0));
        if count >= floor || self.lost_ms.get(&place).is_some_and(|lost_ms| t_ms - lost_ms <= NOTICE_MS) {
            return None;
        }
        let (group, region) = place;
        let what = format!("{} left {count} of {floor} serving in {group}/{region}", machine.id);
        let breach = Breach { t_ms, what };
        self.breaches.push(breach.clone());
        Some(breach)
    }

    /// Of those that are replaced and those that replace them, the more.
    pub(super) fn promise_what_serves(&mut self) {
        for (place, floor) in &mut self.floor {
            let (old, new): (Vec<&String>, Vec<&String>) = self
                .serving
                .get(place)
                .into_iter()
                .flat_map(BTreeMap::keys)
                .partition(|id| self.promise.replaced.contains(*id));
            *floor = (old.len().max(new.len()) as u64).min(*floor);
        }
    }

    fn place(&self, machine: &Machine) -> Place {
        let promised = || self.promise.groups.get(&machine.id).map(String::as_str);
        let group = machine.group().or_else(promised).unwrap_or(DEFAULT_GROUP);
        (group.to_owned(), machine.region.clone())
    }

    pub(super) fn serving(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.serving.iter().map(|((group, region), ids)| (group.as_str(), region.as_str(), ids.len() as u64))
    }

    pub(super) fn breaches(&self) -> &[Breach] {
        &self.breaches
    }
}

/// It serves as the contracts define it, unless it is cordoned: started with its checks passing, or
/// stopped by the proxy, which starts it again.
pub(super) fn is_up(machine: &Machine) -> bool {
    let config = machine.config.as_ref();
    let awake = match machine.state {
        State::Started => machine.is_passing() || config.is_none_or(|config| config.check_kinds().next().is_none()),
        State::Stopped | State::Suspended => {
            config.is_some_and(|config| config.autostop() && config.autostart()) && !super::machine::crashed(machine)
        }
        _ => false,
    };
    awake && machine.host_status == HostStatus::Ok
}

/// Where flyctl counts a machine that names no group.
const DEFAULT_GROUP: &str = "app";

/// A death that is no older than this cannot be known to somebody who looks every two seconds.
const NOTICE_MS: u64 = 3_000;
