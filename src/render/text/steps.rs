//! The steps of a plan, as few lines as say it.

use std::collections::BTreeMap;

use anstyle::Style;

use super::look::{BOLD, DIM, GREEN, Look, NORMAL, RED, Table, YELLOW, count, list, whole_seconds};
use super::subject::{Subject, subject};
use crate::plan::{Op, Plan, Step, Undo};

/// Steps of one kind share a line, and what belongs together a heading.
pub(super) fn steps(plan: &Plan, look: Look) -> String {
    if plan.steps.is_empty() {
        return "\nNothing to do.\n".to_owned();
    }
    let mut out = String::new();
    let mut stage = None;
    for run in runs(plan) {
        if run.is_border {
            let rule = format!("── point of no return: {} ──", run.steps[0].id);
            out.push_str(&format!("\n{}\n", look.paint(YELLOW.bold(), rule)));
        }
        if stage != Some(run.stage) || run.is_border {
            stage = Some(run.stage);
            out.push_str(&format!("\n{}\n", look.paint(BOLD, run.stage.heading())));
        }
        out.push_str(&run_line(plan, &run, look));
    }
    out
}

/// Steps of one kind that go side by side.
pub(super) struct Run<'a> {
    stage: Stage,
    pub(super) op: Op,
    pub(super) steps: Vec<&'a Step>,
    /// It begins with the step of no return.
    is_border: bool,
}

/// What goes on machine by machine is told kind by kind, up to the next step that waits for all of
/// them. A stage is never gone back to.
pub(super) fn runs(plan: &Plan) -> Vec<Run<'_>> {
    let mut runs: Vec<Run> = Vec::new();
    let mut stage = Stage::Lock;
    // The runs from here on may still grow.
    let mut open = 0;
    for step in &plan.steps {
        let is_border = plan.point_of_no_return.as_ref() == Some(&step.id);
        let row = op_row(step.op);
        if row.is_barrier || is_border || row.stage > stage {
            open = runs.len();
        }
        if step.op == Op::Gate {
            continue;
        }
        stage = stage.max(row.stage);
        match runs[open..].iter_mut().find(|run| run.op == step.op) {
            Some(run) => run.steps.push(step),
            None => runs.push(Run { stage, op: step.op, steps: vec![step], is_border }),
        }
        if row.is_barrier {
            open = runs.len();
        }
    }
    runs
}

fn run_line(plan: &Plan, run: &Run, look: Look) -> String {
    let row = op_row(run.op);
    let mut table = Table::new(2);
    table.row([
        (DIM, format!("{:<8}", ids(&run.steps))),
        (row.style, format!("{:<12}", row.name)),
        (NORMAL, targets(plan, run)),
    ]);
    table.render(look)
}

/// `s4`, `s4-s6`; with two dots where other steps lie between.
fn ids(steps: &[&Step]) -> String {
    let number = |step: &Step| step.id.trim_start_matches('s').parse::<usize>().unwrap_or(0);
    match steps {
        [only] => only.id.clone(),
        [first, .., last] => {
            let is_whole = number(last).saturating_sub(number(first)) + 1 == steps.len();
            format!("{}{}{}", first.id, if is_whole { "-" } else { ".." }, last.id)
        }
        [] => String::new(),
    }
}

/// `3 greens: app (fra, iad ×2)`.
fn targets(plan: &Plan, run: &Run) -> String {
    if run.op == Op::Settle {
        return format!("{}, for every proxy to hear of it", whole_seconds(plan.policy.settle_ms));
    }
    let subjects: Vec<Subject> = run.steps.iter().filter_map(|step| subject(plan, step)).collect();
    if subjects.is_empty() {
        return run.steps[0].why.clone();
    }
    let greens = subjects.iter().filter(|subject| subject.is_green).count();
    let mut kinds = Vec::new();
    kinds.extend((greens > 0).then(|| count(greens, "green")));
    kinds.extend((subjects.len() > greens).then(|| count(subjects.len() - greens, "blue")));
    format!("{}: {}", list(&kinds), places(&subjects))
}

/// `app (fra, iad ×2), worker (iad)`.
fn places(subjects: &[Subject]) -> String {
    let mut groups: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for subject in subjects {
        *groups.entry(subject.group).or_default().entry(subject.region).or_default() += 1;
    }
    let region = |(region, number): (&&str, &usize)| match number {
        1 => (*region).to_owned(),
        more => format!("{region} ×{more}"),
    };
    let group = |(group, regions): (&&str, &BTreeMap<&str, usize>)| {
        format!("{group} ({})", regions.iter().map(region).collect::<Vec<_>>().join(", "))
    };
    groups.iter().map(group).collect::<Vec<_>>().join(", ")
}

/// The parts of a deploy, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Lock,
    Make,
    Switch,
    Retire,
    Unlock,
}

impl Stage {
    fn heading(self) -> &'static str {
        match self {
            Self::Lock => "Lock the blues",
            Self::Make => "Make the greens, hidden from the proxy",
            Self::Switch => "Switch the traffic",
            Self::Retire => "Retire the blues",
            Self::Unlock => "Unlock",
        }
    }
}

pub(super) struct OpRow {
    /// The earliest part of a deploy that it belongs to.
    stage: Stage,
    pub(super) name: &'static str,
    style: Style,
    /// It waits for all that goes before, and what comes after waits for it.
    is_barrier: bool,
}

pub(super) fn op_row(op: Op) -> OpRow {
    let (stage, name, style) = match op {
        Op::Lease => (Stage::Lock, "lease", NORMAL),
        Op::Create => (Stage::Make, "create", GREEN),
        Op::WaitStarted => (Stage::Make, "wait started", NORMAL),
        Op::WaitHealthy => (Stage::Make, "wait healthy", NORMAL),
        Op::ReleaseCommand => (Stage::Lock, "release command", YELLOW),
        Op::MachineCheck => (Stage::Make, "machine check", NORMAL),
        Op::Hold => (Stage::Lock, "hold", YELLOW),
        Op::VerifyUrl => (Stage::Switch, "verify url", NORMAL),
        Op::Bake => (Stage::Switch, "bake", NORMAL),
        Op::Drain => (Stage::Retire, "drain", NORMAL),
        Op::Gate => (Stage::Lock, "gate", NORMAL),
        Op::Uncordon => (Stage::Switch, "uncordon", GREEN),
        Op::Settle => (Stage::Switch, "settle", NORMAL),
        Op::Verify => (Stage::Switch, "verify", NORMAL),
        Op::Cordon => (Stage::Switch, "cordon", YELLOW),
        Op::Stop => (Stage::Retire, "stop", YELLOW),
        Op::WaitStopped => (Stage::Retire, "wait stopped", NORMAL),
        Op::Destroy => (Stage::Retire, "destroy", RED),
        Op::Release => (Stage::Unlock, "release", NORMAL),
    };
    OpRow {
        stage,
        name,
        style,
        is_barrier: matches!(op, Op::Gate | Op::Hold | Op::Settle | Op::Verify | Op::VerifyUrl | Op::Bake),
    }
}

pub(super) fn undo_name(undo: Undo) -> &'static str {
    match undo {
        Undo::Release => "release",
        Undo::Destroy => "destroy",
        Undo::Cordon => "cordon",
        Undo::Uncordon => "uncordon",
        Undo::Start => "start",
    }
}
