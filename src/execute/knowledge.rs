//! What a run knows of the fleet: learned from replies, and from nothing else.

use std::collections::BTreeMap;

use super::{Answer, Call, Reply};
use crate::fleet::{Machine, State};

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
    /// Every machine as it was before anything was done.
    pub before: BTreeMap<String, Machine>,
    /// The machines made so far, by slot.
    pub greens: BTreeMap<String, Green>,
    /// The leases held, by machine.
    pub leases: BTreeMap<String, Held>,
    /// The last look at each machine, by id.
    pub sightings: BTreeMap<String, Sighting>,
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

#[derive(Debug, Clone)]
pub(super) struct Sighting {
    /// When the question was asked: the answer may be as old as this.
    pub asked_ms: u64,
    /// `None`: there is no such machine.
    pub machine: Option<Machine>,
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
    /// The id of the target, once it exists.
    pub(super) fn id<'a>(&'a self, target: &'a Target) -> Option<&'a str> {
        match target {
            Target::Machine(id) => Some(id),
            Target::Slot(slot) => self.greens.get(slot).map(|green| green.id.as_str()),
        }
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

    /// The look at a machine, if it is recent enough to act on.
    pub(super) fn fresh(&self, id: &str, now_ms: u64, oldest_ms: u64) -> Option<&Sighting> {
        self.sightings.get(id).filter(|sighting| now_ms.saturating_sub(sighting.asked_ms) <= oldest_ms)
    }

    /// `asked_ms`: when the call was made; a lease counts from then, so that we never believe in
    /// it longer than Fly does.
    pub(super) fn learn(&mut self, call: &Call, reply: &Reply, asked_ms: u64) {
        match (call, reply) {
            (Call::GetMachine { id }, Reply::Done(Answer::Machine(machine))) => {
                self.sightings.insert(id.clone(), Sighting { asked_ms, machine: Some((**machine).clone()) });
            }
            (Call::GetMachine { id }, Reply::Absent) => {
                self.sightings.insert(id.clone(), Sighting { asked_ms, machine: None });
            }
            (Call::AcquireLease { id, ttl_s, .. }, Reply::Done(Answer::Lease { nonce, .. })) => {
                let expires_ms = asked_ms.saturating_add(ttl_s.saturating_mul(1_000));
                self.leases.insert(id.clone(), Held { nonce: nonce.clone(), expires_ms });
            }
            (Call::ReleaseLease { id, .. } | Call::Destroy { id, .. }, Reply::Done(_) | Reply::Absent) => {
                self.leases.remove(id);
            }
            _ => {}
        }
    }

    pub(super) fn made(&mut self, slot: &str, machine: &Machine) {
        let green = Green { id: machine.id.clone(), instance_id: machine.instance_id.clone() };
        self.greens.insert(slot.to_owned(), green);
    }
}
