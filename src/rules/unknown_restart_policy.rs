//! A restart policy that does not exist.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::limits;

pub(super) const RULE: Rule = Rule {
    id: "unknown-restart-policy",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Rejects,
    summary: "a restart policy that does not exist",
    why: "A `[[restart]]` must have a `policy`: `always`, `never` or `on-failure`. The Machines API's `no` is `never` here.",
    bad: "app = \"shop\"\n\n[[restart]]\npolicy = \"no\"\n",
    good: "app = \"shop\"\n\n[[restart]]\npolicy = \"never\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/machines.go: parseRestartPolicy",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let names = limits::RESTART_POLICIES.map(|(name, _)| name);
    let help = format!("the policies are: {}", names.join(", "));
    for restart in &facts.config().restart {
        match &restart.policy {
            Some(policy) if names.contains(&policy.value.as_str()) => {}
            Some(policy) => {
                sink.report(policy.span, format!("there is no restart policy `{}`", policy.value)).help(&*help);
            }
            None => {
                sink.report(restart.span, "this `[[restart]]` has no `policy`").help(&*help);
            }
        }
    }
}
