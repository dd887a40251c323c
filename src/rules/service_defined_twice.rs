//! Two services for one port of the machine.

use std::collections::{BTreeMap, BTreeSet};

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{AnyService, Facts, Served};

pub(super) const RULE: Rule = Rule {
    id: "service-defined-twice",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "two services of a process group with the same `internal_port` and protocol",
    why: "Fly knows the services of a machine by protocol and internal port. Of two that share both it takes one, and \
          health checks of the other fail with \"failed to get VM\". One service can have as many public ports as it \
          needs.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[[services]]\n\
          protocol = \"tcp\"\ninternal_port = 8080\n\n[[services.ports]]\nport = 8443\n\
          handlers = [\"tls\", \"http\"]\n",
    good: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
           [[services.ports]]\nport = 443\nhandlers = [\"tls\", \"http\"]\n\n[[services.ports]]\n\
           port = 8443\nhandlers = [\"tls\", \"http\"]\n",
    given: Given::NOTHING,
    source: "flyctl#3522, flyctl#1635",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let mut told = BTreeSet::new();
    for Served { services, .. } in facts.served() {
        let mut seen: BTreeMap<(bool, i64), &AnyService> = BTreeMap::new();
        for service in &services {
            let Some(port) = service.port().filter(|port| *port != 0) else { continue };
            let Some(first) = seen.insert((service.is_udp, port), service) else { continue };
            if told.insert(service.span) {
                sink.report(service.span, format!("the same machines have a service for port {port} already"))
                    .label(first.span, "here")
                    .help("make one service of the two, with the `[[services.ports]]` and checks of both");
            }
        }
    }
}
