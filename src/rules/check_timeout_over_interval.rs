//! A check that is still waiting when the next one is due.

use super::{Given, Persona, Rule, Sink};
use crate::config::Field;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::units::Duration;

pub(super) const RULE: Rule = Rule {
    id: "check-timeout-over-interval",
    persona: Persona::Regular,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "a check's `timeout` that is not shorter than its `interval`",
    why: "A check that may take as long as the time between two checks says nothing about when it runs next, and a \
          machine that hangs is noticed late. Timeouts of a few seconds are plenty for a health check.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[[http_service.checks]]\n\
          path = \"/health\"\ninterval = \"10s\"\ntimeout = \"30s\"\ngrace_period = \"10s\"\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[[http_service.checks]]\n\
           path = \"/health\"\ninterval = \"30s\"\ntimeout = \"5s\"\ngrace_period = \"10s\"\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: http_service.checks",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for timing in facts.check_timings() {
        compare(sink, timing.interval, timing.timeout);
    }
}

fn compare(sink: &mut Sink, interval: &Field<Duration>, timeout: &Field<Duration>) {
    if let (Some(interval), Some(timeout)) = (interval, timeout)
        && timeout.value >= interval.value
        && interval.value.nanos > 0
    {
        let message = format!("a check may take {}, and the next is due after {}", timeout.value, interval.value);
        sink.report(timeout.span, message).label(interval.span, "the interval").help("shorten the timeout");
    }
}
