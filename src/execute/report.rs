//! What a run tells: calls and replies in a few words, and what is left with the command that
//! finishes it.

use super::operation::Kind;
use super::stale::Difference;
use super::{Call, Leftover, Reply, Why};
use crate::plan::{Op, Plan, plan_again};

/// `cordon 9080aaaa000000`.
pub(super) fn call(call: &Call) -> String {
    let what = Kind::of(call).as_str();
    match call {
        Call::CreateMachine { name, .. } => format!("{what} {name}"),
        Call::Wait { id, state, timeout_s, .. } => format!("{what} {id} {state} {timeout_s}s"),
        Call::Probe { url } => format!("{what} {url}"),
        Call::SetMetadata { id, key, .. } => format!("{what} {id} {key}"),
        _ => call.machine().map_or_else(|| what.to_owned(), |id| format!("{what} {id}")),
    }
}

/// Of a call of this kind.
pub(super) fn reply(kind: Kind, reply: &Reply) -> String {
    match reply {
        Reply::Done(_) => "done".to_owned(),
        Reply::Absent => "not found".to_owned(),
        Reply::Unknown(why) if kind.changes() => format!("{why}, so its fate is unknown"),
        Reply::Unknown(why) => why.clone(),
        Reply::Refused(why) => refusal(why),
    }
}

fn refusal(why: &Why) -> String {
    match why {
        Why::LeaseHeld { owner } => format!("refused: {owner} holds its lease"),
        Why::RateLimited { .. } => "refused: too many requests".to_owned(),
        Why::NotYet => "not yet".to_owned(),
        Why::Unauthorized { message } => format!("refused: no access ({message})"),
        Why::NoCapacity { message } => format!("refused: no room for it ({message})"),
        Why::WrongState { message } | Why::NameTaken { message, .. } | Why::Other { message, .. } => {
            format!("refused: {message}")
        }
    }
}

/// The step's name in the plan.
pub(super) fn op(op: Op) -> String {
    serde_json::to_value(op).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A machine that is not as the plan observed it.
pub(super) fn changed(plan: &Plan, Difference { machine, what, why, .. }: Difference) -> Leftover {
    Leftover { machine, why: format!("{what}: {why}"), command: plan_again(&plan.source.path, "") }
}

/// A machine that has to go, and could not be destroyed by the run.
pub(super) fn to_destroy(app: &str, machine: &str, why: String) -> Leftover {
    Leftover { machine: machine.to_owned(), why, command: format!("fly machine destroy --force {machine} -a {app}") }
}

pub(super) fn to_uncordon(app: &str, machine: &str, why: String) -> Leftover {
    Leftover { machine: machine.to_owned(), why, command: format!("fly machine uncordon {machine} -a {app}") }
}

pub(super) fn to_start(app: &str, machine: &str, why: String) -> Leftover {
    Leftover { machine: machine.to_owned(), why, command: format!("fly machine start {machine} -a {app}") }
}

pub(super) fn to_look_at(app: &str, machine: &str, why: String) -> Leftover {
    Leftover { machine: machine.to_owned(), why, command: format!("fly machine status {machine} -a {app}") }
}

/// A machine that may exist, or did, under this name or id, but was not found.
pub(super) fn to_look_for(app: &str, name: &str, why: String) -> Leftover {
    Leftover { machine: name.to_owned(), why, command: format!("fly machine list -a {app}") }
}
