//! A deploy that does not look at what it does.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "immediate-strategy",
    persona: Persona::Regular,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "`immediate` as the strategy of every deploy",
    why: "An immediate deploy replaces all machines at once and waits neither for them to start nor for their checks: \
          a release that does not boot is down everywhere, and the deploy is reported as a success. It is meant for \
          emergencies, when it can be asked for on the command line.",
    bad: "app = \"shop\"\n\n[deploy]\nstrategy = \"immediate\"\n\n[http_service]\ninternal_port = 8080\n\n\
          [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    good: "app = \"shop\"\n\n[deploy]\nstrategy = \"rolling\"\n\n[http_service]\ninternal_port = 8080\n\n\
           [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/command/deploy/machines_deploymachinesapp.go: updateUsingImmediateStrategy; \
             superfly/docs reference/configuration: strategy",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let Some(strategy) = facts.strategy().filter(|strategy| strategy.value == "immediate") else { return };
    let checked = facts.checked_groups();
    let is_checked = facts.config().group_names().into_iter().any(|group| checked.contains(group));
    let message = match is_checked {
        true => "an immediate deploy does not wait for the health checks",
        false => "an immediate deploy does not look whether the machines start",
    };
    sink.report(strategy.span, message)
        .help("use another strategy here, and `fly deploy --strategy immediate` in an emergency");
}
