//! A plan as a file: written, read back, and refused when it is not what was written.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;
use serde_json::error::Category;

use super::operation::{self, Object};
use super::{Plan, Step, VERSION, canonical};

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
    let document: Value = serde_json::from_str(text).map_err(|error| not_json(text, &error))?;
    match document.get("version").map(Value::as_u64) {
        Some(Some(version)) if version == u64::from(VERSION) => {}
        Some(Some(version)) => return Err(other_version(version)),
        _ => return Err(unreadable("this is not a plan: it has no `version`")),
    }
    let plan: Plan = serde_json::from_value(document.clone())
        .map_err(|error| unreadable(format!("this is not a plan of version {VERSION}: {error}; {PLAN_AGAIN}")))?;
    if digest_of(document) != plan.digest {
        return Err(unreadable(format!(
            "the plan was changed after it was made: its digest does not match; {PLAN_AGAIN}"
        )));
    }
    check_steps(&plan).map_err(|wrong| unreadable(format!("{wrong}; {PLAN_AGAIN}")))?;
    Ok(plan)
}

/// What [`Plan::digest`] must be.
pub(super) fn digest(plan: &Plan) -> String {
    digest_of(serde_json::to_value(plan).unwrap_or_default())
}

fn digest_of(mut document: Value) -> String {
    if let Some(fields) = document.as_object_mut() {
        fields.remove("digest");
    }
    format!("sha256:{}", canonical::hash(&document))
}

/// What whoever executes a plan relies on; only a plan that somebody forged can lack it.
fn check_steps(plan: &Plan) -> Result<(), String> {
    let machines: BTreeSet<&str> = plan.machines.iter().map(|machine| machine.id.as_str()).collect();
    let mut done = BTreeSet::new();
    let mut slots = BTreeSet::new();
    for step in &plan.steps {
        if let Some(needed) = step.needs.iter().find(|needed| !done.contains(needed.as_str())) {
            return Err(format!("step {} needs {needed}, which does not come before it", step.id));
        }
        if !done.insert(step.id.as_str()) {
            return Err(format!("there are two steps {}", step.id));
        }
        check_object(step, &machines, &mut slots)?;
    }
    match &plan.point_of_no_return {
        Some(point) if !done.contains(point.as_str()) => Err(format!("there is no step {point}")),
        _ => Ok(()),
    }
}

fn check_object<'a>(step: &'a Step, machines: &BTreeSet<&str>, slots: &mut BTreeSet<&'a str>) -> Result<(), String> {
    let known = match (operation::row(step.op).object, &step.machine, &step.slot) {
        (Object::New, None, Some(slot)) => slots.insert(slot) && step.request.is_some(),
        (Object::Slot, None, Some(slot)) => slots.contains(slot.as_str()),
        (Object::Machine, Some(machine), None) => machines.contains(machine.as_str()),
        (Object::Nothing, None, None) => true,
        _ => false,
    };
    if known { Ok(()) } else { Err(format!("step {} is not about a machine or slot that there is", step.id)) }
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

    /// A plan around `steps`, with the digest that belongs to it.
    fn forged(steps: Value) -> String {
        let mut document = json!({
            "version": 1, "app": "shop", "image": "shop:v2", "policy": {}, "source": {"path": "fly.toml", "sha256": ""},
            "definition": {}, "fleet": "", "machines": [], "steps": steps,
            "operations": {}, "floors": [], "changes": [],
            "estimate": {"expected_ms": 0, "worst_ms": 0, "peak_machines": 0, "calls": 0}, "capacity": [], "warnings": [],
        });
        document["digest"] = digest_of(document.clone()).into();
        document.to_string()
    }

    #[track_caller]
    fn check(steps: Value, wrong: &str) {
        let found = read(&forged(steps)).map_err(|unreadable| unreadable.message);
        assert_eq!(found.map_err(|message| message.replace(PLAN_AGAIN, "AGAIN")).err().unwrap_or_default(), wrong);
    }

    #[test]
    fn steps_that_do_not_hang_together_are_refused() {
        check(json!([{"id": "s1", "op": "gate", "needs": [], "undo": null, "why": ""}]), "");
        check(
            json!([{"id": "s1", "op": "gate", "needs": ["s2"], "undo": null, "why": ""}]),
            "step s1 needs s2, which does not come before it; AGAIN",
        );
        check(
            json!([{"id": "s1", "op": "destroy", "machine": "a1", "needs": [], "undo": null, "why": ""}]),
            "step s1 is not about a machine or slot that there is; AGAIN",
        );
        check(
            json!([{"id": "s1", "op": "create", "slot": "green", "needs": [], "undo": null, "why": ""}]),
            "step s1 is not about a machine or slot that there is; AGAIN",
        );
    }
}
