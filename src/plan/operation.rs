//! What the steps of a plan do, one row per operation: to what, under which condition, with which
//! calls, what holds afterwards and what takes it back. Documents carry these rows for their
//! reader; the executor keeps them.

use serde::{Deserialize, Serialize};

/// What a step does. The names are the Machines API's where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Op {
    /// Take the lease of `machine`, so that nobody else changes it.
    Lease,
    /// Run fly.toml's release command on the machine `slot`, made for it.
    ReleaseCommand,
    /// Make `slot`, cordoned.
    Create,
    /// Until `slot` is started.
    WaitStarted,
    /// Until every check of `slot` passes, and has for the policy's stability time.
    WaitHealthy,
    /// Run a machine check of fly.toml against the green `checks`, on the machine `slot`.
    MachineCheck,
    /// Nothing is done; joins what comes before with what comes after.
    Gate,
    /// The run ends here and leaves everything as it is, until somebody promotes or aborts.
    Hold,
    /// Let the proxy route to `slot`.
    Uncordon,
    /// Wait for the policy's settle time.
    Settle,
    /// Read again every green that an earlier step uncordoned: each must still be there, and those
    /// that were started still started and passing.
    Verify,
    /// Keep the proxy from routing to `machine`.
    Cordon,
    /// Ask the policy's URL.
    VerifyUrl,
    /// Leave the cordoned blues running for the policy's bake time, and keep verifying.
    Bake,
    /// Until `machine` is idle, or the policy's drain timeout is over.
    Drain,
    /// Stop `machine` with its own signal and timeout.
    Stop,
    /// Until `machine` is stopped.
    WaitStopped,
    Destroy,
    /// Give back the lease of `machine`.
    Release,
}

/// The step that takes another back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undo {
    Release,
    Destroy,
    Cordon,
    Uncordon,
    Start,
}

/// What a step is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Object {
    /// A slot that it fills.
    New,
    /// A slot that was filled before.
    Slot,
    /// An observed machine.
    Machine,
    Nothing,
}

/// An operation, in words: the same for every step that has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    pub precondition: String,
    pub postcondition: String,
    /// The calls of the Machines API that a step makes when all goes well.
    pub calls: Vec<String>,
}

pub(super) struct Row {
    pub object: Object,
    /// What takes it back, while going back is possible.
    pub undo: Option<Undo>,
    pub precondition: &'static str,
    pub postcondition: &'static str,
    pub calls: &'static [&'static str],
}

pub(super) const fn row(op: Op) -> Row {
    use Object::{Machine, New, Nothing, Slot};
    match op {
        Op::Lease => Row {
            object: Machine,
            undo: Some(Undo::Release),
            precondition: "nobody else holds its lease, and it is as the plan observed it",
            postcondition: "only this run can change it",
            calls: &["POST lease"],
        },
        Op::ReleaseCommand => Row {
            object: New,
            undo: None,
            precondition: "every precondition of the plan was verified",
            postcondition: "the command exited with 0 and its machine is gone",
            calls: &["POST machines", "POST start", "GET wait", "GET machine"],
        },
        Op::Create => Row {
            object: New,
            undo: Some(Undo::Destroy),
            precondition: "every lease is held and no machine of this name exists",
            postcondition: "it exists, cordoned: no request reaches it",
            calls: &["POST machines"],
        },
        Op::WaitStarted => Row {
            object: Slot,
            undo: None,
            precondition: "it was made",
            postcondition: "it is started",
            calls: &["GET wait"],
        },
        Op::WaitHealthy => Row {
            object: Slot,
            undo: None,
            precondition: "it is started",
            postcondition: "every check passes and did so for the stability time",
            calls: &["GET machine"],
        },
        Op::MachineCheck => Row {
            object: New,
            undo: None,
            precondition: "the green that it checks is ready",
            postcondition: "its command exited with 0 and its machine is gone",
            calls: &["POST machines", "GET wait", "GET machine"],
        },
        Op::Gate => Row {
            object: Nothing,
            undo: None,
            precondition: "",
            postcondition: "all that it needs is done",
            calls: &[],
        },
        Op::Hold => Row {
            object: Nothing,
            undo: None,
            precondition: "all that it needs is done",
            postcondition: "somebody promoted the deploy",
            calls: &[],
        },
        Op::Uncordon => Row {
            object: Slot,
            undo: Some(Undo::Cordon),
            precondition: "every green of the batch is ready",
            postcondition: "the proxy may route to it",
            calls: &["POST uncordon"],
        },
        Op::Settle => Row {
            object: Nothing,
            undo: None,
            precondition: "the proxy was told",
            postcondition: "the settle time is over",
            calls: &[],
        },
        Op::Verify => Row {
            object: Nothing,
            undo: None,
            precondition: "",
            postcondition: "every green was seen to serve just now",
            calls: &["GET machines"],
        },
        Op::Cordon => Row {
            object: Machine,
            undo: Some(Undo::Uncordon),
            precondition: "the floor holds without it",
            postcondition: "the proxy routes no new request to it",
            calls: &["POST cordon"],
        },
        Op::VerifyUrl => Row {
            object: Nothing,
            undo: None,
            precondition: "the greens have the traffic",
            postcondition: "every sample matched",
            calls: &[],
        },
        Op::Bake => Row {
            object: Nothing,
            undo: None,
            precondition: "the greens have the traffic",
            postcondition: "the greens served for the bake time",
            calls: &["GET machines"],
        },
        Op::Drain => Row {
            object: Machine,
            undo: None,
            precondition: "it is cordoned",
            postcondition: "it is idle, or its time is over",
            calls: &["POST exec"],
        },
        Op::Stop => Row {
            object: Machine,
            undo: Some(Undo::Start),
            precondition: "it is cordoned and drained",
            postcondition: "it was sent its signal",
            calls: &["POST stop"],
        },
        Op::WaitStopped => Row {
            object: Machine,
            undo: None,
            precondition: "it was sent its signal",
            postcondition: "it is stopped",
            calls: &["GET wait"],
        },
        Op::Destroy => Row {
            object: Machine,
            undo: None,
            precondition: "the machines that its floor rests on were seen to serve at most 2 s ago",
            postcondition: "it is gone, and cannot come back",
            calls: &["DELETE machine"],
        },
        Op::Release => Row {
            object: Machine,
            undo: None,
            precondition: "this run holds its lease",
            postcondition: "anybody can change it",
            calls: &["DELETE lease"],
        },
    }
}

impl Op {
    /// For a plan's reader.
    pub(crate) fn explained(self) -> (Self, Operation) {
        (self, self.operation())
    }

    /// As documents write it.
    pub(super) fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
    }

    /// It waits, for a time that the plan sets.
    pub(super) const fn is_timed(self) -> bool {
        matches!(
            self,
            Self::ReleaseCommand
                | Self::WaitStarted
                | Self::WaitHealthy
                | Self::MachineCheck
                | Self::Settle
                | Self::VerifyUrl
                | Self::Bake
                | Self::Drain
                | Self::WaitStopped
        )
    }

    fn operation(self) -> Operation {
        let row = row(self);
        Operation {
            precondition: row.precondition.to_owned(),
            postcondition: row.postcondition.to_owned(),
            calls: row.calls.iter().map(|call| (*call).to_owned()).collect(),
        }
    }
}
