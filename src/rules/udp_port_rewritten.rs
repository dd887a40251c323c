//! A UDP service whose public and internal ports differ.

use super::{Given, Persona, Rule, Sink};
use crate::config::Port;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "udp-port-rewritten",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a UDP service with another public port than `internal_port`",
    why: "Fly rewrites the addresses of UDP packets but not their ports: a packet to the public port 5000 arrives at \
          port 5000 of the machine, whatever `internal_port` says. The app must listen on the public port.",
    bad: "app = \"shop-dns\"\n\n[[services]]\nprotocol = \"udp\"\ninternal_port = 5353\n\n\
          [[services.ports]]\nport = 53\n",
    good: "app = \"shop-dns\"\n\n[[services]]\nprotocol = \"udp\"\ninternal_port = 53\n\n\
           [[services.ports]]\nport = 53\n",
    given: Given::NOTHING,
    source: "superfly/docs networking/udp-and-tcp: the port is not rewritten",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for service in facts.config().services.iter() {
        let is_udp = service.protocol.as_ref().is_some_and(|protocol| protocol.value == "udp");
        let Some(internal) = service.internal_port.as_ref().filter(|port| is_udp && port.value != 0) else { continue };
        // With several ports, one of them may stand for the app's choice to listen on all.
        let [Port { port: Some(public), .. }] = service.ports.as_slice() else { continue };
        if public.value != internal.value {
            sink.report(
                internal.span,
                format!("packets arrive at port {}, not {}: UDP ports are not rewritten", public.value, internal.value),
            )
            .label(public.span, "the port that they are sent to")
            .help("use one number for both, and let the app listen there");
        }
    }
}
