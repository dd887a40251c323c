//! The planner beside the real client: the deploys recorded in `../shared/oracle`, where they are
//! at hand. The numbers may only rise.

use std::collections::BTreeSet;

use cutover::fleet;
use cutover::plan::{CreateRequest, Desired, Op, Plan, Policy, Refusal, plan};
use serde_json::{Map, Value, json};

use crate::notation::{self, SHOP, config_of};

#[test]
fn what_the_real_client_makes_is_what_is_planned() {
    let Ok(text) = std::fs::read_to_string("../shared/oracle/deploys.jsonl") else {
        println!("../shared is not here: the recorded deploys were not compared");
        return;
    };
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut counts = Counts::default();
    let mut surprises = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        if row["errors"].to_string().contains("App configuration is not valid") {
            counts.bad_files += 1;
            continue;
        }
        match (row["exit"] == 1, planned(row)) {
            (false, Ok(plan)) => {
                let found = differences(row, &plan);
                counts.planned_alike += usize::from(found.is_empty());
                surprises.extend(found.into_iter().map(|difference| format!("row {index}: {difference}")));
            }
            (true, Err(_)) => counts.refused_alike += 1,
            (false, Err(refusals)) => surprises.push(format!("row {index} is refused: {}", codes(&refusals))),
            (true, Ok(_)) => surprises.push(format!("row {index} is planned; the client says {}", row["errors"])),
        }
    }
    println!("{} recorded deploys: {counts:?}", rows.len());
    assert_eq!(surprises, [""; 0]);
    assert_eq!(counts, Counts { planned_alike: 42, refused_alike: 15, bad_files: 3 });
}

/// Of the real client's source, internal/command/deploy/machines_launchinput.go: what no recorded deploy has.
#[test]
fn what_the_real_client_takes_away_or_adds_beside_the_file_is_planned() {
    let mut fleet = notation::fleet(SHOP, "a1 app iad started v1\nw1 worker iad started v1");
    let config = fleet.machines[0].config_mut().unwrap();
    config.set_metadata("fly-managed-postgres", "true");
    config.fields_mut().remove("guest");
    let file = format!("host_dedication_id = \"host-a\"\n{SHOP}");
    let plan = notation::plan_of(&file, &fleet, "v2", &Policy::default()).unwrap();
    let made = plan.steps.iter().find_map(|step| step.request.as_ref()).unwrap();
    assert_eq!(made.config.metadata("fly-managed-postgres"), None);
    assert_eq!(*made.config.get("guest").unwrap(), json!({"host_dedication_id": "host-a"}));
}

#[derive(Debug, Default, PartialEq)]
struct Counts {
    planned_alike: usize,
    refused_alike: usize,
    /// Refused for the file alone: `check` says so, and the planner is not asked.
    bad_files: usize,
}

fn planned(row: &Value) -> Result<Plan, Vec<Refusal>> {
    let file = row["toml"].as_str().unwrap();
    let fleet = fleet::parse(&row["fleet"].to_string()).unwrap();
    let image = row["image"].as_str().unwrap();
    let desired = Desired { app: "shop", image, path: "fly.toml", text: file, config: &config_of(file) };
    let policy = Policy { first_deploy: fleet.machines.is_empty(), ..Policy::default() };
    plan(&desired, &fleet, &policy)
}

fn codes(refusals: &[Refusal]) -> String {
    refusals.iter().map(|refusal| format!("{} ({})", refusal.code, refusal.message)).collect::<Vec<_>>().join(", ")
}

/// Creates as sets: the client makes them side by side, in no order.
fn differences(row: &Value, plan: &Plan) -> Vec<String> {
    let recorded: Vec<String> = row["creates"].as_array().unwrap().iter().map(recorded).collect();
    let creates = plan.steps.iter().filter(|step| matches!(step.op, Op::Create | Op::ReleaseCommand));
    let planned: Vec<String> = creates
        .map(|step| comparable(&as_sent(step.request.as_ref().unwrap()), !step.standby_for.is_empty()))
        .collect();
    let sides = [("only recorded", &recorded, &planned), ("only planned", &planned, &recorded)];
    sides
        .iter()
        .flat_map(|(side, here, there)| only_in(here, there).into_iter().map(move |one| format!("{side}: {one}")))
        .collect()
}

fn only_in(here: &[String], there: &[String]) -> Vec<String> {
    let count = |all: &[String], one: &String| all.iter().filter(|other| *other == one).count();
    let distinct: BTreeSet<_> = here.iter().collect();
    distinct.into_iter().filter(|one| count(here, one) > count(there, one)).cloned().collect()
}

fn recorded(create: &Value) -> String {
    comparable(create, create["config"].get("standbys").is_some())
}

fn as_sent(request: &CreateRequest) -> Value {
    serde_json::to_value(request).unwrap()
}

/// Region, config and `skip_launch`, less what only a run knows.
fn comparable(create: &Value, standby: bool) -> String {
    let mut config = create["config"].clone();
    for key in [
        "fly_flyctl_version",
        "fly_release_id",
        "fly_release_version",
        "fly_bluegreen_deployment_tag",
        "fly_flyctl_bluegreen_launch_id",
    ] {
        config["metadata"].as_object_mut().unwrap().remove(key);
    }
    config.as_object_mut().unwrap().remove("standbys");
    config["env"].as_object_mut().map(|env| env.remove("FLY_STANDBY_FOR"));
    let all = Map::from_iter([
        ("config".to_owned(), config),
        ("region".to_owned(), create["region"].as_str().unwrap_or("").into()),
        ("skip_launch".to_owned(), create["skip_launch"].as_bool().unwrap_or(false).into()),
        ("standby".to_owned(), standby.into()),
    ]);
    pruned(Value::Object(all)).to_string()
}

/// Null and empty texts, lists and objects count as missing.
fn pruned(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept =
                fields.into_iter().map(|(key, field)| (key, pruned(field))).filter(|(_, field)| !is_empty(field));
            Value::Object(kept.collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(pruned).collect()),
        other => other,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}
