//! Going on with what another run began: how far each step is follows from the fleet alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Execution, Fate, Intent, Notice, Progress, Stage};
use crate::execute::flaw::Flaw;
use crate::execute::goal::Goal;
use crate::execute::job::{LIST_LAG_MS, Owner};
use crate::execute::order::Order;
use crate::execute::{Leftover, OutcomeKind, Phase, name, steps};
use crate::fleet::{Machine, State};
use crate::plan::mark::{Direction, ReleaseCommand};
use crate::plan::{Observed, Op, PlannedMachine, Step};

impl Execution {
    /// Where a lease was lost another run may have gone on: what this one knows of its steps need not
    /// hold any more.
    pub(super) fn look_again(&mut self) {
        self.failures.clear();
        self.intent = Some(Intent::Back);
        let is_leased = |step: &Step| {
            step.op == Op::Lease && step.machine.as_ref().is_some_and(|id| self.known.nonce(id).is_some())
        };
        let fate = |step| if is_leased(step) { Fate::Changed } else { Fate::Untouched };
        self.progress =
            self.plan.steps.iter().map(|step| Progress { fate: fate(step), ..Progress::default() }).collect();
        self.order = Order::forward(&self.plan.steps);
        self.traffic.clear();
        self.take_over();
    }

    /// First the leases, where any can be had: with them, what the other run may still have on its
    /// way is refused. Then the fleet is read again, and believed.
    pub(super) fn take_over(&mut self) {
        self.stage = Stage::Leasing;
        for place in 0..self.plan.steps.len() {
            let step = &self.plan.steps[place];
            if step.op == Op::Lease {
                let goals: Vec<Goal> = steps::lease(step, self.view()).into_iter().collect();
                self.progress[place].open = goals.len();
                self.add_jobs(goals, Owner::Forward(place));
            }
        }
    }

    /// Every lease was asked for, and nobody else's is left: those that keep the proxy from starting a
    /// machine are given back.
    pub(super) fn leased(&mut self) {
        self.stage = Stage::Recheck;
        let may_be_woken = |id: &&String| self.known.seen(id).is_some_and(steps::may_be_woken);
        let woken = self.known.leases.keys().filter(may_be_woken).cloned();
        let goals = woken.map(|machine| Goal::Released { machine }).collect();
        self.add_jobs(goals, Owner::Turning);
        // Before it is left to others, all that the run before may have made has to be seen.
        let since_ms = match &self.overtaken {
            Some(_) => self.now_ms + LIST_LAG_MS,
            None if self.failures.is_empty() => self.now_ms,
            None => self.since_ms + LIST_LAG_MS,
        };
        self.add_jobs(vec![Goal::ReadFleet { since_ms }], Owner::Check);
    }

    /// Nothing was done by this run, and the deploy is as far as it was. `verb`: the command that may
    /// bring it to an end.
    pub(super) fn close_as_found(&mut self, verb: &str) {
        let command = format!("cutover {verb} --app {}", self.plan.app);
        let why = "its deploy is neither finished nor taken back";
        let left = self.half_done().map(|machine| Leftover {
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

    /// Machines that the deploy made, and blues that are not what they were.
    fn half_done(&self) -> impl Iterator<Item = &String> {
        let is_odd = |planned: &&PlannedMachine| {
            let is_lost = || self.known.before.contains_key(&planned.id) && !self.known.is_gone(&planned.id);
            let was = &planned.observed;
            let now = self.known.seen(&planned.id);
            now.map_or_else(is_lost, |now| now.cordoned != was.cordoned || now.state != was.state)
        };
        let blues = self.plan.machines.iter().filter(is_odd).map(|planned| &planned.id);
        let greens = self.known.greens.values().map(|green| &green.id);
        blues.chain(greens).chain(&self.known.surplus)
    }

    pub(super) fn is_half_done(&self) -> bool {
        self.known.boards().chain(self.half_done()).next().is_some()
    }

    /// It came to its end, and took away all that told of it: no machine is left that was to go, and
    /// each slot has one, by its name and its image.
    pub(super) fn is_over(&self) -> bool {
        let is_live = |id: &String| self.known.before.get(id).is_some_and(|machine| machine.is_live());
        let mut goes = self.plan.steps.iter().filter(|step| self.takes_away(step));
        let is_made = |step: &Step| {
            let image = step.request.as_ref().and_then(|request| request.config.image());
            let is_its_own = |machine: &&Arc<Machine>| {
                let runs = machine.config.as_ref().and_then(|config| config.image());
                machine.is_live() && runs == image && self.known.slot_in_name(machine) == step.slot.as_ref()
            };
            self.known.before.values().filter(is_its_own).count() == 1
        };
        let mut creates = self.plan.steps.iter().filter(|step| step.op == Op::Create);
        !self.known.is_told && goes.all(|step| !step.machine.as_ref().is_some_and(is_live)) && creates.all(is_made)
    }

    pub(super) fn go_on(&mut self, intent: Intent) {
        self.failures.extend(self.unplanned().map(|slot| format!("{slot} was made only now")));
        if !self.failures.is_empty() {
            return self.close_as_found("resume");
        }
        let why = self.overtaken.take();
        self.recall_the_blues();
        let is_noted = self.known.direction() == Some(Direction::Past) || self.options.has(Flaw::InferThePoint);
        self.is_past |= self.has_no_way_back(is_noted);
        if self.is_past && self.is_partial() {
            self.failures.push("it can be finished only, and only its plan tells what is left to do".to_owned());
            return self.close_as_found("resume PLAN");
        }
        let is_done = self.what_was_done(is_noted);
        for (progress, is_done) in self.progress.iter_mut().zip(is_done) {
            progress.is_done_before = is_done;
        }
        match intent {
            Intent::Back if !self.is_past => {
                self.notice = Notice::Told(Direction::Forward);
                self.stage = Stage::Forward;
                self.turn_back(why.unwrap_or_else(|| "it was to be taken back".to_owned()));
            }
            _ if !is_noted && self.is_release_command_lost() => {
                self.lost_release_command();
                self.failures.push("its release command was started before, and is not known to be done".to_owned());
                self.close_as_found("abort");
            }
            _ if self.is_past => {
                self.notice = Notice::Told(Direction::Past);
                self.enter(Stage::Finish, Phase::Finish);
            }
            // Written anew, since the run before may have ended before it did.
            _ => {
                self.notice = Notice::Nothing;
                self.enter(Stage::Forward, Phase::Forward);
            }
        }
    }

    /// The deploy destroyed a blue, having written so before; or none is left. Otherwise somebody
    /// else took what is missing, and there is a way back to what is there.
    fn has_no_way_back(&self, is_noted: bool) -> bool {
        let goes = self.plan.steps.iter().filter(|step| self.takes_away(step)).filter_map(|step| step.machine.as_ref());
        let (there, gone): (Vec<&String>, Vec<&String>) = goes.partition(|id| self.is_there(id));
        !gone.is_empty() && (is_noted || there.is_empty())
    }

    fn is_there(&self, id: &str) -> bool {
        self.known.seen(id).is_some_and(Machine::is_live)
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
    fn what_was_done(&mut self, is_noted: bool) -> Vec<bool> {
        let places: BTreeMap<&str, usize> =
            self.plan.steps.iter().enumerate().map(|(place, step)| (step.id.as_str(), place)).collect();
        let needs: Vec<Vec<usize>> = self
            .plan
            .steps
            .iter()
            .map(|step| step.needs.iter().filter_map(|need| places.get(need.as_str()).copied()).collect())
            .collect();
        let traces: Vec<Trace> = self.plan.steps.iter().map(|step| self.trace(step, is_noted)).collect();
        let is_reached = reached(&traces, &needs);
        let held = self.held_at(&traces);
        let mut is_behind = vec![false; traces.len()];
        for place in (0..traces.len()).rev() {
            let is_evidence = traces[place] == Trace::Done && (is_noted || is_reached[place]);
            if is_behind[place] || is_evidence || held == Some(place) {
                needs[place].iter().for_each(|need| is_behind[*need] = true);
            }
        }
        let mut is_done = vec![false; traces.len()];
        for place in 0..traces.len() {
            let is_lease = |place: &usize| self.plan.steps[*place].op == Op::Lease;
            let follows = needs[place].iter().all(|need| is_done[*need] || is_lease(need));
            is_done[place] = match traces[place] {
                Trace::Done | Trace::Moot => true,
                Trace::Undone => false,
                Trace::Hidden => is_behind[place] && follows && !is_lease(&place),
            };
        }
        for (place, is_done) in is_done.iter().enumerate().filter(|(place, _)| traces[*place] != Trace::Moot) {
            self.recall_fate(place, *is_done);
        }
        is_done
    }

    /// The hold at which somebody has to decide: the later one when the traffic has moved.
    fn held_at(&self, traces: &[Trace]) -> Option<usize> {
        if self.known.direction() != Some(Direction::Held) {
            return None;
        }
        let of = |op| (0..traces.len()).filter(move |place| self.plan.steps[*place].op == op);
        let has_moved = of(Op::Uncordon).any(|place| traces[place] == Trace::Done);
        if has_moved { of(Op::Hold).next_back() } else { of(Op::Hold).next() }
    }

    /// What the fleet shows of the step. `is_noted`: it was written that blues go.
    fn trace(&self, step: &Step, is_noted: bool) -> Trace {
        let blue = step.machine.as_ref().and_then(|id| self.known.seen(id)).filter(|machine| machine.is_live());
        let green = step.slot.as_ref().and_then(|slot| self.known.greens.get(slot));
        let green = green.and_then(|green| self.known.seen(&green.id));
        let is_done = match step.op {
            Op::Create => green.is_some_and(|green| green.state != State::Created),
            Op::Uncordon => green.is_some_and(|green| !green.cordoned),
            Op::Cordon | Op::Destroy if blue.is_none() && !is_noted && !self.is_past => return Trace::Moot,
            Op::Cordon => blue.is_none_or(|blue| blue.cordoned),
            Op::Destroy => blue.is_none(),
            Op::ReleaseCommand if self.noted_release_command().is_some_and(|noted| noted.is_done) => true,
            _ => return Trace::Hidden,
        };
        if is_done { Trace::Done } else { Trace::Undone }
    }

    fn recall_fate(&mut self, place: usize, is_done: bool) {
        let step = &self.plan.steps[place];
        let may_sleep = |blue: &Machine| blue.config.as_ref().is_some_and(|config| config.autostop());
        let sleeps = |blue: &Machine| blue.is_at_rest() && !blue.cordoned && may_sleep(blue);
        let rests = |id: &String| self.known.seen(id).is_some_and(|blue| blue.state != State::Started && !sleeps(blue));
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
            Op::Uncordon if self.may_still_work(step) => Fate::Maybe,
            _ => return,
        };
        if let (Op::Uncordon, Some(slot), true) = (step.op, &step.slot, is_done) {
            self.traffic.insert(slot.clone());
        }
        self.progress[place].fate = fate;
        self.progress[place].is_recalled = true;
    }

    /// A green that another run, going back, may have cordoned just now: requests may be under way in it.
    fn may_still_work(&self, step: &Step) -> bool {
        let green = step.slot.as_ref().and_then(|slot| self.known.greens.get(slot));
        let seen = green.and_then(|green| self.known.seen(&green.id));
        self.known.direction() == Some(Direction::Back) && seen.is_some_and(|green| green.state == State::Started)
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

/// Per step, whether the deploy may have come to it. What seems done though something before it is
/// not may be somebody else's doing.
fn reached(traces: &[Trace], needs: &[Vec<usize>]) -> Vec<bool> {
    let mut is_reached: Vec<bool> = Vec::with_capacity(traces.len());
    for needs in needs {
        is_reached.push(needs.iter().all(|need| is_reached[*need] && traces[*need] != Trace::Undone));
    }
    is_reached
}

/// What the fleet shows of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trace {
    Done,
    Undone,
    /// Its machine is gone, without our doing: nothing is left to do.
    Moot,
    /// Nothing.
    Hidden,
}

/// Its checks passed then, if it has any: they do not run while it is stopped.
fn recall(machine: &mut Machine, then: &Observed) {
    machine.state = then.state.clone();
    machine.cordoned = then.cordoned;
    if machine.state == State::Started {
        machine.checks.iter_mut().for_each(|check| check.status = "passing".to_owned());
    }
}
