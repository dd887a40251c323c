//! A blue-green deploy as data: what will be done to which machine, in which order, and why.
//! Planning is a function of what is wanted, what was observed and the policy. Knows nothing of
//! rendering, HTTP or time.

mod again;
mod canonical;
mod capacity;
mod changes;
mod classify;
mod command;
mod document;
mod estimate;
mod green;
mod leftover;
mod list;
pub mod mark;
mod mixed;
mod observe;
mod operation;
mod order;
mod policy;
mod reconstruct;
mod refuse;
mod sound;
mod underway;
mod waits;
mod wanted;
mod warn;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use smol_str::SmolStr;

use crate::config::Config;
use crate::fleet::{Fleet, HostStatus, MachineConfig, State};
use capacity::Serving;
use classify::{Placed, Situation};
use green::{Green, Greens};

pub use again::{plan_again, shell_word};
pub use document::{Unreadable, read};
pub use green::gate;
pub use observe::fleet_digest;
pub use operation::{Op, Operation, Undo};
pub use policy::{Drain, Floor, Policy};
pub use reconstruct::{Interrupted, reconstruct};

/// The version of the document that this program writes and reads.
pub const VERSION: u32 = 1;

/// The plan that brings `fleet` to what is `desired`, under `policy`. Without steps when nothing
/// is to be done. The order of the machines does not matter.
///
/// # Errors
/// Every reason why no safe plan can be made.
pub fn plan(desired: &Desired, fleet: &Fleet, policy: &Policy) -> Result<Plan, Vec<Refusal>> {
    let policy = policy.over(desired.config);
    let situation = Situation::new(desired, fleet, &policy);
    let (placed, wanted) = classify::classify(&situation);
    let greens = if policy.cleanup { Greens::default() } else { green::greens(&situation, &placed, &wanted) };
    let mut refused = refuse::refusals(&situation, &placed, &greens);
    let greens = greens.made;
    let serving = Serving::new(&situation, &placed, &greens);
    refused.extend(serving.refusal(policy.floor, desired));
    refused.extend(policy.contradiction());
    if !refused.is_empty() {
        return Err(refused);
    }
    Ok(assemble(&situation, placed, &greens, &serving))
}

/// The document: what is done to the machines as they are placed, with these greens.
fn assemble<'a>(situation: &Situation<'a>, placed: Vec<Placed<'a>>, greens: &[Green<'a>], serving: &Serving) -> Plan {
    let desired = &situation.desired;
    let steps = order::steps(situation, &placed, greens);
    let point_of_no_return = steps.iter().find(|step| step.op == Op::Destroy).map(|step| step.id.clone());
    let changes = changes::changes(&placed, greens, desired.image);
    let estimate = estimate::estimate(situation, &placed, greens, &steps);
    let capacity = serving.rows(&placed, greens, &steps);
    let warnings = warn::warnings(situation, &placed, greens);
    let machines: Vec<_> = placed.into_iter().map(Placed::planned).collect();
    let mut plan = Plan {
        version: VERSION,
        app: desired.app.to_owned(),
        image: desired.image.to_owned(),
        policy: situation.policy.clone(),
        source: Source { path: desired.path.to_owned(), sha256: canonical::sha256(desired.text.as_bytes()) },
        definition: serde_json::to_value(desired.config).unwrap_or_default(),
        digest: String::new(),
        fleet: fleet_digest(machines.iter().map(|machine| (machine.id.as_str(), &machine.observed))),
        machines,
        operations: steps.iter().map(|step| step.op).collect::<BTreeSet<_>>().into_iter().map(Op::explained).collect(),
        floors: serving.floors(),
        changes,
        estimate,
        point_of_no_return,
        capacity,
        warnings,
        steps,
    };
    plan.digest = document::digest(&plan);
    plan
}

/// What is wanted: an image, and the file that says how to run it.
#[derive(Debug, Clone, Copy)]
pub struct Desired<'a> {
    pub app: &'a str,
    pub image: &'a str,
    /// Of fly.toml, as it was given.
    pub path: &'a str,
    /// The text of fly.toml; `config` was read from it.
    pub text: &'a str,
    pub config: &'a Config,
}

impl Desired<'_> {
    /// The command that plans this file with `flags`.
    fn again(&self, flags: &str) -> String {
        plan_again(self.path, flags)
    }
}

/// A reviewed deploy. Executed exactly, or refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub version: u32,
    pub app: String,
    pub image: String,
    pub policy: Policy,
    pub source: Source,
    /// fly.toml as flyctl stores it with a release.
    pub definition: Value,
    /// `sha256:` and the hash of the canonical form of this document without this field.
    pub digest: String,
    /// `sha256:` and the hash of `observed` of every machine, without `state`.
    pub fleet: String,
    /// Every machine that was observed, sorted by id.
    pub machines: Vec<PlannedMachine>,
    /// In an order that satisfies every `needs`.
    pub steps: Vec<Step>,
    /// What the operations of the steps mean.
    pub operations: BTreeMap<Op, Operation>,
    /// How many machines must serve at any time, per group and region.
    pub floors: Vec<Floored>,
    /// What differs between the machines that go and those that come.
    pub changes: Vec<Change>,
    pub estimate: Estimate,
    /// The first destroy: what comes after it cannot be undone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub point_of_no_return: Option<SmolStr>,
    /// How many machines serve, wherever the number changes.
    pub capacity: Vec<Capacity>,
    pub warnings: Vec<Warning>,
}

/// For whoever keeps it longer than its caller does.
impl From<&Plan> for Arc<Plan> {
    fn from(plan: &Plan) -> Self {
        Self::new(plan.clone())
    }
}

impl Plan {
    /// The observed machine of this id.
    pub fn observed(&self, id: &str) -> Option<&PlannedMachine> {
        let at = self.machines.binary_search_by(|machine| machine.id.as_str().cmp(id)).ok()?;
        self.machines.get(at)
    }
}

/// The file that the plan was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub path: String,
    pub sha256: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedMachine {
    pub disposition: Disposition,
    pub group: SmolStr,
    pub id: String,
    pub observed: Observed,
    pub region: SmolStr,
    /// One sentence: why this disposition.
    pub why: Cow<'static, str>,
}

/// What becomes of an observed machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// A green takes its place.
    Replace,
    /// It already runs what is wanted.
    Keep,
    /// Its group is gone from fly.toml, or a green of a deploy that did not end has its place:
    /// destroyed, last.
    Remove,
    /// Not of Fly Launch, of another group, or excluded: not touched.
    Ignore,
    /// Made by an interrupted deploy or a release command: reported, not touched.
    Leftover,
    /// A leftover that a cleanup destroys.
    Sweep,
    /// It would be replaced, but its host does not answer: stays, and needs a person.
    Unreachable,
}

/// What a plan rests on: when this differs at apply, the plan is stale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    pub config_sha256: String,
    pub cordoned: bool,
    pub host_status: HostStatus,
    pub image: String,
    pub instance_id: String,
    pub state: State,
}

/// Its fields, and those of [`PlannedMachine`], in the order in which documents are hashed: there are many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// On `machine-check`: the green that is checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checks: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<SmolStr>,
    /// `s1`, `s2`, ... in the order of the plan.
    pub id: SmolStr,
    /// The observed machine that this is done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// Steps that must be done before this one begins.
    pub needs: Vec<SmolStr>,
    pub op: Op,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<SmolStr>,
    /// On `create`: the observed machine whose place the slot takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// The body of the request, less what only the run knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Box<CreateRequest>>,
    /// The machine to be made that this is done to, by its name in the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// On `create`: the slots (or, where they stay, observed machines) that it stands by for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standby_for: Vec<String>,
    /// What waits: how long it may take, at most; a settle, a bake: how long it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// What takes this step back, while going back is possible.
    pub undo: Option<Undo>,
    pub why: Cow<'static, str>,
}

/// The body of `POST /machines`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateRequest {
    pub config: Arc<MachineConfig>,
    /// Empty: wherever Fly likes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// Make it without starting it.
    pub skip_launch: bool,
    /// Make it cordoned.
    pub skip_service_registration: bool,
    /// Refuse to start it with an older version of the app's secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_secrets_version: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// The step after which it holds; `None` before the first.
    pub after: Option<SmolStr>,
    pub group: SmolStr,
    pub region: SmolStr,
    /// Uncordoned machines that are started and passing, or stopped by the proxy.
    pub serving: u64,
}

/// The least that must serve in one place at any time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floored {
    pub group: SmolStr,
    pub region: SmolStr,
    pub serving: u64,
}

/// One difference between blues and their greens, the same for all of `machines`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub group: String,
    /// Ids of the blues whose greens differ in this way, sorted.
    pub machines: Vec<String>,
    /// In the Machine config, such as `env.LOG_LEVEL` or `services[0].internal_port`.
    pub path: String,
    /// Absent: it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// Absent: it is no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
}

/// What the deploy costs, as far as the file and the policy tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// When all goes well.
    pub expected_ms: u64,
    /// When everything that waits waits as long as it may, and still succeeds.
    pub worst_ms: u64,
    /// Machines of the app at once, at most; those made for commands included.
    pub peak_machines: u64,
    /// Calls of the Machines API that the steps make when all goes well. Looks that are repeated
    /// count once; renewals of leases, and giving them back, not at all.
    pub calls: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warning {
    pub code: String,
    pub message: String,
}

/// Why no plan can be made. Nothing was touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    pub code: &'static str,
    /// What was found, and what it would lead to.
    pub message: String,
    /// The machines that it is about.
    pub machines: Vec<String>,
    /// Commands that resolve it.
    pub fix: Vec<String>,
}
