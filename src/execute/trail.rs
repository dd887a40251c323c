//! What a run was seen to do, for when nobody waits for its end: what it leaves behind, and the one
//! command that finishes it. Knows only the plan and the events that were told.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::name::machine_name;
use super::{Event, Leftover, Options, Outcome, OutcomeKind, Phase, StepState, steps};
use crate::fleet::State;
use crate::plan::{Op, Plan, PlannedMachine, Step};

pub struct Trail {
    plan: Arc<Plan>,
    run: String,
    lease_ttl_s: u64,
    handle: Handle,
    /// Another run began the deploy, and may have done what this one tells nothing of.
    resumes: bool,
    stretch: Stretch,
    /// By step.
    states: BTreeMap<String, StepState>,
    /// Slot -> id.
    greens: BTreeMap<String, String>,
}

/// How commands name the deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handle {
    /// Its plan is saved here; as a shell reads it.
    Plan(String),
    /// By its app: the marks tell the rest.
    App,
}

/// How far the run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stretch {
    /// It looks, and has changed nothing.
    Check,
    /// There is a way back.
    Open,
    /// A blue is destroyed, or may be.
    Past,
    Over,
}

impl Trail {
    pub(super) fn new(plan: Arc<Plan>, options: &Options, resumes: bool, handle: Handle) -> Self {
        Self {
            plan,
            run: options.run.clone(),
            lease_ttl_s: options.lease_ttl_s,
            handle,
            resumes,
            stretch: Stretch::Check,
            states: BTreeMap::new(),
            greens: BTreeMap::new(),
        }
    }

    pub fn see(&mut self, event: &Event) {
        match event {
            Event::Phase { phase: Phase::Check } => {}
            Event::Phase { phase: Phase::Finish } => self.stretch = Stretch::Past,
            Event::Phase { phase: Phase::Forward | Phase::Back } => self.stretch = self.stretch.max(Stretch::Open),
            Event::Step { step, state, .. } => {
                self.states.insert(step.clone(), *state);
            }
            Event::Machine { slot: Some(slot), state: State::Destroyed, .. } => drop(self.greens.remove(slot)),
            Event::Machine { id, slot: Some(slot), .. } => {
                self.greens.insert(slot.clone(), id.clone());
            }
            Event::Done { .. } => self.stretch = Stretch::Over,
            _ => {}
        }
    }

    /// How the run ends when it is stopped here and now. One command finishes all of it: it waits
    /// for the leases that this run leaves, and looks before it destroys. Commands for each machine
    /// would be right in one order only, and be refused as long as the leases hold.
    pub fn abandoned(&self) -> Outcome {
        let is_begun = self.stretch > Stretch::Check || self.resumes;
        let (rest, left) = match is_begun && self.stretch < Stretch::Over {
            true => (self.rest(), self.left()),
            false => ("Nothing is left to do.".to_owned(), Vec::new()),
        };
        let message = format!("Stopped at once by a second signal. {rest}");
        Outcome { kind: OutcomeKind::NeedsAttention, message, left }
    }

    fn rest(&self) -> String {
        let (finish, ttl_s) = (self.command(), self.lease_ttl_s);
        let leases = format!("It waits for the leases of this run, which may hold for {ttl_s} s more.");
        match self.stretch {
            Stretch::Past => {
                format!("It is past its point of no return, and not finished: `{finish}` finishes it. {leases}")
            }
            _ => format!(
                "What was under way is neither finished nor taken back: `{finish}` takes it back. {leases} `{}` goes on with it instead.",
                self.verb("resume")
            ),
        }
    }

    /// What finishes all that is left.
    fn command(&self) -> String {
        self.verb(if self.stretch == Stretch::Past { "resume" } else { "abort" })
    }

    fn verb(&self, verb: &str) -> String {
        let deploy = match &self.handle {
            Handle::Plan(path) => path.clone(),
            Handle::App => format!("--app {}", self.plan.app),
        };
        let wait = match self.lease_ttl_s > Options::LEASE_TTL_S {
            true => format!(" --lease-wait {}s", self.lease_ttl_s + 1),
            false => String::new(),
        };
        format!("cutover {verb} {deploy}{wait}")
    }

    /// Machines that are not as they were, or not as they are to be.
    fn left(&self) -> Vec<Leftover> {
        let mut whys = if self.stretch == Stretch::Past { self.forward() } else { self.back() };
        if whys.is_empty() {
            whys.extend(self.board().map(|machine| (machine, "it may tell of the deploy".to_owned())));
        }
        let command = self.command();
        let left = |(machine, why)| Leftover { machine, why, command: command.clone() };
        whys.into_iter().map(left).collect()
    }

    /// Something tells of a deploy as long as it has not ended.
    fn board(&self) -> Option<String> {
        let goes = |machine: &&PlannedMachine| steps::GOING.contains(&machine.disposition);
        let blues = self.plan.machines.iter().filter(goes).chain(&self.plan.machines).map(|machine| &machine.id);
        self.greens.values().chain(blues).next().cloned()
    }

    /// Past the point of no return: the blues whose places are taken have to go. One whose turn had
    /// not come serves as before, and what was made for it can go.
    fn forward(&self) -> Vec<(String, String)> {
        let creates = || self.plan.steps.iter().filter(|step| step.op == Op::Create);
        let is_replaced = |blue: &String| creates().any(|step| step.replaces.as_ref() == Some(blue));
        let has_left = |blue: &String| {
            [Op::Cordon, Op::Stop, Op::Destroy].into_iter().any(|op| self.was(op, blue)) || !is_replaced(blue)
        };
        let open = self.plan.steps.iter().filter(|step| step.op == Op::Destroy && !self.is(step, StepState::Done));
        let blues = open.filter_map(|step| step.machine.as_ref()).filter(|blue| has_left(blue));
        let blues = blues.map(|blue| (blue.clone(), "a blue: it is to go, and may be gone already".to_owned()));
        let opened = |step: &Step| self.touched(Op::Uncordon).any(|other| other.slot == step.slot);
        let takes_over = |step: &Step| step.replaces.as_ref().map_or_else(|| opened(step), has_left);
        let greens = self.touched(Op::Create).filter(|step| !takes_over(step)).filter_map(|step| step.slot.as_deref());
        blues.chain(greens.map(|slot| self.green(slot))).chain(self.commands()).collect()
    }

    fn back(&self) -> Vec<(String, String)> {
        let blues = self.plan.machines.iter().filter_map(|blue| self.blue(blue));
        let greens = self.touched(Op::Create).filter_map(|step| step.slot.as_deref()).map(|slot| self.green(slot));
        blues.chain(greens).chain(self.commands()).collect()
    }

    /// Machines that run a command: one that is done is gone.
    fn commands(&self) -> impl Iterator<Item = (String, String)> {
        let begun = self.touched(Op::ReleaseCommand).chain(self.touched(Op::MachineCheck));
        let open = begun.filter(|step| !self.is(step, StepState::Done));
        open.filter_map(|step| step.slot.as_deref()).map(|slot| match self.greens.get(slot) {
            None => self.unanswered(slot),
            Some(id) => (id.clone(), format!("{slot}: its command may have begun, and may go on; `fly logs` tells")),
        })
    }

    fn blue(&self, blue: &PlannedMachine) -> Option<(String, String)> {
        let was = |op: Op| self.was(op, &blue.id);
        let why = match (was(Op::Stop) && blue.observed.state == State::Started, was(Op::Cordon)) {
            (true, true) => "a blue: it may be stopped, and hidden from the proxy",
            (true, false) => "a blue: it may be stopped",
            (false, true) => "a blue: it may be hidden from the proxy",
            (false, false) => return None,
        };
        Some((blue.id.clone(), why.to_owned()))
    }

    fn green(&self, slot: &str) -> (String, String) {
        let serves = self.touched(Op::Uncordon).any(|step| step.slot.as_deref() == Some(slot));
        match self.greens.get(slot) {
            None => self.unanswered(slot),
            Some(id) if serves => (id.clone(), "a green: it may serve beside the blues".to_owned()),
            Some(id) => (id.clone(), "a green: it is hidden from the proxy".to_owned()),
        }
    }

    fn unanswered(&self, slot: &str) -> (String, String) {
        (machine_name(&self.run, slot, 1), "it may be there: its creation was not answered".to_owned())
    }

    fn is(&self, step: &Step, state: StepState) -> bool {
        self.states.get(step.id.as_str()) == Some(&state)
    }

    fn was(&self, op: Op, blue: &str) -> bool {
        self.touched(op).any(|step| step.machine.as_deref() == Some(blue))
    }

    /// The steps that may have changed something that was not taken back.
    fn touched(&self, op: Op) -> impl Iterator<Item = &Step> {
        let is_touched = |step: &&Step| match self.states.get(step.id.as_str()) {
            Some(state) => *state != StepState::TakenBack,
            None => self.resumes && self.may_be_done(step),
        };
        self.plan.steps.iter().filter(move |step| step.op == op).filter(is_touched)
    }

    /// By the run before.
    fn may_be_done(&self, step: &Step) -> bool {
        match &step.slot {
            Some(slot) => self.greens.contains_key(slot),
            None => matches!(step.op, Op::Cordon | Op::Stop) && self.stretch != Stretch::Past,
        }
    }
}
