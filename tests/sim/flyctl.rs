//! What flyctl sent when its deploys were recorded, sent to the simulated API: this one says yes
//! where the recorded one did, and no where that did, so that flyctl would have gone on alike.

use std::collections::BTreeMap;

use cutover::fleet;
use cutover::protocol::{Host, Method, NONCE_HEADER, Request};
use cutover::sim::http::{Answer, Api, Response};
use cutover::sim::{Settings, World};
use serde_json::Value;

const QUICK: Settings =
    Settings { prepare_ms: 10, boot_ms: 20, check_ms: 20, stop_ms: 20, command_ms: 20, latency_ms: 0 };

#[test]
fn what_flyctl_sends_is_answered() {
    let (mut asked, mut odd) = (0, Vec::new());
    for (name, faults) in RECORDED {
        let Ok(text) = std::fs::read_to_string(format!("../shared/oracle/transcripts/{name}.json")) else {
            println!("../shared is not here: no recorded deploy was sent");
            return;
        };
        let recorded: Value = serde_json::from_str(&text).unwrap();
        let fleet = fleet::parse(&recorded["fleet"].to_string()).unwrap();
        let faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        let mut api = Api::new(World::new(&fleet, QUICK, faults, 1), None);
        let mut ours = BTreeMap::from([("rel-1".to_owned(), "release-8".to_owned())]);
        let mut nonces = BTreeMap::new();
        for call in recorded["calls"].as_array().unwrap().iter().filter(|call| call.get("event").is_none()) {
            let (request, machine) = request(call, &ours, &nonces);
            let response = answer(&mut api, (call["t"].as_f64().unwrap() * 1_000.0) as u64, &request);
            let reply: Value = serde_json::from_str(&response.body).unwrap_or_default();
            for (theirs, id) in new_ids(&call["reply"], &reply, &ours) {
                ours.insert(theirs, id);
            }
            if let Some(nonce) = reply["data"]["nonce"].as_str() {
                nonces.insert(machine, nonce.to_owned());
            }
            asked += 1;
            let is_well = |status: u64| (200..300).contains(&status);
            if is_well(call["status"].as_u64().unwrap()) != is_well(response.status.into()) {
                odd.push(format!(
                    "{name}: {} {}: {}, not {} {}",
                    request.method.as_str(),
                    request.path,
                    call["status"],
                    response.status,
                    response.body
                ));
            }
        }
    }
    println!("{asked} recorded requests of {} deploys", RECORDED.len());
    assert_eq!(odd, [""; 0]);
}

/// The transcripts, and what went wrong in each while it was recorded.
const RECORDED: &[(&str, &[&str])] = &[
    ("three-machines", &[]),
    ("groups", &[]),
    ("release-command", &[]),
    ("first-deploy", &[]),
    ("mixed-images", &[]),
    ("never-healthy", &[]),
    ("both-greens-die", &[]),
    ("create-408-after", &["create#1=lost-after"]),
    ("destroy-fails", &["destroy@9080aaaa000000=lost-before"]),
];

fn answer(api: &mut Api, now_ms: u64, request: &Request) -> Response {
    let now_ms = now_ms.max(api.world.now_ms());
    match api.respond(now_ms, request) {
        Answer::Now(response) => response,
        Answer::Later(waiter) => loop {
            if let Some(response) = waiter.respond(&api.world) {
                return response;
            }
            let next_ms = api.world.next_change_ms().unwrap_or(u64::MAX).min(waiter.until_ms());
            api.world.advance(next_ms);
        },
    }
}

/// The ids of machines that both replies show for the first time: theirs, and those of this world.
fn new_ids(theirs: &Value, ours: &Value, known: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let ids = |reply: &Value, is_known: &dyn Fn(&str) -> bool| {
        let machines = reply.as_array().map_or(std::slice::from_ref(reply), Vec::as_slice);
        let ids = machines.iter().filter_map(|machine| machine["id"].as_str());
        ids.filter(|id| !is_known(id)).map(str::to_owned).collect::<Vec<_>>()
    };
    let new = ids(theirs, &|id| known.contains_key(id));
    new.into_iter().zip(ids(ours, &|id| known.values().any(|known| known == id))).collect()
}

/// With the ids of this world in the place of those recorded; and the machine that it is about.
fn request(call: &Value, ours: &BTreeMap<String, String>, nonces: &BTreeMap<String, String>) -> (Request, String) {
    let recorded = call["path"].as_str().unwrap();
    let segments = recorded.split('/').map(|segment| ours.get(segment).map_or(segment, String::as_str));
    let mut path = segments.collect::<Vec<_>>().join("/");
    let machine = path.split('/').nth(5).unwrap_or_default().to_owned();
    let query = call["query"].as_str().unwrap_or_default();
    if !query.is_empty() {
        path = format!("{path}?{query}");
    }
    let method = match call["method"].as_str().unwrap() {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PATCH" => Method::Patch,
        _ => Method::Delete,
    };
    let nonce = nonces.get(&machine).filter(|_| call["nonce"] == true);
    let headers = nonce.map(|nonce| (NONCE_HEADER, nonce.clone())).into_iter().collect();
    let body = (!call["body"].is_null()).then(|| call["body"].to_string());
    (Request { host: Host::Machines, method, path, headers, body }, machine)
}
