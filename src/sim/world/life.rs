//! What machines do by themselves: boot, pass their checks, end, stop.

use super::{Pending, Then, World};
use crate::fleet::State;
use crate::sim::fault::Behaviour;
use crate::sim::machine;

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
                self.set_checks(place, "passing");
                self.plan_death(place);
            }
            Then::Dies => self.exit(place, 1, false),
            Then::Ended => self.ended(place),
            Then::Stopped => self.exit(place, 0, true),
        }
        self.changed(place, false);
    }

    pub(super) fn boot(&mut self, place: usize) {
        self.enter(place, State::Starting);
        self.set_checks(place, "critical");
        self.plan(place, self.settings.boot_ms, Then::Booted);
    }

    pub(super) fn booted(&mut self, place: usize) {
        let t_ms = self.now_ms;
        machine::push_event(&mut self.machines[place], t_ms, "start", "started", None);
        self.enter(place, State::Started);
        let behaviours = self.behaviours(place);
        if behaviours.contains(&Behaviour::ExitsOnStart) {
            self.exit(place, 1, false);
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
        config.is_some_and(|config| config.0.get("auto_destroy") == Some(&true.into()))
    }

    fn ended(&mut self, place: usize) {
        let code = self.behaviours(place).into_iter().find_map(|behaviour| match behaviour {
            Behaviour::Exits { code } => Some(code),
            _ => None,
        });
        self.exit(place, code.unwrap_or(0), false);
        self.enter(place, State::Destroyed);
    }

    pub(super) fn plan_death(&mut self, place: usize) {
        for behaviour in self.behaviours(place) {
            if let Behaviour::Dies { after_ms } = behaviour {
                self.plan(place, after_ms, Then::Dies);
            }
        }
    }

    pub(super) fn exit(&mut self, place: usize, code: i64, requested: bool) {
        let request = machine::exit_event(code, requested);
        machine::push_event(&mut self.machines[place], self.now_ms, "exit", "stopped", Some(request));
        self.set_checks(place, "critical");
        self.enter(place, State::Stopped);
    }

    pub(super) fn set_checks(&mut self, place: usize, status: &str) {
        let machine = &mut self.machines[place];
        if let Some(config) = &machine.config {
            machine.checks = machine::check_results(config, status);
        }
        let (id, detail) = (machine.id.clone(), format!("checks {status}"));
        if !self.machines[place].checks.is_empty() {
            self.note("machine", "checks", &id, &detail);
        }
    }

    pub(super) fn enter(&mut self, place: usize, state: State) {
        self.lives[place].turn += 1;
        let id = self.machines[place].id.clone();
        self.note("machine", "state", &id, state.as_str());
        self.machines[place].state = state;
    }

    pub(super) fn behaviours(&self, place: usize) -> Vec<Behaviour> {
        let machine = &self.machines[place];
        self.faults.behaviours(&machine.id, &machine.name).cloned().collect()
    }

    pub(super) fn plan(&mut self, place: usize, after_ms: u64, then: Then) {
        self.planned += 1;
        let pending = Pending { place, turn: self.lives[place].turn, then };
        self.pending.insert((self.now_ms + after_ms, self.planned), pending);
    }
}
