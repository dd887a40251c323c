//! `max_unavailable` where nothing reads it.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::{self, Facts};
use crate::span::Spanned;

pub(super) const RULE: Rule = Rule {
    id: "max-unavailable-without-effect",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Warns,
    summary: "`max_unavailable` with a strategy that does not use it",
    why: "`max_unavailable` says how many machines a rolling deploy, or the second part of a canary one, may have \
          down at a time. The other strategies do not look at it.",
    bad: "app = \"shop\"\n\n[deploy]\nstrategy = \"bluegreen\"\nmax_unavailable = 1\n\n\
          [http_service]\ninternal_port = 8080\n\n\
          [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    good: "app = \"shop\"\n\n[deploy]\nstrategy = \"rolling\"\nmax_unavailable = 1\n\n\
           [http_service]\ninternal_port = 8080\n\n\
           [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/command/deploy/deploy.go: determineAppConfig",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let Some(strategy) = facts.strategy().filter(|strategy| is_blind(strategy)) else { return };
    let max = facts.config().deploy.as_ref().and_then(|deploy| deploy.max_unavailable.as_ref());
    let Some(max) = max else { return };
    let finding = sink
        .report(max.span, format!("a deploy with strategy `{}` ignores `max_unavailable`", strategy.value))
        .label(strategy.span, "asked for here")
        .help("remove it, or use `strategy = \"rolling\"`");
    if let Some(line) = facts::line_of_entry(facts.text, max.span) {
        finding.fix(Safety::Safe, "remove `max_unavailable`", vec![Edit { span: line, text: String::new() }]);
    }
}

/// flyctl warns when the strategy is unset, too, but heeds `max_unavailable` all the same.
fn is_blind(strategy: &Spanned<String>) -> bool {
    matches!(strategy.as_str(), "bluegreen" | "immediate")
}
