//! Replies of a world as the JSON that the Machines API sends.

use std::sync::Arc;

use serde_json::json;

use super::{Response, error, ok};
use crate::execute::{Answer, Call, Reply, Why};
use crate::fleet::{Lease, Machine, State};
use crate::sim::world::{Answered, World};

pub(super) fn response(world: &World, call: &Call, reply: &Reply) -> Response {
    match reply {
        Reply::Done(answer) => done(world, call, answer),
        Reply::Absent => match call {
            Call::ReleaseLease { .. } | Call::AcquireLease { nonce: Some(_), .. } => {
                error(404, "not_found: lease not found")
            }
            _ => error(404, "not_found: machine not found"),
        },
        Reply::Unknown(why) => error(504, why),
        Reply::Refused(why) => refusal(world, call, why),
    }
}

fn done(world: &World, call: &Call, answer: &Answer) -> Response {
    match answer {
        Answer::Machines(machines) => ok(200, json!(machines)),
        Answer::Machine(machine) => ok(200, json!(machine)),
        Answer::Lease { nonce, instance_id } => {
            let lease = match call {
                Call::AcquireLease { id, .. } => world.lease_of(id),
                _ => None,
            };
            let owner = lease.as_ref().map(|lease| lease.owner.as_str()).unwrap_or_default();
            let expires_at = EPOCH_S + lease.as_ref().map_or(0, |lease| lease.expires_at);
            let data = json!({"nonce": nonce, "owner": owner, "description": "", "version": instance_id, "expires_at": expires_at});
            ok(201, json!({"status": "success", "data": data}))
        }
        Answer::Ok => match call {
            Call::Wait { state, instance_id, .. } => {
                ok(200, json!({"ok": true, "state": state, "version": instance_id}))
            }
            Call::ReleaseLease { .. } => ok(200, json!({"status": "success", "data": {"ok": true}})),
            Call::Start { .. } => ok(200, json!({"previous_state": "stopped", "migrated": false, "new_host": ""})),
            Call::SetMetadata { .. } | Call::ClearMetadata { .. } => Response::of(204, String::new()),
            _ => ok(200, json!({"ok": true})),
        },
        Answer::Executed { exit_code, stdout } => {
            ok(200, json!({"exit_code": exit_code, "exit_signal": 0, "stdout": stdout, "stderr": ""}))
        }
        Answer::Logs(lines) => {
            let id = call.machine().unwrap_or_default();
            let entry = |line: &String| json!({"attributes": {"message": line, "instance": id}});
            ok(200, json!({"data": lines.iter().map(entry).collect::<Vec<_>>(), "meta": {}}))
        }
        Answer::Release { id, version } => {
            let version = version.parse::<u64>().unwrap_or(0);
            let release = json!({"id": id, "version": version, "stable": false, "in_progress": true,
                "status": "pending", "strategy": "BLUEGREEN"});
            ok(201, json!({ "release": release }))
        }
        Answer::Probed(sample) => Response::of(sample.status, sample.body.clone()),
    }
}

fn refusal(world: &World, call: &Call, why: &Why) -> Response {
    match why {
        Why::LeaseHeld { owner } => {
            let id = call.machine().unwrap_or_default();
            let message = format!("machine ID {id} lease currently held by {owner}, expires at {}", expiry(world, id));
            ok(409, json!({"status": "error", "message": message}))
        }
        Why::NotYet => match call {
            Call::Wait { id, state, .. } => {
                let now =
                    world.machines().iter().find(|machine| machine.id == *id).map(|machine| machine.state.as_str());
                let now = now.unwrap_or_default();
                error(
                    408,
                    &format!("deadline_exceeded: machine failed to reach desired state, {state}, currently {now}"),
                )
            }
            _ => error(408, "deadline_exceeded"),
        },
        Why::WrongState { message } => error(412, message),
        Why::NameTaken { message, .. } => error(409, message),
        Why::NoCapacity { message } => {
            ok(409, json!({"error": format!("aborted: no capacity: {message}"), "status": "insufficient_capacity"}))
        }
        Why::RateLimited { retry_after_ms } => {
            Response { retry_after_s: retry_after_ms.map(|ms| ms.div_ceil(1_000)), ..error(429, "rate limit exceeded") }
        }
        Why::Unauthorized { .. } => error(401, "Authenticate: token validation error"),
        Why::Other { status, message } => error(*status, message),
    }
}

/// The list, with the lease of each machine that has one.
pub(super) fn with_leases(world: &World, answered: Answered) -> Answered {
    let Answered::Now { reply: Reply::Done(Answer::Machines(machines)), slow_ms } = answered else { return answered };
    let leased =
        |machine: Arc<Machine>| Arc::new(Machine { lease: lease_of(world, &machine.id), ..Machine::clone(&machine) });
    Answered::Now { reply: Reply::Done(Answer::Machines(machines.into_iter().map(leased).collect())), slow_ms }
}

pub(super) fn lease_now(world: &World, id: &str) -> Response {
    match lease_of(world, id) {
        None => error(404, "not_found: lease not found"),
        Some(lease) => ok(200, json!({"status": "success", "data": lease})),
    }
}

/// With its end as a time of Fly's.
fn lease_of(world: &World, id: &str) -> Option<Lease> {
    world.lease_of(id).map(|lease| Lease { expires_at: EPOCH_S + lease.expires_at, ..lease })
}

pub(super) fn app_now(world: &World, app: &str) -> Response {
    let live = world.machines().iter().filter(|machine| machine.state != State::Destroyed).count();
    let organization = json!({"name": "sim", "slug": "sim", "internal_numeric_id": 1});
    ok(
        200,
        json!({"id": app, "name": app, "internal_numeric_id": 1, "machine_count": live, "volume_count": 0,
               "network": "default", "status": "deployed", "organization": organization}),
    )
}

fn expiry(world: &World, id: &str) -> i64 {
    EPOCH_S + world.lease_of(id).map_or(0, |lease| lease.expires_at)
}

/// The world's zero: the first of January 2026.
const EPOCH_S: i64 = 1_767_225_600;
