//! Executor and simulated Fly over real sockets on loopback.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::disallowed_types)]

#[path = "http/hostile.rs"]
mod hostile;
#[path = "http/listen.rs"]
mod listen;
#[path = "plan/notation.rs"]
#[allow(dead_code)]
mod notation;
#[path = "execute/stories.rs"]
#[allow(dead_code)]
mod stories;

use std::future::{pending, ready};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::http::StatusCode;
use cutover::execute::{Call, Event, Execution, Options, Outcome, Phase, Reply, Why};
use cutover::fleet::State;
use cutover::native::http::{Client, Endpoint, drive};
use cutover::native::listen::{bind, serve};
use cutover::plan::Policy;
use cutover::sim::http::Api;
use cutover::sim::{Fault, Settings, World};
use notation::{fleet, plan_of};
use stories::{SITE, name};

const TWO: &str = "a1 app iad started v1\na2 app iad started v1";

const QUICK: Settings =
    Settings { prepare_ms: 10, boot_ms: 50, check_ms: 50, stop_ms: 20, command_ms: 20, latency_ms: 0 };

/// A deploy over HTTP; aborted at once when the phase named begins.
fn deploy(faults: &[&str], abort_in: Option<Phase>) -> (Outcome, Vec<String>, Vec<Event>) {
    let fleet = fleet(SITE, TWO);
    let policy = Policy { settle_ms: 50, wait_timeout_ms: Some(3_000), ..Policy::default() };
    let plan = plan_of(SITE, &fleet, "v2", &policy).unwrap();
    let faults = faults.iter().map(|fault| fault.parse::<Fault>().unwrap()).collect();
    let api = Api::new(World::new(&fleet, QUICK, faults, 1), None);
    on_one_thread(async move {
        let listener = bind(0).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let lines = Arc::new(Mutex::new(Vec::new()));
        let transcript = {
            let lines = Arc::clone(&lines);
            move |_: u64, request: &cutover::protocol::Request, response: &cutover::sim::http::Response| {
                lines.lock().unwrap().push(format!("{} {} {}", request.method.as_str(), request.path, response.status));
            }
        };
        tokio::spawn(serve(listener, api, Some(Box::new(transcript)), pending()));
        let client = client(&url, "sim-token");
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let mut stop = Some(stop);
        let mut told = Vec::new();
        let on_events = |_: u64, events: &[Event]| {
            told.extend_from_slice(events);
            if abort_in.is_some_and(|phase| events.contains(&Event::Phase { phase })) {
                stop.take().map(|stop| stop.send(()));
            }
        };
        let abort = async {
            if stopped.await.is_err() {
                pending::<()>().await;
            }
        };
        let outcome = drive(Execution::new(&plan, Options::new("r1")), &client, on_events, abort).await;
        let lines = lines.lock().unwrap().clone();
        (outcome, lines, told)
    })
}

fn client(url: &str, token: &str) -> Client {
    Client::new("shop", &Endpoint { token: Some(token.into()), ..Endpoint::at(url) }).unwrap()
}

fn on_one_thread<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn count(lines: &[String], front: &str) -> usize {
    lines.iter().filter(|line| line.starts_with(front)).count()
}

#[test]
fn a_deploy_over_http_replaces_every_blue() {
    let begin = Instant::now();
    let (outcome, lines, told) = deploy(&[], None);
    assert_eq!((name(outcome.kind), outcome.left.len()), ("completed", 0), "{outcome:?}");
    assert_eq!(count(&lines, "POST /v1/apps/shop/machines "), 2, "{lines:#?}");
    for blue in ["a1", "a2"] {
        assert_eq!(count(&lines, &format!("DELETE /v1/apps/shop/machines/{blue}?force=true&kill=true 200")), 1);
    }
    assert!(matches!(told.last(), Some(Event::Done { .. })));
    println!("{} calls in {} ms", lines.len(), begin.elapsed().as_millis());
}

#[test]
fn a_green_that_never_gets_healthy_is_taken_back_over_http() {
    let (outcome, lines, _) = deploy(&["machine@green-app-2=never-healthy"], None);
    assert_eq!(name(outcome.kind), "restored", "{outcome:?}");
    assert_eq!(count(&lines, "DELETE /v1/apps/shop/machines/a"), 2, "two leases, no blue: {lines:#?}");
}

#[test]
fn lost_answers_over_http_change_nothing_in_the_end() {
    let (outcome, lines, _) = deploy(&["create#1=lost-after", "uncordon#1=lost-before", "destroy#1=lost-after"], None);
    assert_eq!((name(outcome.kind), outcome.left.len()), ("completed", 0), "{outcome:?}");
    assert_eq!(count(&lines, "POST /v1/apps/shop/machines "), 2, "{lines:#?}");
}

#[test]
fn an_abort_over_http_takes_everything_back() {
    let (outcome, lines, _) = deploy(&[], Some(Phase::Forward));
    assert_eq!(name(outcome.kind), "restored", "{outcome:?}");
    assert_eq!(count(&lines, "DELETE /v1/apps/shop/machines/a1/lease 200"), 1, "{lines:#?}");
}

#[test]
fn an_abort_after_the_first_destroy_finishes_over_http() {
    assert_eq!(name(deploy(&[], Some(Phase::Finish)).0.kind), "completed");
}

#[test]
fn nobody_listening_touches_nothing() {
    let fleet = fleet(SITE, TWO);
    let plan = plan_of(SITE, &fleet, "v2", &Policy::default()).unwrap();
    let client = Client::new("shop", &Endpoint::at("http://127.0.0.1:1")).unwrap();
    let call = Call::ListMachines;
    let Reply::Unknown(why) = on_one_thread(client.call(&call)) else { panic!("somebody listens") };
    assert!(why.starts_with("no answer from http://127.0.0.1:1: Connection refused"), "{why}");
    let abort = ready(());
    let outcome = on_one_thread(drive(Execution::new(&plan, Options::new("r1")), &client, |_, _| {}, abort));
    assert_eq!(name(outcome.kind), "restored", "{outcome:?}");
}

/// The reply that a client gets when the server always answers so.
fn answered(status: u16, body: &'static str, call: &Call) -> Reply {
    on_one_thread(async move {
        let listener = bind(0).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = move || ready((StatusCode::from_u16(status).unwrap(), body));
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        client(&url, "FlyV1 fm2_secret").call(call).await
    })
}

#[test]
fn a_status_and_a_body_become_a_reply() {
    let id = || "a1".to_owned();
    let wait = Call::Wait { id: id(), instance_id: String::new(), state: State::Started, timeout_s: 1 };
    let lease = Call::AcquireLease { id: id(), ttl_s: 13, nonce: None };
    let held =
        r#"{"status":"error","message":"machine ID a1 lease currently held by ada, expires at 2026-01-01T00:00:00Z"}"#;
    let unclear = |what: &str| Reply::Unknown(format!("answered with status {what}"));
    for (status, body, call, reply) in [
        (408, "{}", &wait, Reply::Refused(Why::NotYet)),
        (408, "{}", &lease, unclear("408")),
        (409, held, &lease, Reply::Refused(Why::LeaseHeld { owner: "ada".into() })),
        (200, "<html>login</html>", &Call::ListMachines, unclear("200 (a web page, not Fly's answer)")),
        (200, "{\"id\":", &Call::GetMachine { id: id() }, unclear("200 and what cannot be read")),
        (404, "not json", &Call::GetMachine { id: id() }, Reply::Absent),
        (429, "", &lease, Reply::Refused(Why::RateLimited { retry_after_ms: None })),
        (502, "", &lease, unclear("502")),
    ] {
        assert_eq!(answered(status, body, call), reply, "{status} {body}");
    }
}

#[test]
fn what_is_no_address_or_no_token_is_refused_without_repeating_the_token() {
    assert!(Client::new("shop", &Endpoint::at("ftp://example.com")).is_err());
    assert!(Client::new("shop", &Endpoint::at("nonsense")).is_err());
    let token = Some("secret\n\u{1}x".into());
    let endpoint = Endpoint { token, ..Endpoint::at("http://127.0.0.1:1") };
    assert!(!format!("{endpoint:?}").contains("secret"));
    let error = Client::new("shop", &endpoint).err().unwrap();
    assert!(!error.contains("secret"), "{error}");
}
