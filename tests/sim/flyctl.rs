//! What flyctl sent when its deploys were recorded, sent to the simulated API: where the recorded
//! one said yes, this one does, so that flyctl would have gone on.

use std::collections::BTreeMap;

use cutover::fleet;
use cutover::protocol::{Host, Method, NONCE_HEADER, Request};
use cutover::sim::http::{Answer, Response, respond};
use cutover::sim::{Settings, World};
use serde_json::Value;

const QUICK: Settings =
    Settings { prepare_ms: 10, boot_ms: 20, check_ms: 20, stop_ms: 20, command_ms: 20, latency_ms: 0 };

#[test]
fn what_flyctl_sends_is_answered() {
    let (mut asked, mut odd) = (0, Vec::new());
    for name in ["three-machines", "groups", "release-command", "first-deploy"] {
        let Ok(text) = std::fs::read_to_string(format!("../shared/oracle/transcripts/{name}.json")) else {
            println!("../shared is not here: no recorded deploy was sent");
            return;
        };
        let recorded: Value = serde_json::from_str(&text).unwrap();
        let mut world = World::new(&fleet::parse(&recorded["fleet"].to_string()).unwrap(), QUICK, Vec::new(), 1);
        let mut ours = BTreeMap::from([("rel-1".to_owned(), "release-8".to_owned())]);
        let mut nonces = BTreeMap::new();
        for call in recorded["calls"].as_array().unwrap().iter().filter(|call| call.get("event").is_none()) {
            let (request, machine) = request(call, &ours, &nonces);
            let response = answer(&mut world, (call["t"].as_f64().unwrap() * 1_000.0) as u64, &request);
            let reply: Value = serde_json::from_str(&response.body).unwrap_or_default();
            if let (Some(theirs), Some(id)) = (call["reply"]["id"].as_str(), reply["id"].as_str()) {
                ours.insert(theirs.to_owned(), id.to_owned());
            }
            if let Some(nonce) = reply["data"]["nonce"].as_str() {
                nonces.insert(machine, nonce.to_owned());
            }
            asked += 1;
            let is_well = |status: u64| (200..300).contains(&status);
            if is_well(call["status"].as_u64().unwrap()) && !is_well(response.status.into()) {
                odd.push(format!(
                    "{name}: {} {}: {} {}",
                    request.method.as_str(),
                    request.path,
                    response.status,
                    response.body
                ));
            }
        }
    }
    println!("{asked} recorded requests");
    assert_eq!(odd, [""; 0]);
}

fn answer(world: &mut World, now_ms: u64, request: &Request) -> Response {
    let now_ms = now_ms.max(world.now_ms());
    match respond(world, now_ms, request) {
        Answer::Now(response) => response,
        Answer::Later(waiter) => loop {
            if let Some(response) = waiter.respond(world) {
                return response;
            }
            let next_ms = world.next_change_ms().unwrap_or(u64::MAX).min(waiter.until_ms());
            world.advance(next_ms);
        },
    }
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
