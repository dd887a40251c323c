//! The Machines API's side of HTTP over a [`World`], as values: requests become calls, replies
//! become the JSON that the real API sends. No socket, no clock.

mod flyctl;
mod request;
mod response;

use serde_json::{Value, json};

use super::world::{Answered, Waiting, World};
use crate::execute::Call;
use crate::protocol::Request;
use request::Act;

/// A world as its clients see it.
#[derive(Debug, Clone)]
pub struct Api {
    pub world: World,
    app: Option<String>,
    speed: u32,
}

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
    /// The header of that name, in seconds.
    pub retry_after_s: Option<u64>,
    /// How much later than usual it is to be sent.
    pub slow_ms: u64,
}

/// A request that waits for a machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiter {
    call: Call,
    waiting: Waiting,
}

impl Api {
    /// With `app` as the only one; `None`: every name is its.
    pub const fn new(world: World, app: Option<String>) -> Self {
        Self { world, app, speed: 1 }
    }

    /// The world is so much faster than its clients' clocks. A time that a client names, how long a
    /// lease is to last or a wait to be held open, is meant by the client's own clock: it renews
    /// and asks again by that one, and would lose every lease otherwise. What machines do by
    /// themselves, and the times of faults, are the world's.
    #[must_use]
    pub fn at_speed(self, speed: u32) -> Self {
        Self { speed, ..self }
    }

    /// How many seconds pass here while one passes for clients.
    pub const fn speed(&self) -> u32 {
        self.speed
    }

    /// What the API answers to `request` at `now_ms`, by the world's clock.
    pub fn respond(&mut self, now_ms: u64, request: &Request) -> Answer {
        self.world.advance(now_ms);
        if let Some(response) = flyctl::answer(&self.world, request) {
            return Answer::Now(response);
        }
        let act = match request::read(self, request) {
            Ok(act) => act,
            Err(response) => return Answer::Now(response),
        };
        let world = &mut self.world;
        let (call, answered) = match act {
            Act::Call(call) => {
                let answered = world.call(&call);
                (call, answered)
            }
            Act::DestroyGently(id, nonce) => {
                let answered = world.destroy_gently(&id, nonce.clone());
                (Call::Destroy { id, nonce }, answered)
            }
            Act::ListLeased => {
                let answered = world.call(&Call::ListMachines);
                (Call::ListMachines, response::with_leases(world, answered))
            }
            Act::ReadLease(id) => return Answer::Now(response::lease_now(world, &id)),
            Act::ReadApp(app) => return Answer::Now(response::app_now(world, &app)),
        };
        match answered {
            Answered::Now { reply, slow_ms } => {
                Answer::Now(Response { slow_ms, ..response::response(world, &call, &reply) })
            }
            Answered::Later(waiting) => Answer::Later(Waiter { call, waiting }),
        }
    }

    fn of_client_s(&self, seconds: u64) -> u64 {
        seconds.saturating_mul(self.speed.into())
    }
}

impl Waiter {
    /// The response, once there is one.
    pub fn respond(&self, world: &World) -> Option<Response> {
        world.settled(&self.waiting).map(|reply| response::response(world, &self.call, &reply))
    }

    /// When there is one at the latest.
    pub const fn until_ms(&self) -> u64 {
        self.waiting.until_ms
    }
}

impl Response {
    /// The headers that are not of HTTP itself.
    pub fn headers(&self) -> Vec<(String, String)> {
        self.retry_after_s.iter().map(|seconds| ("retry-after".to_owned(), seconds.to_string())).collect()
    }

    const fn of(status: u16, body: String) -> Self {
        Self { status, body, retry_after_s: None, slow_ms: 0 }
    }
}

fn ok(status: u16, body: Value) -> Response {
    Response::of(status, body.to_string())
}

fn error(status: u16, message: &str) -> Response {
    ok(status, json!({ "error": message }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::execute::{self, ReleaseStatus, Reply, Why};
    use crate::fleet::{Fleet, Machine, MachineConfig, State};
    use crate::plan::CreateRequest;
    use crate::protocol::{self, Host, Method};
    use crate::sim::{Fault, Settings};

    fn api(faults: &[&str]) -> Api {
        let machines = json!([{"id": "a1", "name": "blue", "state": "started", "region": "iad", "instance_id": "01A",
            "config": {"image": "registry.fly.io/shop:v1", "services": [{"internal_port": 8080, "checks": [{"type": "tcp"}]}]}}]);
        let fleet = Fleet { machines: serde_json::from_value(machines).unwrap(), ..Fleet::default() };
        let faults = faults.iter().map(|fault| fault.parse::<Fault>().unwrap()).collect();
        Api::new(World::new(&fleet, Settings::default(), faults, 1), Some("shop".into()))
    }

    /// The reply to a call by way of HTTP, and without.
    fn both(api: &mut Api, call: &Call) -> (Reply, Reply) {
        let mut other = api.world.clone();
        let direct = match other.call(call) {
            Answered::Now { reply, .. } => reply,
            Answered::Later(_) => Reply::Refused(Why::NotYet),
        };
        let now_ms = api.world.now_ms();
        let response = match api.respond(now_ms, &protocol::request("shop", call)) {
            Answer::Now(response) => response,
            Answer::Later(waiter) => {
                api.world.advance(waiter.until_ms());
                waiter.respond(&api.world).unwrap()
            }
        };
        let (headers, body) = (response.headers(), response.body.as_bytes());
        (protocol::reply(call, &protocol::Response { status: response.status, headers: &headers, body }), direct)
    }

    /// As much of it as the protocol tells of machines.
    fn watched(reply: Reply) -> Reply {
        let watched = |machine: &Arc<Machine>| Arc::new(Machine::clone(machine).watched());
        match reply {
            Reply::Done(execute::Answer::Machine(machine)) => Reply::Done(execute::Answer::Machine(watched(&machine))),
            Reply::Done(execute::Answer::Machines(machines)) => {
                Reply::Done(execute::Answer::Machines(machines.iter().map(watched).collect()))
            }
            other => other,
        }
    }

    #[test]
    fn what_is_said_over_http_is_what_the_world_answered() {
        let mut api =
            api(&["cordon#2=rate-limited:3000", "cordon#3=lost-after", "create#2=no-capacity", "get#2=unauthorized"]);
        let id = || "a1".to_owned();
        let nonce = || Some("elsewhere".to_owned());
        let mut config = MachineConfig::default();
        config.fields_mut().insert("image".into(), "registry.fly.io/shop:v2".into());
        let request = CreateRequest {
            region: "iad".into(),
            config: config.into(),
            skip_launch: false,
            skip_service_registration: true,
            min_secrets_version: None,
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
            let (over_http, direct) = both(&mut api, &call);
            let direct = watched(direct);
            match (&over_http, &direct) {
                (Reply::Refused(Why::RateLimited { .. }), _) => assert_eq!(over_http, direct),
                // The words differ, not the kind.
                (Reply::Unknown(_), Reply::Unknown(_)) => {}
                (Reply::Refused(a), Reply::Refused(b)) => {
                    assert_eq!(std::mem::discriminant(a), std::mem::discriminant(b), "{call:?}")
                }
                _ => assert_eq!(over_http, direct, "{call:?}"),
            }
        }
    }

    #[test]
    fn a_list_shows_no_nonce() {
        let mut api = api(&[]);
        let lease = Call::AcquireLease { id: "a1".into(), ttl_s: 13, nonce: None };
        assert!(matches!(both(&mut api, &lease).0, Reply::Done(execute::Answer::Lease { .. })));
        let Answer::Now(list) = api.respond(0, &protocol::request("shop", &Call::ListMachines)) else { panic!() };
        assert!(!list.body.contains("nonce"), "{}", list.body);
    }

    #[test]
    fn what_a_client_asks_for_lasts_by_its_own_clock() {
        let mut api = api(&[]).at_speed(10);
        let lease = Call::AcquireLease { id: "a1".into(), ttl_s: 13, nonce: None };
        assert!(matches!(both(&mut api, &lease).0, Reply::Done(execute::Answer::Lease { .. })));
        api.world.advance(129_999);
        assert!(api.world.lease_of("a1").is_some());
        api.world.advance(130_000);
        assert_eq!(api.world.lease_of("a1"), None);
        let wait = Call::Wait { id: "a1".into(), instance_id: "01A".into(), state: State::Stopped, timeout_s: 5 };
        let Answer::Later(waiter) = api.respond(130_000, &protocol::request("shop", &wait)) else { panic!() };
        assert_eq!(waiter.until_ms(), 180_000);
    }

    #[test]
    fn nonsense_is_refused_in_the_words_of_the_api() {
        let mut api = api(&[]);
        let mut status = |method, path: &str, body: Option<&str>| {
            let request = Request {
                host: Host::Machines,
                method,
                path: path.into(),
                headers: vec![],
                body: body.map(str::to_owned),
            };
            match api.respond(0, &request) {
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
