//! A check that knocks at the public port.

use super::{Given, Persona, Rule, Sink};
use crate::config::TopLevelCheck;
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::{AnyService, Facts};

pub(super) const RULE: Rule = Rule {
    id: "check-on-public-port",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a top-level check of a public port instead of the internal one",
    why: "Checks connect to the machine, not to the proxy in front of it. Public ports such as 443 exist at the proxy \
          only: in the machine nothing listens there, and the check never passes.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[checks.alive]\n\
          type = \"http\"\nport = 443\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\n\
          grace_period = \"10s\"\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[[http_service.checks]]\n\
           path = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: checks.port is the internal port",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let services = facts.services_by_group();
    for (check, group) in facts.top_level_checks() {
        if let Some(services) = services.get(group) {
            compare(sink, check, services);
        }
    }
}

fn compare(sink: &mut Sink, check: &TopLevelCheck, services: &[AnyService]) {
    let Some(port) = &check.port else { return };
    if services.iter().any(|service| service.port() == Some(port.value)) {
        return;
    }
    let is_public =
        |service: &&AnyService| service.ports.iter().any(|ports| ports.first == port.value && ports.last == port.value);
    let Some(service) = services.iter().find(is_public) else { return };
    let Some(internal) = service.internal_port else { return };
    let edit = Edit { span: port.span, text: internal.value.to_string() };
    sink.report(port.span, format!("{} is a public port: in the machine nothing listens there", port.value))
        .label(internal.span, "the app listens here")
        .help(format!("check port {}", internal.value))
        .fix(Safety::Unsafe, format!("write {}", internal.value), vec![edit]);
}
