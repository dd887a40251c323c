//! A plan as a whole: what it comes to, how long it takes, what it costs, how it is taken back.

use std::collections::BTreeSet;

use serde_json::Value;

use super::policy::policy;
use super::steps::release_command;
use super::words::{count, list, short_hash, whole_seconds};
use crate::fleet::State;
use crate::plan::{Op, Plan, Step, Undo};

pub(in crate::render) fn title(plan: &Plan) -> String {
    let what = if plan.policy.cleanup { "Cleanup" } else { "Blue-green deploy" };
    format!("{what} of {}", plan.app)
}

/// For whoever has never seen a plan; `None` where there is nothing to do.
pub(in crate::render) fn lede(plan: &Plan) -> Option<&'static str> {
    match () {
        () if plan.steps.is_empty() => None,
        () if plan.policy.cleanup => {
            Some("Removes what interrupted deploys and release commands left behind. What serves is not touched.")
        }
        () if !of(plan, Op::Create).any(|step| step.replaces.is_some()) => None,
        () => Some(
            "A new machine (green) is made and checked beside each one that is replaced (blue), without traffic. Then \
             the traffic moves to the greens, and only then the blues are destroyed.",
        ),
    }
}

/// Names and values, in the order of their weight.
pub(in crate::render) fn facts(plan: &Plan) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    rows.extend((!plan.image.is_empty()).then(|| ("image", plan.image.clone())));
    rows.push(("from", format!("{} (sha256 {})", plan.source.path, short_hash(&plan.source.sha256))));
    let estimate = &plan.estimate;
    if estimate.peak_machines > 0 {
        rows.push(("machines", machines(plan)));
        rows.extend(extra(plan).map(|extra| ("extra", extra)));
    }
    if estimate.worst_ms > 0 {
        let (expected, worst) = (rounded(estimate.expected_ms), rounded(estimate.worst_ms));
        rows.push(("time", format!("about {expected}; {worst} if every wait lasts as long as it may")));
    }
    rows.extend((estimate.calls > 0).then(|| ("calls", format!("{} to the Machines API", estimate.calls))));
    rows.extend(policy_rows(plan));
    rows
}

fn policy_rows(plan: &Plan) -> Vec<(&'static str, String)> {
    let (standard, chosen): (Vec<_>, Vec<_>) = policy(&plan.policy).into_iter().partition(|said| said.is_default);
    let join = |said: Vec<super::policy::Said>| said.into_iter().map(|said| said.text).collect::<Vec<_>>().join("; ");
    let (standard, chosen) = (join(standard), join(chosen));
    [("policy", chosen), ("defaults", standard)].into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

fn machines(plan: &Plan) -> String {
    let now = plan.machines.iter().filter(|machine| machine.observed.state != State::Destroyed).count();
    let after = (now + of(plan, Op::Create).count()).saturating_sub(of(plan, Op::Destroy).count());
    format!("{now} now, at most {} at once, {after} afterwards", plan.estimate.peak_machines)
}

/// What there is beside the machines of now, for a while.
fn extra(plan: &Plan) -> Option<String> {
    let now = plan.machines.iter().filter(|machine| machine.observed.state != State::Destroyed).count() as u64;
    let extra = plan.estimate.peak_machines.checked_sub(now).filter(|extra| *extra > 0)?;
    let extra = usize::try_from(extra).unwrap_or(usize::MAX);
    let size = if plan.policy.surge.is_none() { size(plan) } else { String::new() };
    let machines = count(extra, "machine");
    let time = match plan.policy.hold || plan.policy.keep_blue {
        true => "until the deploy is promoted or aborted".to_owned(),
        false => format!("for {} at most", rounded(plan.estimate.worst_ms)),
    };
    Some(format!(
        "up to {machines} more than now{size}, {time}: billed while running, and counted by the organization's limit"
    ))
}

fn rounded(ms: u64) -> String {
    whole_seconds(ms.div_ceil(1_000) * 1_000)
}

/// `, with 4 CPUs and 2.5 GB in all`
fn size(plan: &Plan) -> String {
    let guests: Vec<&Value> =
        of(plan, Op::Create).filter_map(|step| step.request.as_ref()?.config.get("guest")).collect();
    let sum = |key: &str| guests.iter().filter_map(|guest| guest.get(key)?.as_u64()).sum::<u64>();
    let (cpus, memory) = (sum("cpus"), sum("memory_mb"));
    if cpus == 0 || memory == 0 {
        return String::new();
    }
    let memory = if memory < 1024 {
        format!("{memory} MB")
    } else {
        format!("{}.{} GB", memory / 1024, memory % 1024 * 10 / 1024)
    };
    format!(" ({} and {memory})", count(usize::try_from(cpus).unwrap_or(usize::MAX), "CPU"))
}

/// What an abort does before and after the point of no return.
pub(in crate::render) fn way_back(plan: &Plan) -> Option<String> {
    let undone: BTreeSet<Undo> = plan.steps.iter().filter_map(|step| step.undo).collect();
    let told: Vec<String> =
        UNDONE.iter().filter(|(undo, _)| undone.contains(undo)).map(|(_, text)| (*text).to_owned()).collect();
    if told.is_empty() {
        return None;
    }
    let mut text = match &plan.point_of_no_return {
        Some(step) => format!(
            "Before {step}, an abort (Ctrl-C) or a failure {}. From {step} on, it finishes forward.",
            list(&told)
        ),
        None => format!("An abort (Ctrl-C) or a failure {}.", list(&told)),
    };
    if plan.policy.surge.is_some() && plan.point_of_no_return.is_some() {
        text.push_str(" So only the first batch can be taken back.");
    }
    if let Some(command) = release_command(plan) {
        text.push_str(&format!(" What {command} did stays done in any case: the blues must be able to live with it."));
    }
    Some(text)
}

/// `49 steps: 5 machines to create, 5 to destroy.`
pub(in crate::render) fn sum(plan: &Plan) -> String {
    let creates = of(plan, Op::Create).count();
    let (steps, destroys) = (count(plan.steps.len(), "step"), of(plan, Op::Destroy).count());
    format!("{steps}: {} to create, {destroys} to destroy", count(creates, "machine"))
}

fn of(plan: &Plan, op: Op) -> impl Iterator<Item = &Step> {
    plan.steps.iter().filter(move |step| step.op == op)
}

/// In the order in which a run goes back.
const UNDONE: [(Undo, &str); 5] = [
    (Undo::Start, "starts the blues again"),
    (Undo::Uncordon, "gives the blues their traffic back"),
    (Undo::Cordon, "takes it from the greens"),
    (Undo::Destroy, "destroys the greens"),
    (Undo::Release, "releases the leases"),
];
