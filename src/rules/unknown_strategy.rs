//! A deploy strategy that does not exist.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::Facts;
use crate::limits;
use crate::schema;

pub(super) const RULE: Rule = Rule {
    id: "unknown-strategy",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Rejects,
    summary: "a deploy strategy that does not exist",
    why: "flyctl knows `rolling`, `immediate`, `canary` and `bluegreen`, in lower case and without a hyphen.",
    bad: "app = \"shop\"\n\n[deploy]\nstrategy = \"blue-green\"\n\n[http_service]\ninternal_port = 8080\n\n\
          [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    good: "app = \"shop\"\n\n[deploy]\nstrategy = \"bluegreen\"\n\n[http_service]\ninternal_port = 8080\n\n\
           [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/validation.go: MachinesDeployStrategies",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let Some(strategy) = facts.config().deploy.as_ref().and_then(|deploy| deploy.strategy.as_ref()) else { return };
    if strategy.value.is_empty() || limits::STRATEGIES.contains(&strategy.value.as_str()) {
        return;
    }
    let finding = sink.report(strategy.span, format!("there is no strategy `{}`", strategy.value));
    let plain = strategy.value.to_lowercase().replace(['-', '_', ' '], "");
    match schema::closest(limits::STRATEGIES, &plain) {
        Some(meant) => finding.help(format!("did you mean `{meant}`?")).fix(
            if plain == meant { Safety::Safe } else { Safety::Unsafe },
            format!("write `{meant}`"),
            vec![Edit { span: strategy.span, text: format!("\"{meant}\"") }],
        ),
        None => finding.help(format!("the strategies are {}", limits::STRATEGIES.join(", "))),
    };
}
