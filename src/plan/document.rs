//! A plan as a file: written, read back, and refused when it is not what was written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use serde_json::Value;
use serde_json::error::Category;

use super::operation::{self, Object};
use super::{Disposition, Op, Plan, PlannedMachine, Step, VERSION, canonical, fleet_digest};

/// The text is no plan that can be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Unreadable {}

impl Plan {
    /// What `-o` writes.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

/// The plan in `text`, exactly as it was written.
///
/// # Errors
/// When it is cut off, is of another version, has a field that this version does not know or
/// lacks one, was edited, or has steps that do not hang together.
pub fn read(text: &str) -> Result<Plan, Unreadable> {
    let probe: Probe = serde_json::from_str(text).map_err(|error| not_json(text, &error))?;
    match probe.version.as_ref().map(Value::as_u64) {
        Some(Some(version)) if version == u64::from(VERSION) => {}
        Some(Some(version)) => return Err(other_version(version)),
        _ => return Err(unreadable("this is not a plan: it has no `version`")),
    }
    let plan: Plan = serde_json::from_str(text)
        .map_err(|error| unreadable(format!("this is not a plan of version {VERSION}: {error}; {PLAN_AGAIN}")))?;
    if digest(&plan) != plan.digest {
        return Err(unreadable(format!(
            "the plan was changed after it was made: its digest does not match; {PLAN_AGAIN}"
        )));
    }
    check_steps(&plan).map_err(|wrong| unreadable(format!("{wrong}; {PLAN_AGAIN}")))?;
    Ok(plan)
}

/// What every version of the document has.
#[derive(Deserialize)]
struct Probe {
    #[serde(default)]
    version: Option<Value>,
}

/// What [`Plan::digest`] must be.
pub(super) fn digest(plan: &Plan) -> String {
    let Plan {
        app,
        capacity,
        changes,
        definition,
        digest: _,
        estimate,
        fleet,
        floors,
        image,
        machines,
        operations,
        point_of_no_return,
        policy,
        source,
        steps,
        version,
        warnings,
    } = plan;
    let mut hash = canonical::Hash::default();
    hash.field("app", app);
    hash.list("capacity", capacity);
    hash.list("changes", changes);
    hash.field("definition", definition);
    hash.field("estimate", estimate);
    hash.field("fleet", fleet);
    hash.list("floors", floors);
    hash.field("image", image);
    hash.list("machines", machines);
    hash.field("operations", operations);
    if let Some(point) = point_of_no_return {
        hash.field("point_of_no_return", point);
    }
    hash.field("policy", policy);
    hash.field("source", source);
    hash.list("steps", steps);
    hash.field("version", version);
    hash.list("warnings", warnings);
    format!("sha256:{}", hash.end())
}

/// What whoever executes a plan relies on; only a plan that somebody forged can lack it.
fn check_steps(plan: &Plan) -> Result<(), String> {
    let mut checked = Checked::new(plan);
    for step in &plan.steps {
        checked.check_place(step)?;
        checked.check_object(step)?;
        checked.check_content(step)?;
        checked.check_history(step).map_err(|wrong| format!("step {}: {wrong}", step.id))?;
        checked.add(step);
    }
    let explained: BTreeMap<_, _> = plan.steps.iter().map(|step| step.op.explained()).collect();
    let first_destroy = plan.steps.iter().find(|step| step.op == Op::Destroy).map(|step| &step.id);
    let known = |after: Option<&str>| after.is_none_or(|id| checked.ops.contains_key(id));
    let checks = [
        (checked.machines.len() == plan.machines.len(), "there is a machine twice"),
        (explained == plan.operations, "`operations` says something else than the operations of its steps"),
        (first_destroy == plan.point_of_no_return.as_ref(), "`point_of_no_return` is not its first destroy"),
        (plan.capacity.iter().all(|row| known(row.after.as_deref())), "`capacity` speaks of a step that there is not"),
        (keeps_floors(plan), "`capacity` falls below `floors`"),
        (hash_of_fleet(plan) == plan.fleet, "`fleet` is not the hash of its machines"),
        (makes_the_image(plan), "a green would run another image than the plan's"),
    ];
    match checks.iter().find(|(holds, _)| !holds) {
        Some((_, wrong)) => Err((*wrong).to_owned()),
        None => Ok(()),
    }
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
    let creates = plan.steps.iter().filter(|step| step.op == Op::Create);
    let mut images = creates.filter_map(|step| step.request.as_ref()?.config.0.get("image"));
    images.all(|image| *image == *plan.image)
}

/// The steps that were found to be in order.
struct Checked<'a> {
    machines: BTreeMap<&'a str, &'a PlannedMachine>,
    ops: BTreeMap<&'a str, Op>,
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
            ops: BTreeMap::new(),
            slots: BTreeMap::new(),
            replaced: BTreeMap::new(),
            done: BTreeSet::new(),
        }
    }

    fn check_place(&self, step: &Step) -> Result<(), String> {
        if let Some(needed) = step.needs.iter().find(|needed| !self.ops.contains_key(needed.as_str())) {
            return Err(format!("step {} needs {needed}, which does not come before it", step.id));
        }
        if self.ops.contains_key(step.id.as_str()) {
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
            (step.op == Op::Create || step.replaces.is_none() && step.standby_for.is_empty(), "replaces"),
        ];
        match checks.iter().find(|(holds, _)| !holds) {
            Some((_, field)) => Err(format!("`{field}` of step {} is not what `{}` needs", step.id, step.op.name())),
            None => Ok(()),
        }
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
        step.needs.iter().any(|needed| matches!(self.ops.get(needed.as_str()), Some(Op::Verify | Op::Gate)))
    }

    fn is_green(&self, slot: &str) -> bool {
        self.slots.get(slot) == Some(&Op::Create)
    }

    fn add(&mut self, step: &'a Step) {
        self.ops.insert(&step.id, step.op);
        if let (Some(slot), Object::New) = (&step.slot, operation::row(step.op).object) {
            self.slots.insert(slot, step.op);
            self.replaced.extend(step.replaces.as_ref().map(|blue| (blue.as_str(), slot.as_str())));
        }
        self.done.extend(step.slot.as_ref().or(step.machine.as_ref()).map(|name| (step.op, name.as_str())));
    }
}

fn not_json(text: &str, error: &serde_json::Error) -> Unreadable {
    unreadable(match error.classify() {
        _ if text.trim().is_empty() => format!("the plan is empty; {PLAN_AGAIN}"),
        Category::Eof => format!("the plan is cut off at line {}; {PLAN_AGAIN}", error.line()),
        _ => format!("this is not a plan: {error}"),
    })
}

fn other_version(version: u64) -> Unreadable {
    let advice = if version > u64::from(VERSION) { "update cutover" } else { PLAN_AGAIN };
    unreadable(format!("this is a plan of version {version}, and only version {VERSION} is known here: {advice}"))
}

fn unreadable(message: impl Into<String>) -> Unreadable {
    Unreadable { message: message.into() }
}

const PLAN_AGAIN: &str = "make it again with `cutover plan`";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
            "operations": {}, "floors": [], "changes": [], "digest": "",
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
        let request = json!({"config": {}, "skip_launch": false, "skip_service_registration": true});
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

    #[test]
    fn no_machine_goes_before_its_time() {
        let lease = |id: &str| step("s1", "lease", json!({"machine": id, "undo": "release"}));
        check(&[lease("a1")], "");
        check(&[lease("k1")], "step s1: its machine is one that the plan leaves alone");
        let cordon = step("s1", "cordon", json!({"machine": "a1", "undo": "uncordon"}));
        check(std::slice::from_ref(&cordon), "step s1: no green has the traffic of its machine yet");
        let request = json!({"config": {}, "skip_launch": false, "skip_service_registration": true});
        let taken_over = [
            step("c", "create", json!({"slot": "g", "undo": "destroy", "request": request, "replaces": "a1"})),
            step("u", "uncordon", json!({"slot": "g", "undo": "cordon"})),
        ];
        let destroy = step("s2", "destroy", json!({"machine": "a1"}));
        let with = |steps: &[Value]| [&taken_over, steps].concat();
        check(&with(&[cordon]), "");
        check(&with(std::slice::from_ref(&destroy)), "step s2: nobody holds the lease of its machine");
        check(&with(&[lease("a1"), destroy]), "step s2: its machine has not stopped");
        let stop = step("s2", "stop", json!({"machine": "a1", "undo": "start"}));
        check(&with(&[lease("a1"), stop]), "step s2: its machine may still have traffic");
    }

    #[test]
    fn greens_run_the_image_that_the_plan_names() {
        let create = |image: &str| {
            let request = json!({"config": {"image": image}, "skip_launch": false, "skip_service_registration": true});
            step("s1", "create", json!({"slot": "g", "undo": "destroy", "request": request}))
        };
        check(&[create("shop:v2")], "");
        check(&[create("shop:v3")], "a green would run another image than the plan's");
    }

    #[test]
    fn what_a_plan_says_of_its_steps_is_true() {
        let steps = json!([step("s1", "gate", json!({}))]);
        let row = |after: Option<&str>, serving| super::super::Capacity {
            after: after.map(Into::into),
            group: "app".into(),
            region: "iad".into(),
            serving,
        };
        let floor = super::super::Floored { group: "app".into(), region: "iad".into(), serving: 2 };
        type Change<'c> = &'c dyn Fn(&mut Plan);
        let checks: [(&str, Change); 6] = [
            ("`fleet` is not the hash of its machines", &|plan| plan.machines[0].observed.cordoned = true),
            ("there is a machine twice", &|plan| plan.machines.push(plan.machines[0].clone())),
            ("`operations` says something else than the operations of its steps", &|plan| plan.operations.clear()),
            ("`point_of_no_return` is not its first destroy", &|plan| plan.point_of_no_return = Some("s1".into())),
            ("`capacity` speaks of a step that there is not", &|plan| plan.capacity.push(row(Some("s2"), 1))),
            ("`capacity` falls below `floors`", &|plan| {
                plan.capacity.push(row(None, 1));
                plan.floors.push(floor.clone());
            }),
        ];
        for (expected, change) in checks {
            assert_eq!(wrong(&forged(&steps, change)), expected);
        }
    }
}
