//! How a deploy is to go, beyond what fly.toml says: chosen by whoever plans, saved in the plan.

use serde::{Deserialize, Serialize};

use super::Refusal;
use crate::config::Config;
use crate::limits;
use crate::units::Duration;

/// Saved in the plan, so that what was reviewed is what is done. Durations in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Between uncordon and cordon, and between cordon and stop: the time the proxies need to
    /// hear of it. flyctl's own is 10 s.
    pub settle_ms: u64,
    /// How long a machine may take to start, to pass its checks, to stop. Absent: as fly.toml's
    /// `[deploy] wait_timeout` says; a plan always has it.
    pub wait_timeout_ms: Option<u64>,
    /// For this long every check of a green must have passed without a break; zero: one pass.
    pub stability_ms: u64,
    /// Stop before the traffic moves, until somebody promotes or aborts.
    pub hold: bool,
    pub drain: Drain,
    /// The longest that a cordoned blue is left to finish its requests; with
    /// [`Drain::Fixed`], how long it always is: the proxy that heard last of the cordon may have
    /// sent a request just before.
    pub drain_timeout_ms: u64,
    /// The version of the app's secrets that new machines must at least have. flyctl remembers it from
    /// the last `fly secrets set` of the same computer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets_version: Option<u64>,
    /// Run in a blue: it is idle when this exits with 0. In the place of counting its sockets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_command: Option<String>,
    /// How long the blues stay, cordoned and running, after the greens took over: until then
    /// going back is one uncordon.
    pub bake_ms: u64,
    /// Stop before the blues are stopped, until somebody promotes or aborts.
    pub keep_blue: bool,
    /// How many machines of a group must serve in each region at any time; absent: as many as
    /// do when the plan is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<Floor>,
    /// How many greens may exist beside the blues at once; absent: all of them. With it the
    /// blues go in batches, and only the first batch can be taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surge: Option<u64>,
    /// Calls under way at once; waits that the server holds open are not counted.
    pub concurrency: u64,
    /// The order in which groups take the traffic; those not named follow together.
    pub group_order: Vec<String>,
    /// Asked after the blues are cordoned; what it answers decides whether the deploy goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify_url: Option<String>,
    /// Start the green of a blue at rest, to verify it. Otherwise it is made at rest, as flyctl
    /// does it, but for one of each group.
    pub verify_stopped: bool,
    /// Only these process groups; empty: all of them.
    pub groups: Vec<String>,
    /// Leave these machines alone.
    pub exclude_machines: Vec<String>,
    /// An empty fleet is a new app, not a list that went missing.
    pub first_deploy: bool,
    /// Deploy groups none of whose machines has a health check.
    pub allow_unchecked: bool,
    /// Give a new group two machines (or one and a standby).
    pub high_availability: bool,
    /// Only remove what interrupted deploys and release commands left.
    pub cleanup: bool,
}

/// When a cordoned blue may be stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drain {
    /// After a fixed time.
    #[default]
    Fixed,
    /// As soon as it has no connections, at the latest after the timeout.
    UntilIdle,
}

/// How many machines must serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Floor {
    Machines(u64),
    /// Of those that serve when the plan is made, rounded up.
    Percent(u64),
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            settle_ms: 10_000,
            wait_timeout_ms: None,
            stability_ms: 0,
            hold: false,
            drain: Drain::Fixed,
            drain_timeout_ms: 500,
            idle_command: None,
            secrets_version: None,
            bake_ms: 0,
            keep_blue: false,
            floor: None,
            surge: None,
            concurrency: 8,
            group_order: Vec::new(),
            verify_url: None,
            verify_stopped: false,
            groups: Vec::new(),
            exclude_machines: Vec::new(),
            first_deploy: false,
            allow_unchecked: false,
            high_availability: true,
            cleanup: false,
        }
    }
}

impl Policy {
    /// With what fly.toml says where the policy does not.
    pub(super) fn over(&self, config: &Config) -> Self {
        let file = config.deploy.as_ref().and_then(|deploy| deploy.wait_timeout.as_ref()).map(|wait| wait.value);
        let wait_ms = self.wait_timeout_ms.or_else(|| file.map(Duration::as_millis)).unwrap_or_else(|| self.wait_ms());
        Self { wait_timeout_ms: Some(wait_ms), ..self.clone() }
    }

    /// [`Policy::wait_timeout_ms`], or flyctl's default.
    pub fn wait_ms(&self) -> u64 {
        self.wait_timeout_ms.unwrap_or_else(|| limits::WAIT_TIMEOUT_DEFAULT.as_millis())
    }

    /// When a group takes the traffic: those that are not named come together, last.
    pub(super) fn rank(&self, group: &str) -> usize {
        self.group_order.iter().position(|named| named == group).unwrap_or(self.group_order.len())
    }

    /// What the policy asks for and cannot have.
    pub(super) fn contradiction(&self) -> Option<Refusal> {
        let checks = [
            (
                self.keep_blue && self.surge.is_some(),
                "keep-blue-with-surge",
                "with `--surge` the blues go batch by batch to make room, so they cannot be kept: ask for one of the two",
            ),
            (
                self.wait_timeout_ms == Some(0) && !self.cleanup,
                "no-time-to-wait",
                "the wait timeout is 0s: every machine would have failed as soon as it is waited for. Give it some time, such as `--wait-timeout 5m`",
            ),
        ];
        let found = checks.into_iter().find(|(is_so, ..)| *is_so);
        found.map(|(_, code, message)| Refusal {
            code,
            message: message.to_owned(),
            machines: Vec::new(),
            fix: Vec::new(),
        })
    }
}

impl Floor {
    /// Of a place where `serving` machines serve when the plan is made.
    pub const fn of(self, serving: u64) -> u64 {
        match self {
            Self::Machines(count) => count,
            Self::Percent(percent) => serving.saturating_mul(percent).div_ceil(100),
        }
    }
}
