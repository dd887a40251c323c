//! What a command ends with: the exit status, and the error that explains it. The only place where
//! either is mapped to a number.

use std::process::ExitCode;

use crate::execute::OutcomeKind;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// Done, or nothing to do.
    Done,
    /// The answer is no and nothing was touched.
    No,
    /// Usage, unreadable input, no credentials, no answer: before anything changed.
    Input,
    /// The deploy failed or was aborted; the fleet is as before.
    Restored,
    /// Something is left that needs a person.
    NeedsAttention,
    /// It waits for `promote` or `abort`.
    Held,
    /// The plan is stale; nothing was touched.
    Stale,
}

impl Status {
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Input => 2,
            Self::Restored => 3,
            Self::NeedsAttention => 4,
            Self::Held => 5,
            Self::Stale => 6,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status.code())
    }
}

impl From<OutcomeKind> for Status {
    fn from(kind: OutcomeKind) -> Self {
        match kind {
            OutcomeKind::Completed => Self::Done,
            OutcomeKind::Held => Self::Held,
            OutcomeKind::Restored => Self::Restored,
            OutcomeKind::NeedsAttention => Self::NeedsAttention,
            OutcomeKind::Stale => Self::Stale,
            OutcomeKind::Refused => Self::Input,
        }
    }
}

/// Why a command could not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Error {
    pub(super) kind: Kind,
    /// What was found, and where.
    pub(super) message: String,
    /// What to do about it.
    pub(super) hints: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Arguments that contradict one another, or lack something.
    Usage,
    /// A file that cannot be read, or does not say what it must.
    Input,
    /// No token, or no answer from the API.
    Access,
    /// The answer is no.
    Refused,
    /// A result that could not be written.
    Output,
    /// Nobody reads the output any more: not worth a word.
    BrokenPipe,
}

impl Error {
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new() }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub(super) fn status(&self) -> Status {
        match self.kind {
            // Nobody saw the result, so it is not done: a deploy stops here before it begins.
            Kind::Usage | Kind::Input | Kind::Access | Kind::Output | Kind::BrokenPipe => Status::Input,
            Kind::Refused => Status::No,
        }
    }
}
