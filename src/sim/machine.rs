//! How a simulated machine looks from outside: fields of the API's object, made and read.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::execute::SplitMix64;
use crate::fleet::{CheckKind, CheckStatus, HostStatus, ImageRef, Machine, MachineConfig, State};
use crate::plan::CreateRequest;

/// A machine that was just created.
pub(super) fn created(name: String, request: &CreateRequest, random: &mut SplitMix64) -> Machine {
    let id = format!("{:014x}", random.next() & 0xff_ffff_ffff_ffff);
    let image = request.config.image().unwrap_or_default();
    Machine {
        name: if name.is_empty() { format!("machine-{}", &id[..6]) } else { name },
        id,
        state: State::Created,
        region: request.region.clone(),
        image_ref: image_ref(image),
        instance_id: instance_id(random),
        config: Some(Arc::new(with_metadata(&request.config))),
        checks: Vec::new(),
        lease: None,
        host_status: HostStatus::Ok,
        cordoned: request.skip_service_registration,
        other: Map::from_iter([("events".to_owned(), json!([]))]),
    }
}

/// The results of its checks, all alike.
pub(super) fn check_results(config: &MachineConfig, status: &str) -> Vec<CheckStatus> {
    let named = |(place, kind): (usize, CheckKind)| match kind {
        CheckKind::Service { internal_port } => format!("servicecheck-{place:02}-{internal_port}"),
        CheckKind::TopLevel { name } => name,
    };
    let status = |name| CheckStatus { name, status: status.to_owned(), other: Map::new() };
    config.check_kinds().enumerate().map(named).map(status).collect()
}

/// Newest first, as the API lists them.
pub(super) fn push_event(machine: &mut Machine, t_ms: u64, kind: &str, status: &str, request: Option<Value>) {
    let events = machine.other.entry("events").or_insert_with(|| json!([]));
    if !events.is_array() {
        *events = json!([]);
    }
    let mut event = json!({ "type": kind, "status": status, "source": "flyd", "timestamp": t_ms });
    if let Some(request) = request {
        event["request"] = request;
    }
    if let Value::Array(events) = events {
        events.insert(0, event);
        events.truncate(MOST_EVENTS);
    }
}

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Somebody asked for it.
    Asked,
    Code(i64),
    OutOfMemory,
}

pub(super) fn exit_event(end: End) -> Value {
    let exit_code = match end {
        End::Asked => 0,
        End::Code(code) => code,
        End::OutOfMemory => SIGKILLED,
    };
    let (oom_killed, requested_stop) = (end == End::OutOfMemory, end == End::Asked);
    json!({ "exit_event": { "exit_code": exit_code, "oom_killed": oom_killed, "requested_stop": requested_stop } })
}

/// Its last exit was not asked for.
pub(super) fn crashed(machine: &Machine) -> bool {
    let events = machine.other.get("events").and_then(Value::as_array);
    let last = events.into_iter().flatten().find(|event| matches!(event["type"].as_str(), Some("exit" | "start")));
    last.is_some_and(|event| event.pointer("/request/exit_event/requested_stop") == Some(&Value::Bool(false)))
}

/// flyctl expects the object to be there.
fn with_metadata(config: &MachineConfig) -> MachineConfig {
    let mut config = config.clone();
    config.metadata_mut();
    config
}

fn image_ref(image: &str) -> ImageRef {
    let (name, digest) = image.split_once('@').unwrap_or((image, ""));
    let (registry, path) = match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) => (host, path),
        _ => ("docker-hub-mirror.fly.io", name),
    };
    let (repository, tag) = path.rsplit_once(':').unwrap_or((path, "latest"));
    let digest = if digest.is_empty() { digest_of(image) } else { digest.to_owned() };
    ImageRef {
        registry: registry.into(),
        repository: repository.into(),
        tag: tag.into(),
        digest: digest.into(),
        labels: Default::default(),
    }
}

/// As good a digest as any: the same for the same reference.
fn digest_of(image: &str) -> String {
    Sha256::digest(image).iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// A ULID by its looks.
fn instance_id(random: &mut SplitMix64) -> String {
    (0..24).fold("01".to_owned(), |id, _| {
        let digit = random.below(32) as usize;
        id + &CROCKFORD[digit..=digit]
    })
}

const CROCKFORD: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// 128 and the number of the signal, as shells count.
const SIGKILLED: i64 = 137;

const MOST_EVENTS: usize = 20;
