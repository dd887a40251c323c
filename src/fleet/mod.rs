//! Machines as observed: what `GET /machines` or `fly machine list --json` prints, kept whole.
//! Knows nothing of fly.toml or of plans.

mod config;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use config::{CheckKind, HealthCheck, MachineConfig};

/// Every machine of one app, sorted by id.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Fleet {
    pub machines: Vec<Machine>,
}

/// One machine as the Machines API describes it. Fields that have no name here are kept in
/// `other` and written back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    pub id: String,
    #[serde(default)]
    pub name: String,
    pub state: State,
    #[serde(default)]
    pub region: String,
    #[serde(default)]
    pub image_ref: ImageRef,
    /// Changes with every version of the machine.
    #[serde(default)]
    pub instance_id: String,
    /// Absent when the host does not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<MachineConfig>,
    /// What the health checks said last; empty until the first ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    #[serde(default)]
    pub host_status: HostStatus,
    #[serde(default)]
    pub cordoned: bool,
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A machine's life cycle, by the API's names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum State {
    Created,
    Creating,
    Starting,
    Started,
    Stopping,
    Stopped,
    Suspending,
    Suspended,
    Restarting,
    Updating,
    Replacing,
    Failed,
    LaunchFailed,
    Destroying,
    Destroyed,
    /// A state that this version does not know, by its name.
    Other(String),
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRef {
    #[serde(default)]
    pub registry: String,
    #[serde(default)]
    pub repository: String,
    #[serde(default)]
    pub tag: String,
    #[serde(default)]
    pub digest: String,
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckStatus {
    pub name: String,
    /// `passing`, `warning` or `critical`.
    #[serde(default)]
    pub status: String,
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    #[serde(default)]
    pub owner: String,
    /// Seconds since the epoch.
    #[serde(default)]
    pub expires_at: i64,
    #[serde(default)]
    pub description: String,
}

/// Whether the machine's host answers. Absent counts as [`HostStatus::Ok`]: older clients do not
/// print it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HostStatus {
    #[default]
    Ok,
    Unreachable,
    #[serde(other)]
    Unknown,
}

fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Machine {
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.config.as_ref()?.metadata(key)
    }

    /// The process group that the machine says it belongs to.
    pub fn group(&self) -> Option<&str> {
        self.metadata("fly_process_group").or_else(|| self.metadata("process_group"))
    }

    /// Made by Fly Launch: `fly deploy` manages only these.
    pub fn is_managed(&self) -> bool {
        self.metadata("fly_platform_version") == Some("v2")
    }

    /// At least one check ran and all that ran pass. The API's `bg_deployments_compat` entries
    /// are made up for old clients and do not count.
    pub fn is_passing(&self) -> bool {
        let mut real = self.checks.iter().filter(|check| !check.name.starts_with("bg_deployments_compat")).peekable();
        real.peek().is_some() && real.all(|check| check.status == "passing")
    }
}

impl From<String> for State {
    fn from(name: String) -> Self {
        match STATES.iter().find(|(_, known)| *known == name) {
            Some((state, _)) => state.clone(),
            None => Self::Other(name),
        }
    }
}

impl From<State> for String {
    fn from(state: State) -> Self {
        state.as_str().to_owned()
    }
}

impl State {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(name) => name,
            known => STATES.iter().find(|(state, _)| state == known).map_or("", |(_, name)| name),
        }
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

const STATES: [(State, &str); 15] = [
    (State::Created, "created"),
    (State::Creating, "creating"),
    (State::Starting, "starting"),
    (State::Started, "started"),
    (State::Stopping, "stopping"),
    (State::Stopped, "stopped"),
    (State::Suspending, "suspending"),
    (State::Suspended, "suspended"),
    (State::Restarting, "restarting"),
    (State::Updating, "updating"),
    (State::Replacing, "replacing"),
    (State::Failed, "failed"),
    (State::LaunchFailed, "launch_failed"),
    (State::Destroying, "destroying"),
    (State::Destroyed, "destroyed"),
];
