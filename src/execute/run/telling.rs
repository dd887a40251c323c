//! What a run tells whoever watches: steps as they go, and machines when they are seen changed.

use std::sync::Arc;

use super::Execution;
use crate::execute::stale::Difference;
use crate::execute::{Answer, Call, Event, Reply, StepState, watch};
use crate::fleet::{Machine, State};

impl Execution {
    pub(super) fn tell_step(&mut self, place: usize, state: StepState, message: Option<String>) {
        self.progress[place].is_running = state == StepState::Running;
        let step = self.plan.steps[place].id.to_string();
        self.out.events.push(Event::Step { step, state, message, by_earlier_run: false });
    }

    pub(super) fn tell_done_before(&mut self, place: usize) {
        let step = self.plan.steps[place].id.to_string();
        self.out.events.push(Event::Step { step, state: StepState::Done, message: None, by_earlier_run: true });
    }

    /// What a call shows of a machine, if it is news.
    pub(super) fn tell_machine(&mut self, call: &Call, reply: &Reply) {
        match (call, reply) {
            (_, Reply::Done(Answer::Machine(machine))) => self.tell_seen(machine),
            // Of a list only what belongs to the deploy: the rest is nobody's news.
            (_, Reply::Done(Answer::Machines(machines))) => {
                let is_told = |machine: &&Arc<Machine>| {
                    self.told.contains_key(&machine.id) || self.known.slot_of(&machine.id).is_some()
                };
                let told: Vec<&Arc<Machine>> = machines.iter().filter(is_told).collect();
                told.into_iter().for_each(|machine| self.tell_seen(machine));
            }
            (Call::Wait { id, state, .. }, Reply::Done(_)) => self.tell_state(id, state),
            (Call::Destroy { id, .. }, Reply::Done(_) | Reply::Absent) => self.tell_state(id, &State::Destroyed),
            _ => {}
        }
    }

    pub(super) fn tell_differences(&mut self, differences: &[Difference]) {
        for Difference { machine, what, matters, why } in differences {
            let (id, what, why) = (machine.clone(), what.clone(), (*why).to_owned());
            self.out.events.push(Event::Change { machine: id, what, matters: *matters, why });
            if let Some(seen) = self.known.before.get(machine).filter(|_| !matters) {
                let state = seen.state.clone();
                self.tell_state(machine, &state);
            }
        }
    }

    pub(super) fn tell_state(&mut self, id: &str, state: &State) {
        let (passing, total) = self.told.get(id).map_or((0, 0), |(_, passing, total)| (*passing, *total));
        self.tell_if_news(id, (state.clone(), passing, total));
    }

    pub(super) fn tell_seen(&mut self, machine: &Machine) {
        let (passing, total) = watch::checks(machine);
        self.tell_if_news(&machine.id, (machine.state.clone(), passing, total));
    }

    pub(super) fn tell_if_news(&mut self, id: &str, news: (State, u64, u64)) {
        if self.told.get(id) == Some(&news) {
            return;
        }
        let slot = self.known.slot_of(id).cloned();
        let (state, checks_passing, checks_total) = news.clone();
        self.told.insert(id.to_owned(), news);
        self.out.events.push(Event::Machine { id: id.to_owned(), slot, state, checks_passing, checks_total });
    }
}
