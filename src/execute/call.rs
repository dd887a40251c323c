//! What an execution asks of the world and what it is answered, as values. Knows nothing of HTTP,
//! and not why anything is asked.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::fleet::{Machine, State};
use crate::plan::CreateRequest;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CallId(pub u64);

/// A call of the Machines API, of the release records, or of the deploy's own URL; as a value.
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
    /// Writes one key of a machine's metadata. Needs no lease.
    SetMetadata {
        id: String,
        key: String,
        value: String,
    },
    /// Removes keys of a machine's metadata.
    ClearMetadata {
        id: String,
        keys: Vec<String>,
    },
    /// Runs a command in a machine, and waits for its end.
    Exec {
        id: String,
        command: Vec<String>,
        timeout_s: u64,
    },
    /// The last lines that a machine wrote.
    Logs {
        id: String,
    },
    CreateRelease {
        image: String,
        definition: Value,
    },
    UpdateRelease {
        id: String,
        status: ReleaseStatus,
        /// Why it failed.
        error: Option<String>,
    },
    /// Asks a URL, without any token.
    Probe {
        url: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseStatus {
    Running,
    Complete,
    Failed,
    Interrupted,
}

impl Call {
    /// The id of the machine that it is about; `None` for the fleet, and for one still to be made.
    pub fn machine(&self) -> Option<&str> {
        match self {
            Self::ListMachines
            | Self::CreateMachine { .. }
            | Self::CreateRelease { .. }
            | Self::UpdateRelease { .. }
            | Self::Probe { .. } => None,
            Self::GetMachine { id }
            | Self::AcquireLease { id, .. }
            | Self::ReleaseLease { id, .. }
            | Self::Cordon { id, .. }
            | Self::Uncordon { id, .. }
            | Self::Start { id, .. }
            | Self::Stop { id, .. }
            | Self::Destroy { id, .. }
            | Self::Wait { id, .. }
            | Self::SetMetadata { id, .. }
            | Self::ClearMetadata { id, .. }
            | Self::Exec { id, .. }
            | Self::Logs { id } => Some(id),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    Done(Answer),
    /// There is no such machine or lease.
    Absent,
    Refused(Why),
    /// It may or may not have been done: a time-out, a reset, a server error. What kept the answer
    /// from us, as a phrase for people.
    Unknown(String),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Machines(Vec<Arc<Machine>>),
    Machine(Arc<Machine>),
    /// `instance_id`: the machine's version when the lease was taken; empty where not told.
    Lease {
        nonce: String,
        instance_id: String,
    },
    Executed {
        exit_code: i64,
        stdout: String,
    },
    Logs(Vec<String>),
    Release {
        id: String,
        version: String,
    },
    Probed(Sample),
    Ok,
}

/// What a URL answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sample {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
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
        /// Its id, where Fly tells.
        holder: Option<String>,
        message: String,
    },
    /// No host has room for it.
    NoCapacity {
        message: String,
    },
    RateLimited {
        /// What Fly asks to be waited.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
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
