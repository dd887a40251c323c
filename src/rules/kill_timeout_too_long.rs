//! More time to stop than Fly gives.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::Facts;
use crate::limits;

pub(super) const RULE: Rule = Rule {
    id: "kill-timeout-too-long",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "`kill_timeout` over five minutes",
    why: "A machine has at most 300 seconds to stop, then it is killed, whatever the file says. Work that takes \
          longer has to be handed over before.",
    bad: "app = \"shop\"\nkill_timeout = 600\n",
    good: "app = \"shop\"\nkill_timeout = 300\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: kill_timeout",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let max = limits::KILL_TIMEOUT_MAX;
    let Some(timeout) = facts.config().kill_timeout.as_ref().filter(|timeout| timeout.value > max) else { return };
    let written = format!("\"{}s\"", max.as_millis() / 1000);
    sink.report(timeout.span, format!("Fly kills the app after {max}, not after {}", timeout.value))
        .help(format!("write `kill_timeout = {written}`, and do not count on more"))
        .fix(Safety::Unsafe, format!("write {written}"), vec![Edit { span: timeout.span, text: written }]);
}
