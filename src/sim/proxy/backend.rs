//! A machine as the proxy deals with it: what it serves, what edges hear of it, and whether it
//! takes a connection.

use serde_json::Value;

use crate::fleet::{HostStatus, Image, Machine, State};
use crate::limits;

#[derive(Debug, Clone)]
pub(super) struct Backend {
    pub id: String,
    pub region: String,
    pub image: Image,
    pub autostart: bool,
    pub autostop: bool,
    /// How many of its region must run, where that is the primary one.
    pub min_running: u64,
    pub soft_limit: u64,
    hard_limit: Option<u64>,
    /// Its ports outside, each with the one that it stands for inside.
    ports: Vec<(u64, u64)>,
    is_checked: bool,
    pub condition: Condition,
    pub route: Option<Route>,
    /// Its process lives, if only to finish what it is doing.
    pub runs: bool,
    /// Requests under way.
    pub load: u64,
}

/// What comes of a connection to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Listens,
    /// It will listen soon.
    Boots,
    /// It has to be started first.
    Rests,
    Gone,
}

/// What edges hear of a machine that they may route to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Awake,
    /// Once it was started.
    Resting,
}

impl Backend {
    pub(super) fn new(machine: &Machine) -> Self {
        let mut backend = Self::unknown(machine);
        backend.look(machine);
        backend
    }

    /// Nobody has heard of it yet.
    pub(super) fn unknown(machine: &Machine) -> Self {
        let config = machine.config.as_ref();
        let services = config.and_then(|config| config.get("services")?.as_array()).map_or(&[][..], Vec::as_slice);
        let number = |path: &str| services.iter().find_map(|service| service.pointer(path)?.as_u64());
        let primary = config.and_then(|config| config.get("env")?.get("PRIMARY_REGION")?.as_str());
        let min_running = number("/min_machines_running").filter(|_| primary == Some(machine.region.as_str()));
        Self {
            id: machine.id.clone(),
            region: machine.region.clone(),
            image: machine.image().unwrap_or_else(|| Image::named("unknown")),
            autostart: config.is_some_and(|config| config.autostart()),
            autostop: config.is_some_and(|config| config.autostop()),
            min_running: min_running.unwrap_or(0),
            soft_limit: number("/concurrency/soft_limit").unwrap_or(limits::SOFT_LIMIT_DEFAULT.unsigned_abs()),
            hard_limit: number("/concurrency/hard_limit"),
            ports: services.iter().flat_map(ports).collect(),
            is_checked: config.is_some_and(|config| !config.health_checks().is_empty()),
            condition: Condition::Gone,
            route: None,
            runs: false,
            load: 0,
        }
    }

    /// As the machine is now.
    pub(super) fn look(&mut self, machine: &Machine) {
        let is_reachable = machine.host_status == HostStatus::Ok;
        self.runs = is_reachable && matches!(machine.state, State::Started | State::Stopping);
        self.condition = match &machine.state {
            _ if !is_reachable => Condition::Gone,
            State::Started if !self.is_checked || machine.is_passing() => Condition::Listens,
            // One whose checks passed before does not get well by waiting.
            State::Started if !matches!(self.condition, Condition::Boots | Condition::Rests) => Condition::Gone,
            State::Started | State::Starting => Condition::Boots,
            State::Stopped | State::Suspended => Condition::Rests,
            _ => Condition::Gone,
        };
        let is_woken = matches!(self.condition, Condition::Boots | Condition::Rests) && self.autostart;
        self.route = match &machine.state {
            _ if machine.cordoned || !is_reachable => None,
            State::Started if !is_failing_its_service(machine) => Some(Route::Awake),
            State::Stopping => self.autostart.then_some(Route::Resting),
            _ => is_woken.then_some(Route::Resting),
        };
    }

    pub(super) fn first_port(&self) -> Option<u64> {
        self.ports.first().map(|(outside, _)| *outside)
    }

    pub(super) fn internal_port(&self, port: u64) -> Option<u64> {
        self.ports.iter().find(|(outside, _)| *outside == port).map(|(_, inside)| *inside)
    }

    /// How much an edge that heard this of it likes to use it, the less the better; `None`: not
    /// at all.
    pub(super) fn rank(&self, port: u64, route: Route) -> Option<u8> {
        self.internal_port(port)?;
        match route {
            _ if self.hard_limit.is_some_and(|limit| self.load >= limit) => None,
            Route::Awake if self.load < self.soft_limit => Some(0),
            Route::Resting => Some(1),
            Route::Awake => Some(2),
        }
    }

    /// It runs and takes its share, so that it counts when the proxy looks for too many.
    pub(super) fn is_counted(&self) -> bool {
        self.condition == Condition::Listens && self.route == Some(Route::Awake)
    }
}

/// The first port of a range stands for all of it.
fn ports(service: &Value) -> impl Iterator<Item = (u64, u64)> {
    let inside = service.get("internal_port").and_then(Value::as_u64);
    let ports = service.get("ports").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let outside = |port: &Value| port.get("port").or_else(|| port.get("start_port"))?.as_u64();
    ports.iter().filter_map(move |port| Some((outside(port)?, inside?)))
}

/// Top-level checks do not keep the proxy away.
fn is_failing_its_service(machine: &Machine) -> bool {
    machine.checks.iter().any(|check| check.name.starts_with("servicecheck-") && check.status != "passing")
}
