//! One public port for machines that serve different things.

use std::collections::BTreeSet;

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{AnyService, Facts, PublicPorts};

pub(super) const RULE: Rule = Rule {
    id: "public-port-of-several-groups",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a public port that services of different process groups publish",
    why: "The proxy knows nothing of process groups: it spreads the requests to a public port over all machines of the \
          app that publish it. Of two groups with services of their own for port 443, each gets requests that are \
          meant for the other. One service that names both groups in `processes` says that they serve the same.",
    bad: "app = \"shop\"\n\n[processes]\nweb = \"serve\"\napi = \"serve-api\"\n\n[http_service]\n\
          internal_port = 8080\nprocesses = [\"web\"]\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 9000\n\
          processes = [\"api\"]\n\n[[services.ports]]\nport = 443\nhandlers = [\"tls\", \"http\"]\n",
    good: "app = \"shop\"\n\n[processes]\nweb = \"serve\"\napi = \"serve-api\"\n\n[http_service]\n\
           internal_port = 8080\nprocesses = [\"web\"]\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 9000\n\
           processes = [\"api\"]\n\n[[services.ports]]\nport = 8443\nhandlers = [\"tls\", \"http\"]\n",
    given: Given::NOTHING,
    source: "superfly/docs launch/processes; superfly/docs#645",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let services = facts.services();
    let groups: Vec<BTreeSet<&str>> = services.iter().map(|service| groups(facts, service)).collect();
    for is_udp in [false, true] {
        let mut entries: Vec<(usize, &PublicPorts)> = Vec::new();
        for (at, service) in services.iter().enumerate().filter(|(_, service)| service.is_udp == is_udp) {
            entries.extend(service.ports.iter().map(|ports| (at, ports)));
        }
        entries.retain(|(_, ports)| ports.first > 0 && ports.first <= ports.last);
        entries.sort_by_key(|(_, ports)| (ports.first, ports.span));
        let mut told = BTreeSet::new();
        let mut widest: Option<(usize, &PublicPorts)> = None;
        for (at, ports) in entries {
            if let Some((other, before)) = widest.filter(|(_, before)| before.last >= ports.first)
                && told.insert((at.min(other), at.max(other)))
                && groups[at].is_disjoint(&groups[other])
            {
                let (earlier, later) = if before.span <= ports.span { (before, ports) } else { (ports, before) };
                report(sink, ports.first, earlier, later);
            }
            if widest.is_none_or(|(_, before)| before.last <= ports.last) {
                widest = Some((at, ports));
            }
        }
    }
}

/// The groups of a service. Where two services share one, that a port is published twice is
/// `public-port-used-twice`.
fn groups<'a>(facts: &Facts<'a>, service: &AnyService<'a>) -> BTreeSet<&'a str> {
    let default = facts.config().default_group();
    let named = service.processes.iter();
    let mut out: BTreeSet<&str> =
        named.map(|group| if group.is_empty() { default } else { group.value.as_str() }).collect();
    if out.is_empty() {
        out.insert(default);
    }
    out
}

fn report(sink: &mut Sink, port: i64, earlier: &PublicPorts, later: &PublicPorts) {
    sink.report(later.span, format!("machines of another group publish port {port}, too: the proxy mixes them"))
        .label(earlier.span, "published here for other machines")
        .help("give the groups different public ports, or apps of their own");
}
