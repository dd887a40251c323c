//! A signal that Fly does not send.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::Facts;
use crate::limits;

pub(super) const RULE: Rule = Rule {
    id: "unsupported-kill-signal",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::FailsDeploy,
    summary: "a `kill_signal` that the Machines API does not take",
    why: "The Machines API takes SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGTERM and SIGUSR1. flyctl passes on whatever the \
          file says. The documentation also names SIGUSR2, which the API refuses, and SIGSTOP, which it does not \
          list.",
    bad: "app = \"shop\"\nkill_signal = \"SIGUSR2\"\n",
    good: "app = \"shop\"\nkill_signal = \"SIGUSR1\"\n",
    given: Given::NOTHING,
    source: "Machines API specification: fly.StopConfig; flyctl#4721",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let services = facts.services();
    let checks = services.iter().flat_map(|service| service.machine_checks).chain(&config.machine_checks);
    let signals = config.kill_signal.iter().chain(checks.filter_map(|check| check.kill_signal.as_ref()));
    for signal in signals.filter(|signal| !signal.is_empty()) {
        if limits::STOP_SIGNALS.contains(&signal.as_str()) {
            continue;
        }
        let finding = sink
            .report(signal.span, format!("Fly does not take `{}` for stopping a machine", signal.value))
            .help(format!("the signals are: {}", limits::STOP_SIGNALS.join(", ")));
        let upper = signal.trim().to_uppercase();
        let meant = if upper.starts_with("SIG") { upper } else { format!("SIG{upper}") };
        if limits::STOP_SIGNALS.contains(&meant.as_str()) {
            let edit = Edit { span: signal.span, text: format!("\"{meant}\"") };
            finding.fix(Safety::Unsafe, format!("write `{meant}`"), vec![edit]);
        }
    }
}
