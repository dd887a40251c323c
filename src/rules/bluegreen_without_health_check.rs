//! Blue-green with nothing to tell a good green from a bad one.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "bluegreen-without-health-check",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::FailsDeploy,
    summary: "`bluegreen` without any health check",
    why: "A blue-green deploy switches to the new machines when their checks pass. flyctl accepts a file without \
          checks and refuses the deploy, after the image was built and the release command has run. Machine checks \
          do not count: blue-green skips them.",
    bad: "app = \"shop\"\n\n[deploy]\nstrategy = \"bluegreen\"\n\n[http_service]\ninternal_port = 8080\n",
    good: "app = \"shop\"\n\n[deploy]\nstrategy = \"bluegreen\"\n\n[http_service]\ninternal_port = 8080\n\n\
           [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/command/deploy/strategy_bluegreen.go: ErrNoHealthChecks",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let Some(strategy) = facts.bluegreen() else { return };
    let checked = facts.checked_groups();
    if facts.config().group_names().into_iter().any(|group| checked.contains(group)) {
        return;
    }
    let mut finding = sink
        .report(strategy, "no group has a health check: flyctl refuses to deploy this blue-green")
        .help("add a `[[http_service.checks]]` (or `[[services.http_checks]]`, `[[services.tcp_checks]]`)");
    if let Some(check) = facts.services().iter().find_map(|service| service.machine_checks.first()) {
        finding = finding.label(check.span, "a blue-green deploy skips machine checks");
    }
    let _ = finding;
}
