//! Blue-green that tests one group and trusts another.

use std::collections::BTreeSet;

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{self, Facts};

pub(super) const RULE: Rule = Rule {
    id: "bluegreen-group-without-check",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Warns,
    summary: "`bluegreen` where a process group with a service has no health check",
    why: "One check anywhere satisfies flyctl. Groups without one are switched over as soon as their machines have \
          started, whether the app in them answers or not; flyctl warns of it in the middle of the deploy.",
    bad: "app = \"shop\"\n\n[deploy]\nstrategy = \"bluegreen\"\n\n[processes]\nweb = \"serve\"\n\
          api = \"serve-api\"\n\n[http_service]\ninternal_port = 8080\nprocesses = [\"web\"]\n\n\
          [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\n\
          grace_period = \"10s\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 9000\n\
          processes = [\"api\"]\n\n[[services.ports]]\nport = 9000\nhandlers = [\"tls\"]\n",
    good: "app = \"shop\"\n\n[deploy]\nstrategy = \"bluegreen\"\n\n[processes]\nweb = \"serve\"\n\
           api = \"serve-api\"\n\n[http_service]\ninternal_port = 8080\nprocesses = [\"web\"]\n\n\
           [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\n\
           grace_period = \"10s\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 9000\n\
           processes = [\"api\"]\n\n[[services.ports]]\nport = 9000\nhandlers = [\"tls\"]\n\n\
           [[services.tcp_checks]]\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    given: Given::NOTHING,
    source: "flyctl#2509; flyctl internal/command/deploy/strategy_bluegreen.go: \"doesn't have healthchecks setup\"",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let Some(strategy) = facts.bluegreen() else { return };
    let groups: BTreeSet<&str> = facts.config().group_names().into_iter().collect();
    let first = facts::by_group(&facts.served(), |services| services.first().map(|service| service.span));
    let checked = facts.checked_groups();
    // None at all is `bluegreen-without-health-check`.
    if checked.is_disjoint(&groups) {
        return;
    }
    for group in groups.difference(&checked) {
        let Some(service) = first.get(group).and_then(|service| **service) else { continue };
        sink.report(service, format!("machines of `{group}` get traffic unchecked: they have no health check"))
            .label(strategy, "this deploy relies on checks")
            .help("add a check to this service");
    }
}
