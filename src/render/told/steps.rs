//! The steps of a plan, as few lines as say it.

use std::collections::BTreeMap;

use super::subject::{Subject, subject};
use super::words::{count, list, whole_seconds};
use crate::facts;
use crate::plan::{Disposition, Drain, Op, Plan, Step};
use crate::render::mask;

/// Steps of one kind that go side by side.
pub(in crate::render) struct Run<'a> {
    pub(in crate::render) stage: Stage,
    /// From 0; there is more than one when not all greens may exist at once.
    pub(in crate::render) batch: usize,
    pub(in crate::render) op: Op,
    pub(in crate::render) steps: Vec<&'a Step>,
    /// It begins with the step of no return.
    pub(in crate::render) is_border: bool,
}

/// The parts of a deploy, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::render) enum Stage {
    Lock,
    Make,
    Switch,
    Retire,
    /// Groups that fly.toml no longer names; blues that have their green already; what is left over.
    Remove,
    Unlock,
}

/// What goes on machine by machine is told kind by kind, up to the next step that waits for all of
/// them. Within a batch no stage is gone back to.
pub(in crate::render) fn runs(plan: &Plan) -> Vec<Run<'_>> {
    let mut runs: Vec<Run> = Vec::new();
    let (mut stage, mut batch) = (Stage::Lock, 0);
    // The runs from here on may still grow.
    let mut open = 0;
    for step in &plan.steps {
        let is_border = plan.point_of_no_return.as_ref() == Some(&step.id);
        let row = op_row(step.op);
        let next = stage_of(plan, step, row.stage);
        let is_next_batch = step.op == Op::Create && stage > Stage::Make;
        if row.is_barrier || is_border || is_next_batch || next > stage {
            open = runs.len();
        }
        if step.op == Op::Gate {
            continue;
        }
        batch += usize::from(is_next_batch);
        stage = if is_next_batch { Stage::Make } else { stage.max(next) };
        match runs[open..].iter_mut().find(|run| run.op == step.op) {
            Some(run) => run.steps.push(step),
            None => runs.push(Run { stage, batch, op: step.op, steps: vec![step], is_border }),
        }
        if row.is_barrier {
            open = runs.len();
        }
    }
    runs
}

fn stage_of(plan: &Plan, step: &Step, usual: Stage) -> Stage {
    let becomes = step.machine.as_ref().and_then(|id| plan.observed(id)).map(|machine| machine.disposition);
    match becomes {
        Some(Disposition::Remove | Disposition::Sweep) if step.op != Op::Lease => Stage::Remove,
        _ => usual,
    }
}

impl Run<'_> {
    /// `s4`, `s4-s6`; with two dots where other steps lie between.
    pub(in crate::render) fn ids(&self) -> String {
        let number = |step: &Step| step.id.trim_start_matches('s').parse::<usize>().unwrap_or(0);
        match self.steps.as_slice() {
            [only] => only.id.to_string(),
            [first, .., last] => {
                let is_whole = number(last).saturating_sub(number(first)) + 1 == self.steps.len();
                format!("{}{}{}", first.id, if is_whole { "-" } else { ".." }, last.id)
            }
            [] => String::new(),
        }
    }

    pub(in crate::render) fn name(&self) -> &'static str {
        op_row(self.op).name
    }

    /// To what it is done, and how long it may take.
    pub(in crate::render) fn object(&self, plan: &Plan) -> String {
        let limit = self.steps[0].timeout_ms;
        let time = |otherwise: u64| whole_seconds(limit.unwrap_or(otherwise));
        match self.op {
            Op::Settle => format!("{}, for every proxy to hear of it", time(plan.policy.settle_ms)),
            Op::Bake => format!("{}: the blues run on, without traffic", time(plan.policy.bake_ms)),
            Op::Hold => "ends here: `cutover promote` goes on, `cutover abort` goes back".to_owned(),
            Op::VerifyUrl => plan.policy.verify_url.as_deref().map(mask::address).unwrap_or_default().into_owned(),
            Op::ReleaseCommand => {
                let command = release_command(plan).unwrap_or_else(|| self.steps[0].why.to_string());
                format!("{command}{}; nothing takes it back", self.limit())
            }
            Op::Drain if plan.policy.drain == Drain::UntilIdle => {
                format!("{}, until idle{}", self.who(plan), self.limit())
            }
            Op::Drain => format!("{}, {}", self.who(plan), time(plan.policy.drain_timeout_ms)),
            Op::Create => format!("{}{}{}", self.who(plan), self.asleep(), self.standbys()),
            _ => format!("{}{}", self.who(plan), self.limit()),
        }
    }

    /// Not about time, or all of them.
    pub(in crate::render) fn is_about_machines(&self) -> bool {
        let [first, ..] = self.steps.as_slice() else { return false };
        first.machine.is_some() || first.slot.is_some()
    }

    /// `, at most 5m`
    fn limit(&self) -> String {
        let limit = self.steps.iter().filter_map(|step| step.timeout_ms).max();
        limit.map_or(String::new(), |ms| format!(", at most {}", whole_seconds(ms)))
    }

    /// `, 2 of them not started`
    fn asleep(&self) -> String {
        let is_asleep = |step: &&&Step| step.request.as_ref().is_some_and(|request| request.skip_launch);
        match self.steps.iter().filter(is_asleep).count() {
            0 => String::new(),
            all if all == self.steps.len() => ", not started".to_owned(),
            some => format!(", {some} of them not started"),
        }
    }

    /// `, 1 a standby`
    fn standbys(&self) -> String {
        match self.steps.iter().filter(|step| !step.standby_for.is_empty()).count() {
            0 => String::new(),
            1 => ", 1 a standby".to_owned(),
            some => format!(", {some} standbys"),
        }
    }

    /// `3 greens: app (fra, iad×2)`.
    fn who(&self, plan: &Plan) -> String {
        let subjects: Vec<Subject> = self.steps.iter().filter_map(|step| subject(plan, step)).collect();
        if subjects.is_empty() {
            return self.steps[0].why.to_string();
        }
        let greens = subjects.iter().filter(|subject| subject.is_green).count();
        let mut kinds = Vec::new();
        let new = if self.op == Op::MachineCheck { "check" } else { "green" };
        let old = if plan.policy.cleanup { "machine" } else { "blue" };
        kinds.extend((greens > 0).then(|| count(greens, new)));
        kinds.extend((subjects.len() > greens).then(|| count(subjects.len() - greens, old)));
        format!("{}: {}", list(&kinds), places(&subjects))
    }
}

/// As fly.toml has it, without what looks like a credential.
pub(in crate::render) fn release_command(plan: &Plan) -> Option<String> {
    plan.steps.iter().find(|step| step.op == Op::ReleaseCommand)?;
    let command = plan.definition.get("deploy")?.get("release_command")?.as_str()?;
    Some(format!("`{}`", facts::veiled(command)))
}

/// `app (fra, iad×2), worker (iad)`.
fn places(subjects: &[Subject]) -> String {
    let mut groups: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for subject in subjects {
        *groups.entry(subject.group).or_default().entry(subject.region).or_default() += 1;
    }
    let more = groups.len().saturating_sub(MOST_GROUPS);
    let region = |(region, number): (&&str, &usize)| match number {
        1 => (*region).to_owned(),
        more => format!("{region}×{more}"),
    };
    let group = |(group, regions): (&&str, &BTreeMap<&str, usize>)| {
        let all: usize = regions.values().sum();
        let places: Vec<String> = regions.iter().map(region).filter(|place| !place.is_empty()).collect();
        let places =
            if places.len() > MOST_REGIONS { format!("{} regions, {all}", regions.len()) } else { places.join(", ") };
        if places.is_empty() { (*group).to_owned() } else { format!("{group} ({places})") }
    };
    let mut told: Vec<String> = groups.iter().take(MOST_GROUPS).map(group).collect();
    told.extend((more > 0).then(|| format!("{more} more groups")));
    told.join(", ")
}

impl Stage {
    pub(in crate::render) fn heading(self, plan: &Plan) -> &'static str {
        match self {
            Self::Lock if plan.policy.cleanup => "Lock what is left over",
            Self::Lock => match (plan.steps.first().map(|step| step.op), release_command(plan)) {
                (Some(Op::ReleaseCommand), _) => "Run the release command",
                (_, Some(_)) => "Lock the blues, run the release command",
                _ => "Lock the blues",
            },
            Self::Make => "Make the greens, hidden from the proxy",
            Self::Switch => "Switch the traffic",
            Self::Retire => "Retire the blues",
            Self::Remove if plan.policy.cleanup => "Remove what is left over",
            Self::Remove if has_superseded(plan) => "Remove what has its green already, or no group any more",
            Self::Remove => "Remove the groups that fly.toml no longer names",
            Self::Unlock => "Unlock",
        }
    }
}

/// Blues that go from a group that stays.
fn has_superseded(plan: &Plan) -> bool {
    let of = |disposition| plan.machines.iter().filter(move |machine| machine.disposition == disposition);
    of(Disposition::Remove).any(|blue| of(Disposition::Keep).any(|green| green.group == blue.group))
}

pub(in crate::render) struct OpRow {
    /// The earliest part of a deploy that it belongs to.
    stage: Stage,
    pub(in crate::render) name: &'static str,
    /// It waits for all that goes before, and what comes after waits for it.
    is_barrier: bool,
}

pub(in crate::render) fn op_row(op: Op) -> OpRow {
    let (stage, name) = match op {
        Op::Lease => (Stage::Lock, "lease"),
        Op::ReleaseCommand => (Stage::Lock, "release command"),
        Op::Hold => (Stage::Lock, "hold"),
        Op::Gate => (Stage::Lock, "gate"),
        Op::Create => (Stage::Make, "create"),
        Op::WaitStarted => (Stage::Make, "wait started"),
        Op::WaitHealthy => (Stage::Make, "wait healthy"),
        Op::MachineCheck => (Stage::Make, "machine check"),
        Op::Uncordon => (Stage::Switch, "uncordon"),
        Op::Settle => (Stage::Switch, "settle"),
        Op::Verify => (Stage::Lock, "verify"),
        Op::Cordon => (Stage::Switch, "cordon"),
        Op::VerifyUrl => (Stage::Switch, "verify url"),
        Op::Bake => (Stage::Switch, "bake"),
        Op::Drain => (Stage::Retire, "drain"),
        Op::Stop => (Stage::Retire, "stop"),
        Op::WaitStopped => (Stage::Retire, "wait stopped"),
        Op::Destroy => (Stage::Retire, "destroy"),
        Op::Release => (Stage::Unlock, "release"),
    };
    let is_barrier =
        matches!(op, Op::Gate | Op::ReleaseCommand | Op::Hold | Op::Settle | Op::Verify | Op::VerifyUrl | Op::Bake);
    OpRow { stage, name, is_barrier }
}

const MOST_GROUPS: usize = 6;
const MOST_REGIONS: usize = 6;
