//! Calls of the Machines API as HTTP requests, and HTTP replies as what the executor understands:
//! values only, no client and no clock. Header names and Fly's error texts are known here and
//! nowhere else.

mod releases;
mod token;
mod why;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::execute::{Answer, Call, Reply, Sample, Why};
use crate::fleet::{self, Machine};

pub use token::{authorization, bearer, is_sendable};

/// Proves that a mutation comes from the holder of the machine's lease.
pub const NONCE_HEADER: &str = "fly-machine-lease-nonce";

/// The Machines API as the public reaches it.
pub const BASE_URL: &str = "https://api.machines.dev";

/// Releases and logs, as the public reaches them.
pub const RELEASES_BASE_URL: &str = "https://api.fly.io";

/// An HTTP request, less the base URL and the token, which only an adapter knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub host: Host,
    pub method: Method,
    /// With the query: `/v1/apps/shop/machines?...`; the whole URL where it is [`Host::Any`].
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    /// JSON; goes with `content-type: application/json`.
    pub body: Option<String>,
}

/// Whom a request is for. A token goes only to Fly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// The Machines API.
    Machines,
    /// Fly's other API: releases and logs.
    Releases,
    /// Whoever it is, without a token.
    Any,
}

/// An HTTP response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Response<'a> {
    pub status: u16,
    /// Names in lower case.
    pub headers: &'a [(String, String)],
    pub body: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Patch,
    Delete,
}

impl Method {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What planning reads of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    App,
    /// With their leases.
    Machines,
    Volumes,
}

/// The request that reads it.
pub fn read(app: &str, about: About) -> Request {
    let app = format!("/v1/apps/{}", segment(app));
    Request::get(
        Host::Machines,
        match about {
            About::App => app,
            About::Machines => format!("{app}/machines?include_leases=true"),
            About::Volumes => format!("{app}/volumes"),
        },
    )
}

/// The request that makes `call` in `app`. Where specification and flyctl differ (`ttl` in the
/// query, `kill` for `force`), it is what flyctl sends, or both.
pub fn request(app: &str, call: &Call) -> Request {
    let machines = format!("/v1/apps/{}/machines", segment(app));
    let machine = |id: &str| format!("{machines}/{}", segment(id));
    let get = |path: String| Request::get(Host::Machines, path);
    let post = |path: String, nonce: Option<&String>, body: Option<Value>| Request {
        host: Host::Machines,
        method: Method::Post,
        path,
        headers: headers(nonce, body.is_some()),
        body: body.map(|body| body.to_string()),
    };
    let delete = |path: String, nonce: Option<&String>| Request {
        host: Host::Machines,
        method: Method::Delete,
        path,
        headers: headers(nonce, false),
        body: None,
    };
    match call {
        Call::ListMachines => get(machines),
        Call::GetMachine { id } => get(machine(id)),
        Call::CreateMachine { name, request } => {
            let mut body = json!({
                "name": name,
                "region": request.region,
                "config": request.config,
                "skip_launch": request.skip_launch,
                "skip_service_registration": request.skip_service_registration,
            });
            if let Some(version) = request.min_secrets_version {
                body["min_secrets_version"] = version.into();
            }
            post(machines, None, Some(body))
        }
        Call::AcquireLease { id, ttl_s, nonce } => {
            post(format!("{}/lease?ttl={ttl_s}", machine(id)), nonce.as_ref(), None)
        }
        Call::ReleaseLease { id, nonce } => delete(format!("{}/lease", machine(id)), Some(nonce)),
        Call::Cordon { id, nonce } => post(format!("{}/cordon", machine(id)), nonce.as_ref(), None),
        Call::Uncordon { id, nonce } => post(format!("{}/uncordon", machine(id)), nonce.as_ref(), None),
        Call::Start { id, nonce } => post(format!("{}/start", machine(id)), nonce.as_ref(), None),
        // A timeout of zero leaves it to the machine's own stop config.
        Call::Stop { id, nonce } => {
            post(format!("{}/stop", machine(id)), nonce.as_ref(), Some(json!({ "id": id, "timeout": "0s" })))
        }
        Call::Destroy { id, nonce } => delete(format!("{}?force=true&kill=true", machine(id)), nonce.as_ref()),
        Call::Wait { id, instance_id, state, timeout_s } => {
            let version =
                if instance_id.is_empty() { String::new() } else { format!("&version={}", segment(instance_id)) };
            get(format!("{}/wait?state={state}&timeout={timeout_s}{version}", machine(id)))
        }
        Call::SetMetadata { id, key, value } => {
            post(format!("{}/metadata/{}", machine(id), segment(key)), None, Some(json!({ "value": value })))
        }
        Call::ClearMetadata { id, keys } => {
            // Nothing removes a key, and so does null, which the specification has no place for.
            let removed: Map<String, Value> = keys.iter().map(|key| (key.clone(), json!(""))).collect();
            let request = post(format!("{}/metadata", machine(id)), None, Some(json!({ "metadata": removed })));
            Request { method: Method::Patch, ..request }
        }
        Call::Exec { id, command, timeout_s } => {
            post(format!("{}/exec", machine(id)), None, Some(json!({ "command": command, "timeout": timeout_s })))
        }
        Call::Logs { .. } | Call::CreateRelease { .. } | Call::UpdateRelease { .. } => releases::request(app, call),
        Call::Probe { url } => Request::get(Host::Any, url.clone()),
    }
}

/// What an HTTP reply to `call` means. A reply that cannot be read, or is a web page of somebody
/// between us and Fly, tells nothing of what was done: [`Reply::Unknown`].
/// Of machines it tells what watching them needs: [`Machine::watched`].
pub fn reply(call: &Call, response: &Response<'_>) -> Reply {
    understood(call, response, Machine::watched)
}

/// What an HTTP reply to the reading of [`About::Machines`] means; they are whole.
pub fn listed(response: &Response<'_>) -> Reply {
    understood(&Call::ListMachines, response, std::convert::identity)
}

fn understood(call: &Call, response: &Response<'_>, kept: fn(Machine) -> Machine) -> Reply {
    let Response { status, body, .. } = *response;
    match status {
        _ if matches!(call, Call::Probe { .. }) => Reply::Done(Answer::Probed(sample(response))),
        200..=299 | 404 if response.is_page() => Reply::Unknown(why::unclear(status, body)),
        200..=299 => answer(call, body, kept).map_or_else(|| Reply::Unknown(why::unclear(status, body)), Reply::Done),
        408 if matches!(call, Call::Wait { .. }) => Reply::Refused(Why::NotYet),
        408 | 500..=599 => Reply::Unknown(why::unclear(status, body)),
        404 => not_found(call, body),
        _ => Reply::Refused(why::classify(status, response.retry_after_ms(), body)),
    }
}

/// No response came, as an adapter that is not ours tells it: it may repeat what it was to send.
pub fn unanswered(why: &str) -> Reply {
    Reply::Unknown(format!("no answer: {}", token::masked(why)))
}

/// A lease that is gone does not mean that its machine is.
fn not_found(call: &Call, body: &[u8]) -> Reply {
    let about_lease = matches!(call, Call::AcquireLease { .. } | Call::ReleaseLease { .. });
    match why::is_lease_not_found(body) && !about_lease {
        true => Reply::Refused(why::classify(404, None, body)),
        false => Reply::Absent,
    }
}

fn answer(call: &Call, body: &[u8], kept: fn(Machine) -> Machine) -> Option<Answer> {
    match call {
        Call::ListMachines => fleet::list(body, kept).map(Answer::Machines),
        Call::GetMachine { .. } | Call::CreateMachine { .. } => {
            let machine = serde_json::from_slice(body).ok().map(kept)?;
            Some(Answer::Machine(Arc::new(machine)))
        }
        Call::AcquireLease { .. } => lease(body),
        Call::ReleaseLease { .. }
        | Call::Cordon { .. }
        | Call::Uncordon { .. }
        | Call::Start { .. }
        | Call::Stop { .. }
        | Call::Destroy { .. }
        | Call::SetMetadata { .. }
        | Call::ClearMetadata { .. }
        | Call::UpdateRelease { .. }
        | Call::Wait { .. } => Some(Answer::Ok),
        Call::Exec { .. } => executed(body),
        Call::Logs { id } => releases::logs(body, id),
        Call::CreateRelease { .. } => releases::release(body),
        Call::Probe { .. } => None,
    }
}

fn executed(body: &[u8]) -> Option<Answer> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let stdout = body.get("stdout").and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(Answer::Executed { exit_code: body.get("exit_code").and_then(Value::as_i64).unwrap_or(0), stdout })
}

fn sample(response: &Response<'_>) -> Sample {
    let body = String::from_utf8_lossy(response.body).into_owned();
    Sample { status: response.status, headers: response.headers.to_vec(), body }
}

impl Request {
    fn get(host: Host, path: String) -> Self {
        Self { host, method: Method::Get, path, headers: Vec::new(), body: None }
    }
}

impl Response<'_> {
    fn is_page(&self) -> bool {
        self.headers.iter().any(|(name, value)| name == "content-type" && value.starts_with("text/html"))
    }

    /// A date instead of seconds is left to our own patience.
    fn retry_after_ms(&self) -> Option<u64> {
        let (_, seconds) = self.headers.iter().find(|(name, _)| name == "retry-after")?;
        seconds.trim().parse::<u64>().ok().map(|seconds| seconds.saturating_mul(1_000))
    }
}

/// The API wraps a lease in `{"status", "data"}`; its specification does not.
fn lease(body: &[u8]) -> Option<Answer> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let lease = body.get("data").unwrap_or(&body);
    let text = |key: &str| lease.get(key).and_then(Value::as_str).map(str::to_owned);
    Some(Answer::Lease { nonce: text("nonce")?, instance_id: text("version").unwrap_or_default() })
}

fn headers(nonce: Option<&String>, body: bool) -> Vec<(&'static str, String)> {
    let content = body.then(|| ("content-type", "application/json".to_owned()));
    content.into_iter().chain(nonce.map(|nonce| (NONCE_HEADER, nonce.clone()))).collect()
}

/// One segment of a path, percent-encoded.
fn segment(text: &str) -> String {
    text.bytes().fold(String::new(), |path, byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
            path + char::from(byte).encode_utf8(&mut [0; 4])
        }
        _ => format!("{path}%{byte:02X}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{MachineConfig, State};
    use crate::plan::CreateRequest;

    fn reply(call: &Call, status: u16, body: &[u8]) -> Reply {
        super::reply(call, &Response { status, headers: &[], body })
    }

    fn line(call: &Call) -> String {
        let request = request("shop", call);
        let headers: Vec<String> = request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        format!(
            "{} {} [{}] {}",
            request.method.as_str(),
            request.path,
            headers.join(", "),
            request.body.unwrap_or_default()
        )
    }

    fn all_calls() -> Vec<Call> {
        let id = || "m1".to_owned();
        let nonce = || Some("n1".to_owned());
        let request = CreateRequest {
            region: "iad".into(),
            config: MachineConfig::default().into(),
            skip_launch: false,
            skip_service_registration: true,
            min_secrets_version: Some(4),
        };
        vec![
            Call::ListMachines,
            Call::GetMachine { id: id() },
            Call::CreateMachine { name: "cutover-r1-app-1".into(), request },
            Call::AcquireLease { id: id(), ttl_s: 13, nonce: None },
            Call::AcquireLease { id: id(), ttl_s: 13, nonce: nonce() },
            Call::ReleaseLease { id: id(), nonce: "n1".into() },
            Call::Cordon { id: id(), nonce: nonce() },
            Call::Uncordon { id: id(), nonce: None },
            Call::Start { id: id(), nonce: nonce() },
            Call::Stop { id: id(), nonce: nonce() },
            Call::Destroy { id: id(), nonce: nonce() },
            Call::Wait { id: id(), instance_id: "01A".into(), state: State::Started, timeout_s: 10 },
            Call::SetMetadata { id: id(), key: "cutover_direction".into(), value: "m1 forward".into() },
            Call::ClearMetadata { id: id(), keys: vec!["cutover_run".into()] },
            Call::Exec { id: id(), command: vec!["cat".into(), "/proc/net/tcp".into()], timeout_s: 10 },
        ]
    }

    #[test]
    fn each_call_is_the_request_that_the_api_knows() {
        let lines: Vec<String> = all_calls().iter().map(line).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        GET /v1/apps/shop/machines [] 
        GET /v1/apps/shop/machines/m1 [] 
        POST /v1/apps/shop/machines [content-type: application/json] {"config":{},"min_secrets_version":4,"name":"cutover-r1-app-1","region":"iad","skip_launch":false,"skip_service_registration":true}
        POST /v1/apps/shop/machines/m1/lease?ttl=13 [] 
        POST /v1/apps/shop/machines/m1/lease?ttl=13 [fly-machine-lease-nonce: n1] 
        DELETE /v1/apps/shop/machines/m1/lease [fly-machine-lease-nonce: n1] 
        POST /v1/apps/shop/machines/m1/cordon [fly-machine-lease-nonce: n1] 
        POST /v1/apps/shop/machines/m1/uncordon [] 
        POST /v1/apps/shop/machines/m1/start [fly-machine-lease-nonce: n1] 
        POST /v1/apps/shop/machines/m1/stop [content-type: application/json, fly-machine-lease-nonce: n1] {"id":"m1","timeout":"0s"}
        DELETE /v1/apps/shop/machines/m1?force=true&kill=true [fly-machine-lease-nonce: n1] 
        GET /v1/apps/shop/machines/m1/wait?state=started&timeout=10&version=01A [] 
        POST /v1/apps/shop/machines/m1/metadata/cutover_direction [content-type: application/json] {"value":"m1 forward"}
        PATCH /v1/apps/shop/machines/m1/metadata [content-type: application/json] {"metadata":{"cutover_run":""}}
        POST /v1/apps/shop/machines/m1/exec [content-type: application/json] {"command":["cat","/proc/net/tcp"],"timeout":10}
        "#);
    }

    #[test]
    fn a_name_cannot_leave_its_place_in_the_path() {
        assert_eq!(
            request("a/../b", &Call::GetMachine { id: "x?y".into() }).path,
            "/v1/apps/a%2F%2E%2E%2Fb/machines/x%3Fy"
        );
    }

    #[test]
    fn a_status_means_the_same_for_every_call_but_wait() {
        for call in all_calls() {
            let wait = matches!(call, Call::Wait { .. });
            assert_eq!(reply(&call, 404, b"{\"error\":\"not_found: machine not found\"}"), Reply::Absent);
            assert_eq!(
                reply(&call, 429, b"rate limit exceeded"),
                Reply::Refused(Why::RateLimited { retry_after_ms: None })
            );
            assert_eq!(
                reply(&call, 408, b"{}"),
                if wait { Reply::Refused(Why::NotYet) } else { Reply::Unknown("answered with status 408".into()) }
            );
            for status in [500, 502, 503, 504] {
                assert!(matches!(reply(&call, status, b"<html>"), Reply::Unknown(_)));
            }
        }
    }

    #[test]
    fn fly_says_how_long_to_wait() {
        let headers = [("retry-after".to_owned(), "3".to_owned())];
        let refused = super::reply(&Call::ListMachines, &Response { status: 429, headers: &headers, body: b"" });
        assert_eq!(refused, Reply::Refused(Why::RateLimited { retry_after_ms: Some(3_000) }));
    }

    #[test]
    fn a_body_that_cannot_be_read_leaves_the_fate_unknown() {
        for call in all_calls() {
            let needs_body = !matches!(answer(&call, b"", Machine::watched), Some(Answer::Ok));
            assert_eq!(matches!(reply(&call, 200, b"<html>"), Reply::Unknown(_)), needs_body, "{call:?}");
        }
    }

    #[test]
    fn a_lease_is_read_with_its_envelope_and_without() {
        let call = Call::AcquireLease { id: "m1".into(), ttl_s: 13, nonce: None };
        let lease = Reply::Done(Answer::Lease { nonce: "n".into(), instance_id: "01A".into() });
        assert_eq!(reply(&call, 201, br#"{"status":"success","data":{"nonce":"n","version":"01A"}}"#), lease);
        assert_eq!(reply(&call, 200, br#"{"nonce":"n","version":"01A"}"#), lease);
    }

    #[test]
    fn a_lost_lease_is_not_a_lost_machine() {
        let body = br#"{"error":"lease not found"}"#;
        let destroy = Call::Destroy { id: "m1".into(), nonce: Some("n".into()) };
        assert!(matches!(reply(&destroy, 404, body), Reply::Refused(Why::Other { status: 404, .. })));
        assert_eq!(reply(&Call::ReleaseLease { id: "m1".into(), nonce: "n".into() }, 404, body), Reply::Absent);
    }
}
