//! What an execution tells whoever watches, and how it ends.

use serde::Serialize;

use super::CallId;
use crate::fleet::State;

/// One line of `--events jsonl`, without its time.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The run enters another part: `check`, `forward`, `back`, `finish`.
    Phase {
        phase: Phase,
    },
    /// A machine is not as the plan observed it. Where none of these matters the plan is carried
    /// out all the same.
    Change {
        machine: String,
        what: String,
        /// It makes the plan stale.
        matters: bool,
        why: String,
    },
    /// A step of the plan, or the taking back of one, changed its state.
    Step {
        step: String,
        state: StepState,
        /// Why it failed, how it went; of what was taken back, how that came about if not as usual.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// It was done before this run began, nobody knows when.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        by_earlier_run: bool,
    },
    Call {
        id: CallId,
        step: String,
        call: String,
    },
    Reply {
        id: CallId,
        step: String,
        reply: String,
    },
    /// Something did not go as it should, and the deploy goes on all the same.
    Warning {
        message: String,
    },
    /// Nothing is done before this time of the run: a settle, a drain, a bake.
    Wait {
        step: String,
        until_ms: u64,
    },
    /// A machine was seen in another state, or with other check results.
    #[serde(rename = "state")]
    Machine {
        id: String,
        slot: Option<String>,
        state: State,
        checks_passing: u64,
        checks_total: u64,
    },
    Done {
        outcome: OutcomeKind,
        left: Vec<Leftover>,
        message: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Reading the fleet and comparing it with the plan.
    Check,
    Forward,
    /// Taking back what was done.
    Back,
    /// After the point of no return: only forward.
    Finish,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    Running,
    Done,
    Failed,
    TakenBack,
}

/// How the run ended. The exit status follows from it (contracts: 0, 3, 4, 5, 6).
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub kind: OutcomeKind,
    /// One or two sentences: what happened and why.
    pub message: String,
    /// What a person has to look after.
    pub left: Vec<Leftover>,
}

impl Outcome {
    /// The last event of a run.
    pub fn event(&self) -> Event {
        Event::Done { outcome: self.kind, left: self.left.clone(), message: self.message.clone() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeKind {
    Completed,
    /// It waits for somebody to promote or abort it; everything stays as it is.
    Held,
    /// The fleet is as before.
    Restored,
    NeedsAttention,
    /// The fleet is not the one of the plan; nothing was touched.
    Stale,
    /// Refused before anything was changed: no access, no answer.
    Refused,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leftover {
    pub machine: String,
    pub why: String,
    /// The command that finishes it.
    pub command: String,
}
