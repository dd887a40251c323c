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
        let (interval, timeout) = (&check.interval, &check.timeout);
        if let Some(written) = interval.as_ref().filter(|interval| interval.value < limits::CHECK_INTERVAL_MIN) {
            let bound = limits::CHECK_INTERVAL_MIN;
            let message = format!("an interval of {} is under the {bound} that Fly asks for", written.value);
            let finding = sink.report(written.span, message).severity(Severity::Error).flyctl(Flyctl::Rejects);
            write(finding, written.span, bound, beside_interval(bound, timeout));
        }
        if let Some(written) = timeout.as_ref().filter(|timeout| timeout.value > limits::CHECK_TIMEOUT_MAX) {
            let bound = limits::CHECK_TIMEOUT_MAX;
            let message = format!("a timeout of {} is over the {bound} that Fly allows", written.value);
            let finding = sink.report(written.span, message).severity(Severity::Error).flyctl(Flyctl::Rejects);
            write(finding, written.span, bound, beside_timeout(bound, interval));
        }
    }
}

/// What Fly makes of a service check's interval, timeout and grace period.
fn clamped(facts: &Facts, sink: &mut Sink, [interval, timeout, grace_period]: [&Field<Duration>; 3]) {
    let (min, max) = limits::SERVICE_CHECK_RANGE;
    let mut clamp = |duration: &Field<Duration>, beside: &dyn Fn(Duration) -> Option<&'static str>| {
        let Some(duration) = duration.as_ref().filter(|duration| !is_bare(facts, duration.span)) else { return };
        let (verb, bound) = match duration.value {
            value if value > max => ("lowered", max),
            value if value < min => ("raised", min),
            _ => return,
        };
        let finding = sink.report(duration.span, format!("Fly uses {}: {} is {verb}", short(bound), duration.value));
        write(finding, duration.span, bound, beside(bound));
    };
    clamp(interval, &|bound| beside_interval(bound, timeout));
    clamp(timeout, &|bound| beside_timeout(bound, interval));
    if grace_period.as_ref().is_some_and(|grace| grace.value != Duration::default()) {
        clamp(grace_period, &|bound| (bound == min).then_some("if the app is up that soon"));
    }
}

/// The bound in place of what is beyond it; by itself only where nothing `beside` it must be changed
/// or thought about.
fn write(finding: Finding, place: Span, bound: Duration, beside: Option<&str>) {
    let written = format!("\"{}\"", short(bound));
    if let Some(beside) = beside {
        finding.help(format!("write {written}, which is what can be had, {beside}"));
        return;
    }
    let finding = finding.help(format!("write {written}, which is what can be had"));
    finding.fix(Safety::Unsafe, format!("write {written}"), vec![Edit { span: place, text: written }]);
}

fn beside_interval(interval: Duration, timeout: &Field<Duration>) -> Option<&'static str> {
    let is_long = timeout.as_ref().is_some_and(|timeout| timeout.value >= interval);
    is_long.then_some("and a timeout shorter than that")
}

fn beside_timeout(timeout: Duration, interval: &Field<Duration>) -> Option<&'static str> {
    let is_short = interval.as_ref().is_some_and(|interval| interval.value <= timeout);
    is_short.then_some("and an interval longer than that")
}

/// As a person writes it: `1m` for Go's `1m0s`.
fn short(bound: Duration) -> String {
    format!("{}s", bound.as_millis() / 1000)
}

/// Whether this is a number whose unit was lost: that has a rule of its own, which says more.
fn is_bare(facts: &Facts, value: Span) -> bool {
    facts.problems_at(value).any(|problem| matches!(problem, Problem::Nanoseconds { .. }))
}
