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
    let mut told = BTreeSet::new();
    for is_udp in [false, true] {
        let same = services.iter().filter(|service| service.is_udp == is_udp);
        let mut entries: Vec<(&AnyService, &PublicPorts)> =
            same.flat_map(|service| service.ports.iter().map(move |ports| (service, ports))).collect();
        entries.retain(|(_, ports)| ports.first > 0 && ports.first <= ports.last);
        entries.sort_by_key(|(_, ports)| (ports.first, ports.span));
        let mut widest: Option<(&AnyService, &PublicPorts)> = None;
        for (service, ports) in entries {
            if let Some((other, before)) = widest.filter(|(_, before)| before.last >= ports.first)
                && !is_for_one_group(facts, service, other)
                && told.insert((service.span.max(other.span), service.span.min(other.span)))
            {
                let (earlier, later) = if before.span <= ports.span { (before, ports) } else { (ports, before) };
                report(sink, ports.first, earlier, later);
            }
            if widest.is_none_or(|(_, before)| before.last <= ports.last) {
                widest = Some((service, ports));
            }
        }
    }
}

fn report(sink: &mut Sink, port: i64, earlier: &PublicPorts, later: &PublicPorts) {
    sink.report(later.span, format!("machines of another group publish port {port}, too: the proxy mixes them"))
        .label(earlier.span, "published here for other machines")
        .help("give the groups different public ports, or apps of their own");
}

/// Whether some machine has both services: that the port is published twice there is
/// `public-port-used-twice`.
fn is_for_one_group(facts: &Facts, one: &AnyService, other: &AnyService) -> bool {
    let config = facts.config();
    let groups = one.processes.iter().map(|group| group.value.as_str());
    let default = one.processes.is_empty().then(|| config.default_group());
    groups.chain(default).any(|group| config.is_for(other.processes, group))
}
