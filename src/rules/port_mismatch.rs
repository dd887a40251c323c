//! A `PORT` that no service forwards to.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::Facts;
use crate::span::Spanned;

pub(super) const RULE: Rule = Rule {
    id: "port-mismatch",
    persona: Persona::Regular,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "`PORT` in `[env]` differs from every `internal_port`",
    why: "Most frameworks listen on the port in `PORT`, and the proxy forwards to `internal_port`. When they differ, \
          the app runs and nobody reaches it: `the app is not listening on the expected address`.",
    bad: "app = \"shop\"\n\n[env]\nPORT = \"3000\"\n\n[http_service]\ninternal_port = 8080\n",
    good: "app = \"shop\"\n\n[env]\nPORT = \"3000\"\n\n[http_service]\ninternal_port = 3000\n",
    given: Given::NOTHING,
    source: "flyctl internal/command/deploy: warnAboutIncorrectListenAddress; flyctl#3358",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let Some(variable) = config.env.get("PORT") else { return };
    let Ok(port) = variable.value.trim().parse::<i64>() else { return };
    let services = facts.services();
    let forwarded: Vec<&Spanned<i64>> = services.iter().filter_map(|service| service.internal_port.as_ref()).collect();
    let checked = config.checks.values().filter_map(|check| check.port.as_ref());
    let Some(first) = forwarded.first() else { return };
    if forwarded.iter().copied().chain(checked).any(|known| known.value == port) {
        return;
    }
    let finding = sink
        .report(variable.value.span, format!("the app is told to listen on {port}, and no service forwards there"))
        .label(first.span, format!("the proxy forwards to {}", first.value))
        .help("make both the same, unless something like nginx stands between them");
    if forwarded.len() == 1 && services.len() == 1 {
        let edit = Edit { span: first.span, text: port.to_string() };
        finding.fix(Safety::Unsafe, format!("forward to {port}"), vec![edit]);
    }
}
