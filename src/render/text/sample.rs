//! A plan for the tests beside it: two regions, one machine of each disposition that matters.

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
