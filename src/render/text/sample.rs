//! Plans for the tests of what is rendered: a small one, one with all that a plan can hold, one in
//! many batches.

use serde_json::{Value, json};

use crate::plan::Plan;

pub(super) fn plan() -> Plan {
    let value = json!({
        "version": 1, "app": "shop", "image": "registry.fly.io/shop:v2",
        "policy": {"settle_ms": 10_000, "exclude_machines": ["9080e6f3a12d45"]},
        "source": {"path": "fly.toml", "sha256": "5f2b8c0d9e7a41c6b3f0"},
        "definition": {}, "digest": "sha256:0d9f", "fleet": "sha256:11aa",
        "machines": [
            machine("148e2d3f7b1c89", "app", "iad", "replace", "it runs another image than registry.fly.io/shop:v2"),
            machine("3d8d7dc0b62e89", "app", "fra", "replace", "it runs another image than registry.fly.io/shop:v2"),
            machine("9080e6f3a12d45", "worker", "iad", "ignore", "it was excluded"),
        ],
        "steps": [
            step("s1", "lease", json!({"machine": "148e2d3f7b1c89", "undo": "release"})),
            step("s2", "lease", json!({"machine": "3d8d7dc0b62e89", "undo": "release"})),
            step("s3", "create", json!({"slot": "app-1", "replaces": "148e2d3f7b1c89", "group": "app", "region": "iad", "undo": "destroy"})),
            step("s4", "create", json!({"slot": "app-2", "replaces": "3d8d7dc0b62e89", "group": "app", "region": "fra", "undo": "destroy"})),
            step("s5", "wait-started", json!({"slot": "app-1", "group": "app", "region": "iad"})),
            step("s6", "wait-started", json!({"slot": "app-2", "group": "app", "region": "fra"})),
            step("s7", "wait-healthy", json!({"slot": "app-1", "group": "app", "region": "iad"})),
            step("s8", "wait-healthy", json!({"slot": "app-2", "group": "app", "region": "fra"})),
            step("s9", "gate", json!({})),
            step("s10", "uncordon", json!({"slot": "app-1", "group": "app", "region": "iad", "undo": "cordon"})),
            step("s11", "uncordon", json!({"slot": "app-2", "group": "app", "region": "fra", "undo": "cordon"})),
            step("s12", "settle", json!({})),
            step("s13", "verify", json!({"why": "every green is read again"})),
            step("s14", "cordon", json!({"machine": "148e2d3f7b1c89", "undo": "uncordon"})),
            step("s15", "cordon", json!({"machine": "3d8d7dc0b62e89", "undo": "uncordon"})),
            step("s16", "settle", json!({})),
            step("s17", "destroy", json!({"machine": "148e2d3f7b1c89"})),
            step("s18", "destroy", json!({"machine": "3d8d7dc0b62e89"})),
        ],
        "point_of_no_return": "s17",
        "operations": {}, "floors": [], "changes": [],
        "estimate": {"expected_ms": 0, "worst_ms": 0, "peak_machines": 0, "calls": 0},
        "capacity": [
            {"after": null, "group": "app", "region": "fra", "serving": 1},
            {"after": null, "group": "app", "region": "iad", "serving": 1},
            {"after": "s10", "group": "app", "region": "iad", "serving": 2},
            {"after": "s11", "group": "app", "region": "fra", "serving": 2},
            {"after": "s14", "group": "app", "region": "iad", "serving": 1},
            {"after": "s15", "group": "app", "region": "fra", "serving": 1},
        ],
        "warnings": [{"code": "strategy-differs", "message": "fly.toml says `rolling`; this plan is blue-green whatever the file says"}],
    });
    serde_json::from_value(value).unwrap()
}

/// Three groups and a removed one, a release command, and a policy that asks for everything that goes together.
pub(in crate::render) fn full() -> Plan {
    let blues = [
        ("1781e5a0b2d048", "web", "iad", "started"),
        ("286ed6df9c2e78", "web", "iad", "stopped"),
        ("3d8d7dc0b62e89", "api", "iad", "started"),
        ("48ed713b024a68", "api", "fra", "started"),
        ("5683d97ec14518", "worker", "iad", "started"),
        ("6e82dd7ef10287", "worker", "iad", "stopped"),
        ("7811ee5b7d2908", "cron", "iad", "started"),
        ("9080e6f3a12d45", "", "iad", "started"),
    ];
    let machines = blues.iter().map(|(id, group, region, state)| {
        let (disposition, why) = match *group {
            "cron" => ("remove", "fly.toml does not name its group any more"),
            "" => ("ignore", "Fly Launch does not manage it"),
            _ => ("replace", "it runs another image than registry.fly.io/bazaar:v8"),
        };
        let mut made = machine(id, group, region, disposition, why);
        made["observed"]["state"] = (*state).into();
        made["observed"]["image"] = "registry.fly.io/bazaar:v7".into();
        made
    });
    let machines: Vec<Value> = machines.collect();
    let replaced = &blues[..6];
    let slots = ["web-1", "web-2", "api-1", "api-2", "worker-1", "worker-2"];

    let mut steps = Steps::default();
    for (id, ..) in blues[..7].iter().filter(|blue| blue.3 == "started") {
        steps.add("lease", json!({"machine": id, "undo": "release"}));
    }
    steps.add("gate", json!({}));
    steps.add("release-command", json!({"slot": "release-command", "timeout_ms": 300_000, "request": request()}));
    for (slot, blue) in slots.iter().zip(replaced) {
        let place = json!({"slot": slot, "group": blue.1, "region": blue.2});
        let with = |more: Value| merged(&place, more);
        steps.add("create", with(json!({"replaces": blue.0, "undo": "destroy", "request": request()})));
        if blue.3 == "started" {
            steps.add("wait-started", with(json!({"timeout_ms": 300_000})));
            steps.add("wait-healthy", with(json!({"timeout_ms": 300_000})));
        }
    }
    let check = json!({"slot": "check-api-1-1", "checks": "api-1", "group": "api", "region": "iad", "timeout_ms": 60_000, "request": request()});
    steps.add("machine-check", check);
    steps.add("gate", json!({}));
    steps.add("hold", json!({}));
    for groups in [["api", "api"], ["web", "worker"]] {
        for (slot, blue) in slots.iter().zip(replaced).filter(|(_, blue)| groups.contains(&blue.1)) {
            steps.serving(
                "uncordon",
                json!({"slot": slot, "group": blue.1, "region": blue.2, "undo": "cordon"}),
                blue,
                1,
            );
        }
        steps.add("settle", json!({"timeout_ms": 10_000}));
        steps.add("verify", json!({"why": "a green that died meanwhile must not take over"}));
        for blue in replaced.iter().filter(|blue| groups.contains(&blue.1)) {
            steps.serving("cordon", json!({"machine": blue.0, "undo": "uncordon"}), blue, -1);
        }
        steps.add("settle", json!({"timeout_ms": 10_000}));
    }
    steps.add("verify-url", json!({}));
    steps.add("bake", json!({"timeout_ms": 600_000}));
    for (id, ..) in replaced.iter().filter(|blue| blue.3 == "started") {
        steps.add("drain", json!({"machine": id, "timeout_ms": 300_000}));
    }
    steps.retire(replaced.iter().map(|blue| blue.0));
    steps.serving("cordon", json!({"machine": blues[6].0, "undo": "uncordon"}), &blues[6], -1);
    steps.add("settle", json!({"timeout_ms": 10_000}));
    steps.retire(blues[6..7].iter().map(|blue| blue.0));

    document(json!({
        "app": "bazaar", "image": "registry.fly.io/bazaar:v8",
        "policy": {
            "hold": true, "group_order": ["api"], "drain": "until-idle", "drain_timeout_ms": 300_000, "bake_ms": 600_000,
            "verify_url": "https://bazaar.example/version", "floor": {"percent": 50}, "stability_ms": 30_000,
        },
        "definition": {"deploy": {"release_command": "bin/rails db:migrate"}},
        "machines": machines,
        "point_of_no_return": steps.first("destroy"),
        "floors": [
            {"group": "api", "region": "fra", "serving": 1}, {"group": "api", "region": "iad", "serving": 1},
            {"group": "web", "region": "iad", "serving": 1}, {"group": "worker", "region": "iad", "serving": 1},
        ],
        "changes": [
            change("api", &["3d8d7dc0b62e89", "48ed713b024a68"], "env.DATABASE_PASSWORD", Some("hunter2-old".into()), Some("hunter2-new".into())),
            change("api", &["3d8d7dc0b62e89", "48ed713b024a68"], "image", Some("registry.fly.io/bazaar:v7".into()), Some("registry.fly.io/bazaar:v8".into())),
            change("api", &["48ed713b024a68"], "guest.memory_mb", Some(256.into()), Some(512.into())),
            change("web", &["1781e5a0b2d048", "286ed6df9c2e78"], "env.FEATURE_CART", None, Some("on".into())),
            change("web", &["1781e5a0b2d048", "286ed6df9c2e78"], "image", Some("registry.fly.io/bazaar:v7".into()), Some("registry.fly.io/bazaar:v8".into())),
            change("web", &["1781e5a0b2d048", "286ed6df9c2e78"], "services[0].force_https", Some(true.into()), None),
        ],
        "estimate": {"expected_ms": 760_000, "worst_ms": 2_470_000, "peak_machines": 15, "calls": 94},
        "capacity": steps.capacity, "steps": steps.list,
        "warnings": [
            {"code": "group-removed", "message": "fly.toml does not name group cron: its machines are destroyed, last of all"},
            {"code": "image-not-pinned", "message": "`registry.fly.io/bazaar:v8` is a tag, and tags can move: name it with its digest"},
        ],
    }))
}

/// One machine at a time.
pub(in crate::render) fn batches(number: usize) -> Plan {
    let ids: Vec<String> = (0..number).map(|at| format!("{:014x}", 0x1000 + at)).collect();
    let mut steps = Steps::default();
    for (at, id) in ids.iter().enumerate() {
        let (slot, blue) = (format!("app-{at}"), (id.as_str(), "app", "iad", "started"));
        steps.add("create", json!({"slot": slot, "replaces": id, "group": "app", "region": "iad", "undo": "destroy", "request": request()}));
        steps.add("wait-started", json!({"slot": slot, "group": "app", "region": "iad"}));
        steps.serving("uncordon", json!({"slot": slot, "group": "app", "region": "iad", "undo": "cordon"}), &blue, 1);
        steps.add("settle", json!({}));
        steps.serving("cordon", json!({"machine": id, "undo": "uncordon"}), &blue, -1);
        steps.add("settle", json!({}));
        steps.retire([id.as_str()]);
    }
    let machines: Vec<Value> = ids.iter().map(|id| machine(id, "app", "iad", "replace", "it runs shop:v1")).collect();
    document(json!({
        "policy": {"surge": 1}, "machines": machines, "capacity": steps.capacity,
        "point_of_no_return": steps.first("destroy"), "steps": steps.list,
    }))
}

/// Steps as they are added, and how many machines of a place serve after them.
#[derive(Default)]
struct Steps {
    list: Vec<Value>,
    capacity: Vec<Value>,
}

impl Steps {
    fn add(&mut self, op: &str, more: Value) -> String {
        let id = format!("s{}", self.list.len() + 1);
        self.list.push(step(&id, op, more));
        id
    }

    /// A step after which `change` more machines serve beside `blue`; places begin with one.
    fn serving(&mut self, op: &str, more: Value, blue: &(&str, &str, &str, &str), change: i64) {
        let is_here = |row: &&Value| row["group"] == blue.1 && row["region"] == blue.2;
        let now = self.capacity.iter().rfind(is_here).map(|row| row["serving"].as_i64().unwrap());
        let now = now.unwrap_or_else(|| {
            self.capacity.push(json!({"after": null, "group": blue.1, "region": blue.2, "serving": 2}));
            2
        });
        let id = self.add(op, more);
        self.capacity.push(json!({"after": id, "group": blue.1, "region": blue.2, "serving": now + change}));
    }

    fn retire<'a>(&mut self, ids: impl IntoIterator<Item = &'a str>) {
        let ids: Vec<&str> = ids.into_iter().collect();
        for id in &ids {
            self.add("stop", json!({"machine": id, "undo": "start"}));
            self.add("wait-stopped", json!({"machine": id, "timeout_ms": 300_000}));
        }
        self.add("verify", json!({"why": "after this there is no way back: the greens must hold"}));
        for id in &ids {
            self.add("destroy", json!({"machine": id}));
        }
    }

    fn first(&self, op: &str) -> Value {
        self.list.iter().find(|step| step["op"] == op).unwrap()["id"].clone()
    }
}

/// A plan with these fields, and without what they do not name.
fn document(fields: Value) -> Plan {
    let nothing = json!({
        "version": 1, "app": "shop", "image": "registry.fly.io/shop:v2", "policy": {}, "definition": {},
        "source": {"path": "fly.toml", "sha256": "5f2b8c0d9e7a41c6b3f0"}, "digest": "sha256:0d9f", "fleet": "sha256:11aa",
        "machines": [], "steps": [], "operations": {}, "floors": [], "changes": [], "capacity": [], "warnings": [],
        "estimate": {"expected_ms": 0, "worst_ms": 0, "peak_machines": 0, "calls": 0},
    });
    let mut plan: Plan = serde_json::from_value(merged(&nothing, fields)).unwrap();
    plan.operations = plan.steps.iter().map(|step| step.op.explained()).collect();
    plan
}

fn merged(base: &Value, more: Value) -> Value {
    let mut all = base.clone();
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

fn change(group: &str, machines: &[&str], path: &str, from: Option<Value>, to: Option<Value>) -> Value {
    let mut change = json!({"group": group, "machines": machines, "path": path});
    for (side, value) in [("from", from), ("to", to)] {
        if let Some(value) = value {
            change[side] = value;
        }
    }
    change
}

fn request() -> Value {
    let service = json!({"internal_port": 8080, "protocol": "tcp", "checks": [{"type": "http", "path": "/up"}]});
    let config = json!({"image": "registry.fly.io/bazaar:v8", "guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 512}, "services": [service]});
    json!({"region": "iad", "config": config, "skip_launch": false, "skip_service_registration": true})
}

fn machine(id: &str, group: &str, region: &str, disposition: &str, why: &str) -> Value {
    json!({"id": id, "group": group, "region": region, "disposition": disposition, "why": why, "observed": {
        "state": "started", "instance_id": "01", "image": "registry.fly.io/shop:v1", "config_sha256": "00",
        "cordoned": false, "host_status": "ok",
    }})
}

fn step(id: &str, op: &str, more: Value) -> Value {
    let mut step = json!({"id": id, "op": op, "needs": [], "undo": null, "why": "because"});
    for (key, value) in more.as_object().unwrap() {
        step[key] = value.clone();
    }
    step
}
