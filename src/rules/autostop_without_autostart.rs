//! Machines that the proxy stops and never starts again.

use std::collections::BTreeSet;

use super::{Given, Persona, Rule, Sink};
use crate::config::Autostop;
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::{AnyService, Facts, Served};

pub(super) const RULE: Rule = Rule {
    id: "autostop-without-autostart",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Silent,
    summary: "`auto_stop_machines` with `auto_start_machines = false`",
    why: "The proxy stops machines that have nothing to do, and with `auto_start_machines = false` it starts none when \
          requests come back. After the first quiet hour the app is down, and stays so until somebody starts a \
          machine by hand.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\nauto_stop_machines = \"stop\"\n\
          auto_start_machines = false\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\nauto_stop_machines = \"stop\"\n\
           auto_start_machines = true\n",
    given: Given::NOTHING,
    source: "superfly/docs launch/autostop-autostart: recommendations; joshrotenberg/cratesio-mcp#131",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let mut told = BTreeSet::new();
    for Served { services, .. } in facts.served() {
        if services.iter().any(|service| service.autostop() == Autostop::Off) {
            continue;
        }
        let is_kept_running = services.iter().any(|service| minimum(service) > 0);
        let is_woken = services.iter().any(|service| !is_without_autostart(service));
        for service in services.iter().filter(|service| is_without_autostart(service)) {
            if told.insert(service.span) {
                stranded(sink, service, is_kept_running, is_woken);
            }
        }
    }
}

fn stranded(sink: &mut Sink, service: &AnyService, is_kept_running: bool, is_woken: bool) {
    let Some(autostart) = service.auto_start_machines else { return };
    let message = match (is_kept_running, is_woken) {
        (true, _) => "machines beyond `min_machines_running` stop when idle, and nothing starts them again",
        (false, true) => "the machines stop when idle, and requests to this service do not start them",
        (false, false) => "the machines stop when idle and nothing starts them again: the app goes down",
    };
    let mut finding = sink.report(autostart.span, message);
    if let Some(mode) = service.auto_stop_machines {
        finding = finding.label(mode.span, "the proxy stops them");
    }
    if is_kept_running || is_woken {
        finding = finding.severity(Severity::Warning);
    }
    let edit = Edit { span: autostart.span, text: "true".into() };
    finding.help("write `auto_start_machines = true`, or `auto_stop_machines = \"off\"`").fix(
        Safety::Unsafe,
        "let requests start the machines",
        vec![edit],
    );
}

fn is_without_autostart(service: &AnyService) -> bool {
    service.auto_start_machines.as_ref().is_some_and(|on| !on.value)
}

fn minimum(service: &AnyService) -> i64 {
    service.min_machines_running.as_ref().map_or(0, |minimum| minimum.value)
}
