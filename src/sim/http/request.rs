//! Requests of the Machines API as what is asked of a world, or as the refusal of what nobody can
//! read.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Api, Response, error, ok};
use crate::execute::{Call, ReleaseStatus};
use crate::fleet::{MachineConfig, State};
use crate::plan::CreateRequest;
use crate::protocol::{Method, NONCE_HEADER, Request};

pub(super) enum Act {
    Call(Call),
    DestroyGently(String, Option<String>),
    ListLeased,
    ReadLease(String),
    ReadApp(String),
}

pub(super) fn read(api: &Api, request: &Request) -> Result<Act, Response> {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    if let ["api", "v1", rest @ ..] = segments.as_slice() {
        return releases(request, rest, Query(query)).map(Act::Call);
    }
    let ["v1", "apps", app, rest @ ..] = segments.as_slice() else { return Err(error(404, "not_found: no such path")) };
    if api.app.as_ref().is_some_and(|known| known != app) {
        return Err(error(404, "not_found: app not found"));
    }
    let nonce = || request.headers.iter().find(|(name, _)| *name == NONCE_HEADER).map(|(_, value)| value.clone());
    let query = Query(query);
    let call = match (request.method, rest) {
        (Method::Get, []) => return Ok(Act::ReadApp((*app).to_owned())),
        // Its machines have none.
        (Method::Get, ["volumes"]) => return Err(ok(200, json!([]))),
        (Method::Get, ["machines"]) if query.is_true("include_leases") => return Ok(Act::ListLeased),
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
                (Method::Get, ["wait"]) => wait(api, id, query)?,
                (Method::Get, ["lease"]) => return Ok(Act::ReadLease(id)),
                (Method::Post, ["lease"]) => {
                    Call::AcquireLease { id, ttl_s: api.of_client_s(ttl(request, query)?), nonce: nonce() }
                }
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

fn wait(api: &Api, id: String, query: Query) -> Result<Call, Response> {
    let state = State::from(query.get("state").unwrap_or("started").to_owned());
    if !WAITABLE.contains(&state) {
        return Err(error(400, &format!("invalid_argument: invalid state {state}")));
    }
    let timeout_s = match query.get("timeout") {
        None => LONGEST_WAIT_S,
        Some(text) => text.parse().map_err(|_| error(400, "invalid_argument: invalid timeout"))?,
    };
    let instance_id = query.get("version").or_else(|| query.get("instance_id")).unwrap_or_default().to_owned();
    Ok(Call::Wait { id, instance_id, state, timeout_s: api.of_client_s(timeout_s.min(LONGEST_WAIT_S)) })
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
pub(super) fn object(request: &Request, what: &str) -> Result<Value, Response> {
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

/// The states that can be waited for; anything else is refused.
const WAITABLE: [State; 5] = [State::Started, State::Stopped, State::Suspended, State::Destroyed, State::Failed];

/// The public API ends every request after a minute.
const LONGEST_WAIT_S: u64 = 60;

const DEFAULT_TTL_S: u64 = 30;

const NEAREST_REGION: &str = "iad";
