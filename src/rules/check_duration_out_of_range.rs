//! A check's interval, timeout or grace period that Fly changes or refuses.

use super::{Finding, Given, Persona, Rule, Sink};
use crate::config::{Field, Problem};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::Facts;
use crate::limits;
use crate::span::Span;
use crate::units::Duration;

pub(super) const RULE: Rule = Rule {
    id: "check-duration-out-of-range",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Warns,
    summary: "a check's interval, timeout or grace period is out of range",
    why: "Fly raises the durations of a service's check to one second and lowers them to one minute. A grace period \
          of five minutes is thus one minute, and a slow boot fails the deploy. For top-level checks flyctl rejects \
          intervals under two seconds and timeouts over one minute.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n\
          [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"300s\"\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n\
           [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"60s\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/validation.go: validateServiceCheckDurations, validateChecksSection",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for service in facts.services() {
        for check in service.tcp_checks {
            clamped(facts, sink, [&check.interval, &check.timeout, &check.grace_period]);
        }
        for check in service.http_checks {
            clamped(facts, sink, [&check.interval, &check.timeout, &check.grace_period]);
        }
    }
    for check in facts.config().checks.values() {
        if let Some(interval) = check.interval.as_ref().filter(|interval| interval.value < limits::CHECK_INTERVAL_MIN) {
            let message = format!(
                "an interval of {} is under the {} that Fly asks for",
                interval.value,
                limits::CHECK_INTERVAL_MIN
            );
            let finding = sink.report(interval.span, message).severity(Severity::Error).flyctl(Flyctl::Rejects);
            write(finding, interval.span, limits::CHECK_INTERVAL_MIN);
        }
        if let Some(timeout) = check.timeout.as_ref().filter(|timeout| timeout.value > limits::CHECK_TIMEOUT_MAX) {
            let message =
                format!("a timeout of {} is over the {} that Fly allows", timeout.value, limits::CHECK_TIMEOUT_MAX);
            let finding = sink.report(timeout.span, message).severity(Severity::Error).flyctl(Flyctl::Rejects);
            write(finding, timeout.span, limits::CHECK_TIMEOUT_MAX);
        }
    }
}

/// What Fly makes of a service check's interval, timeout and grace period.
fn clamped(facts: &Facts, sink: &mut Sink, durations: [&Field<Duration>; 3]) {
    let [_, _, grace_period] = durations;
    let (min, max) = limits::SERVICE_CHECK_RANGE;
    for duration in durations.into_iter().flatten().filter(|duration| !is_bare(facts, duration.span)) {
        let is_no_grace = duration.value == Duration::default() && Some(duration) == grace_period.as_ref();
        let (verb, bound) = if duration.value > max {
            ("lowered", max)
        } else if duration.value < min && !is_no_grace {
            ("raised", min)
        } else {
            continue;
        };
        let finding = sink.report(duration.span, format!("Fly uses {}: {} is {verb}", short(bound), duration.value));
        write(finding, duration.span, bound);
    }
}

/// The bound in place of what is beyond it.
fn write(finding: Finding, place: Span, bound: Duration) {
    let written = format!("\"{}\"", short(bound));
    let finding = finding.help(format!("write {written}, which is what can be had"));
    finding.fix(Safety::Unsafe, format!("write {written}"), vec![Edit { span: place, text: written }]);
}

/// As a person writes it: `1m` for Go's `1m0s`.
fn short(bound: Duration) -> String {
    format!("{}s", bound.as_millis() / 1000)
}

/// Whether this is a number whose unit was lost: that has a rule of its own, which says more.
fn is_bare(facts: &Facts, value: Span) -> bool {
    facts.problems_at(value).any(|problem| matches!(problem, Problem::Nanoseconds { .. }))
}
