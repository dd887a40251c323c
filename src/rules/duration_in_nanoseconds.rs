//! A number whose unit is not the one that was meant.

use super::{Given, Persona, Rule, Sink};
use crate::config::Problem;
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::Facts;
use crate::limits;
use crate::units::Duration;

pub(super) const RULE: Rule = Rule {
    id: "duration-in-nanoseconds",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::FailsDeploy,
    summary: "a bare number where Fly counts nanoseconds",
    why: "In `[[services]]` and `[checks]` a bare number is milliseconds, and `kill_timeout` counts seconds. Everywhere \
          else flyctl takes it for nanoseconds, whatever the documentation says: `wait_timeout = 300` gives up at \
          once, and the deploy fails; the checks of `[http_service]` run every second.",
    bad: "app = \"shop\"\n\n[deploy]\nwait_timeout = 300\n",
    good: "app = \"shop\"\n\n[deploy]\nwait_timeout = \"300s\"\n",
    given: Given::NOTHING,
    source: "fly-go duration.go: UnmarshalJSON; flyctl internal/appconfig/patches.go: _castDuration is called for \
             services, checks and kill_timeout only",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for problem in facts.problems() {
        let Problem::Nanoseconds { span, path, nanos } = problem else { continue };
        let duration = Duration::from_nanos(*nanos);
        if duration == Duration::default() {
            continue;
        }
        let is_check = path.contains("checks[") && !path.ends_with("kill_timeout");
        let meant = written(meant(*nanos, is_check));
        let message = format!("a bare number here counts nanoseconds: Fly takes this for {duration}{}", effect(path));
        let mut finding = sink.report(*span, message);
        if *nanos > 0 {
            let edit = Edit { span: *span, text: format!("\"{meant}\"") };
            finding = finding.help(format!("write the unit: \"{meant}\""));
            finding = finding.fix(Safety::Unsafe, format!("write \"{meant}\""), vec![edit]);
        }
        if duration >= limits::SERVICE_CHECK_RANGE.0 {
            finding.severity(Severity::Hint).flyctl(Flyctl::Silent);
        } else if is_check {
            finding.severity(Severity::Warning).flyctl(Flyctl::Warns);
        } else if effect(path).is_empty() {
            finding.severity(Severity::Warning).flyctl(Flyctl::Silent);
        }
    }
}

fn effect(path: &str) -> &'static str {
    match path {
        "deploy.wait_timeout" => ", and gives up on the first machine at once",
        "deploy.release_command_timeout" => ", and gives up on the release command at once",
        _ => "",
    }
}

/// As a person writes it: `5m` for Go's `5m0s`.
fn written(duration: Duration) -> String {
    let (minute, second) = (Duration::from_secs(60).nanos, Duration::from_secs(1).nanos);
    match duration.nanos {
        nanos if nanos % minute == 0 => format!("{}m", nanos / minute),
        nanos if nanos % second == 0 => format!("{}s", nanos / second),
        _ => duration.to_string(),
    }
}

/// Nanoseconds that make seconds may be meant so; else the documentation speaks of milliseconds in
/// checks, and people think of seconds in timeouts.
fn meant(nanos: i64, is_check: bool) -> Duration {
    let most_as_seconds = if is_check { 300 } else { 7_200 };
    match nanos {
        _ if nanos >= limits::SERVICE_CHECK_RANGE.0.nanos => Duration::from_nanos(nanos),
        _ if nanos <= most_as_seconds => Duration::from_secs(nanos),
        _ => Duration::from_millis(nanos),
    }
}
