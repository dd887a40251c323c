//! What whoever executes a plan relies on. A plan that was made has all of it; one that was read may
//! have been forged, with a digest of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::operation::{self, Object};
use super::waits::{self, Places};
use super::{CreateRequest, Disposition, Op, Plan, PlannedMachine, Step, fleet_digest};
use crate::config::IMPLICIT_GROUP;
use crate::fleet::State;
use crate::limits;

/// What is wrong with the plan, if anything is.
pub(super) fn check(plan: &Plan) -> Result<(), String> {
    let mut checked = Checked::new(plan);
    for (place, step) in plan.steps.iter().enumerate() {
        checked.check_place(step, place)?;
        checked.check_object(step)?;
        checked.check_content(step)?;
        checked.check_history(step).map_err(|wrong| format!("step {}: {wrong}", step.id))?;
        checked.add(step);
    }
    let explained: BTreeMap<_, _> = plan.steps.iter().map(|step| step.op.explained()).collect();
    let first_destroy = plan.steps.iter().find(|step| step.op == Op::Destroy).map(|step| &step.id);
    let known = |after: Option<&str>| after.is_none_or(|id| checked.places.get(id).is_some());
    let checks = [
        (!plan.app.is_empty(), "it is for no app"),
        (checked.machines.len() == plan.machines.len(), "there is a machine twice"),
        (explained == plan.operations, "`operations` says something else than the operations of its steps"),
        (first_destroy == plan.point_of_no_return.as_ref(), "`point_of_no_return` is not its first destroy"),
        (plan.capacity.iter().all(|row| known(row.after.as_deref())), "`capacity` speaks of a step that there is not"),
        (has_floors(plan), "`floors` lacks a place where machines are replaced"),
        (keeps_floors(plan), "`capacity` falls below `floors`"),
        (hash_of_fleet(plan) == plan.fleet, "`fleet` is not the hash of its machines"),
        (makes_the_image(plan), "a green would run another image than the plan's"),
        (is_all_cleanup(plan), "it is a cleanup and does something else, too, or the other way round"),
        (sweeps_what_rests(plan), "it would sweep away what may serve"),
        (removes_what_is_replaced(plan), "it would remove machines of a group that stays"),
    ];
    match checks.iter().find(|(holds, _)| !holds) {
        Some((_, wrong)) => Err((*wrong).to_owned()),
        None => waits::check(plan),
    }
}

fn has_floors(plan: &Plan) -> bool {
    let floors: BTreeSet<_> = plan.floors.iter().map(|floor| (&floor.group, &floor.region)).collect();
    let mut replaced = of(plan, Disposition::Replace);
    replaced.all(|blue| floors.contains(&(&blue.group, &blue.region)))
}

fn of(plan: &Plan, disposition: Disposition) -> impl Iterator<Item = &PlannedMachine> {
    plan.machines.iter().filter(move |machine| machine.disposition == disposition)
}

fn keeps_floors(plan: &Plan) -> bool {
    let floors: BTreeMap<_, u64> =
        plan.floors.iter().map(|floor| ((&floor.group, &floor.region), floor.serving)).collect();
    plan.capacity.iter().all(|row| floors.get(&(&row.group, &row.region)).is_none_or(|floor| row.serving >= *floor))
}

fn hash_of_fleet(plan: &Plan) -> String {
    fleet_digest(plan.machines.iter().map(|machine| (machine.id.as_str(), &machine.observed)))
}

fn makes_the_image(plan: &Plan) -> bool {
    let mut creates = plan.steps.iter().filter(|step| step.op == Op::Create).filter_map(|step| step.request.as_ref());
    creates.all(|request| request.config.image() == Some(&plan.image))
}

/// A cleanup may run beside other deploys, and destroys without a successor.
fn is_all_cleanup(plan: &Plan) -> bool {
    if !plan.policy.cleanup {
        return of(plan, Disposition::Sweep).next().is_none();
    }
    use Disposition::{Ignore, Leftover, Sweep};
    let is_left = |machine: &PlannedMachine| matches!(machine.disposition, Ignore | Leftover | Sweep);
    let is_sweeping = |step: &Step| matches!(step.op, Op::Lease | Op::Verify | Op::Destroy);
    plan.machines.iter().all(is_left) && plan.steps.iter().all(is_sweeping)
}

fn sweeps_what_rests(plan: &Plan) -> bool {
    let is_reserved = |group: &str| limits::RESERVED_GROUPS.iter().any(|(name, _)| *name == group);
    let serves = |machine: &PlannedMachine| machine.observed.state == State::Started && !machine.observed.cordoned;
    of(plan, Disposition::Sweep).all(|machine| is_reserved(&machine.group) || !serves(machine))
}

/// Without a successor goes what is in no group of the file, or has its successor already.
fn removes_what_is_replaced(plan: &Plan) -> bool {
    let in_file = plan.definition.get("processes").and_then(Value::as_object);
    let is_in_file = |group: &str| in_file.map_or(group == IMPLICIT_GROUP, |groups| groups.contains_key(group));
    let kept: BTreeSet<&str> = of(plan, Disposition::Keep).map(|green| green.group.as_str()).collect();
    of(plan, Disposition::Remove).all(|blue| !is_in_file(&blue.group) || kept.contains(blue.group.as_str()))
}

/// The steps that were found to be in order.
struct Checked<'a> {
    machines: BTreeMap<&'a str, &'a PlannedMachine>,
    steps: &'a [Step],
    places: Places<'a>,
    /// Each slot with the operation that fills it.
    slots: BTreeMap<&'a str, Op>,
    /// The machines whose places the slots take.
    replaced: BTreeMap<&'a str, &'a str>,
    /// What was done to which machine or slot.
    done: BTreeSet<(Op, &'a str)>,
}

impl<'a> Checked<'a> {
    fn new(plan: &'a Plan) -> Self {
        Self {
            machines: plan.machines.iter().map(|machine| (machine.id.as_str(), machine)).collect(),
            steps: &plan.steps,
            places: Places::of(&plan.steps),
            slots: BTreeMap::new(),
            replaced: BTreeMap::new(),
            done: BTreeSet::new(),
        }
    }

    fn check_place(&self, step: &Step, place: usize) -> Result<(), String> {
        let is_before = |needed: &str| self.places.get(needed).is_some_and(|needed| needed < place);
        if let Some(needed) = step.needs.iter().find(|needed| !is_before(needed)) {
            return Err(format!("step {} needs {needed}, which does not come before it", step.id));
        }
        if self.places.get(&step.id) != Some(place) {
            return Err(format!("there are two steps {}", step.id));
        }
        Ok(())
    }

    fn check_object(&self, step: &Step) -> Result<(), String> {
        let known = match (operation::row(step.op).object, &step.machine, &step.slot) {
            (Object::New, None, Some(slot)) => !self.slots.contains_key(slot.as_str()),
            (Object::Slot, None, Some(slot)) => self.is_green(slot),
            (Object::Machine, Some(machine), None) => self.machines.contains_key(machine.as_str()),
            (Object::Nothing, None, None) => true,
            _ => false,
        };
        if known { Ok(()) } else { Err(format!("step {} is not about a machine or slot that there is", step.id)) }
    }

    /// What its operation asks for is there, and nothing else.
    fn check_content(&self, step: &Step) -> Result<(), String> {
        let is_new = operation::row(step.op).object == Object::New;
        let is_known = |name: &String| self.is_green(name) || self.machines.contains_key(name.as_str());
        let replaces_known = step
            .replaces
            .as_ref()
            .is_none_or(|blue| self.machines.contains_key(blue.as_str()) && !self.replaced.contains_key(blue.as_str()));
        let undo = operation::row(step.op).undo;
        let checks = [
            (step.request.is_some() == is_new, "request"),
            (step.timeout_ms.is_some() == step.op.is_timed(), "timeout_ms"),
            (step.undo == undo || step.undo.is_none() && step.op == Op::Stop, "undo"),
            (step.checks.as_ref().is_some_and(|slot| self.is_green(slot)) == (step.op == Op::MachineCheck), "checks"),
            (step.standby_for.iter().all(is_known), "standby_for"),
            (replaces_known, "replaces"),
            (
                step.op != Op::Create || step.request.as_ref().is_none_or(|made| self.is_like_its_blue(step, made)),
                "request",
            ),
            (step.op == Op::Create || step.replaces.is_none() && step.standby_for.is_empty(), "replaces"),
        ];
        match checks.iter().find(|(holds, _)| !holds) {
            Some((_, field)) => Err(format!("`{field}` of step {} is not what `{}` needs", step.id, step.op.name())),
            None => Ok(()),
        }
    }

    /// Hidden, in its group; and where its blue is, started where that one is.
    fn is_like_its_blue(&self, step: &Step, made: &CreateRequest) -> bool {
        let blue = step.replaces.as_ref().and_then(|blue| self.machines.get(blue.as_str()));
        let is_alike = blue.is_none_or(|blue| {
            let rests = !matches!(blue.observed.state, State::Started | State::Starting);
            let is_in_place = step.group.as_ref() == Some(&blue.group) && made.region == blue.region;
            is_in_place && (rests || !made.skip_launch)
        });
        is_alike && made.skip_service_registration && made.config.metadata("fly_process_group") == step.group.as_deref()
    }

    /// What must have been done to the machine before.
    fn check_history(&self, step: &Step) -> Result<(), &'static str> {
        let Some(machine) = step.machine.as_deref().and_then(|id| self.machines.get(id)) else { return Ok(()) };
        let had = |op| self.done.contains(&(op, machine.id.as_str()));
        let green = self.replaced.get(machine.id.as_str());
        let has_successor = green.is_some_and(|slot| self.done.contains(&(Op::Uncordon, *slot)));
        let may_go = matches!(machine.disposition, Disposition::Replace | Disposition::Remove | Disposition::Sweep);
        let hidden = machine.observed.cordoned || had(Op::Cordon);
        let is_swept = machine.disposition == Disposition::Sweep;
        let checks = [
            (may_go, "its machine is one that the plan leaves alone"),
            (
                step.op == Op::Lease || machine.disposition != Disposition::Replace || has_successor,
                "no green has the traffic of its machine yet",
            ),
            (!matches!(step.op, Op::Stop | Op::Drain) || hidden, "its machine may still have traffic"),
            (step.op != Op::Destroy || had(Op::Lease), "nobody holds the lease of its machine"),
            (step.op != Op::Destroy || is_swept || had(Op::WaitStopped), "its machine has not stopped"),
            (step.op != Op::Destroy || self.waits_for_all(step), "it waits for nothing"),
        ];
        checks.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, wrong)| Err(wrong))
    }

    fn waits_for_all(&self, step: &Step) -> bool {
        step.needs
            .iter()
            .filter_map(|needed| self.places.get(needed))
            .any(|place| matches!(self.steps[place].op, Op::Verify | Op::Gate))
    }

    fn is_green(&self, slot: &str) -> bool {
        self.slots.get(slot) == Some(&Op::Create)
    }

    fn add(&mut self, step: &'a Step) {
        if let (Some(slot), Object::New) = (&step.slot, operation::row(step.op).object) {
            self.slots.insert(slot, step.op);
            self.replaced.extend(step.replaces.as_ref().map(|blue| (blue.as_str(), slot.as_str())));
        }
        self.done.extend(step.slot.as_ref().or(step.machine.as_ref()).map(|name| (step.op, name.as_str())));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::document::{PLAN_AGAIN, digest, read};
    use super::super::{Capacity, canonical};
    use super::*;

    /// A plan around `steps` for the machines a1, to be replaced, and k1, to be kept.
    fn forged(steps: &Value, change: impl Fn(&mut Plan)) -> String {
        let machine = |id: &str, disposition: &str| {
            json!({"id": id, "group": "app", "region": "iad", "disposition": disposition, "why": "", "observed": {
                "state": "started", "instance_id": "", "image": "", "config_sha256": "", "cordoned": false, "host_status": "ok",
            }})
        };
        let document = json!({
            "version": 1, "app": "shop", "image": "shop:v2", "policy": {}, "source": {"path": "fly.toml", "sha256": ""},
            "definition": {}, "fleet": "", "machines": [machine("a1", "replace"), machine("k1", "keep")], "steps": steps,
            "operations": {}, "floors": [{"group": "app", "region": "iad", "serving": 1}], "changes": [], "digest": "",
            "estimate": {"expected_ms": 0, "worst_ms": 0, "peak_machines": 0, "calls": 0}, "capacity": [], "warnings": [],
        });
        let mut plan: Plan = serde_json::from_value(document).unwrap();
        plan.operations = plan.steps.iter().map(|step| step.op.explained()).collect();
        plan.point_of_no_return = plan.steps.iter().find(|step| step.op == Op::Destroy).map(|step| step.id.clone());
        plan.fleet = hash_of_fleet(&plan);
        change(&mut plan);
        plan.digest = digest(&plan);
        plan.to_json()
    }

    fn wrong(text: &str) -> String {
        let wrong = read(text).err().map(|unreadable| unreadable.message).unwrap_or_default();
        wrong.replace(&format!("; {PLAN_AGAIN}"), "")
    }

    /// One step, as its fields beside those that every step has.
    fn step(id: &str, op: &str, fields: Value) -> Value {
        let mut step = json!({"id": id, "op": op, "needs": [], "undo": null, "why": ""});
        step.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        step
    }

    #[track_caller]
    fn check(steps: &[Value], expected: &str) {
        assert_eq!(wrong(&forged(&json!(steps), |_| {})), expected);
    }

    /// As contracts with other programs have it: the canonical form of all but the digest itself.
    #[test]
    fn the_digest_is_of_every_other_field() {
        for steps in [json!([]), json!([step("s1", "destroy", json!({}))])] {
            let mut document: Value = serde_json::from_str(&forged(&steps, |_| {})).unwrap();
            let digest = document.as_object_mut().unwrap().remove("digest").unwrap();
            assert_eq!(digest, format!("sha256:{}", canonical::sha256(canonical::text(&document).as_bytes())));
        }
    }

    #[test]
    fn steps_that_do_not_hang_together_are_refused() {
        let gate = || step("s1", "gate", json!({}));
        check(&[gate()], "");
        check(&[gate(), gate()], "there are two steps s1");
        check(&[step("s1", "gate", json!({"needs": ["s2"]}))], "step s1 needs s2, which does not come before it");
        for (op, fields) in [
            ("destroy", json!({"machine": "b1"})),
            ("destroy", json!({"slot": "green"})),
            ("uncordon", json!({"slot": "green", "undo": "cordon"})),
            ("gate", json!({"machine": "a1"})),
            ("create", json!({"machine": "a1", "undo": "destroy"})),
        ] {
            check(&[step("s1", op, fields)], "step s1 is not about a machine or slot that there is");
        }
    }

    #[test]
    fn a_step_has_what_its_operation_needs_and_nothing_else() {
        let request = request();
        for (op, fields, wrong) in [
            ("create", json!({"slot": "g", "undo": "destroy"}), "request"),
            ("create", json!({"slot": "g", "undo": null, "request": request}), "undo"),
            ("create", json!({"slot": "g", "undo": "destroy", "request": request, "replaces": "b1"}), "replaces"),
            (
                "create",
                json!({"slot": "g", "undo": "destroy", "request": request, "standby_for": ["x"]}),
                "standby_for",
            ),
            ("machine-check", json!({"slot": "g", "request": request, "timeout_ms": 1}), "checks"),
            ("settle", json!({}), "timeout_ms"),
            ("gate", json!({"request": request}), "request"),
        ] {
            check(&[step("s1", op, fields)], &format!("`{wrong}` of step s1 is not what `{op}` needs"));
        }
    }

    fn request() -> Value {
        json!({
            "region": "iad", "config": {"image": "shop:v2", "metadata": {"fly_process_group": "app"}},
            "skip_launch": false, "skip_service_registration": true,
        })
    }

    fn create(request: &Value) -> Value {
        let fields = json!({"slot": "g", "undo": "destroy", "request": request, "replaces": "a1", "group": "app"});
        step("c", "create", fields)
    }

    /// A green that has the traffic of a1.
    fn taken_over() -> Vec<Value> {
        vec![
            create(&request()),
            step("w", "wait-started", json!({"slot": "g", "needs": ["c"], "timeout_ms": 1})),
            step("u", "uncordon", json!({"slot": "g", "undo": "cordon", "needs": ["w"]})),
        ]
    }

    fn lease(id: &str) -> Value {
        step("s1", "lease", json!({"machine": id, "undo": "release"}))
    }

    /// The whole way of a1, from the traffic to its end.
    fn retired() -> Vec<Value> {
        let mut steps = taken_over();
        steps.extend([
            lease("a1"),
            step("h", "cordon", json!({"machine": "a1", "undo": "uncordon", "needs": ["u"]})),
            step("t", "stop", json!({"machine": "a1", "undo": "start", "needs": ["h"]})),
            step("e", "wait-stopped", json!({"machine": "a1", "needs": ["t"], "timeout_ms": 1})),
            step("v", "verify", json!({"needs": ["e"]})),
            step("d", "destroy", json!({"machine": "a1", "needs": ["v"]})),
        ]);
        steps
    }

    #[test]
    fn no_machine_goes_before_its_time() {
        check(&[lease("a1")], "");
        check(&[lease("k1")], "step s1: its machine is one that the plan leaves alone");
        let cordon = step("s1", "cordon", json!({"machine": "a1", "undo": "uncordon"}));
        check(std::slice::from_ref(&cordon), "step s1: no green has the traffic of its machine yet");
        let destroy = step("s2", "destroy", json!({"machine": "a1"}));
        let with = |steps: &[Value]| [&taken_over(), steps].concat();
        check(&with(&[]), "");
        check(&with(std::slice::from_ref(&destroy)), "step s2: nobody holds the lease of its machine");
        check(&with(&[lease("a1"), destroy]), "step s2: its machine has not stopped");
        let stop = step("s2", "stop", json!({"machine": "a1", "undo": "start"}));
        check(&with(&[lease("a1"), stop]), "step s2: its machine may still have traffic");
        check(&retired(), "");
    }

    /// Their order in the list is not the one in which they run.
    #[test]
    fn each_step_waits_for_what_it_rests_on() {
        for (id, needs, missing) in
            [("u", "c", "w"), ("h", "w", "u"), ("t", "u", "h"), ("e", "h", "t"), ("v", "t", "e"), ("d", "v", "")]
        {
            let mut steps = retired();
            let step = steps.iter_mut().find(|step| step["id"] == id).unwrap();
            step["needs"] = json!([needs]);
            let late = if id == "v" { "d" } else { id };
            let expected =
                if missing.is_empty() { String::new() } else { format!("step {late} does not wait for {missing}") };
            check(&steps, &expected);
        }
        let mut hidden = retired();
        hidden.retain(|step| step["id"] != "w");
        hidden[1]["needs"] = json!(["c"]);
        check(&hidden, "step u: nothing shows that its green is ready");
        let mut unchecked = retired();
        unchecked[0]["request"]["config"]["checks"] = json!({"alive": {"type": "tcp", "port": 80, "interval": "10s"}});
        check(&unchecked, "step u: nothing shows that its green is ready");
    }

    #[test]
    fn a_green_is_made_hidden_and_like_its_blue() {
        for (path, value) in [
            ("/skip_service_registration", json!(false)),
            ("/skip_launch", json!(true)),
            ("/region", json!("ams")),
            ("/config/metadata/fly_process_group", json!("worker")),
        ] {
            let mut request = request();
            *request.pointer_mut(path).unwrap() = value;
            check(&[create(&request)], "`request` of step c is not what `create` needs");
        }
    }

    #[test]
    fn greens_run_the_image_that_the_plan_names() {
        check(&[create(&request())], "");
        for image in [json!("shop:v3"), json!(null)] {
            let mut other = request();
            other["config"]["image"] = image;
            check(&[create(&other)], "a green would run another image than the plan's");
        }
    }

    #[test]
    fn what_a_plan_says_of_its_steps_is_true() {
        let steps = json!([step("s1", "gate", json!({}))]);
        let row = |after: Option<&str>, serving| Capacity {
            after: after.map(Into::into),
            group: "app".into(),
            region: "iad".into(),
            serving,
        };
        type Change<'c> = &'c dyn Fn(&mut Plan);
        let checks: [(&str, Change); 13] = [
            ("it is for no app", &|plan| plan.app.clear()),
            ("`floors` lacks a place where machines are replaced", &|plan| plan.floors.clear()),
            ("it is a cleanup and does something else, too, or the other way round", &|plan| {
                plan.policy.cleanup = true;
            }),
            ("it is a cleanup and does something else, too, or the other way round", &|plan| {
                plan.machines[1].disposition = Disposition::Sweep;
            }),
            ("it would sweep away what may serve", &|plan| {
                plan.policy.cleanup = true;
                plan.steps.clear();
                plan.operations.clear();
                plan.machines.iter_mut().for_each(|machine| machine.disposition = Disposition::Sweep);
            }),
            ("it would remove machines of a group that stays", &|plan| {
                plan.machines.iter_mut().for_each(|machine| machine.disposition = Disposition::Remove);
            }),
            ("it would remove machines of a group that stays", &|plan| {
                plan.definition = json!({"processes": {"app": "serve"}});
                plan.machines.iter_mut().for_each(|machine| machine.disposition = Disposition::Remove);
            }),
            ("`fleet` is not the hash of its machines", &|plan| plan.machines[0].observed.cordoned = true),
            ("there is a machine twice", &|plan| plan.machines.push(plan.machines[0].clone())),
            ("`operations` says something else than the operations of its steps", &|plan| plan.operations.clear()),
            ("`point_of_no_return` is not its first destroy", &|plan| plan.point_of_no_return = Some("s1".into())),
            ("`capacity` speaks of a step that there is not", &|plan| plan.capacity.push(row(Some("s2"), 1))),
            ("`capacity` falls below `floors`", &|plan| {
                plan.capacity.push(row(None, 0));
            }),
        ];
        for (expected, change) in checks {
            assert_eq!(wrong(&forged(&steps, change)), expected);
        }
    }
}
