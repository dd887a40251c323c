//! Blues that may take longer to stop than the deploy waits for them.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::limits;

pub(super) const RULE: Rule = Rule {
    id: "bluegreen-with-long-kill-timeout",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "`bluegreen` with a `kill_timeout` as long as the deploy waits",
    why: "When the greens have taken over, flyctl stops the blues and waits `wait_timeout` for it. A blue may take \
          `kill_timeout` to stop: when that is no shorter, one that uses its time fails the deploy after the switch.",
    bad: "app = \"shop\"\nkill_timeout = 300\n\n[deploy]\nstrategy = \"bluegreen\"\n\n\
          [http_service]\ninternal_port = 8080\n\n\
          [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    good: "app = \"shop\"\nkill_timeout = 300\n\n[deploy]\nstrategy = \"bluegreen\"\nwait_timeout = \"10m\"\n\n\
           [http_service]\ninternal_port = 8080\n\n\
           [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/command/deploy/strategy_bluegreen.go: WaitForBlueMachinesToBeStopped",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let (Some(strategy), Some(kill)) = (facts.bluegreen(), &facts.config().kill_timeout) else { return };
    let wait = facts.config().deploy.as_ref().and_then(|deploy| deploy.wait_timeout.as_ref());
    let waited = wait.map_or(limits::WAIT_TIMEOUT_DEFAULT, |wait| wait.value);
    if kill.value.min(limits::KILL_TIMEOUT_MAX) < waited {
        return;
    }
    let message = format!("an old machine may take {} to stop, and the deploy waits {waited} for it", kill.value);
    sink.report(kill.span, message)
        .label(wait.map_or(strategy, |wait| wait.span), "the deploy that waits")
        .help("make `wait_timeout` in `[deploy]` longer than `kill_timeout`");
}
