//! What is there after some steps of a plan, as the API would list it: with the marks that a run leaves.

use std::collections::BTreeMap;

use cutover::fleet::{Fleet, Machine, MachineConfig, State};
use cutover::plan::mark::{Course, Direction, Marks, Phase, is_mark};
use cutover::plan::{CreateRequest, Disposition, Op, Plan, PlannedMachine, Step};
use serde_json::json;

use crate::notation;

/// The fleet that a plan leaves when everything goes well: then its marks are removed.
pub(crate) fn observed_after(plan: &Plan, fleet: &Fleet) -> Fleet {
    let mut after = observed_during(plan, fleet, &(0..plan.steps.len()).collect::<Vec<_>>());
    let is_done = |machine: &&mut Machine| !machine.cordoned;
    for machine in after.machines.iter_mut().filter(is_done) {
        machine.config_mut().into_iter().for_each(|config| config.retain_metadata(|key| !is_mark(key)));
    }
    after
}

/// The fleet when these steps are done, in this order.
pub(crate) fn observed_during(plan: &Plan, fleet: &Fleet, order: &[usize]) -> Fleet {
    let mut machines: BTreeMap<String, Machine> =
        fleet.machines.iter().map(|machine| (machine.id.clone(), machine.clone())).collect();
    let mut told = Some(()).filter(|()| !order.is_empty());
    for step in order.iter().map(|at| &plan.steps[*at]) {
        let Some(machine) = &name(plan, step) else { continue };
        match (step.op, &step.request) {
            (Op::Create, Some(request)) => drop(machines.insert(machine.to_owned(), green(plan, step, request))),
            (Op::Uncordon, _) => machines.get_mut(machine).unwrap().cordoned = false,
            (Op::Cordon, _) => machines.get_mut(machine).unwrap().cordoned = true,
            (Op::Stop, _) => machines.get_mut(machine).unwrap().state = State::Stopped,
            (Op::Destroy, _) => drop(machines.remove(machine)),
            _ => {}
        }
    }
    let goes = |machine: &&PlannedMachine| matches!(machine.disposition, Disposition::Replace | Disposition::Remove);
    let board = plan.machines.iter().find(goes).and_then(|machine| machines.get_mut(&machine.id));
    if let (Some(board), Some(())) = (board, told.take()) {
        let course = Course { direction: Direction::Forward, plan: plan.digest.clone(), run: "r9".to_owned() };
        let (key, value) = course.entry(&board.id);
        board.config_mut().into_iter().for_each(|config| config.set_metadata(key, &value));
    }
    Fleet { machines: machines.into_values().collect(), ..fleet.clone() }
}

/// Of the machine that a step is done to.
pub(crate) fn name(plan: &Plan, step: &Step) -> Option<String> {
    step.slot.as_ref().map(|slot| id_of(plan, slot)).or_else(|| step.machine.clone())
}

/// Of a machine that a plan made: two plans give their slots the same names.
fn id_of(plan: &Plan, slot: &str) -> String {
    format!("{slot}-{}", &plan.digest[7..12])
}

fn green(plan: &Plan, step: &Step, request: &CreateRequest) -> Machine {
    let mut config = MachineConfig::clone(&request.config);
    let slot = step.slot.as_deref().unwrap();
    let id = id_of(plan, slot);
    config.set_metadata("fly_bluegreen_deployment_tag", "1");
    let slots = || plan.steps.iter().filter(|step| step.op == Op::Create).filter_map(|step| step.slot.as_ref());
    if !step.standby_for.is_empty() {
        let target = |name: &String| if slots().any(|slot| slot == name) { id_of(plan, name) } else { name.clone() };
        config.fields_mut().insert("standbys".into(), json!(step.standby_for.iter().map(target).collect::<Vec<_>>()));
    }
    let marks = Marks {
        plan: plan.digest.clone(),
        run: "r9".to_owned(),
        slot: slot.to_owned(),
        replaces: step.replaces.clone(),
        greens: slots().count(),
        phase: Phase::Made,
    };
    for (key, value) in marks.entries(&id) {
        config.set_metadata(key, &value);
    }
    let region = if request.region.is_empty() { "iad" } else { &request.region };
    let green = json!({
        "id": id, "name": id, "region": region, "config": config, "host_status": "ok", "cordoned": true,
        "state": if request.skip_launch { "stopped" } else { "started" },
        "image_ref": {"repository": "shop", "tag": "v2", "digest": notation::digest("v2")},
    });
    serde_json::from_value(green).unwrap()
}
