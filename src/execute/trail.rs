//! What a run was seen to do, for when nobody waits for its end: what it leaves behind, and the
//! commands that finish it. Knows only the plan and the events that were told.

use std::collections::BTreeMap;

use super::name::machine_name;
use super::{Event, Leftover, Outcome, OutcomeKind, StepState, report};
use crate::fleet::State;
use crate::plan::{Op, Plan, PlannedMachine, Step};

pub struct Trail<'a> {
    plan: &'a Plan,
    run: String,
    /// By step.
    states: BTreeMap<String, StepState>,
    /// Slot -> id.
    greens: BTreeMap<String, String>,
}

impl<'a> Trail<'a> {
    /// `run`: as in the options of the execution.
    pub fn new(plan: &'a Plan, run: &str) -> Self {
        Self { plan, run: run.to_owned(), states: BTreeMap::new(), greens: BTreeMap::new() }
    }

    pub fn see(&mut self, event: &Event) {
        match event {
            Event::Step { step, state, .. } => {
                self.states.insert(step.clone(), *state);
            }
            Event::Machine { id, slot: Some(slot), .. } => {
                self.greens.insert(slot.clone(), id.clone());
            }
            _ => {}
        }
    }

    /// How the run ends when it is stopped here and now.
    pub fn abandoned(&self) -> Outcome {
        let left = if self.touched(Op::Destroy).next().is_some() { self.forward() } else { self.back() };
        let rest = match left.is_empty() {
            true => "Nothing was changed, or all of it was taken back. Leases run out by themselves.".to_owned(),
            false => {
                let app = &self.plan.app;
                format!(
                    "What was under way is neither finished nor taken back: `cutover resume --app {app}` or `cutover abort --app {app}` does it."
                )
            }
        };
        let message = format!("Stopped at once by a second signal. {rest}");
        Outcome { kind: OutcomeKind::NeedsAttention, message, left }
    }

    /// Past the point of no return: the blues whose places are taken have to go. One whose turn had
    /// not come serves as before, and what was made for it can go.
    fn forward(&self) -> Vec<Leftover> {
        let creates = || self.plan.steps.iter().filter(|step| step.op == Op::Create);
        let is_replaced = |blue: &String| creates().any(|step| step.replaces.as_ref() == Some(blue));
        let has_left = |blue: &String| {
            [Op::Cordon, Op::Stop, Op::Destroy].into_iter().any(|op| self.was(op, blue)) || !is_replaced(blue)
        };
        let open = self.plan.steps.iter().filter(|step| step.op == Op::Destroy && !self.is(step, StepState::Done));
        let blues = open.filter_map(|step| step.machine.as_ref()).filter(|blue| has_left(blue));
        let why = "it was to be destroyed, and may be gone already";
        let blues = blues.map(|blue| report::to_destroy(&self.plan.app, blue, why.to_owned()));
        let opened = |step: &Step| self.touched(Op::Uncordon).any(|other| other.slot == step.slot);
        let takes_over = |step: &Step| step.replaces.as_ref().map_or_else(|| opened(step), has_left);
        let greens = self.touched(Op::Create).filter(|step| !takes_over(step)).filter_map(|step| step.slot.as_deref());
        blues.chain(greens.map(|slot| self.green(slot))).chain(self.commands()).collect()
    }

    /// Blues first: they have to serve again before their greens go.
    fn back(&self) -> Vec<Leftover> {
        let blues = self.plan.machines.iter().filter_map(|blue| self.blue(blue));
        let greens = self.touched(Op::Create).filter_map(|step| step.slot.as_deref()).map(|slot| self.green(slot));
        blues.chain(greens).chain(self.commands()).collect()
    }

    /// Machines that run a command: one that is done is gone.
    fn commands(&self) -> impl Iterator<Item = Leftover> {
        let begun = self.touched(Op::ReleaseCommand).chain(self.touched(Op::MachineCheck));
        let open = begun.filter(|step| !self.is(step, StepState::Done));
        open.filter_map(|step| step.slot.as_deref()).map(|slot| match self.greens.get(slot) {
            None => report::to_look_for(&self.plan.app, &machine_name(&self.run, slot, 1), NO_ANSWER.to_owned()),
            Some(id) => {
                let why = format!("{slot}: its command may have begun, and may go on; its logs tell");
                report::to_destroy(&self.plan.app, id, why)
            }
        })
    }

    fn blue(&self, blue: &PlannedMachine) -> Option<Leftover> {
        let was = |op: Op| self.was(op, &blue.id);
        let app = &self.plan.app;
        let start = report::to_start(app, &blue.id, "a blue: it may be stopped".to_owned());
        let uncordon = report::to_uncordon(app, &blue.id, "a blue: it may be hidden from the proxy".to_owned());
        match (was(Op::Stop) && blue.observed.state == State::Started, was(Op::Cordon)) {
            (true, true) => Some(Leftover {
                why: "a blue: it may be stopped, and hidden from the proxy".to_owned(),
                command: format!("{} && {}", start.command, uncordon.command),
                ..start
            }),
            (true, false) => Some(start),
            (false, true) => Some(uncordon),
            (false, false) => None,
        }
    }

    fn green(&self, slot: &str) -> Leftover {
        let serves = self.touched(Op::Uncordon).any(|step| step.slot.as_deref() == Some(slot));
        match self.greens.get(slot) {
            None => report::to_look_for(&self.plan.app, &machine_name(&self.run, slot, 1), NO_ANSWER.to_owned()),
            Some(id) if serves => {
                report::to_destroy(&self.plan.app, id, "a green: it may serve beside the blues".to_owned())
            }
            Some(id) => report::to_destroy(&self.plan.app, id, "a green: it is hidden from the proxy".to_owned()),
        }
    }

    fn is(&self, step: &Step, state: StepState) -> bool {
        self.states.get(step.id.as_str()) == Some(&state)
    }

    fn was(&self, op: Op, blue: &str) -> bool {
        self.touched(op).any(|step| step.machine.as_deref() == Some(blue))
    }

    /// The steps that may have changed something that was not taken back.
    fn touched(&self, op: Op) -> impl Iterator<Item = &Step> {
        let is_touched =
            |step: &&Step| self.states.get(step.id.as_str()).is_some_and(|state| *state != StepState::TakenBack);
        self.plan.steps.iter().filter(move |step| step.op == op).filter(is_touched)
    }
}

const NO_ANSWER: &str = "it may be there: its creation was not answered";
