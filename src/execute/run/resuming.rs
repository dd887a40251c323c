//! Going on with what another run began: how far each step is follows from the fleet alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Execution, Fate, Intent, Opening, Stage};
use crate::execute::goal::Goal;
use crate::execute::job::Owner;
use crate::execute::{Leftover, OutcomeKind, Phase, name, steps};
use crate::fleet::{Machine, State};
use crate::plan::mark::{Course, Direction, ReleaseCommand};
use crate::plan::{Observed, Op, PlannedMachine, Step};

impl Execution {
    /// First the leases, where any can be had: with them, what the other run may still have on its
    /// way is refused. Then the fleet is read again, and believed.
    pub(super) fn take_over(&mut self) {
        if self.stage == Stage::Check && self.opening == Opening::Done {
            return self.go_on();
        }
        self.opening = Opening::Done;
        self.stage = Stage::Leasing;
        for place in 0..self.plan.steps.len() {
            if self.plan.steps[place].op == Op::Lease {
                let goals = steps::goals(place, 0, self.view()).unwrap_or_default();
                self.progress[place].open = goals.len();
                self.add_jobs(goals, Owner::Forward(place));
            }
        }
    }

    /// Every lease was asked for.
    pub(super) fn leased(&mut self) {
        if self.failures.is_empty() {
            self.stage = Stage::Check;
            return self.add_jobs(vec![Goal::ReadFleet], Owner::Check);
        }
        self.close_as_found("resume");
    }

    /// Nothing was done by this run, and the deploy is as far as it was. `verb`: the command that may
    /// bring it to an end.
    pub(super) fn close_as_found(&mut self, verb: &str) {
        let command = format!("cutover {verb} --app {}", self.plan.app);
        let is_odd = |planned: &&PlannedMachine| {
            let now = self.known.before.get(&planned.id);
            now.is_some_and(|now| now.cordoned != planned.observed.cordoned || now.state != planned.observed.state)
        };
        let blues = self.plan.machines.iter().filter(is_odd).map(|planned| &planned.id);
        let greens = self.known.greens.values().map(|green| &green.id);
        let why = "its deploy is neither finished nor taken back";
        let left = blues.chain(greens).map(|machine| Leftover {
            machine: machine.clone(),
            why: why.to_owned(),
            command: command.clone(),
        });
        let mut left: Vec<Leftover> = left.collect();
        if left.is_empty() {
            // Nothing shows, but for what was written down; a green may still be on its way.
            let machine = steps::notice_board(self.view()).unwrap_or_default();
            left.push(Leftover { machine, why: why.to_owned(), command });
        }
        // The command for the whole deploy stands for what each of its machines would need.
        self.left.retain(|known| left.iter().all(|new| new.machine != known.machine));
        self.left.extend(left);
        let message = format!("{}. The deploy is as far as it was.", self.failures.join("; "));
        self.close(OutcomeKind::NeedsAttention, message);
    }

    fn go_on(&mut self) {
        if let Some(slot) = self.unplanned() {
            self.failures.push(format!("{slot} was made only now"));
            return self.close_as_found("resume");
        }
        self.recall_the_blues();
        let is_done = self.what_was_done();
        let is_past = self.is_past
            || is_done.iter().zip(&self.plan.steps).any(|(is_done, step)| *is_done && step.op == Op::Destroy);
        for (progress, is_done) in self.progress.iter_mut().zip(is_done) {
            progress.is_done_before = is_done;
        }
        // Written anew, since the run before may have ended before it did; past the point of no
        // return the missing blues say enough.
        self.opening = if is_past { Opening::Done } else { Opening::Not };
        match self.intent {
            _ if is_past => self.enter(Stage::Finish, Phase::Finish),
            Some(Intent::Back) => {
                self.opening = Opening::Done;
                self.stage = Stage::Forward;
                self.turn_back("it was aborted".to_owned());
            }
            _ if self.is_release_command_lost() => {
                self.lost_release_command();
                self.failures.push("its release command was started before, and is not known to be done".to_owned());
                self.close_as_found("abort");
            }
            _ => self.enter(Stage::Forward, Phase::Forward),
        }
    }

    /// A machine of this deploy that came after its marks were read: there is no plan that knows it.
    fn unplanned(&self) -> Option<String> {
        let slots: BTreeSet<&str> = self.plan.steps.iter().filter_map(|step| step.slot.as_deref()).collect();
        self.known.greens.keys().find(|slot| !slots.contains(slot.as_str())).cloned()
    }

    /// What the blues were before the deploy began: as the plan observed them.
    fn recall_the_blues(&mut self) {
        for planned in &self.plan.machines {
            if let Some(machine) = self.known.before.get_mut(&planned.id) {
                recall(Arc::make_mut(machine), &planned.observed);
            }
        }
        let greens = self.known.greens.iter().filter_map(|(slot, green)| Some((slot, self.known.seen(&green.id)?)));
        let release_before = |slot: &str| {
            let blue = self.known.before.get(self.slots.get(slot)?.replaces.as_ref()?)?;
            name::release_of(blue)
        };
        self.known.release = greens
            .filter_map(|(slot, green)| {
                name::release_of(green).filter(|own| Some(own) != release_before(slot).as_ref())
            })
            .next();
    }

    /// Per step, whether it is done. What leaves no trace counts as done when something that came
    /// after it was; leases end with the run that took them.
    fn what_was_done(&mut self) -> Vec<bool> {
        let places: BTreeMap<&str, usize> =
            self.plan.steps.iter().enumerate().map(|(place, step)| (step.id.as_str(), place)).collect();
        let needs: Vec<Vec<usize>> = self
            .plan
            .steps
            .iter()
            .map(|step| step.needs.iter().filter_map(|need| places.get(need.as_str()).copied()).collect())
            .collect();
        let traces: Vec<Option<bool>> = self.plan.steps.iter().map(|step| self.trace(step)).collect();
        let held = self.held_at(&traces);
        let mut is_behind = vec![false; traces.len()];
        for place in (0..traces.len()).rev() {
            if is_behind[place] || traces[place] == Some(true) || held == Some(place) {
                needs[place].iter().for_each(|need| is_behind[*need] = true);
            }
        }
        let mut is_done = vec![false; traces.len()];
        for place in 0..traces.len() {
            let is_lease = |place: &usize| self.plan.steps[*place].op == Op::Lease;
            let follows = needs[place].iter().all(|need| is_done[*need] || is_lease(need));
            is_done[place] = traces[place].unwrap_or(is_behind[place] && follows && !is_lease(&place));
        }
        for (place, is_done) in is_done.iter().enumerate() {
            self.recall_fate(place, *is_done);
        }
        is_done
    }

    /// The hold at which somebody has to decide: the later one when the traffic has moved.
    fn held_at(&self, traces: &[Option<bool>]) -> Option<usize> {
        let mut courses = self.known.before.values().filter_map(|machine| Course::of(machine));
        let is_held = |course: &Course| course.plan == self.known.deploy && course.direction == Direction::Held;
        courses.find(is_held)?;
        let of = |op| (0..traces.len()).filter(move |place| self.plan.steps[*place].op == op);
        let has_moved = of(Op::Uncordon).any(|place| traces[place] == Some(true));
        if has_moved { of(Op::Hold).next_back() } else { of(Op::Hold).next() }
    }

    /// Whether the fleet shows that the step was done; `None` where it would not show.
    fn trace(&self, step: &Step) -> Option<bool> {
        let blue = step.machine.as_ref().map(|id| self.known.seen(id).filter(|machine| machine.is_live()));
        let green =
            step.slot.as_ref().map(|slot| self.known.greens.get(slot).and_then(|green| self.known.seen(&green.id)));
        match step.op {
            Op::Create => Some(green?.is_some_and(|green| green.state != State::Created)),
            Op::Uncordon => Some(green?.is_some_and(|green| !green.cordoned)),
            Op::Cordon => Some(blue?.is_none_or(|blue| blue.cordoned)),
            Op::Destroy => Some(blue?.is_none()),
            Op::ReleaseCommand if self.noted_release_command().is_some_and(|noted| noted.is_done) => Some(true),
            _ => None,
        }
    }

    fn recall_fate(&mut self, place: usize, is_done: bool) {
        let step = &self.plan.steps[place];
        let rests = |id: &String| self.known.seen(id).is_some_and(|blue| blue.state != State::Started && blue.cordoned);
        let fate = match step.op {
            // One may still be on its way, or missing in the list.
            Op::Create if !is_done => Fate::Maybe,
            Op::ReleaseCommand if self.is_release_command_lost() => Fate::Maybe,
            Op::Stop if step.machine.as_ref().is_some_and(rests) => Fate::Changed,
            Op::Create | Op::Uncordon | Op::Cordon | Op::Destroy | Op::ReleaseCommand if is_done => Fate::Changed,
            Op::ReleaseCommand | Op::MachineCheck
                if step.slot.as_ref().is_some_and(|slot| self.known.greens.contains_key(slot)) =>
            {
                Fate::Maybe
            }
            _ => return,
        };
        if let (Op::Uncordon, Some(slot)) = (step.op, &step.slot) {
            self.traffic.insert(slot.clone());
        }
        self.progress[place].fate = fate;
        self.progress[place].is_recalled = true;
    }

    fn noted_release_command(&self) -> Option<ReleaseCommand> {
        let noted = self.known.before.values().filter_map(|machine| ReleaseCommand::of(machine));
        noted.filter(|noted| noted.plan == self.known.deploy).max_by_key(|noted| noted.is_done)
    }

    /// It was begun, and neither ended nor still runs where this run could wait for it.
    fn is_release_command_lost(&self) -> bool {
        let goes_on = |(place, step): (usize, &Step)| {
            let is_there = step.slot.as_ref().is_some_and(|slot| self.known.greens.contains_key(slot));
            let is_one = step.op == Op::ReleaseCommand && step.request.is_some();
            is_one && (is_there || self.progress[place].is_done_before)
        };
        let is_begun = self.noted_release_command().is_some_and(|noted| !noted.is_done);
        is_begun && !self.plan.steps.iter().enumerate().any(goes_on)
    }
}

/// Its checks passed then, if it has any: they do not run while it is stopped.
fn recall(machine: &mut Machine, then: &Observed) {
    machine.state = then.state.clone();
    machine.cordoned = then.cordoned;
    if machine.state == State::Started {
        machine.checks.iter_mut().for_each(|check| check.status = "passing".to_owned());
    }
}
