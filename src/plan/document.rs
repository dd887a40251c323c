//! A plan as a file: written, read back, and refused when it is not what was written.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use serde_json::error::Category;

use super::{Plan, VERSION, canonical, sound};
use crate::fleet::Shared;

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
    let mut plan: Plan = serde_json::from_str(text).map_err(|error| no_plan(text, &error))?;
    if plan.version != VERSION {
        return Err(other_version(plan.version.into()));
    }
    share_configs(&mut plan);
    if digest(&plan) != plan.digest {
        return Err(unreadable(format!(
            "the plan was changed after it was made: its digest does not match; {PLAN_AGAIN}"
        )));
    }
    sound::check(&plan).map_err(|wrong| unreadable(format!("{wrong}; {PLAN_AGAIN}")))?;
    Ok(plan)
}

/// As they were when it was made.
fn share_configs(plan: &mut Plan) {
    let mut configs = Shared::default();
    for request in plan.steps.iter_mut().filter_map(|step| step.request.as_mut()) {
        request.config = configs.one(Arc::clone(&request.config));
    }
}

/// What keeps `text` from being read, found out only then: plans are long.
fn no_plan(text: &str, error: &serde_json::Error) -> Unreadable {
    let probe: Probe = match serde_json::from_str(text) {
        Ok(probe) => probe,
        Err(error) => return not_json(text, &error),
    };
    match probe.version.as_ref().map(Value::as_u64) {
        Some(Some(version)) if version == u64::from(VERSION) => {
            unreadable(format!("this is not a plan of version {VERSION}: {error}; {PLAN_AGAIN}"))
        }
        Some(Some(version)) => other_version(version),
        _ => unreadable("this is not a plan: it has no `version`"),
    }
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

pub(super) const PLAN_AGAIN: &str = "make it again with `cutover plan`";
