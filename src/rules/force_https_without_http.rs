//! A redirect to HTTPS where nobody speaks HTTP.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::{Facts, line_of_entry};

pub(super) const RULE: Rule = Rule {
    id: "force-https-without-http",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::FailsDeploy,
    summary: "`force_https` on a port without the `http` handler",
    why: "Only the `http` handler can redirect. Fly refuses to deploy `force_https` on any other port.",
    bad: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
          [[services.ports]]\nport = 8080\nhandlers = [\"tls\"]\nforce_https = true\n",
    good: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
           [[services.ports]]\nport = 8080\nhandlers = [\"tls\"]\n",
    given: Given::NOTHING,
    source: "superfly/docs networking/services: HTTP to HTTPS redirects",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for ports in facts.services().iter().flat_map(|service| service.ports.iter()) {
        let Some(force_https) = ports.force_https.filter(|_| !ports.has("http")) else { continue };
        let finding = sink
            .report(force_https, "Fly refuses to deploy `force_https` on a port without the `http` handler")
            .label(ports.span, "this port")
            .help("add the handler `http`, or remove `force_https`");
        if let Some(span) = line_of_entry(facts.text, force_https) {
            finding.fix(Safety::Unsafe, "remove `force_https`", vec![Edit { span, text: String::new() }]);
        }
    }
}
