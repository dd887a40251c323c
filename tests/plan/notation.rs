//! Fleets in a line per machine: `id group region state image words...`, where a word is one of
//! `cordoned`, `unmanaged`, `unreachable`, `other-config`, `volume`, `failing`, `no-config`,
//! `leased`, `moved` (its tag did), `of-another-app`, `scheduled`, `auto-destroy`, `standby=ID`,
//! `memory=MB`, `tag=VALUE` (flyctl's), `made-by=RUN/SLOT/BLUE` and `course=forward/RUN` (our marks)
//! or `cloned=RUN` (another's); a group `-` is one that the machine does not name.

use cutover::config::{self, Config};
use cutover::fleet::{self, Fleet};
use cutover::machine::machine_config;
use cutover::plan::mark::{Course, Direction, Marks, Phase};
use cutover::plan::{Desired, Plan, Policy, Refusal, plan};
use cutover::syntax;
use serde_json::{Map, Value, json};

/// An app with a service that the proxy may stop, and a worker.
pub(crate) const SHOP: &str = r#"
app = "shop"
primary_region = "iad"

[processes]
app = "serve"
worker = "work"

[http_service]
internal_port = 8080
auto_stop_machines = "stop"
auto_start_machines = true
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

pub(crate) fn config_of(text: &str) -> Config {
    config::read(&syntax::parse(text, syntax::Format::Toml)).config
}

/// Machines as a deploy of `file` made them, but for what their words say.
pub(crate) fn fleet(file: &str, lines: &str) -> Fleet {
    let config = config_of(file);
    let machines: Vec<Value> =
        lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| machine(&config, line)).collect();
    fleet::parse(&Value::from(machines).to_string()).unwrap()
}

pub(crate) fn plan_with(file: &str, lines: &str, tag: &str, policy: &Policy) -> Result<Plan, Vec<Refusal>> {
    plan_of(file, &fleet(file, lines), tag, policy)
}

pub(crate) fn plan_of(file: &str, fleet: &Fleet, tag: &str, policy: &Policy) -> Result<Plan, Vec<Refusal>> {
    let image = format!("registry.fly.io/shop:{tag}@{}", digest(tag));
    let desired = Desired { app: "shop", image: &image, path: "fly.toml", text: file, config: &config_of(file) };
    plan(&desired, fleet, policy)
}

pub(crate) fn digest(tag: &str) -> String {
    let hex: String = tag.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex:0>64}")
}

fn machine(config: &Config, line: &str) -> Value {
    let fields: Vec<_> = line.split_whitespace().collect();
    let [id, group, region, state, tag, words @ ..] = fields.as_slice() else { panic!("too short: {line:?}") };
    let image = format!("registry.fly.io/shop:{tag}");
    let mut settings = match config.group_names().contains(group) {
        true => Value::Object(machine_config(config, group, Some(&image), None).unwrap().into()),
        false => json!({"image": image}),
    };
    settings["metadata"] = json!({"fly_platform_version": "v2", "fly_release_version": "7"});
    if *group != "-" {
        settings["metadata"]["fly_process_group"] = (*group).into();
    }
    if settings.get("guest").is_none() {
        settings["guest"] = json!({"cpu_kind": "shared", "cpus": 1, "memory_mb": 256});
    }
    let mut machine = Map::from_iter([
        ("id".to_owned(), json!(id)),
        ("name".to_owned(), json!(format!("name-{id}"))),
        ("region".to_owned(), json!(region)),
        ("state".to_owned(), json!(state)),
        ("instance_id".to_owned(), json!(format!("01{id}"))),
        ("host_status".to_owned(), json!("ok")),
        (
            "image_ref".to_owned(),
            json!({"registry": "registry.fly.io", "repository": "shop", "tag": tag, "digest": digest(tag)}),
        ),
    ]);
    for word in words {
        match *word {
            "cordoned" => drop(machine.insert("cordoned".into(), true.into())),
            "unreachable" => drop(machine.insert("host_status".into(), "unreachable".into())),
            "unmanaged" => drop(settings["metadata"].as_object_mut().unwrap().remove("fly_platform_version")),
            "other-config" => settings["env"] = json!({"OLD": "1"}),
            "volume" => settings["mounts"] = json!([{"volume": "vol_1", "name": "data", "path": "/data"}]),
            "failing" => drop(machine.insert("checks".into(), json!([{"name": "alive", "status": "critical"}]))),
            "no-config" => settings = Value::Null,
            "leased" => drop(machine.insert("lease".into(), json!({"owner": "ada@example.com"}))),
            "moved" => machine["image_ref"]["digest"] = digest("moved").into(),
            "of-another-app" => drop(machine.insert("app_name".into(), "blog".into())),
            "scheduled" => settings["schedule"] = "daily".into(),
            "auto-destroy" => settings["auto_destroy"] = true.into(),
            word => match word.split_once('=') {
                Some(("standby", target)) => settings["standbys"] = json!([target]),
                Some(("memory", megabytes)) => {
                    settings["guest"]["memory_mb"] = megabytes.parse::<u64>().unwrap().into();
                }
                Some((key, value)) => mark(&mut settings["metadata"], id, key, value),
                None => panic!("unknown word: {word}"),
            },
        }
    }
    machine.insert("config".into(), settings);
    Value::Object(machine)
}

fn mark(metadata: &mut Value, id: &str, key: &str, value: &str) {
    let parts: Vec<_> = value.split('/').collect();
    let marks = |run: &str, slot: &str, replaces: Option<&str>| Marks {
        plan: PLAN.to_owned(),
        run: run.to_owned(),
        slot: slot.to_owned(),
        replaces: replaces.map(str::to_owned),
        greens: 1,
        phase: Phase::Made,
    };
    let entries = match (key, parts.as_slice()) {
        ("tag", [tag]) => vec![("fly_bluegreen_deployment_tag", (*tag).to_owned())],
        // The run, the slot, the blue, how many greens there are to be and what else.
        ("made-by", [run, slot, blue, more @ ..]) => {
            let phase = match more.get(1).copied() {
                Some("to-check") => Phase::ToCheck,
                Some("to-remove") => Phase::ToRemove,
                _ => Phase::Made,
            };
            let greens = more.first().map_or(1, |count| count.parse().unwrap());
            let replaces = Some(blue).filter(|blue| **blue != "-").copied();
            Marks { greens, phase, ..marks(run, slot, replaces) }.entries(&format!("name-{id}")).to_vec()
        }
        ("cloned", [run]) => marks(run, "green-app-1", None).entries("name-of-another").to_vec(),
        ("course", [direction, run]) => {
            let direction = match *direction {
                "back" => Direction::Back,
                "held" => Direction::Held,
                "past" => Direction::Past,
                _ => Direction::Forward,
            };
            vec![Course { direction, plan: PLAN.to_owned(), run: (*run).to_owned() }.entry(id)]
        }
        _ => panic!("unknown word: {key}={value}"),
    };
    for (key, value) in entries {
        metadata[key] = value.into();
    }
}

/// The plan that marks are of.
pub(crate) const PLAN: &str = "sha256:0123";
