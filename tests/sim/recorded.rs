//! The deploys recorded in `../shared/oracle`, executed in the simulator where they are at hand:
//! each replaced blue is gone, and its green serves or rests as it did.

use cutover::execute::OutcomeKind;
use cutover::fleet::{self, Fleet, Machine, State};
use cutover::plan::{Desired, Disposition, Op, Plan, Policy, plan};
use cutover::sim::{Options, Run};
use serde_json::Value;

use crate::notation::config_of;

#[test]
fn every_recorded_deploy_that_can_be_planned_ends_as_planned() {
    let Ok(text) = std::fs::read_to_string("../shared/oracle/deploys.jsonl") else {
        println!("../shared is not here: the recorded deploys were not executed");
        return;
    };
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let succeeded: Vec<(usize, &Value)> = rows.iter().enumerate().filter(|(_, row)| row["exit"] == 0).collect();
    let (mut executed, mut odd) = (0, Vec::new());
    for (index, row) in &succeeded {
        let fleet = fleet::parse(&row["fleet"].to_string()).unwrap();
        match planned(row, &fleet) {
            None => odd.push(format!("row {index}: no plan")),
            Some(plan) => match execute(&plan, &fleet) {
                Ok(()) => executed += 1,
                Err(why) => odd.push(format!("row {index}: {why}")),
            },
        }
    }
    println!("{} recorded deploys, {} exit 0, {executed} executed in the simulator", rows.len(), succeeded.len());
    assert_eq!(odd, [""; 0]);
}

fn planned(row: &Value, fleet: &Fleet) -> Option<Plan> {
    let file = row["toml"].as_str().unwrap();
    let image = row["image"].as_str().unwrap();
    let desired = Desired { app: "shop", image, path: "fly.toml", text: file, config: &config_of(file) };
    let policy = Policy { first_deploy: fleet.machines.is_empty(), ..Policy::default() };
    plan(&desired, fleet, &policy).ok()
}

fn execute(plan: &Plan, fleet: &Fleet) -> Result<(), String> {
    let mut run = Run::new(plan, fleet, Options::default());
    run.finish();
    let outcome = run.outcome().unwrap();
    let unreachable = plan.machines.iter().any(|machine| machine.disposition == Disposition::Unreachable);
    let expected = if unreachable { OutcomeKind::NeedsAttention } else { OutcomeKind::Completed };
    if outcome.kind != expected {
        return Err(format!("{outcome:?}"));
    }
    if let Some(breach) = run.world().breaches().first() {
        return Err(breach.what.clone());
    }
    for step in plan.steps.iter().filter(|step| step.op == Op::Create) {
        let slot = step.slot.as_deref().unwrap();
        let green = run.world().machines().iter().find(|machine| machine.name == format!("cutover-sim-{slot}"));
        let rests = step.request.as_ref().unwrap().skip_launch;
        if !green.is_some_and(|green| holds(green, rests)) {
            return Err(format!("{slot} does not serve: {green:?}"));
        }
    }
    let gone =
        |id: &str| run.world().machines().iter().any(|machine| machine.id == id && machine.state == State::Destroyed);
    match plan.machines.iter().find(|machine| machine.disposition == Disposition::Replace && !gone(&machine.id)) {
        Some(blue) => Err(format!("{} is left", blue.id)),
        None => Ok(()),
    }
}

fn holds(green: &Machine, rests: bool) -> bool {
    let checked = green.config.as_ref().is_some_and(|config| !config.health_checks().is_empty());
    let runs = green.state == State::Started && (!checked || green.is_passing());
    !green.cordoned && if rests { green.state == State::Stopped } else { runs }
}
