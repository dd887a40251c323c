//! A redirect to HTTPS that leads nowhere.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{AnyService, Facts};

pub(super) const RULE: Rule = Rule {
    id: "force-https-without-https",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Silent,
    summary: "`force_https` without a port that speaks HTTPS",
    why: "`force_https` answers every HTTP request with a redirect to the same address with `https`, which is port \
          443. When no service has port 443 with `tls`, or leaves TLS to the app there, every request ends in a \
          refused connection.",
    bad: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
          [[services.ports]]\nport = 80\nhandlers = [\"http\"]\nforce_https = true\n",
    good: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
           [[services.ports]]\nport = 80\nhandlers = [\"http\"]\nforce_https = true\n\n\
           [[services.ports]]\nport = 443\nhandlers = [\"tls\", \"http\"]\n",
    given: Given::NOTHING,
    source: "superfly/docs networking/services: HTTP to HTTPS redirects",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let services = facts.services();
    if services.iter().any(speaks_https) {
        return;
    }
    for ports in services.iter().flat_map(|service| service.ports.iter()).filter(|ports| ports.has("http")) {
        if let Some(force_https) = ports.force_https {
            sink.report(force_https, "this redirects every request to port 443, where nobody answers")
                .help("add a `[[services.ports]]` with `port = 443` and `handlers = [\"tls\", \"http\"]`");
        }
    }
}

/// By the proxy, or by the app where nothing handles the connection before it.
fn speaks_https(service: &AnyService) -> bool {
    !service.is_udp && service.ports.iter().any(|ports| ports.contains(443) && (ports.has("tls") || !ports.has("http")))
}
