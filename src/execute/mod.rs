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

mod call;
mod drain;
mod event;
mod flaw;
mod goal;
mod guard;
mod job;
mod knowledge;
mod name;
mod operation;
mod order;
mod random;
mod rate;
mod report;
mod run;
mod schedule;
mod stale;
mod steps;
mod trail;
mod watch;

pub use call::{Answer, Call, CallId, ReleaseStatus, Reply, Sample, Why};
pub use event::{Event, Leftover, Outcome, OutcomeKind, Phase, StepState};
#[cfg(test)]
pub(crate) use flaw::Flaw;
pub use operation::{Kind, Rate, timeout_ms};
pub use random::SplitMix64;
pub use run::{Execution, Intent, Options};
pub use trail::{Handle, Trail};

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
