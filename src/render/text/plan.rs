//! A plan as a reviewer reads it, and the reasons why there is none.

use std::collections::{BTreeMap, BTreeSet};

use anstyle::Style;

use super::look::{BLUE, BOLD, DIM, GREEN, Look, NORMAL, RED, Table, YELLOW, count, list, whole_seconds};
use super::steps::{op_row, runs, steps, undo_name};
use crate::plan::{Capacity, Disposition, Op, Plan, PlannedMachine, Policy, Refusal, Step, Warning};

/// What will be done to which machine, in which order, what serves meanwhile, and what can be
/// taken back.
pub fn plan(plan: &Plan, look: Look) -> String {
    let mut out = heading(plan, look);
    out.push_str(&machines(plan, look));
    out.push_str(&steps(plan, look));
    out.push_str(&way_back(plan, look));
    out.push_str(&capacity(plan, look));
    out.push_str(&warnings(&plan.warnings, look));
    out.push('\n');
    out.push_str(&closing(plan, look));
    out
}

/// Why no plan was made, and the commands that help.
pub fn refusals(refusals: &[Refusal], look: Look) -> String {
    let mut out = String::new();
    for refusal in refusals {
        let head = format!("{}: ", look.paint(RED.bold(), format!("refused[{}]", refusal.code)));
        out.push_str(&look.hang(&head, 2, &refusal.message));
        if !refusal.machines.is_empty() {
            out.push_str(&look.wrap("  machines  ", &refusal.machines.join(", ")));
        }
        for (at, command) in refusal.fix.iter().enumerate() {
            let head = if at == 0 { "  try       " } else { "            " };
            out.push_str(&format!("{head}{}\n", look.paint(GREEN, command)));
        }
        out.push('\n');
    }
    out.push_str("Nothing was touched.\n");
    out
}

fn heading(plan: &Plan, look: Look) -> String {
    let mut out = format!("{}\n\n", look.paint(BOLD, format!("Blue-green deploy of {}", plan.app)));
    let mut facts = Table::new(2);
    for (name, value) in [
        ("image", plan.image.clone()),
        ("from", format!("{} (sha256 {})", plan.source.path, short_hash(&plan.source.sha256))),
        ("policy", policy(&plan.policy)),
    ] {
        facts.row([(DIM, name.to_owned()), (NORMAL, value)]);
    }
    out.push_str(&facts.render(look));
    out
}

fn policy(policy: &Policy) -> String {
    let mut said = vec![
        format!("settle {}", whole_seconds(policy.settle_ms)),
        format!("wait up to {} for each machine", whole_seconds(policy.wait_ms())),
    ];
    if !policy.groups.is_empty() {
        said.push(format!("only {}", list(&policy.groups)));
    }
    if !policy.exclude_machines.is_empty() {
        said.push(format!("without {}", list(&policy.exclude_machines)));
    }
    for (on, what) in [
        (policy.first_deploy, "first deploy"),
        (policy.allow_unchecked, "groups without checks allowed"),
        (!policy.high_availability, "one machine for a new group"),
    ] {
        said.extend(on.then(|| what.to_owned()));
    }
    said.join(", ")
}

/// One table per group: each observed machine and what becomes of it, then the machines that are
/// made without replacing one.
fn machines(plan: &Plan, look: Look) -> String {
    let added = |group: &str| -> Vec<&Step> {
        let creates = plan.steps.iter().filter(|step| step.op == Op::Create && step.replaces.is_none());
        creates.filter(|step| step.group.as_deref() == Some(group)).collect()
    };
    let mut groups: BTreeSet<&str> = plan.machines.iter().map(|machine| machine.group.as_str()).collect();
    groups.extend(plan.steps.iter().filter_map(|step| step.group.as_deref()));

    let mut out = String::new();
    for group in groups {
        let observed: Vec<&PlannedMachine> = plan.machines.iter().filter(|machine| machine.group == group).collect();
        let added = added(group);
        let name = if group.is_empty() { "(no group)" } else { group };
        out.push_str(&format!("\n{}  {}\n", look.paint(BOLD, name), group_summary(&observed, added.len())));
        let mut table = Table::new(2);
        for machine in observed {
            table.row(machine_row(machine));
        }
        for step in added {
            let slot = step.slot.clone().unwrap_or_default();
            let region = step.region.clone().unwrap_or_default();
            table.row([
                (GREEN, slot),
                (NORMAL, region),
                (DIM, "-".into()),
                (GREEN, "create".into()),
                (NORMAL, step.why.clone()),
            ]);
        }
        out.push_str(&table.render(look));
    }
    out
}

fn group_summary(observed: &[&PlannedMachine], added: usize) -> String {
    let of = |disposition| observed.iter().filter(|machine| machine.disposition == disposition).count();
    let mut parts: Vec<String> = DISPOSITIONS
        .iter()
        .filter(|row| of(row.disposition) > 0)
        .map(|row| format!("{} {}", of(row.disposition), row.counted))
        .collect();
    parts.extend((added > 0).then(|| format!("{added} new")));
    let images: BTreeSet<&str> = observed.iter().map(|machine| machine.observed.image.as_str()).collect();
    match images.first() {
        Some(image) if images.len() == 1 && !image.is_empty() => {
            format!("{}, now on {}", parts.join(", "), short_digests(image))
        }
        _ => parts.join(", "),
    }
}

fn machine_row(machine: &PlannedMachine) -> [(Style, String); 5] {
    let row = disposition_row(machine.disposition);
    let cordoned = if machine.observed.cordoned { ", cordoned" } else { "" };
    [
        (BLUE, machine.id.clone()),
        (NORMAL, machine.region.clone()),
        (NORMAL, format!("{}{cordoned}", machine.observed.state)),
        (row.style, row.name.to_owned()),
        (NORMAL, short_digests(&without_registry(machine))),
    ]
}

/// What an abort does before and after the point of no return.
fn way_back(plan: &Plan, look: Look) -> String {
    let mut undone: Vec<String> = Vec::new();
    for step in &plan.steps {
        let Some(undo) = step.undo else { continue };
        let pair = format!("{} by {}", op_row(step.op).name, undo_name(undo));
        if !undone.contains(&pair) {
            undone.push(pair);
        }
    }
    if undone.is_empty() {
        return String::new();
    }
    let (until, then) = match &plan.point_of_no_return {
        Some(step) => (format!("Aborted before {step}, it"), " Aborted later, it finishes forward."),
        None => ("Aborted, it".to_owned(), ""),
    };
    let text = format!("{until} takes back what was done: {}.{then}", list(&undone));
    format!("\n{}\n{}", look.paint(BOLD, "The way back"), look.wrap("  ", &text))
}

/// Per group and region: how many machines serve now, and after each run of steps that changes it.
fn capacity(plan: &Plan, look: Look) -> String {
    if plan.capacity.is_empty() {
        return String::new();
    }
    let mut rows: BTreeMap<(&str, &str), Vec<&Capacity>> = BTreeMap::new();
    for change in &plan.capacity {
        rows.entry((&change.group, &change.region)).or_default().push(change);
    }
    let mut table = Table::new(2);
    for ((group, region), changes) in rows {
        let told = told_changes(plan, &changes);
        let lowest = changes.iter().map(|change| change.serving).min().unwrap_or(0);
        let story = format!("{}; never below {lowest}", told.join(", "));
        table.row([(NORMAL, group.to_owned()), (NORMAL, region.to_owned()), (NORMAL, story)]);
    }
    format!("\n{}\n{}", look.paint(BOLD, "Serving"), table.render(look))
}

/// `2 now`, `4 after uncordon`: of the changes within one run of steps only the last is told.
fn told_changes(plan: &Plan, changes: &[&Capacity]) -> Vec<String> {
    let runs = runs(plan);
    let run_of = |step: &str| runs.iter().position(|run| run.steps.iter().any(|other| other.id == step));
    let mut told: Vec<(Option<usize>, String)> = Vec::new();
    for change in changes {
        let (run, text) = match &change.after {
            None => (None, format!("{} now", change.serving)),
            Some(step) => {
                let run = run_of(step);
                let what = run.map_or(step.as_str(), |run| op_row(runs[run].op).name);
                (run, format!("{} after {what}", change.serving))
            }
        };
        match told.last_mut() {
            Some(last) if last.0 == run && run.is_some() => last.1 = text,
            _ => told.push((run, text)),
        }
    }
    told.into_iter().map(|(_, text)| text).collect()
}

fn warnings(warnings: &[Warning], look: Look) -> String {
    let mut out = String::new();
    for warning in warnings {
        out.push_str(&format!("\n{}\n", look.paint(YELLOW.bold(), format!("warning[{}]", warning.code))));
        out.push_str(&look.wrap("  ", &warning.message));
    }
    out
}

fn closing(plan: &Plan, look: Look) -> String {
    let of = |op| plan.steps.iter().filter(|step| step.op == op).count();
    let summary = format!("{} to create, {} to destroy", of(Op::Create), of(Op::Destroy));
    let digest = look.paint(DIM, format!("digest {}", plan.digest));
    format!("{}: {summary}.\n{digest}\n", look.paint(BOLD, count(plan.steps.len(), "step")))
}

/// Why it becomes what it becomes; the heading above has its image's full name.
fn without_registry(machine: &PlannedMachine) -> String {
    let image = machine.observed.image.as_str();
    let name = image.rsplit_once('/').map_or(image, |(_, name)| name);
    if image.is_empty() { machine.why.clone() } else { machine.why.replace(image, name) }
}

/// With every image digest cut to what tells two apart.
fn short_digests(text: &str) -> String {
    let mut parts = text.split("sha256:");
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let digest = part.chars().take_while(char::is_ascii_hexdigit).count();
        let shown = if digest > SHOWN_DIGITS { &part[..SHOWN_DIGITS] } else { &part[..digest] };
        out.push_str(&format!("sha256:{shown}{}", if digest > SHOWN_DIGITS { "…" } else { "" }));
        out.push_str(&part[digest..]);
    }
    out
}

fn short_hash(hash: &str) -> &str {
    hash.get(..SHOWN_DIGITS).unwrap_or(hash)
}

const SHOWN_DIGITS: usize = 12;

struct DispositionRow {
    disposition: Disposition,
    name: &'static str,
    counted: &'static str,
    style: Style,
}

fn disposition_row(disposition: Disposition) -> &'static DispositionRow {
    &DISPOSITIONS[match disposition {
        Disposition::Replace => 0,
        Disposition::Keep => 1,
        Disposition::Remove => 2,
        Disposition::Ignore => 3,
        Disposition::Leftover => 4,
        Disposition::Sweep => 5,
        Disposition::Unreachable => 6,
    }]
}

const fn disposition(
    disposition: Disposition,
    name: &'static str,
    counted: &'static str,
    style: Style,
) -> DispositionRow {
    DispositionRow { disposition, name, counted, style }
}

const DISPOSITIONS: [DispositionRow; 7] = [
    disposition(Disposition::Replace, "replace", "to replace", YELLOW),
    disposition(Disposition::Keep, "keep", "to keep", GREEN),
    disposition(Disposition::Remove, "remove", "to remove", RED),
    disposition(Disposition::Ignore, "ignore", "left alone", DIM),
    disposition(Disposition::Leftover, "leftover", "left over", YELLOW),
    disposition(Disposition::Sweep, "sweep", "to sweep up", RED),
    disposition(Disposition::Unreachable, "unreachable", "unreachable", RED),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::text::sample;

    #[test]
    fn a_plan_for_review() {
        insta::assert_snapshot!(plan(&sample::plan(), Look::default()), @r#"
        Blue-green deploy of shop

          image   registry.fly.io/shop:v2
          from    fly.toml (sha256 5f2b8c0d9e7a)
          policy  settle 10s, wait up to 5m for each machine, without 9080e6f3a12d45

        app  2 to replace, now on registry.fly.io/shop:v1
          148e2d3f7b1c89  iad  started  replace  it runs another image than
                                                 registry.fly.io/shop:v2
          3d8d7dc0b62e89  fra  started  replace  it runs another image than
                                                 registry.fly.io/shop:v2

        worker  1 left alone, now on registry.fly.io/shop:v1
          9080e6f3a12d45  iad  started  ignore  it was excluded

        Lock the blues
          s1-s2     lease         2 blues: app (fra, iad)

        Make the greens, hidden from the proxy
          s3-s4     create        2 greens: app (fra, iad)
          s5-s6     wait started  2 greens: app (fra, iad)
          s7-s8     wait healthy  2 greens: app (fra, iad)

        Switch the traffic
          s10-s11   uncordon      2 greens: app (fra, iad)
          s12       settle        10s, for every proxy to hear of it
          s13       verify        every green is read again
          s14-s15   cordon        2 blues: app (fra, iad)
          s16       settle        10s, for every proxy to hear of it

        ── point of no return: s17 ──

        Retire the blues
          s17-s18   destroy       2 blues: app (fra, iad)

        The way back
          Aborted before s17, it takes back what was done: lease by release, create by
          destroy, uncordon by cordon and cordon by uncordon. Aborted later, it finishes
          forward.

        Serving
          app  fra  1 now, 2 after uncordon, 1 after cordon; never below 1
          app  iad  1 now, 2 after uncordon, 1 after cordon; never below 1

        warning[strategy-differs]
          fly.toml says `rolling`; this plan is blue-green whatever the file says

        18 steps: 2 to create, 2 to destroy.
        digest sha256:0d9f
        "#);
    }

    #[test]
    fn a_refusal_names_machines_and_commands() {
        let refusal = Refusal {
            code: "mixed-images",
            message: "group `app` runs two images, so a green could replace a newer blue: \
                registry.fly.io/shop:v1 on 148e2d3f7b1c89 and registry.fly.io/shop:v2 on 3d8d7dc0b62e89"
                .into(),
            machines: vec!["148e2d3f7b1c89".into(), "3d8d7dc0b62e89".into()],
            fix: vec!["fly machine destroy 148e2d3f7b1c89".into(), "fly machine destroy 3d8d7dc0b62e89".into()],
        };
        insta::assert_snapshot!(refusals(&[refusal], Look::default()), @r#"
        refused[mixed-images]: group `app` runs two images, so a green could replace a
          newer blue: registry.fly.io/shop:v1 on 148e2d3f7b1c89 and
          registry.fly.io/shop:v2 on 3d8d7dc0b62e89
          machines  148e2d3f7b1c89, 3d8d7dc0b62e89
          try       fly machine destroy 148e2d3f7b1c89
                    fly machine destroy 3d8d7dc0b62e89

        Nothing was touched.
        "#);
    }

    #[test]
    fn digests_are_cut() {
        let digest = "4f1d7c0a9be25386".repeat(4);
        assert_eq!(
            short_digests(&format!("a@sha256:{digest} and b@sha256:12")),
            "a@sha256:4f1d7c0a9be2… and b@sha256:12"
        );
        assert_eq!(short_digests("sha256:ü"), "sha256:ü");
    }

    #[test]
    fn every_disposition_finds_its_own_row() {
        for row in &DISPOSITIONS {
            assert_eq!(disposition_row(row.disposition).name, row.name);
            assert_eq!(serde_json::to_value(row.disposition).unwrap(), row.name);
        }
    }
}
