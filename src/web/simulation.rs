//! One simulated deploy, as an object of JavaScript.

use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use super::{from_js, to_js};
use crate::execute::{Event, Leftover, Outcome, OutcomeKind};
use crate::fleet::{self, Machine};
use crate::plan;
use crate::sim::{self, Fault, Moment, Run};

#[wasm_bindgen]
pub struct Simulation {
    run: Run,
}

#[wasm_bindgen]
impl Simulation {
    /// # Errors
    /// When the plan, the machine list or a fault cannot be read.
    #[wasm_bindgen(constructor)]
    pub fn new(plan: &str, machines: &str, options: JsValue) -> Result<Self, JsError> {
        let plan = plan::read(plan)?;
        let fleet = fleet::parse(machines)?;
        let wanted: Options = if options.is_undefined() { Options::default() } else { from_js(options)? };
        let faults: Result<Vec<Fault>, String> = wanted.faults.iter().map(|fault| fault.parse()).collect();
        let faults = faults.map_err(|message| JsError::new(&message))?;
        let options = sim::Options { seed: wanted.seed, faults, ..sim::Options::default() };
        Ok(Self { run: Run::new(&plan, &fleet, options) })
    }

    /// The next moment, or `undefined` when the run has ended.
    #[allow(clippy::should_implement_trait)] // JavaScript's name for it
    pub fn next(&mut self) -> Result<JsValue, JsError> {
        self.run.next().map_or(Ok(JsValue::UNDEFINED), |moment| to_js(&shown(&moment)))
    }

    /// As Ctrl-C does: heard at the next moment.
    pub fn abort(&mut self) {
        self.run.abort();
    }

    /// How it ended; `undefined` before that.
    pub fn outcome(&self) -> Result<JsValue, JsError> {
        self.run.outcome().map_or(Ok(JsValue::UNDEFINED), |outcome| to_js(&Ended::from(outcome)))
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    seed: u64,
    faults: Vec<String>,
}

#[derive(Serialize)]
struct Shown<'a> {
    t_ms: u64,
    events: &'a [Event],
    machines: Vec<ShownMachine<'a>>,
}

#[derive(Serialize)]
struct ShownMachine<'a> {
    #[serde(flatten)]
    machine: &'a Machine,
    serving: bool,
}

fn shown<'a>(moment: &'a Moment) -> Shown<'a> {
    let machines = moment.machines.iter().map(|machine| ShownMachine { serving: machine.is_serving(), machine });
    Shown { t_ms: moment.t_ms, events: &moment.events, machines: machines.collect() }
}

#[derive(Serialize)]
pub(super) struct Ended<'a> {
    kind: OutcomeKind,
    message: &'a str,
    left: &'a [Leftover],
}

impl<'a> From<&'a Outcome> for Ended<'a> {
    fn from(outcome: &'a Outcome) -> Self {
        Self { kind: outcome.kind, message: &outcome.message, left: &outcome.left }
    }
}
