//! The Machines API's side of HTTP over a [`World`], as values: requests become calls, replies
//! become the JSON that the real API sends. No socket, no clock.

mod flyctl;

use serde::Deserialize;
use serde_json::{Value, json};

use super::world::{Answered, Waiting, World};
use crate::execute::{self, Call, ReleaseStatus, Reply, Why};
use crate::fleet::{MachineConfig, State};
use crate::plan::CreateRequest;
use crate::protocol::{Method, NONCE_HEADER, Request};

/// A response, at once or when a wait is over.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Now(Response),
    Later(Waiter),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// JSON; empty for 204.
    pub body: String,
    /// How much later than usual it is to be sent.
    pub slow_ms: u64,
}

/// A request that waits for a machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiter {
    call: Call,
    waiting: Waiting,
}

/// What the API answers to `request` at `now_ms`.
pub fn respond(world: &mut World, now_ms: u64, request: &Request) -> Answer {
    world.advance(now_ms);
    if let Some(response) = flyctl::answer(world, request) {
        return Answer::Now(response);
    }
    let act = match read(world, request) {
        Ok(act) => act,
        Err(response) => return Answer::Now(response),
    };
    let (call, answered) = match act {
        Act::Call(call) => {
            let answered = world.call(&call);
            (call, answered)
        }
        Act::DestroyGently(id, nonce) => {
            let answered = world.destroy_gently(&id, nonce.clone());
            (Call::Destroy { id, nonce }, answered)
        }
        Act::ReadLease(id) => return Answer::Now(lease_now(world, &id)),
        Act::ReadApp(app) => return Answer::Now(app_now(world, &app)),
    };
    match answered {
        Answered::Now { reply, slow_ms } => Answer::Now(Response { slow_ms, ..response(world, &call, &reply) }),
        Answered::Later(waiting) => Answer::Later(Waiter { call, waiting }),
    }
}

impl Waiter {
    /// The response, once there is one.
    pub fn respond(&self, world: &World) -> Option<Response> {
        world.settled(&self.waiting).map(|reply| response(world, &self.call, &reply))
    }

    /// When there is one at the latest.
    pub const fn until_ms(&self) -> u64 {
        self.waiting.until_ms
    }
}

enum Act {
    Call(Call),
    DestroyGently(String, Option<String>),
    ReadLease(String),
    ReadApp(String),
}

fn read(world: &World, request: &Request) -> Result<Act, Response> {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    if let ["api", "v1", rest @ ..] = segments.as_slice() {
        return releases(request, rest, Query(query)).map(Act::Call);
    }
    let ["v1", "apps", app, rest @ ..] = segments.as_slice() else { return Err(error(404, "not_found: no such path")) };
    if world.app.as_ref().is_some_and(|known| known != app) {
        return Err(error(404, "not_found: app not found"));
    }
    let nonce = || request.headers.iter().find(|(name, _)| *name == NONCE_HEADER).map(|(_, value)| value.clone());
    let query = Query(query);
    let call = match (request.method, rest) {
        (Method::Get, []) => return Ok(Act::ReadApp((*app).to_owned())),
        // Its machines have none.
        (Method::Get, ["volumes"]) => return Err(ok(200, json!([]))),
        (Method::Get, ["machines"]) => Call::ListMachines,
        (Method::Post, ["machines"]) => create(request)?,
        (method, ["machines", id, rest @ ..]) => {
            let id = (*id).to_owned();
            match (method, rest) {
                (Method::Get, []) => Call::GetMachine { id },
                (Method::Delete, []) if query.is_true("force") || query.is_true("kill") => {
                    Call::Destroy { id, nonce: nonce() }
                }
                (Method::Delete, []) => return Ok(Act::DestroyGently(id, nonce())),
                (Method::Post, ["start"]) => Call::Start { id, nonce: nonce() },
                (Method::Post, ["stop"]) => {
                    object(request, "main.stopRequest")?;
                    Call::Stop { id, nonce: nonce() }
                }
                (Method::Post, ["cordon"]) => Call::Cordon { id, nonce: nonce() },
                (Method::Post, ["uncordon"]) => Call::Uncordon { id, nonce: nonce() },
                (Method::Post, ["metadata", key]) => {
                    let body = object(request, "main.upsertMetadataKeyRequest")?;
                    Call::SetMetadata { id, key: (*key).to_owned(), value: text(&body, "value") }
                }
                (Method::Delete, ["metadata", key]) => Call::ClearMetadata { id, keys: vec![(*key).to_owned()] },
                (Method::Patch, ["metadata"]) => Call::ClearMetadata { id, keys: removed(request)? },
                (Method::Post, ["exec"]) => exec(id, request)?,
                (Method::Get, ["wait"]) => wait(id, query)?,
                (Method::Get, ["lease"]) => return Ok(Act::ReadLease(id)),
                (Method::Post, ["lease"]) => Call::AcquireLease { id, ttl_s: ttl(request, query)?, nonce: nonce() },
                (Method::Delete, ["lease"]) => match nonce() {
                    Some(nonce) => Call::ReleaseLease { id, nonce },
                    None => return Err(error(400, "invalid_argument: a lease nonce is required")),
                },
                _ => return Err(error(404, "not_found: no such path")),
            }
        }
        _ => return Err(error(404, "not_found: no such path")),
    };
    Ok(Act::Call(call))
}

#[derive(Deserialize)]
struct Create {
    #[serde(default)]
    name: String,
    #[serde(default)]
    region: String,
    config: MachineConfig,
    #[serde(default)]
    skip_launch: bool,
    #[serde(default)]
    skip_service_registration: bool,
    min_secrets_version: Option<u64>,
}

fn create(request: &Request) -> Result<Call, Response> {
    let body = request.body.as_deref().unwrap_or_default();
    let create: Create = serde_json::from_str(body).map_err(|why| error(400, &format!("invalid_argument: {why}")))?;
    if create.config.image().is_none() {
        return Err(error(400, "invalid_argument: config.image is required"));
    }
    let region = if create.region.is_empty() { NEAREST_REGION.to_owned() } else { create.region };
    let request = CreateRequest {
        region,
        config: create.config.into(),
        skip_launch: create.skip_launch,
        skip_service_registration: create.skip_service_registration,
        min_secrets_version: create.min_secrets_version,
    };
    Ok(Call::CreateMachine { name: create.name, request })
}

fn wait(id: String, query: Query) -> Result<Call, Response> {
    let state = State::from(query.get("state").unwrap_or("started").to_owned());
    if !WAITABLE.contains(&state) {
        return Err(error(400, &format!("invalid_argument: invalid state {state}")));
    }
    let timeout_s = match query.get("timeout") {
        None => LONGEST_WAIT_S,
        Some(text) => text.parse().map_err(|_| error(400, "invalid_argument: invalid timeout"))?,
    };
    let instance_id = query.get("version").or_else(|| query.get("instance_id")).unwrap_or_default().to_owned();
    Ok(Call::Wait { id, instance_id, state, timeout_s: timeout_s.min(LONGEST_WAIT_S) })
}

/// In the query, as flyctl sends it, or in the body, as the specification has it.
fn ttl(request: &Request, query: Query) -> Result<u64, Response> {
    let asked = match query.get("ttl") {
        Some(text) => text.parse().map_err(|_| error(400, "invalid_argument: invalid ttl"))?,
        None => object(request, "main.leaseRequest")?.get("ttl").and_then(Value::as_u64).unwrap_or(0),
    };
    Ok(if asked == 0 { DEFAULT_TTL_S } else { asked })
}

/// The body as an object; none is an empty one.
fn object(request: &Request, what: &str) -> Result<Value, Response> {
    let Some(body) = request.body.as_deref().filter(|body| !body.trim().is_empty()) else { return Ok(json!({})) };
    let value: Value = serde_json::from_str(body).map_err(|why| error(400, &format!("json: {why}")))?;
    if value.is_object() {
        return Ok(value);
    }
    Err(error(400, &format!("json: cannot unmarshal {body} into Go value of type {what}")))
}

/// The keys that a bulk update removes; it is not asked for anything else here.
fn removed(request: &Request) -> Result<Vec<String>, Response> {
    let body = object(request, "main.updateMetadataRequest")?;
    let entries = body.get("metadata").and_then(Value::as_object).into_iter().flatten();
    Ok(entries.filter(|(_, value)| value.is_null() || *value == "").map(|(key, _)| key.clone()).collect())
}

fn exec(id: String, request: &Request) -> Result<Call, Response> {
    let body = object(request, "main.MachineExecRequest")?;
    let words = body.get("command").and_then(Value::as_array).into_iter().flatten();
    let command: Vec<String> = words.filter_map(Value::as_str).map(str::to_owned).collect();
    if command.is_empty() {
        return Err(error(400, "invalid_argument: command is required"));
    }
    Ok(Call::Exec { id, command, timeout_s: body.get("timeout").and_then(Value::as_u64).unwrap_or(0) })
}

/// What Fly's other API knows of an app: its releases and its logs.
fn releases(request: &Request, path: &[&str], query: Query) -> Result<Call, Response> {
    let body = object(request, "release")?;
    match (request.method, path) {
        (Method::Post, ["releases"]) => Ok(Call::CreateRelease {
            image: text(&body, "image"),
            definition: body.get("definition").cloned().unwrap_or_default(),
        }),
        (Method::Patch, ["releases", id]) => {
            let status = match text(&body, "status").as_str() {
                "running" => ReleaseStatus::Running,
                "complete" => ReleaseStatus::Complete,
                "failed" => ReleaseStatus::Failed,
                "interrupted" => ReleaseStatus::Interrupted,
                _ => return Err(error(422, "invalid status")),
            };
            Ok(Call::UpdateRelease { id: (*id).to_owned(), status, error: None })
        }
        (Method::Get, ["apps", _, "logs"]) => {
            Ok(Call::Logs { id: query.get("instance").unwrap_or_default().to_owned() })
        }
        _ => Err(error(404, "not_found: no such path")),
    }
}

fn text(body: &Value, key: &str) -> String {
    body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[derive(Clone, Copy)]
struct Query<'a>(&'a str);

impl<'a> Query<'a> {
    fn get(self, key: &str) -> Option<&'a str> {
        self.0.split('&').filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    fn is_true(self, key: &str) -> bool {
        self.get(key) == Some("true")
    }
}

fn response(world: &World, call: &Call, reply: &Reply) -> Response {
    match reply {
        Reply::Done(answer) => done(world, call, answer),
        Reply::Absent => match call {
            Call::ReleaseLease { .. } | Call::AcquireLease { nonce: Some(_), .. } => {
                error(404, "not_found: lease not found")
            }
            _ => error(404, "not_found: machine not found"),
        },
        Reply::Unknown => error(504, "the answer was lost"),
        Reply::Refused(why) => refusal(world, call, why),
    }
}

fn done(world: &World, call: &Call, answer: &execute::Answer) -> Response {
    match answer {
        execute::Answer::Machines(machines) => ok(200, json!(machines)),
        execute::Answer::Machine(machine) => ok(200, json!(machine)),
        execute::Answer::Lease { nonce, instance_id } => {
            let lease = match call {
                Call::AcquireLease { id, .. } => world.lease_of(id),
                _ => None,
            };
            let owner = lease.as_ref().map(|lease| lease.owner.as_str()).unwrap_or_default();
            let expires_at = EPOCH_S + lease.as_ref().map_or(0, |lease| lease.expires_at);
            let data = json!({"nonce": nonce, "owner": owner, "description": "", "version": instance_id, "expires_at": expires_at});
            ok(201, json!({"status": "success", "data": data}))
        }
        execute::Answer::Ok => match call {
            Call::Wait { state, instance_id, .. } => {
                ok(200, json!({"ok": true, "state": state, "version": instance_id}))
            }
            Call::ReleaseLease { .. } => ok(200, json!({"status": "success", "data": {"ok": true}})),
            Call::Start { .. } => ok(200, json!({"previous_state": "stopped", "migrated": false, "new_host": ""})),
            Call::SetMetadata { .. } | Call::ClearMetadata { .. } => {
                Response { status: 204, body: String::new(), slow_ms: 0 }
            }
            _ => ok(200, json!({"ok": true})),
        },
        execute::Answer::Executed { exit_code, stdout } => {
            ok(200, json!({"exit_code": exit_code, "exit_signal": 0, "stdout": stdout, "stderr": ""}))
        }
        execute::Answer::Logs(lines) => {
            let id = call.machine().unwrap_or_default();
            let entry = |line: &String| json!({"attributes": {"message": line, "instance": id}});
            ok(200, json!({"data": lines.iter().map(entry).collect::<Vec<_>>(), "meta": {}}))
        }
        execute::Answer::Release { id, version } => {
            let version = version.parse::<u64>().unwrap_or(0);
            let release = json!({"id": id, "version": version, "stable": false, "in_progress": true,
                "status": "pending", "strategy": "BLUEGREEN"});
            ok(201, json!({ "release": release }))
        }
        execute::Answer::Probed(sample) => Response { status: sample.status, body: sample.body.clone(), slow_ms: 0 },
    }
}

fn refusal(world: &World, call: &Call, why: &Why) -> Response {
    match why {
        Why::LeaseHeld { owner } => {
            let id = call.machine().unwrap_or_default();
            let message = format!("machine ID {id} lease currently held by {owner}, expires at {}", expiry(world, id));
            Response { status: 409, body: json!({"status": "error", "message": message}).to_string(), slow_ms: 0 }
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
            let body = json!({"error": format!("aborted: no capacity: {message}"), "status": "insufficient_capacity"});
            Response { status: 409, body: body.to_string(), slow_ms: 0 }
        }
        Why::RateLimited { .. } => error(429, "rate limit exceeded"),
        Why::Unauthorized { .. } => error(401, "Authenticate: token validation error"),
        Why::Other { status, message } => error(*status, message),
    }
}

fn lease_now(world: &World, id: &str) -> Response {
    match world.lease_of(id) {
        None => error(404, "not_found: lease not found"),
        Some(lease) => {
            let data = json!({"owner": lease.owner, "description": "", "expires_at": EPOCH_S + lease.expires_at});
            ok(200, json!({"status": "success", "data": data}))
        }
    }
}

fn app_now(world: &World, app: &str) -> Response {
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

fn ok(status: u16, body: Value) -> Response {
    Response { status, body: body.to_string(), slow_ms: 0 }
}

fn error(status: u16, message: &str) -> Response {
    ok(status, json!({ "error": message }))
}

/// The states that can be waited for; anything else is refused.
const WAITABLE: [State; 5] = [State::Started, State::Stopped, State::Suspended, State::Destroyed, State::Failed];

/// The public API ends every request after a minute.
const LONGEST_WAIT_S: u64 = 60;

const DEFAULT_TTL_S: u64 = 30;

const NEAREST_REGION: &str = "iad";

/// The world's zero: the first of January 2026.
const EPOCH_S: i64 = 1_767_225_600;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Fleet;
    use crate::protocol::{self, Host};
    use crate::sim::{Fault, Settings};

    fn world(faults: &[&str]) -> World {
        let machines = json!([{"id": "a1", "name": "blue", "state": "started", "region": "iad", "instance_id": "01A",
            "config": {"image": "registry.fly.io/shop:v1", "services": [{"internal_port": 8080, "checks": [{"type": "tcp"}]}]}}]);
        let fleet = Fleet { machines: serde_json::from_value(machines).unwrap(), ..Fleet::default() };
        let faults = faults.iter().map(|fault| fault.parse::<Fault>().unwrap()).collect();
        World::new(&fleet, Settings::default(), faults, 1)
    }

    /// The reply to a call by way of HTTP, and without.
    fn both(world: &mut World, call: &Call) -> (Reply, Reply) {
        let mut other = world.clone();
        let direct = match other.call(call) {
            Answered::Now { reply, .. } => reply,
            Answered::Later(_) => Reply::Refused(Why::NotYet),
        };
        let now_ms = world.now_ms();
        let response = match respond(world, now_ms, &protocol::request("shop", call)) {
            Answer::Now(response) => response,
            Answer::Later(waiter) => {
                world.advance(waiter.until_ms());
                waiter.respond(world).unwrap()
            }
        };
        let body = response.body.as_bytes();
        (protocol::reply(call, &protocol::Response { status: response.status, headers: &[], body }), direct)
    }

    #[test]
    fn what_is_said_over_http_is_what_the_world_answered() {
        let mut world =
            world(&["cordon#2=rate-limited", "cordon#3=lost-after", "create#2=no-capacity", "get#2=unauthorized"]);
        let id = || "a1".to_owned();
        let nonce = || Some("elsewhere".to_owned());
        let mut config = MachineConfig::default();
        config.0.insert("image".into(), "registry.fly.io/shop:v2".into());
        let request = CreateRequest {
            region: "iad".into(),
            config: config.into(),
            skip_launch: false,
            skip_service_registration: true,
            min_secrets_version: Some(4),
        };
        let create = Call::CreateMachine { name: "cutover-r1-app-1".into(), request };
        for call in [
            Call::ListMachines,
            Call::GetMachine { id: id() },
            Call::GetMachine { id: id() },
            Call::GetMachine { id: "zz".into() },
            create.clone(),
            create.clone(),
            create,
            Call::Cordon { id: id(), nonce: None },
            Call::Cordon { id: id(), nonce: None },
            Call::Cordon { id: id(), nonce: None },
            Call::Uncordon { id: id(), nonce: None },
            Call::AcquireLease { id: id(), ttl_s: 13, nonce: None },
            Call::AcquireLease { id: id(), ttl_s: 13, nonce: nonce() },
            Call::Stop { id: id(), nonce: None },
            Call::ReleaseLease { id: id(), nonce: "elsewhere".into() },
            Call::Wait { id: id(), instance_id: "01A".into(), state: State::Started, timeout_s: 5 },
            Call::Wait { id: id(), instance_id: "01A".into(), state: State::Stopped, timeout_s: 5 },
            Call::SetMetadata { id: id(), key: "cutover_direction".into(), value: "a1 back".into() },
            Call::ClearMetadata { id: id(), keys: vec!["cutover_direction".into()] },
            Call::Exec { id: id(), command: vec!["cat".into(), "/proc/net/tcp".into()], timeout_s: 5 },
            Call::Logs { id: id() },
            Call::CreateRelease { image: "shop:v2".into(), definition: json!({"app": "shop"}) },
            Call::UpdateRelease { id: "release-8".into(), status: ReleaseStatus::Complete, error: None },
            Call::UpdateRelease { id: "release-9".into(), status: ReleaseStatus::Failed, error: None },
        ] {
            let (over_http, direct) = both(&mut world, &call);
            match (&over_http, &direct) {
                // The words differ, not the kind.
                (Reply::Refused(a), Reply::Refused(b)) => {
                    assert_eq!(std::mem::discriminant(a), std::mem::discriminant(b), "{call:?}")
                }
                _ => assert_eq!(over_http, direct, "{call:?}"),
            }
        }
    }

    #[test]
    fn a_list_shows_no_nonce() {
        let mut world = world(&[]);
        let lease = Call::AcquireLease { id: "a1".into(), ttl_s: 13, nonce: None };
        assert!(matches!(both(&mut world, &lease).0, Reply::Done(execute::Answer::Lease { .. })));
        let Answer::Now(list) = respond(&mut world, 0, &protocol::request("shop", &Call::ListMachines)) else {
            panic!()
        };
        assert!(!list.body.contains("nonce"), "{}", list.body);
    }

    #[test]
    fn nonsense_is_refused_in_the_words_of_the_api() {
        let mut world = world(&[]);
        world.app = Some("shop".into());
        let mut status = |method, path: &str, body: Option<&str>| {
            let request = Request {
                host: Host::Machines,
                method,
                path: path.into(),
                headers: vec![],
                body: body.map(str::to_owned),
            };
            match respond(&mut world, 0, &request) {
                Answer::Now(response) => response.status,
                Answer::Later(_) => 0,
            }
        };
        for (method, path, body, expected) in [
            (Method::Get, "/v1/apps/other/machines", None, 404),
            (Method::Get, "/v2/apps", None, 404),
            (Method::Post, "/v1/apps/shop/machines", Some("{"), 400),
            (Method::Post, "/v1/apps/shop/machines", Some("{\"config\":{}}"), 400),
            (Method::Post, "/v1/apps/shop/machines/a1/stop", Some("[]"), 400),
            (Method::Get, "/v1/apps/shop/machines/a1/wait?state=happy", None, 400),
            (Method::Get, "/v1/apps/shop/machines/a1/wait?timeout=x", None, 400),
            (Method::Delete, "/v1/apps/shop/machines/a1/lease", None, 400),
            (Method::Delete, "/v1/apps/shop/machines/a1", None, 412),
            (Method::Get, "/v1/apps/shop/machines/a1/lease", None, 404),
            (Method::Get, "/v1/apps/shop", None, 200),
            (Method::Delete, "/v1/apps/shop/machines/a1?kill=true", None, 200),
        ] {
            assert_eq!(status(method, path, body), expected, "{path} {body:?}");
        }
    }
}
