//! An app as observed: what `GET /machines` or `fly machine list --json` prints, kept whole, and
//! its volumes. Knows nothing of fly.toml or of plans.

mod config;
mod image;
mod list;
mod parse;
mod paste;
mod shared;
mod volumes;
mod watched;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use smol_str::SmolStr;

pub use config::{CheckKind, HealthCheck, MachineConfig};
pub use image::{Image, by_image};
pub use list::list;
pub use parse::parse;
pub use paste::Unreadable;
pub use shared::Shared;
pub use volumes::{Volume, volumes};

/// What was observed of one app.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fleet {
    /// Every machine, sorted by id.
    pub machines: Vec<Machine>,
    /// Absent: nobody asked for them.
    pub volumes: Option<Vec<Volume>>,
    /// What the API says of the app itself. Absent where the machines were pasted: then whoever
    /// pasted them vouches for the list.
    pub app: Option<App>,
    /// What the list of machines left out, in its order.
    pub gaps: Vec<Gap>,
}

/// An app, as `GET /apps/APP` describes it: what the list of its machines must agree with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct App {
    #[serde(default, deserialize_with = "null_as_default")]
    pub machine_count: u64,
    /// `pending` until the first deploy.
    #[serde(default, deserialize_with = "null_as_default")]
    pub status: String,
}

/// A field that a machine of the list lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub machine: String,
    /// Which entry of the list it is; the first is 1.
    pub entry: usize,
    pub field: &'static str,
    pub assumed: &'static str,
}

/// One machine as the Machines API describes it. Fields that have no name here are kept in
/// `other` and written back; only `id` and `state` must be there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    pub id: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    pub state: State,
    #[serde(default, deserialize_with = "null_as_default")]
    pub region: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub image_ref: ImageRef,
    /// Changes with every version of the machine.
    #[serde(default, deserialize_with = "null_as_default")]
    pub instance_id: String,
    /// Absent when the host does not answer. Shared by all machines of a list that have the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Arc<MachineConfig>>,
    /// What the health checks said last; empty until the first ran.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub host_status: HostStatus,
    #[serde(default, deserialize_with = "null_as_default")]
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
    #[serde(default, deserialize_with = "null_as_default")]
    pub registry: SmolStr,
    #[serde(default, deserialize_with = "null_as_default")]
    pub repository: SmolStr,
    #[serde(default, deserialize_with = "null_as_default")]
    pub tag: SmolStr,
    #[serde(default, deserialize_with = "null_as_default")]
    pub digest: SmolStr,
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, SmolStr>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckStatus {
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// `passing`, `warning` or `critical`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub status: String,
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    #[serde(default, deserialize_with = "null_as_default")]
    pub owner: String,
    /// Seconds since the epoch.
    #[serde(default, deserialize_with = "null_as_default")]
    pub expires_at: i64,
    #[serde(default, deserialize_with = "null_as_default")]
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

impl App {
    /// There was a release.
    pub fn was_deployed(&self) -> bool {
        matches!(self.status.as_str(), "deployed" | "suspended")
    }
}

impl Machine {
    /// For itself alone: other machines may have the same.
    pub fn config_mut(&mut self) -> Option<&mut MachineConfig> {
        self.config.as_mut().map(Arc::make_mut)
    }

    /// From the config or, when the host does not answer, from what is known of it.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        match &self.config {
            Some(config) => config.metadata(key),
            None => self.other.get("incomplete_config")?.get("metadata")?.get(key)?.as_str(),
        }
    }

    /// The process group that the machine says it belongs to.
    pub fn group(&self) -> Option<&str> {
        let named = |key| self.metadata(key).filter(|group| !group.is_empty());
        named("fly_process_group").or_else(|| named("process_group"))
    }

    /// Made by Fly Launch: `fly deploy` manages only these.
    pub fn is_managed(&self) -> bool {
        self.metadata("fly_platform_version") == Some("v2")
    }

    /// Not destroyed, and not about to be.
    pub fn is_live(&self) -> bool {
        !matches!(self.state, State::Destroyed | State::Destroying)
    }

    /// Stopped or suspended: the proxy may start it at any time, if it is one that autostarts.
    pub fn is_at_rest(&self) -> bool {
        matches!(self.state, State::Stopped | State::Suspended)
    }

    /// The image that it runs, as far as Fly says.
    pub fn image(&self) -> Option<Image> {
        Image::observed(&self.image_ref).or_else(|| {
            let image = match &self.config {
                Some(config) => config.image(),
                None => self.other.get("incomplete_config")?.get("image")?.as_str(),
            };
            image.map(Image::named)
        })
    }

    /// At least one check ran and all that ran pass.
    pub fn is_passing(&self) -> bool {
        let mut ran = self.checks_that_ran().peekable();
        ran.peek().is_some() && ran.all(|check| check.status == "passing")
    }

    /// It takes its share of the work: not cordoned, on a host that answers, and either started
    /// with no check failing (a machine without results counts: older clients print none) or
    /// stopped by the proxy, which starts it when a request comes.
    pub fn is_serving(&self) -> bool {
        let autostarts = || self.config.as_ref().is_some_and(|config| config.autostop() && config.autostart());
        let works = match self.state {
            State::Started => self.checks_that_ran().all(|check| check.status == "passing"),
            State::Stopped | State::Suspended => autostarts() && !self.exited_by_itself(),
            _ => false,
        };
        works && !self.cordoned && self.host_status == HostStatus::Ok
    }

    /// The API's `bg_deployments_compat` entries are made up for old clients and do not count.
    fn checks_that_ran(&self) -> impl Iterator<Item = &CheckStatus> {
        self.checks.iter().filter(|check| !check.name.starts_with("bg_deployments_compat"))
    }

    /// Its newest exit was not asked for. Events come newest first.
    pub fn exited_by_itself(&self) -> bool {
        let mut events = self.other.get("events").and_then(Value::as_array).into_iter().flatten();
        let exit = events.find(|event| event.get("type").and_then(Value::as_str) == Some("exit"));
        let asked = exit.and_then(|event| event.get("request")?.get("exit_event")?.get("requested_stop")?.as_bool());
        asked == Some(false)
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
