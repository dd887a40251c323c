//! Port 80 for TLS.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "port-80-with-tls",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "port 80 with the `tls` handler",
    why: "Whoever connects to port 80 speaks plain HTTP. With `tls` among the handlers the proxy waits for TLS there: \
          visitors who type the name without `https` get an error, and no redirect.",
    bad: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
          [[services.ports]]\nport = 80\nhandlers = [\"tls\", \"http\"]\n",
    good: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
           [[services.ports]]\nport = 80\nhandlers = [\"http\"]\n",
    given: Given::NOTHING,
    source: "superfly/docs networking/services: connection handlers",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for entry in facts.config().services.iter().flat_map(|service| &service.ports) {
        let Some(tls) = entry.handlers.iter().find(|handler| handler.value == "tls") else { continue };
        if let Some(port) = entry.port.as_ref().filter(|port| port.value == 80) {
            sink.report(port.span, "plain HTTP does not work on this port: the proxy waits for TLS")
                .label(tls.span, "by this handler")
                .help("write `handlers = [\"http\"]`, and `tls` on port 443");
        }
    }
}
