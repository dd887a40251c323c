//! `max_unavailable` that makes no sense.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "max-unavailable-out-of-range",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::FailsDeploy,
    summary: "`max_unavailable` is not above zero, or loses its fraction",
    why: "Below one `max_unavailable` is a share of the group, from one on a count of machines. Of zero or less \
          flyctl accepts the file and crashes while it updates the first machines; the command-line option refuses \
          it. Of a count only the whole number is used.",
    bad: "app = \"shop\"\n\n[deploy]\nstrategy = \"rolling\"\nmax_unavailable = 0\n",
    good: "app = \"shop\"\n\n[deploy]\nstrategy = \"rolling\"\nmax_unavailable = 0.5\n",
    given: Given::NOTHING,
    source: "flyctl internal/command/deploy/machines_deploymachinesapp.go: getPoolSize, updateEntriesGroup; \
             deploy.go: --max-unavailable",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let max = facts.config().deploy.as_ref().and_then(|deploy| deploy.max_unavailable.as_ref());
    let Some(max) = max.filter(|_| facts.strategy().is_none_or(|strategy| is_read(strategy))) else { return };
    if max.value <= 0.0 {
        sink.report(max.span, "`max_unavailable` has to be above zero: flyctl crashes in the middle of the deploy")
            .help("write 1 to update one machine at a time");
    } else if max.value > 1.0 && max.value.fract() != 0.0 {
        sink.report(
            max.span,
            format!("from 1 on this counts machines: {} is read as {}", max.value, max.value.trunc()),
        )
        .severity(Severity::Warning)
        .flyctl(Flyctl::Silent)
        .help("a share of the machines is written as a fraction below 1");
    }
}

fn is_read(strategy: &str) -> bool {
    matches!(strategy, "" | "rolling" | "canary")
}
