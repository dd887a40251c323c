//! What machines do by themselves: boot, pass their checks, end, stop.

use super::{Held, Pending, Then, World};
use crate::fleet::{HostStatus, Machine, State};
use crate::sim::check;
use crate::sim::fault::{self, Act, Behaviour};
use crate::sim::machine::{self, End};

impl World {
    /// Something that happens by itself.
    pub(super) fn happen(&mut self, place: usize, then: Then) {
        match then {
            Then::Prepared { launch } => {
                if self.behaviours(place).contains(&Behaviour::NeverStarts) {
                    return;
                }
                if launch { self.boot(place) } else { self.enter(place, State::Stopped) }
            }
            Then::Booted => self.booted(place),
            Then::ChecksPass => {
                self.lives[place].is_routed = false;
                self.set_checks(place, "passing");
                self.plan_death(place);
            }
            Then::Dies => {
                self.trouble(place);
                self.exit(place, End::Code(1));
            }
            Then::Ended => self.ended(place),
            Then::Stopped => self.exit(place, End::Asked),
            Then::Elsewhere => {}
        }
        self.changed(place, false);
    }

    pub(super) fn boot(&mut self, place: usize) {
        let slept = self.machines[place].is_at_rest() && check::is_up(&self.machines[place]);
        self.enter(place, State::Starting);
        self.lives[place].is_routed = slept;
        self.set_checks(place, "critical");
        self.plan(place, self.settings.boot_ms, Then::Booted);
    }

    pub(super) fn booted(&mut self, place: usize) {
        let t_ms = self.now_ms;
        machine::push_event(self.machine_mut(place), t_ms, "start", "started", None);
        self.enter(place, State::Started);
        let behaviours = self.behaviours(place);
        if behaviours.contains(&Behaviour::ExitsOnStart) {
            self.trouble(place);
            self.exit(place, End::Code(1));
        } else if self.is_for_one_command(place) {
            if !behaviours.contains(&Behaviour::Hangs) {
                self.plan(place, self.settings.command_ms, Then::Ended);
            }
        } else if self.machines[place].checks.is_empty() {
            self.plan_death(place);
        } else if !behaviours.contains(&Behaviour::NeverHealthy) {
            self.plan(place, self.settings.check_ms, Then::ChecksPass);
        }
    }

    fn is_for_one_command(&self, place: usize) -> bool {
        let config = self.machines[place].config.as_ref();
        config.is_some_and(|config| config.get("auto_destroy") == Some(&true.into()))
    }

    fn ended(&mut self, place: usize) {
        let code = self.behaviours(place).into_iter().find_map(|behaviour| match behaviour {
            Behaviour::Exits { code } => Some(i64::from(code)),
            _ => None,
        });
        self.exit(place, End::Code(code.unwrap_or(0)));
        self.enter(place, State::Destroyed);
    }

    pub(super) fn plan_death(&mut self, place: usize) {
        for behaviour in self.behaviours(place) {
            if let Behaviour::Dies { after_ms } = behaviour {
                self.plan(place, after_ms, Then::Dies);
            }
        }
    }

    pub(super) fn exit(&mut self, place: usize, end: End) {
        let (t_ms, request) = (self.now_ms, machine::exit_event(end));
        machine::push_event(self.machine_mut(place), t_ms, "exit", "stopped", Some(request));
        self.set_checks(place, "critical");
        self.enter(place, State::Stopped);
    }

    pub(super) fn set_checks(&mut self, place: usize, status: &str) {
        let machine = self.machine_mut(place);
        if let Some(config) = &machine.config {
            machine.checks = machine::check_results(config, status);
        }
        if self.trace_lines > 0 && !self.machines[place].checks.is_empty() {
            let id = self.machines[place].id.clone();
            self.note("machine", "checks", &id, format_args!("checks {status}"));
        }
    }

    pub(super) fn enter(&mut self, place: usize, state: State) {
        let life = &mut self.lives[place];
        life.turn += 1;
        life.is_routed &= state == State::Started;
        if self.trace_lines > 0 {
            let id = self.machines[place].id.clone();
            self.note("machine", "state", &id, &state);
        }
        self.machine_mut(place).state = state;
    }

    pub(super) fn behaviours(&self, place: usize) -> Vec<Behaviour> {
        let machine = &self.machines[place];
        self.faults.behaviours(&machine.id, &machine.name).cloned().collect()
    }

    pub(super) fn trouble(&mut self, place: usize) {
        self.troubled.insert(self.machines[place].id.clone());
    }

    /// Somebody else does something to a machine, if it is there by now.
    pub(super) fn elsewhere(&mut self, fault: usize) {
        let Some((machine, act)) = self.faults.act(fault) else { return };
        let is_meant =
            |known: &&std::sync::Arc<Machine>| known.is_live() && fault::is_named(&machine, &known.id, &known.name);
        let Some(place) = self.machines.iter().find(is_meant).and_then(|known| self.places.get(&known.id).copied())
        else {
            return;
        };
        let id = self.machines[place].id.clone();
        self.note("somebody", "does", &id, format_args!("{act:?}"));
        self.trouble(place);
        match act {
            Act::Destroyed => drop(self.destroy(place)),
            Act::Stopped => self.exit(place, End::Asked),
            // What runs already is not started anew.
            Act::Started => drop(self.start(place)),
            Act::Cordoned => drop(self.cordon(place, true)),
            Act::Uncordoned => drop(self.cordon(place, false)),
            Act::Killed => self.exit(place, End::OutOfMemory),
            Act::Unwell => self.set_checks(place, "critical"),
            Act::Leased => {
                self.lives[place].lease = Some(Held::elsewhere(self.now_ms + SOMEBODYS_LEASE_MS));
            }
            Act::HostLost => self.machine_mut(place).host_status = HostStatus::Unreachable,
            Act::HostBack => self.machine_mut(place).host_status = HostStatus::Ok,
            Act::Scaled => self.scale(place),
        }
        self.changed(place, false);
    }

    /// Another machine like this one.
    fn scale(&mut self, place: usize) {
        let mut machine = Machine::clone(&self.machines[place]);
        machine.id = format!("{:014x}", self.random.next() & 0xff_ffff_ffff_ffff);
        machine.name = format!("scaled-{}", &machine.id[..6]);
        let place = self.add(machine);
        self.trouble(place);
        self.changed(place, false);
    }

    pub(super) fn plan(&mut self, place: usize, after_ms: u64, then: Then) {
        self.planned += 1;
        let pending = Pending { place, turn: self.lives[place].turn, then };
        self.pending.insert((self.now_ms + after_ms, self.planned), pending);
    }
}

const SOMEBODYS_LEASE_MS: u64 = 20_000;
