//! One service wants idle machines stopped, another of the same machines does not.

use std::collections::BTreeSet;

use super::{Given, Persona, Rule, Sink};
use crate::config::Autostop;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{AnyService, Facts, Served};
use crate::span::Span;

pub(super) const RULE: Rule = Rule {
    id: "autostop-overruled",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "`auto_stop_machines` that another service of the group overrules",
    why: "A machine serves all services of its group, and the proxy follows the most careful of them: `off` before \
          `stop` before `suspend`. A second service that says nothing says `off`, and no machine is ever stopped.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\nauto_stop_machines = \"stop\"\n\
          auto_start_machines = true\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 9000\n\n\
          [[services.ports]]\nport = 9000\nhandlers = [\"tls\"]\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\nauto_stop_machines = \"stop\"\n\
           auto_start_machines = true\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 9000\n\
           auto_stop_machines = \"stop\"\nauto_start_machines = true\n\n[[services.ports]]\n\
           port = 9000\nhandlers = [\"tls\"]\n",
    given: Given::NOTHING,
    source: "flyctl internal/command/deploy/machines_deploymachinesapp.go: deployCreateMachinesForGroups",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let mut told = BTreeSet::new();
    for Served { groups, mut services } in facts.served() {
        services.retain(|service| !service.ports.is_empty());
        let Some(overruling) = services.iter().min_by_key(|service| rank(service.autostop())) else { continue };
        for service in services.iter().filter(|service| rank(service.autostop()) > rank(overruling.autostop())) {
            let Some(mode) = service.auto_stop_machines else { continue };
            if told.insert(mode.span) {
                overruled(sink, groups[0], mode.span, overruling);
            }
        }
    }
}

fn overruled(sink: &mut Sink, group: &str, mode: Span, by: &AnyService) {
    let what = match by.autostop() {
        Autostop::Off => "never stops the machines",
        _ => "stops the machines and does not suspend them",
    };
    let place = by.auto_stop_machines.as_ref().map_or(by.span, |mode| mode.span);
    sink.report(mode, format!("Fly {what} of `{group}`: another of their services overrules this"))
        .label(place, "by what this service says, or leaves unsaid")
        .help(match by.is_udp {
            true => "write `auto_stop_machines = \"off\"`: what comes by UDP does not count as load",
            false => "say the same in every service of the group",
        });
}

/// The smaller wins. Source: the order of fly-go's `MachineAutostop`.
fn rank(mode: Autostop) -> u8 {
    match mode {
        Autostop::Off => 0,
        Autostop::Stop => 1,
        Autostop::Suspend => 2,
    }
}
