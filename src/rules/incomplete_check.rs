//! A top-level check that does not say what to do.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "incomplete-check",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Rejects,
    summary: "a top-level check whose `type` is neither `http` nor `tcp`",
    why: "A `[checks.NAME]` must say with `type` how it checks.",
    bad: "app = \"shop\"\n\n[checks.alive]\nport = 8080\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    good: "app = \"shop\"\n\n[checks.alive]\ntype = \"tcp\"\nport = 8080\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/toplevelcheck.go: toMachineCheck",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for (name, check) in &facts.config().checks {
        match &check.kind {
            Some(kind) if kind.value == "http" || kind.value == "tcp" => {}
            Some(kind) => {
                sink.report(kind.span, format!("a check cannot be of type `{}`", kind.value))
                    .help("write `type = \"http\"` or `type = \"tcp\"`");
            }
            None => {
                sink.report(check.span, format!("the check `{name}` has no `type`"))
                    .help("write `type = \"http\"` or `type = \"tcp\"`");
            }
        }
    }
}
