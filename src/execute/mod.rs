//! Executes a plan: told what happened, answers with what to do next. Knows no clock, no socket
//! and no way to wait; times are milliseconds since the run began.
//!
//! ```text
//! loop {
//!     let step = execution.step(now_ms, input);
//!     make step.calls, tell step.events; stop at step.outcome
//!     input = the next reply, or Wake at step.wake_at_ms, or Abort
//! }
//! ```

mod job;
mod knowledge;
mod name;
mod operation;
mod order;
mod random;
mod report;
mod run;
mod schedule;
mod stale;
mod steps;
mod trail;
mod watch;

use serde::Serialize;

pub use operation::Kind;
pub use random::SplitMix64;
pub use run::{Execution, Options};
pub use trail::Trail;

use crate::fleet::{Machine, State};
use crate::plan::CreateRequest;

/// What happened since the last step.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The run begins. Once, first.
    Begin,
    /// A call was answered, or its fate is unknown.
    Reply(CallId, Reply),
    /// The time asked for in [`Step::wake_at_ms`] has come.
    Wake,
    /// Somebody wants to stop: go back while that is possible, else finish.
    Abort,
}

/// What to do next.
#[must_use]
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Step {
    /// To be made now, side by side; each is answered with one [`Input::Reply`].
    pub calls: Vec<(CallId, Call)>,
    /// What to tell whoever watches, in order.
    pub events: Vec<Event>,
    /// When to send [`Input::Wake`] if nothing happens before.
    pub wake_at_ms: Option<u64>,
    /// Set once, at the end; no more input is wanted then.
    pub outcome: Option<Outcome>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CallId(pub u64);

/// A call of the Machines API, as a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    ListMachines,
    GetMachine {
        id: String,
    },
    CreateMachine {
        name: String,
        request: CreateRequest,
    },
    /// With a nonce: renew that lease.
    AcquireLease {
        id: String,
        ttl_s: u64,
        nonce: Option<String>,
    },
    ReleaseLease {
        id: String,
        nonce: String,
    },
    Cordon {
        id: String,
        nonce: Option<String>,
    },
    Uncordon {
        id: String,
        nonce: Option<String>,
    },
    Start {
        id: String,
        nonce: Option<String>,
    },
    Stop {
        id: String,
        nonce: Option<String>,
    },
    /// Forced: a running machine is killed.
    Destroy {
        id: String,
        nonce: Option<String>,
    },
    /// Held open by the server until `state` is reached or the time is over.
    Wait {
        id: String,
        instance_id: String,
        state: State,
        timeout_s: u64,
    },
}

impl Call {
    /// The id of the machine that it is about; `None` for the fleet, and for one still to be made.
    pub fn machine(&self) -> Option<&str> {
        match self {
            Self::ListMachines | Self::CreateMachine { .. } => None,
            Self::GetMachine { id }
            | Self::AcquireLease { id, .. }
            | Self::ReleaseLease { id, .. }
            | Self::Cordon { id, .. }
            | Self::Uncordon { id, .. }
            | Self::Start { id, .. }
            | Self::Stop { id, .. }
            | Self::Destroy { id, .. }
            | Self::Wait { id, .. } => Some(id),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    Done(Answer),
    /// There is no such machine or lease.
    Absent,
    Refused(Why),
    /// It may or may not have been done: a time-out, a reset, a server error.
    Unknown,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Machines(Vec<Machine>),
    Machine(Box<Machine>),
    /// `instance_id`: the machine's version when the lease was taken; empty where not told.
    Lease {
        nonce: String,
        instance_id: String,
    },
    Ok,
}

/// Why Fly refused a call; nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Why {
    /// Somebody else holds the lease.
    LeaseHeld {
        owner: String,
    },
    /// The machine is not in a state that allows it, or changes right now.
    WrongState {
        message: String,
    },
    /// A machine of that name is there already.
    NameTaken {
        message: String,
    },
    /// No host has room for it.
    NoCapacity {
        message: String,
    },
    RateLimited,
    /// A wait ended before the state was reached.
    NotYet,
    Unauthorized {
        message: String,
    },
    /// Anything else, with Fly's own words.
    Other {
        status: u16,
        message: String,
    },
}

/// One line of `--events jsonl`, without its time.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The run enters another part: `check`, `forward`, `back`, `finish`.
    Phase {
        phase: Phase,
    },
    /// A step of the plan, or the taking back of one, changed its state.
    Step {
        step: String,
        state: StepState,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
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
    /// A machine was seen in another state, or with other check results.
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

/// How the run ended. The exit status follows from it (contracts: 0, 3, 4, 6).
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
