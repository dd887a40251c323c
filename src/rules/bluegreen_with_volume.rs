//! Blue-green and volumes do not go together.

use std::collections::BTreeSet;

use super::{Given, Persona, Rule, Sink};
use crate::config::Mount;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::span::Spanned;

pub(super) const RULE: Rule = Rule {
    id: "bluegreen-with-volume",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::FailsDeploy,
    summary: "`bluegreen` with a mounted volume",
    why: "A volume belongs to one machine. A green would need the volume of the blue that still serves, and Fly \
          refuses to make it. flyctl does not look before it begins, so the deploy fails after the release command \
          has run.",
    bad: "app = \"shop\"\n\n[deploy]\nstrategy = \"bluegreen\"\n\n[http_service]\ninternal_port = 8080\n\n\
          [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n\n\
          [[mounts]]\nsource = \"data\"\ndestination = \"/data\"\n",
    good: "app = \"shop\"\n\n[deploy]\nstrategy = \"rolling\"\n\n[http_service]\ninternal_port = 8080\n\n\
           [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n\n\
           [[mounts]]\nsource = \"data\"\ndestination = \"/data\"\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: strategy; flyctl internal/command/deploy/machines_launchinput.go",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let Some(strategy) = facts.bluegreen() else { return };
    let config = facts.config();
    let groups: BTreeSet<&str> = config.group_names().into_iter().collect();
    let is_there = |group: &Spanned<String>| group.is_empty() || groups.contains(group.as_str());
    let is_mounted = |mount: &&Mount| mount.processes.is_empty() || mount.processes.iter().any(is_there);
    for mount in config.mounts.iter().filter(is_mounted) {
        sink.report(mount.span, "a blue-green deploy cannot move this volume to the new machine, and fails")
            .label(strategy, "asked for here")
            .help("use `strategy = \"rolling\"`, or keep the data outside the machine");
    }
}
