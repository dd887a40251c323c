//! One public port for two services of the same machines.

use std::collections::BTreeSet;

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{AnyService, Facts, PublicPorts, Served};

pub(super) const RULE: Rule = Rule {
    id: "public-port-used-twice",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a public port that is published twice by one process group",
    why: "A public port leads to one `internal_port` of a machine. `[http_service]` has 80 and 443 already: a \
          `[[services]]` for the same group that names them again, with another `internal_port`, contradicts it, and \
          requests do not go where one of the two says.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[[services]]\n\
          protocol = \"tcp\"\ninternal_port = 9000\n\n[[services.ports]]\nport = 443\n\
          handlers = [\"tls\", \"http\"]\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[[services]]\n\
           protocol = \"tcp\"\ninternal_port = 9000\n\n[[services.ports]]\nport = 8443\n\
           handlers = [\"tls\", \"http\"]\n",
    given: Given::NOTHING,
    source: "flyctl#1635, flyctl#3522",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let mut told = BTreeSet::new();
    for Served { groups, services } in facts.served() {
        for is_udp in [false, true] {
            for (earlier, later) in overlaps(&services, is_udp) {
                if told.insert(later.span) {
                    let port = later.first.max(earlier.first);
                    sink.report(later.span, format!("port {port} of `{}` is published already", groups[0]))
                        .label(earlier.span, "here")
                        .help("give one of the services another port, or make one service of them");
                }
            }
        }
    }
}

/// Each entry that shares a port with one before it, and that one. Services for one internal port
/// do not contradict each other here: that they are two is `service-defined-twice`.
fn overlaps<'a>(services: &'a [AnyService], is_udp: bool) -> Vec<(&'a PublicPorts<'a>, &'a PublicPorts<'a>)> {
    let same = services.iter().filter(|service| service.is_udp == is_udp);
    let mut entries: Vec<(&AnyService, &PublicPorts)> =
        same.flat_map(|service| service.ports.iter().map(move |ports| (service, ports))).collect();
    entries.retain(|(_, ports)| ports.first > 0 && ports.first <= ports.last);
    entries.sort_by_key(|(_, ports)| (ports.first, ports.span));
    let mut out = Vec::new();
    let mut widest: Option<(&AnyService, &PublicPorts)> = None;
    for (service, ports) in entries {
        if let Some((other, before)) = widest.filter(|(_, before)| before.last >= ports.first)
            && (other.span == service.span || other.port() != service.port())
        {
            out.push(if before.span <= ports.span { (before, ports) } else { (ports, before) });
        }
        if widest.is_none_or(|(_, before)| before.last <= ports.last) {
            widest = Some((service, ports));
        }
    }
    out
}
