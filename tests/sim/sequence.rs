//! flyctl's blue-green deploy as a sequence of calls and waits, so that it can be compared with
//! ours in the same world. The order is the recorded one (`../shared/oracle/deploys.jsonl`), the
//! waits those of flyctl's `strategy_bluegreen.go`.

use std::collections::BTreeMap;

use cutover::execute::{Answer, Call, Reply};
use cutover::fleet::{Fleet, State};
use cutover::plan::{Disposition, Op, Plan};
use cutover::sim::{Answered, Network, Settings, Traffic, World};
use serde_json::Value;

/// What is done to every machine that it is about, side by side.
#[derive(Debug, Clone, Copy)]
enum Act {
    Lease,
    Create,
    WaitStarted,
    WaitHealthy,
    Uncordon,
    Tag,
    Pause { ms: u64 },
    Cordon,
    Stop,
    WaitStopped,
    Destroy,
}

const FLYCTL: [Act; 13] = [
    Act::Lease,
    Act::Create,
    Act::Pause { ms: 300 },
    Act::WaitStarted,
    Act::WaitHealthy,
    Act::Uncordon,
    Act::Tag,
    Act::Pause { ms: 10_000 },
    Act::Cordon,
    Act::Pause { ms: 10_000 },
    Act::Stop,
    Act::WaitStopped,
    Act::Destroy,
];

/// What flyctl's deploy of the same greens does to those who use the app. It makes the greens that
/// our plan makes: the recorded deploys show that they are the same.
pub(crate) fn flyctl(plan: &Plan, fleet: &Fleet, network: Network) -> Traffic {
    let mut world = World::new(fleet, Settings::default(), Vec::new(), 1);
    world.send_traffic(network);
    let replaced = plan.machines.iter().filter(|machine| machine.disposition == Disposition::Replace);
    let blues = replaced.map(|machine| machine.id.clone()).collect();
    let mut deploy = Deploy { world, blues, greens: Vec::new(), nonces: BTreeMap::new() };
    for act in FLYCTL {
        deploy.act(act, plan);
    }
    deploy.world.end_traffic();
    deploy.world.traffic().unwrap().clone()
}

struct Deploy {
    world: World,
    blues: Vec<String>,
    /// Those that were started.
    greens: Vec<(String, bool)>,
    nonces: BTreeMap<String, String>,
}

impl Deploy {
    fn act(&mut self, act: Act, plan: &Plan) {
        let blues = self.blues.clone();
        let greens: Vec<String> = self.greens.iter().map(|(id, _)| id.clone()).collect();
        let started: Vec<String> = self.greens.iter().filter(|(_, runs)| *runs).map(|(id, _)| id.clone()).collect();
        match act {
            Act::Lease => blues.iter().for_each(|id| self.lease(id)),
            Act::Create => self.create(plan),
            Act::WaitStarted => self.until(&started, |world, id| state(world, id) == State::Started),
            Act::WaitHealthy => self.until(&started, |world, id| {
                let machine = world.machines().iter().find(|machine| machine.id == id).unwrap();
                machine.config.as_ref().unwrap().health_checks().is_empty() || machine.is_passing()
            }),
            Act::Uncordon => self.each(&greens, |id, _| Call::Uncordon { id, nonce: None }),
            Act::Tag => self.each(&blues, |id, _| {
                let (key, value) = ("fly_bluegreen_deployment_tag".to_owned(), "safe_to_destroy".to_owned());
                Call::SetMetadata { id, key, value }
            }),
            Act::Pause { ms } => self.world.advance(self.world.now_ms() + ms),
            Act::Cordon => self.each(&blues, |id, nonce| Call::Cordon { id, nonce }),
            Act::Stop => self.each(&blues, |id, nonce| Call::Stop { id, nonce }),
            Act::WaitStopped => self.until(&blues, |world, id| state(world, id) == State::Stopped),
            Act::Destroy => self.each(&blues, |id, nonce| Call::Destroy { id, nonce }),
        }
        self.world.advance(self.world.now_ms() + LATENCY_MS);
    }

    /// It is renewed for as long as the deploy lasts.
    fn lease(&mut self, id: &str) {
        let call = Call::AcquireLease { id: id.to_owned(), ttl_s: 600, nonce: None };
        let Answer::Lease { nonce, .. } = self.call(&call) else { panic!("a lease is answered with its nonce") };
        self.nonces.insert(id.to_owned(), nonce);
    }

    fn create(&mut self, plan: &Plan) {
        for step in plan.steps.iter().filter(|step| step.op == Op::Create) {
            let request = step.request.clone().unwrap();
            let runs = !request.skip_launch;
            let Answer::Machine(machine) = self.call(&Call::CreateMachine { name: String::new(), request: *request })
            else {
                panic!("a machine that is made is shown")
            };
            self.greens.push((machine.id.clone(), runs));
        }
    }

    fn each(&mut self, ids: &[String], call: impl Fn(String, Option<String>) -> Call) {
        for id in ids {
            self.call(&call(id.clone(), self.nonces.get(id).cloned()));
        }
    }

    fn call(&mut self, call: &Call) -> Answer {
        match self.world.call(call) {
            Answered::Now { reply: Reply::Done(answer), .. } => answer,
            other => panic!("{call:?}: {other:?}"),
        }
    }

    fn until(&mut self, ids: &[String], is_so: impl Fn(&World, &str) -> bool) {
        while !ids.iter().all(|id| is_so(&self.world, id)) {
            self.world.advance(self.world.now_ms() + LATENCY_MS);
        }
    }
}

fn state(world: &World, id: &str) -> State {
    world.machines().iter().find(|machine| machine.id == id).unwrap().state.clone()
}

#[test]
fn the_sequence_is_the_recorded_one() {
    let Ok(text) = std::fs::read_to_string("../shared/oracle/deploys.jsonl") else {
        println!("../shared is not here: flyctl's sequence was not compared with its recorded deploys");
        return;
    };
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sequences: Vec<Vec<&str>> = rows.iter().filter_map(recorded).collect();
    let ours: Vec<&str> = FLYCTL.into_iter().filter_map(changing).collect();
    println!("{} recorded deploys that replace machines", sequences.len());
    assert!(!sequences.is_empty());
    for sequence in sequences {
        // Removed groups go before it, release commands run before it.
        assert!(sequence.ends_with(&ours), "{sequence:?}");
    }
}

/// Its changing calls, each kind once in a row; nothing when it replaced no machines.
fn recorded(row: &Value) -> Option<Vec<&str>> {
    let calls = row["mutations"].as_array()?.iter().filter_map(Value::as_str);
    let kind = |call| {
        let mut words = str::split_whitespace(call);
        let (method, path) = (words.next()?, words.next()?);
        if method == "DELETE" { Some(method) } else { path.split('/').nth(2).or(path.split('/').next()) }
    };
    let mut kinds: Vec<&str> = calls.filter_map(kind).collect();
    kinds.dedup();
    (row["exit"] == 0 && kinds.contains(&"uncordon")).then_some(kinds)
}

fn changing(act: Act) -> Option<&'static str> {
    match act {
        Act::Create => Some("machines"),
        Act::Uncordon => Some("uncordon"),
        Act::Tag => Some("metadata"),
        Act::Cordon => Some("cordon"),
        Act::Stop => Some("stop"),
        Act::Destroy => Some("DELETE"),
        Act::Lease | Act::WaitStarted | Act::WaitHealthy | Act::Pause { .. } | Act::WaitStopped => None,
    }
}

const LATENCY_MS: u64 = 100;
