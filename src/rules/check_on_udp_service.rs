//! A check by TCP where the app speaks UDP.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::span::Span;

pub(super) const RULE: Rule = Rule {
    id: "check-on-udp-service",
    persona: Persona::Regular,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "a check in a UDP service",
    why: "There are TCP and HTTP checks only. One in a UDP service connects by TCP to the port of the service, and \
          passes only if the app listens there by TCP too.",
    bad: "app = \"shop-dns\"\n\n[[services]]\nprotocol = \"udp\"\ninternal_port = 5353\n\n\
          [[services.ports]]\nport = 5353\n\n[[services.tcp_checks]]\ninterval = \"15s\"\n\
          timeout = \"2s\"\ngrace_period = \"10s\"\n",
    good: "app = \"shop-dns\"\n\n[[services]]\nprotocol = \"udp\"\ninternal_port = 5353\n\n\
           [[services.ports]]\nport = 5353\n",
    given: Given::NOTHING,
    source: "superfly/docs networking/udp-and-tcp; fly-go machine_types.go: MachineServiceCheck.Type",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for service in facts.services().into_iter().filter(|service| service.is_udp) {
        let tcp = service.tcp_checks.iter().map(|check| check.span);
        let spans: Vec<Span> = tcp.chain(service.http_checks.iter().map(|check| check.span)).collect();
        for span in spans {
            sink.report(span, "this check connects by TCP, to a service that speaks UDP")
                .help("let the app listen by TCP on the same port, or check another port with `[checks.NAME]`");
        }
    }
}
