//! What one look at a machine says: there, not yet, or never; serving, or why not.

use serde_json::Value;

use crate::fleet::{HostStatus, Machine, MachineConfig, State};

/// How far a machine is on its way to what is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Progress {
    There,
    NotYet,
    /// It will not get there by waiting.
    Never(String),
}

/// How far a machine is that was made to run one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Running,
    Ended {
        code: i64,
        words: String,
    },
    NeverRan(String),
    /// It ended, and nothing says how.
    Untold,
}

pub(super) fn command(machine: &Machine) -> Command {
    let ended = matches!(
        machine.state,
        State::Stopped | State::Failed | State::LaunchFailed | State::Destroying | State::Destroyed
    );
    let last = last_run(machine);
    match last.filter(|last| kind(last) == "exit").map(|exit| (exit, exit_code(exit))) {
        Some((exit, Some(code))) => Command::Ended { code, words: how_it_ended(exit, "its command") },
        _ if !ended => Command::Running,
        None if last.is_none() => Command::NeverRan(format!("its command never ran: it is {}", machine.state)),
        _ => Command::Untold,
    }
}

pub(super) fn started(machine: &Machine) -> Progress {
    match &machine.state {
        State::Started => Progress::There,
        _ if was_put_to_rest(machine) => Progress::There,
        _ => ended(machine).map_or(Progress::NotYet, Progress::Never),
    }
}

pub(super) fn healthy(machine: &Machine) -> Progress {
    match &machine.state {
        State::Started if machine.is_passing() => Progress::There,
        _ if was_put_to_rest(machine) => Progress::There,
        _ => ended(machine).map_or(Progress::NotYet, Progress::Never),
    }
}

/// Why this green, made to be started (or, with `skip_launch`, not), does not serve; `None` when
/// it does. A green that the proxy stopped for lack of traffic serves.
pub(super) fn green_fault(machine: &Machine, skip_launch: bool) -> Option<String> {
    let checked = machine.config.as_ref().is_some_and(|config| config.check_kinds().next().is_some());
    match &machine.state {
        _ if machine.host_status != HostStatus::Ok => Some("its host does not answer".to_owned()),
        State::Started if checked && !machine.is_passing() => Some(format!("it has {}", tally(machine))),
        State::Started => None,
        State::Stopped | State::Suspended | State::Created | State::Stopping | State::Starting
            if ended(machine).is_none() =>
        {
            let rests = skip_launch || machine.config.as_ref().is_some_and(|config| config.autostop());
            (!rests).then(|| format!("it is {}", machine.state))
        }
        _ => Some(ended(machine).unwrap_or_else(|| format!("it is {}", machine.state))),
    }
}

/// In which way this blue is not back to what it was before the run; `None` when it is.
pub(super) fn difference(before: &Machine, now: &Machine) -> Option<String> {
    let runs = |machine: &Machine| machine.state == State::Started;
    if now.host_status != before.host_status {
        return Some(format!(
            "its host is {}",
            if now.host_status == HostStatus::Ok { "back" } else { "not answering" }
        ));
    }
    if now.cordoned != before.cordoned {
        return Some((if now.cordoned { "it is cordoned" } else { "it is not cordoned" }).to_owned());
    }
    if runs(before) && !runs(now) && !sleeps(now) {
        return Some(format!("it is {}", now.state));
    }
    if runs(now) && before.is_passing() && !now.is_passing() {
        return Some(format!("it has {}", tally(now)));
    }
    None
}

/// `1/2 checks passing`.
pub(super) fn tally(machine: &Machine) -> String {
    let (passing, total) = checks(machine);
    format!("{passing}/{total} checks passing")
}

/// How many checks pass, and how many there are.
pub(super) fn checks(machine: &Machine) -> (u64, u64) {
    let real = || machine.checks.iter().filter(|check| !check.name.starts_with("bg_deployments_compat"));
    (real().filter(|check| check.status == "passing").count() as u64, real().count() as u64)
}

/// How long to wait after having looked at the checks this many times: half a second at first,
/// since nobody knows when the first check runs, then longer up to the quickest check's interval.
pub(super) fn poll_interval_ms(config: Option<&MachineConfig>, looks: u32) -> u64 {
    let intervals = config.into_iter().flat_map(MachineConfig::health_checks).filter_map(|check| check.interval);
    let quickest = intervals.map(crate::units::Duration::as_millis).min();
    let longest_ms = quickest.unwrap_or(SLOWEST_POLL_MS).clamp(QUICKEST_POLL_MS, SLOWEST_POLL_MS);
    (QUICKEST_POLL_MS << looks.saturating_sub(1).min(8)).min(longest_ms)
}

/// How long its checks may fail after it was started.
pub(super) fn grace_ms(machine: &Machine) -> u64 {
    let checks = machine.config.iter().flat_map(|config| config.health_checks());
    checks.filter_map(|check| check.grace_period).map(crate::units::Duration::as_millis).max().unwrap_or(0)
}

/// Stopped by the proxy, which will start it when it is needed.
pub(super) fn sleeps(machine: &Machine) -> bool {
    let woken = machine.config.as_ref().is_some_and(|config| config.autostop() && config.autostart());
    woken && matches!(machine.state, State::Stopped | State::Suspended) && ended(machine).is_none()
}

/// It serves, and the proxy stopped it for lack of requests.
fn was_put_to_rest(machine: &Machine) -> bool {
    sleeps(machine) && !machine.cordoned
}

/// Why the machine does not run any more and will not by itself.
fn ended(machine: &Machine) -> Option<String> {
    match &machine.state {
        State::Failed | State::LaunchFailed | State::Destroying | State::Destroyed => {
            Some(format!("it is {}", machine.state))
        }
        State::Stopped => unrequested_exit(machine),
        _ => None,
    }
}

/// The last exit, when it is the last thing that happened and nobody asked for it.
fn unrequested_exit(machine: &Machine) -> Option<String> {
    let exit = last_run(machine).filter(|last| kind(last) == "exit")?;
    let asked_for = exit.pointer("/request/exit_event")?.get("requested_stop") == Some(&Value::Bool(true));
    (!asked_for).then(|| how_it_ended(exit, "its process"))
}

fn how_it_ended(exit: &Value, what: &str) -> String {
    let killed = exit.pointer("/request/exit_event/oom_killed") == Some(&Value::Bool(true));
    let memory = if killed { ", out of memory" } else { "" };
    format!("{what} ended with exit code {}{memory}", exit_code(exit).unwrap_or(-1))
}

fn exit_code(exit: &Value) -> Option<i64> {
    exit.pointer("/request/exit_event/exit_code")?.as_i64()
}

/// The newest start or end of its process. Events come newest first.
fn last_run(machine: &Machine) -> Option<&Value> {
    let events = machine.other.get("events").and_then(Value::as_array)?;
    events.iter().find(|event| matches!(kind(event), "exit" | "start"))
}

fn kind(event: &Value) -> &str {
    event.get("type").and_then(Value::as_str).unwrap_or_default()
}

const QUICKEST_POLL_MS: u64 = 500;
const SLOWEST_POLL_MS: u64 = 5_000;
