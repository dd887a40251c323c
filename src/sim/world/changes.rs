//! What calls change about machines: that they are there, their state, their cordon, their lease.

use std::sync::Arc;

use super::{Held, Then, World};
use crate::execute::{Answer, Reply, Why};
use crate::fleet::{Lease, State};
use crate::plan::CreateRequest;
use crate::sim::fault::Behaviour;
use crate::sim::machine;

impl World {
    pub(super) fn create(&mut self, name: &str, request: &CreateRequest) -> Reply {
        // A destroyed machine keeps its name for a while.
        if let Some(other) = self.machines.iter().find(|machine| !name.is_empty() && machine.name == name) {
            let message = format!(
                "already_exists: unique machine name violation, machine ID {} already exists with name \"{name}\"",
                other.id
            );
            return Reply::Refused(Why::NameTaken { holder: Some(other.id.clone()), message });
        }
        let mut machine = machine::created(name.to_owned(), request, &mut self.random);
        machine::push_event(&mut machine, self.now_ms, "launch", "created", None);
        let place = self.add(machine);
        self.changed(place, true);
        self.plan(place, self.settings.prepare_ms, Then::Prepared { launch: !request.skip_launch });
        Reply::Done(Answer::Machine(Arc::clone(&self.machines[place])))
    }

    pub(super) fn lease(&mut self, place: usize, ttl_s: u64, nonce: Option<&String>) -> Reply {
        let id = self.machines[place].id.clone();
        self.checker.touched(self.now_ms, &id, "lease");
        let nonce = match (self.held(place), nonce) {
            (Some(held), nonce) if nonce != Some(&held.nonce) => {
                return Reply::Refused(Why::LeaseHeld { owner: held.owner.clone() });
            }
            (Some(held), _) => held.nonce.clone(),
            (None, Some(_)) => return Reply::Absent,
            (None, None) => format!("{:012x}", self.random.next() & 0xffff_ffff_ffff),
        };
        let expires_ms = self.now_ms.saturating_add(ttl_s.saturating_mul(1_000));
        self.lives[place].lease = Some(Held { nonce: nonce.clone(), owner: OWNER.to_owned(), expires_ms });
        Reply::Done(Answer::Lease { nonce, instance_id: self.machines[place].instance_id.clone() })
    }

    pub(super) fn release(&mut self, place: usize, nonce: &str) -> Reply {
        match self.held(place) {
            None => Reply::Absent,
            Some(held) if held.nonce != nonce => Reply::Refused(Why::LeaseHeld { owner: held.owner.clone() }),
            Some(_) => {
                self.lives[place].lease = None;
                Reply::Done(Answer::Ok)
            }
        }
    }

    /// The lease of a machine, its holder's name and when it ends, while it holds.
    pub fn lease_of(&self, id: &str) -> Option<Lease> {
        let held = self.held(*self.places.get(id)?)?;
        let expires_at = i64::try_from(held.expires_ms / 1_000).unwrap_or(i64::MAX);
        Some(Lease { owner: held.owner.clone(), expires_at, description: String::new() })
    }

    pub(super) fn held(&self, place: usize) -> Option<&Held> {
        self.lives[place].lease.as_ref().filter(|held| held.expires_ms > self.now_ms)
    }

    pub(super) fn cordon(&mut self, place: usize, cordoned: bool) -> Reply {
        self.machine_mut(place).cordoned = cordoned;
        self.lives[place].cordoned_ms = cordoned.then_some(self.now_ms);
        Reply::Done(Answer::Ok)
    }

    pub(super) fn start(&mut self, place: usize) -> Reply {
        match &self.machines[place].state {
            State::Started | State::Starting => Reply::Done(Answer::Ok),
            State::Stopped | State::Suspended | State::Failed => {
                self.boot(place);
                Reply::Done(Answer::Ok)
            }
            other => {
                let message = format!("failed_precondition: unable to start machine from current state: '{other}'");
                Reply::Refused(Why::WrongState { message })
            }
        }
    }

    pub(super) fn stop(&mut self, place: usize) -> Reply {
        if !matches!(self.machines[place].state, State::Stopped | State::Stopping) {
            self.enter(place, State::Stopping);
            let slowly = self.behaviours(place).into_iter().find_map(|behaviour| match behaviour {
                Behaviour::StopsSlowly { ms } => Some(ms),
                _ => None,
            });
            let takes_ms = self.stops_in_ms(place, slowly.unwrap_or(self.settings.stop_ms));
            self.plan(place, takes_ms, Then::Stopped);
        }
        Reply::Done(Answer::Ok)
    }

    pub(super) fn destroy(&mut self, place: usize) -> Reply {
        self.machine_mut(place).checks.clear();
        self.lives[place].lease = None;
        self.enter(place, State::Destroyed);
        Reply::Done(Answer::Ok)
    }
}

/// Who holds the leases taken through calls.
const OWNER: &str = "sim";
