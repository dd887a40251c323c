//! Every request that is made and every reply that the simulated API gives, held against the
//! specification of the Machines API, strictly: a field, parameter or status that it does not name
//! is a breach. Where the real client and the real API do not follow it either, [`DISAGREEMENTS`]
//! says so. The specification lies beside the project; where it is not, the tests say so.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files and tells what it counted"
)]

#[path = "../plan/notation.rs"]
#[allow(dead_code)]
mod notation;
mod spec;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use cutover::config;
use cutover::execute::{Call, CallId, Execution, Input, Kind, Options, Outcome, OutcomeKind, ReleaseStatus, Reply};
use cutover::fleet::MachineConfig;
use cutover::machine::machine_config;
use cutover::plan::{CreateRequest, Policy};
use cutover::protocol::{self, About, Host, Request};
use cutover::sim::http::{Answer, Api, Response, Waiter};
use cutover::sim::{Fault, Settings, World};
use cutover::syntax::{self, Format};
use notation::{SHOP, fleet, plan_of};
use serde_json::{Value, json};
use spec::Spec;

/// How a breach begins that is none, and why.
const DISAGREEMENTS: &[(&str, &str)] = &[
    ("Machines_cordon: header fly-machine-lease-nonce", NONCE),
    ("Machines_delete: header fly-machine-lease-nonce", NONCE),
    ("Machines_stop: header fly-machine-lease-nonce", NONCE),
    ("Machines_create_lease: query ttl", "the real client sends the time in the query, and no body"),
    ("Machines_create_lease: body: missing", "the real client sends the time in the query, and no body"),
    ("Machines_create_lease: 201: unknown data, status", "the API wraps a lease in an envelope"),
    ("Machines_create_lease: 409: unknown message", "the envelope of a lease that is held"),
    ("Machines_create_lease: 409 /status", "the envelope of a lease that is held"),
    ("Machines_delete: query kill", "the real client's name for `force`; both are sent"),
    ("Machines_stop: body: unknown id", "the real client sends the machine's id as well"),
    ("Machines_create: body /config/services/*/autostop", AUTOSTOP),
    ("Machines_create: 200 /config/services/*/autostop", AUTOSTOP),
    ("Machines_list: 200 /*/config/services/*/autostop", AUTOSTOP),
    ("Machines_show: 200 /config/services/*/autostop", AUTOSTOP),
    ("config /services/*/autostop", AUTOSTOP),
    ("config /services/*/ports/*/http_options/response/headers/", "a header is a text, several, or false to remove it"),
];

const NONCE: &str =
    "every mutation of a leased machine carries the nonce; the specification has it for the lease alone";
const AUTOSTOP: &str = "the real client writes `off` and `stop` as false and true";

/// What was held against the specification.
#[derive(Default)]
struct Audit {
    breaches: BTreeSet<String>,
    requests: usize,
    responses: usize,
    kinds: BTreeSet<Kind>,
}

impl Audit {
    fn call(&mut self, spec: &Spec, call: &Call) {
        self.kinds.insert(Kind::of(call));
        self.request(spec, &protocol::request("shop", call));
    }

    /// Fly's other API, and what is not Fly, have no part in the specification.
    fn request(&mut self, spec: &Spec, request: &Request) {
        if request.host == Host::Machines {
            self.requests += 1;
            self.breaches.extend(spec.breaches_of_request(request));
        }
    }

    fn response(&mut self, spec: &Spec, request: &Request, response: &Response) {
        if request.host == Host::Machines {
            self.responses += 1;
            self.breaches.extend(spec.breaches_of_response(request, response.status, &response.body));
        }
    }
}

#[test]
fn requests_and_replies_are_as_the_specification_has_them() {
    let Some(spec) = Spec::read(&shared("research/machines-openapi.json")) else {
        return println!("machines-openapi.json is not here: nothing compared");
    };
    let mut audit = Audit::default();
    for (faults, ends) in DEPLOYS {
        assert_eq!(deploy(&spec, faults, &mut audit).kind, *ends, "{faults:?}");
    }
    for call in calls() {
        audit.call(&spec, &call);
        let mut api = api(&["get#2=no-capacity", "cordon#2=rate-limited", "uncordon#2=unauthorized"]);
        for _ in 0..2 {
            answered(&mut api, &call, &spec, &mut audit);
        }
    }
    for about in [About::App, About::Volumes] {
        let request = protocol::read("shop", about);
        audit.request(&spec, &request);
        let Answer::Now(response) = api(&[]).respond(0, &request) else { panic!("{about:?} is known") };
        audit.response(&spec, &request, &response);
    }
    assert_eq!(audit.kinds, BTreeSet::from(Kind::ALL), "every kind of call is made");
    let configs = corpus_configs();
    println!("{} requests, {} replies, {} Machine configs", audit.requests, audit.responses, configs.len());
    let has_corpus = !configs.is_empty();
    for config in configs {
        audit.breaches.extend(spec.breaches_of_config(&Value::Object(config.into())));
    }
    let is_known = |breach: &String| DISAGREEMENTS.iter().any(|(known, _)| breach.starts_with(known));
    let new: Vec<_> = audit.breaches.iter().filter(|breach| !is_known(breach)).collect();
    assert!(new.is_empty(), "not as specified: {new:#?}");
    for (known, why) in DISAGREEMENTS {
        let is_so = audit.breaches.iter().any(|breach| breach.starts_with(known));
        assert!(is_so || known.starts_with("config") && !has_corpus, "no longer so: {known} ({why})");
    }
}

/// Faults, and how the deploy ends.
const DEPLOYS: &[(&[&str], OutcomeKind)] = &[
    (&[], OutcomeKind::Completed),
    (&["create#1=lost-after", "cordon#1=rate-limited:2000", "lease#1=busy"], OutcomeKind::Completed),
    (&["machine@green-app-1=never-healthy"], OutcomeKind::Restored),
    (&["create=no-capacity"], OutcomeKind::Restored),
    (&["list=unauthorized"], OutcomeKind::Refused),
];

/// A deploy over HTTP as values, in virtual time.
fn deploy(spec: &Spec, faults: &[&str], audit: &mut Audit) -> Outcome {
    let plan = plan_of(SHOP, &fleet(SHOP, FLEET), "v2", &Policy::default()).unwrap();
    let mut api = api(faults);
    let mut execution = Execution::new(&plan, Options::new("r1"));
    let mut waits: BTreeMap<CallId, (Call, Waiter)> = BTreeMap::new();
    let mut inputs = VecDeque::from([Input::Begin]);
    loop {
        let step = execution.step(api.world.now_ms(), inputs.pop_front().unwrap_or(Input::Wake));
        if let Some(outcome) = step.outcome {
            return outcome;
        }
        for (id, call) in step.calls {
            audit.call(spec, &call);
            match ask(&mut api, &call) {
                Answer::Now(response) => inputs.push_back(Input::Reply(id, reply(spec, &call, &response, audit))),
                Answer::Later(waiter) => drop(waits.insert(id, (call, waiter))),
            }
        }
        if inputs.is_empty() {
            let ends = waits.values().map(|(_, waiter)| waiter.until_ms());
            let next_ms = ends.chain(api.world.next_change_ms()).chain(step.wake_at_ms).min().unwrap();
            api.world.advance(next_ms.max(api.world.now_ms() + 1));
        }
        waits.retain(|id, (call, waiter)| {
            let response = waiter.respond(&api.world);
            inputs.extend(response.iter().map(|response| Input::Reply(*id, reply(spec, call, response, audit))));
            response.is_none()
        });
    }
}

fn ask(api: &mut Api, call: &Call) -> Answer {
    let now_ms = api.world.now_ms();
    api.respond(now_ms, &protocol::request("shop", call))
}

fn reply(spec: &Spec, call: &Call, response: &Response, audit: &mut Audit) -> Reply {
    audit.response(spec, &protocol::request("shop", call), response);
    let (headers, body) = (response.headers(), response.body.as_bytes());
    protocol::reply(call, &protocol::Response { status: response.status, headers: &headers, body })
}

/// As soon as it is answered.
fn answered(api: &mut Api, call: &Call, spec: &Spec, audit: &mut Audit) {
    let response = match ask(api, call) {
        Answer::Now(response) => response,
        Answer::Later(waiter) => {
            api.world.advance(waiter.until_ms());
            waiter.respond(&api.world).unwrap()
        }
    };
    reply(spec, call, &response, audit);
}

fn api(faults: &[&str]) -> Api {
    let faults = faults.iter().map(|fault| fault.parse::<Fault>().unwrap()).collect();
    Api::new(World::new(&fleet(SHOP, FLEET), Settings::default(), faults, 1), Some("shop".to_owned()))
}

/// One of each kind, to a machine that is there and to one that is not.
fn calls() -> Vec<Call> {
    let mut config = MachineConfig::default();
    config.fields_mut().insert("image".into(), "registry.fly.io/shop:v2".into());
    let request = CreateRequest {
        region: "iad".into(),
        config: config.into(),
        skip_launch: false,
        skip_service_registration: true,
        min_secrets_version: Some(4),
    };
    let create = Call::CreateMachine { name: "cutover-r1-app-1".into(), request };
    let others = [
        Call::ListMachines,
        create,
        Call::CreateRelease { image: "shop:v2".into(), definition: json!({"app": "shop"}) },
        Call::UpdateRelease { id: "1".into(), status: ReleaseStatus::Failed, error: Some("why".into()) },
        Call::Probe { url: "http://127.0.0.1/".into() },
    ];
    let of_machines = ["a1", "zz"].into_iter().flat_map(|machine| {
        let id = || machine.to_owned();
        let nonce = || Some("n1".to_owned());
        let wait = |state: &str| Call::Wait {
            id: id(),
            instance_id: format!("01{machine}"),
            state: state.to_owned().into(),
            timeout_s: 10,
        };
        [
            Call::GetMachine { id: id() },
            Call::AcquireLease { id: id(), ttl_s: 13, nonce: None },
            Call::AcquireLease { id: id(), ttl_s: 13, nonce: nonce() },
            Call::ReleaseLease { id: id(), nonce: "n1".into() },
            Call::Cordon { id: id(), nonce: None },
            Call::Uncordon { id: id(), nonce: None },
            Call::Start { id: id(), nonce: None },
            Call::Stop { id: id(), nonce: None },
            Call::Destroy { id: id(), nonce: None },
            wait("started"),
            wait("stopped"),
            Call::SetMetadata { id: id(), key: "cutover_direction".into(), value: "m1 forward".into() },
            Call::ClearMetadata { id: id(), keys: vec!["cutover_run".into()] },
            Call::Exec { id: id(), command: vec!["cat".into(), "/proc/net/tcp".into()], timeout_s: 10 },
            Call::Logs { id: id() },
        ]
    });
    of_machines.chain(others).collect()
}

/// The Machine configs of real files.
fn corpus_configs() -> Vec<MachineConfig> {
    let Ok(entries) = std::fs::read_dir(shared("corpus")) else { return Vec::new() };
    let paths: BTreeSet<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    let texts = paths.iter().filter_map(|path| std::fs::read_to_string(path).ok());
    let of_file = |text: String| {
        let config = config::read(&syntax::parse(&text, Format::Toml)).config;
        let made = config.group_names().into_iter().map(|group| machine_config(&config, group, Some("a:b"), None).ok());
        made.collect::<Vec<_>>()
    };
    texts.flat_map(of_file).flatten().collect()
}

fn shared(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path)
}

const FLEET: &str = "a1 app iad started v1\na2 app iad stopped v1\nw1 worker iad started v1";
