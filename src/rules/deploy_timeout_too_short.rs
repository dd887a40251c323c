//! Timeouts of a deploy that end it before it can succeed.

use super::{Given, Persona, Rule, Sink};
use crate::config::Field;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::limits;
use crate::span::Span;
use crate::units::Duration;

pub(super) const RULE: Rule = Rule {
    id: "deploy-timeout-too-short",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a timeout of the deploy is shorter than what it waits for",
    why: "A deploy waits `wait_timeout` for the checks of a machine to pass. A check first waits out its grace \
          period, and then for its next turn: a timeout shorter than both together fails every deploy. The same goes \
          for a release command that has next to no time.",
    bad: "app = \"shop\"\n\n[deploy]\nstrategy = \"bluegreen\"\nwait_timeout = \"30s\"\n\n\
          [http_service]\ninternal_port = 8080\n\n\
          [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"60s\"\n",
    good: "app = \"shop\"\n\n[deploy]\nstrategy = \"bluegreen\"\nwait_timeout = \"5m\"\n\n\
           [http_service]\ninternal_port = 8080\n\n\
           [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"60s\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/command/deploy/strategy_bluegreen.go: WaitForGreenMachinesToBeHealthy; \
             machines_releasecommand.go; plan.go",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let Some(deploy) = &facts.config().deploy else { return };
    for timeout in [&deploy.wait_timeout, &deploy.release_command_timeout].into_iter().flatten() {
        if timeout.nanos <= 0 {
            sink.report(timeout.span, "the deploy gives up at once").help("leave it out: the default is 5m");
        }
    }
    if let Some(timeout) = deploy.wait_timeout.as_ref().filter(|timeout| is_meant(timeout))
        && deploy.strategy.as_ref().is_none_or(|strategy| strategy.value != "immediate")
        && let Some(slowest) = slowest_check(facts).filter(|slowest| timeout.value < slowest.needs)
    {
        let message = format!("the deploy gives up after {}, before a check can pass", timeout.value);
        sink.report(timeout.span, message)
            .label(slowest.span, format!("grace period and interval take {}", slowest.needs))
            .help("leave time to boot, too: the default is 5m");
    }
    if let Some(timeout) = deploy.release_command_timeout.as_ref().filter(|timeout| is_meant(timeout))
        && deploy.release_command.is_some()
        && timeout.value < RELEASE_COMMAND_MIN
    {
        sink.report(timeout.span, format!("the deploy gives up on the release command after {}", timeout.value))
            .help("the machine that runs it has to start in that time, too: the default is 5m");
    }
}

/// Less than a millisecond comes from a number whose unit was lost: another rule tells of it.
fn is_meant(timeout: &Duration) -> bool {
    timeout.nanos >= 1_000_000
}

struct Slowest {
    span: Span,
    needs: Duration,
}

/// The check whose grace period and interval, as Fly uses them, are the longest together.
fn slowest_check(facts: &Facts) -> Option<Slowest> {
    let (_, longest) = limits::SERVICE_CHECK_RANGE;
    let mut checks = Vec::new();
    for service in facts.services() {
        checks.extend(service.tcp_checks.iter().map(|it| slowest(it.span, &it.interval, &it.grace_period, longest)));
        checks.extend(service.http_checks.iter().map(|it| slowest(it.span, &it.interval, &it.grace_period, longest)));
    }
    let no_limit = Duration::from_nanos(i64::MAX);
    let top_level = facts.config().checks.values();
    checks.extend(top_level.map(|it| slowest(it.span, &it.interval, &it.grace_period, no_limit)));
    checks.into_iter().max_by_key(|slowest| slowest.needs)
}

fn slowest(span: Span, interval: &Field<Duration>, grace: &Field<Duration>, longest: Duration) -> Slowest {
    let nanos = |field: &Field<Duration>| field.as_ref().map_or(0, |duration| duration.value.min(longest).nanos);
    Slowest { span, needs: Duration::from_nanos(nanos(interval).saturating_add(nanos(grace))) }
}

/// A machine does not even start in less.
const RELEASE_COMMAND_MIN: Duration = Duration::from_secs(5);
