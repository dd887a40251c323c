//! The worlds that are explored: a file, a fleet that runs it in an older version, a policy, and
//! the plan that follows.

use std::sync::Arc;

use serde_json::json;

use crate::config::{self, Config};
use crate::execute::{self, Execution};
use crate::fleet::{Fleet, Machine};
use crate::machine::machine_config;
use crate::plan::{Desired, Drain, Plan, Policy, plan};
use crate::sim::fault::{Act, Behaviour, Fault};
use crate::sim::proxy::{Load, Network};
use crate::sim::run::Run;
use crate::sim::world::{Settings, World};
use crate::syntax::{self, Format};

/// A world with the deploy that is to happen in it.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub name: String,
    pub fleet: Fleet,
    pub plan: Arc<Plan>,
    /// The same, before anything happens.
    pub world: World,
    pub execution: Execution,
    /// What goes wrong in it in any case.
    pub faults: Vec<Fault>,
    /// Requests come in meanwhile.
    pub has_traffic: bool,
}

/// Small enough for everything to be tried.
pub(super) fn small() -> Vec<Prepared> {
    let fleets = ["app iad started", "app iad started, app iad started", "app iad started, app iad stopped"];
    let mut all: Vec<Prepared> = fleets.into_iter().filter_map(|fleet| prepared(SITE, fleet, "", &quick())).collect();
    all.extend(prepared(SITE, fleets[1], "surge", &Policy { surge: Some(1), ..quick() }));
    all.extend(FATES.into_iter().filter_map(|(what, machine, at_ms, act)| {
        let behaviour = Behaviour::At { at_ms, act };
        let faults = vec![Fault::Machine { machine: machine.to_owned(), behaviour }];
        Some(Prepared { faults, ..prepared(SITE, fleets[1], what, &quick())? })
    }));
    all
}

const FATES: [(&str, &str, u64, Act); 3] = [
    // As soon as nothing can be taken back any more.
    ("green-app-1 is killed", "green-app-1", 10_250, Act::Killed),
    ("b0 is taken", "b0", 2_000, Act::Destroyed),
    // When the traffic has moved.
    ("the host of b0 is lost", "b0", 7_000, Act::HostLost),
];

/// Every file with every fleet and every policy, where that makes a plan.
pub(super) fn large() -> Vec<Prepared> {
    let policies: [(&str, Policy); 7] = [
        ("", quick()),
        ("bake", Policy { bake_ms: 15_000, drain_timeout_ms: 1_000, ..quick() }),
        ("hold", Policy { hold: true, ..quick() }),
        ("keep-blue", Policy { keep_blue: true, bake_ms: 5_000, ..quick() }),
        ("drain", Policy { drain: Drain::UntilIdle, drain_timeout_ms: 8_000, ..quick() }),
        ("stability", Policy { stability_ms: 5_000, concurrency: 2, ..quick() }),
        ("surge", Policy { surge: Some(1), ..quick() }),
    ];
    let mut all = Vec::new();
    for file in [SITE, SHOP, MIGRATED] {
        for fleet in FLEETS {
            all.extend(policies.iter().filter_map(|(name, policy)| prepared(file, fleet, name, policy)));
        }
    }
    all
}

/// A few with requests coming in.
pub(super) fn with_traffic() -> Vec<Prepared> {
    let fleets = [FLEETS[0], FLEETS[1], FLEETS[3], FLEETS[5], "app iad stopped, app iad stopped"];
    let policies = [("", quick()), ("surge", Policy { surge: Some(1), ..quick() })];
    let mut all = Vec::new();
    for fleet in fleets {
        all.extend(policies.iter().filter_map(|(name, policy)| prepared(SITE, fleet, name, policy)));
    }
    all.into_iter().map(send_traffic).collect()
}

/// News take less than the time to settle.
fn send_traffic(mut world: Prepared) -> Prepared {
    let loads = vec![Load { every_ms: 700, takes_ms: 300 }, Load { every_ms: 5_000, takes_ms: 3_000 }];
    world.world.send_traffic(Network { loads, ..Network::around(&world.fleet, 600) });
    Prepared { name: format!("{} traffic", world.name), has_traffic: true, ..world }
}

fn quick() -> Policy {
    Policy {
        settle_ms: 1_000,
        drain_timeout_ms: 0,
        wait_timeout_ms: Some(60_000),
        allow_unchecked: true,
        ..Policy::default()
    }
}

/// `None` when there is no plan for it, or nothing to do.
fn prepared(file: &str, fleet: &str, policy_name: &str, policy: &Policy) -> Option<Prepared> {
    let config = config::read(&syntax::parse(file, Format::Toml)).config;
    let machines: Option<Vec<Machine>> =
        fleet.split(", ").enumerate().map(|(index, words)| machine(&config, index, words)).collect();
    let fleet_of = Fleet { machines: machines?, ..Fleet::default() };
    let desired = Desired { app: "shop", image: IMAGE, path: "fly.toml", text: file, config: &config };
    let plan = plan(&desired, &fleet_of, policy).ok().filter(|plan| !plan.steps.is_empty())?;
    let name = format!("{fleet} {policy_name}").trim_end().to_owned();
    let plan = Arc::new(plan);
    let world = Run::world_for(&plan, &fleet_of, Settings::default());
    let execution = Execution::new(Arc::clone(&plan), execute::Options::new("sim"));
    Some(Prepared { name, fleet: fleet_of, plan, world, execution, faults: Vec::new(), has_traffic: false })
}

/// `GROUP REGION STATE [foreign]`.
fn machine(config: &Config, index: usize, words: &str) -> Option<Machine> {
    let mut words = words.split(' ');
    let (group, region, state) = (words.next()?, words.next()?, words.next()?);
    let mut settings = machine_config(config, group, Some("registry.fly.io/shop:v1"), None).ok()?;
    settings.set_metadata("fly_process_group", group);
    if words.next().is_none() {
        settings.set_metadata("fly_platform_version", "v2");
    }
    let id = format!("b{index}");
    let image_ref = json!({"registry": "registry.fly.io", "repository": "shop", "tag": "v1", "digest": "sha256:01"});
    let machine = json!({"id": id, "name": format!("blue-{index}"), "state": state, "region": region,
        "instance_id": format!("01{id}"), "image_ref": image_ref, "config": settings});
    serde_json::from_value(machine).ok()
}

const IMAGE: &str = "registry.fly.io/shop:v2@sha256:0202020202020202020202020202020202020202020202020202020202020202";

const FLEETS: [&str; 7] = [
    "app iad started",
    "app iad started, app iad started, app iad started",
    "app iad started, app ams started",
    "app iad started, app iad stopped, app iad stopped",
    "app iad started, worker iad started",
    "app iad started, app ams started, worker iad started, worker ams started",
    "app iad started, app iad started, app iad started foreign",
];

/// A service with a check, which the proxy may stop.
const SITE: &str = r#"
app = "shop"
primary_region = "iad"

[http_service]
internal_port = 8080
auto_stop_machines = "stop"
auto_start_machines = true

[[http_service.checks]]
interval = "5s"
timeout = "2s"
path = "/healthz"
"#;

/// The same, always on, and a worker beside it.
const SHOP: &str = r#"
app = "shop"
primary_region = "iad"

[processes]
app = "serve"
worker = "work"

[http_service]
internal_port = 8080
processes = ["app"]

[[http_service.checks]]
interval = "5s"
timeout = "2s"
path = "/healthz"

[checks.alive]
type = "tcp"
port = 9000
interval = "15s"
timeout = "2s"
processes = ["worker"]
"#;

/// With a command before every deploy.
const MIGRATED: &str = r#"
app = "shop"
primary_region = "iad"

[deploy]
release_command = "migrate"

[http_service]
internal_port = 8080

[[http_service.checks]]
interval = "5s"
timeout = "2s"
path = "/healthz"
"#;
