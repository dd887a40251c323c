//! A service that does not say which of several groups it is for.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "service-without-process-group",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Rejects,
    summary: "a service without `processes` in a file that has `[processes]`",
    why: "Once a file declares process groups, flyctl wants every service to name its own.",
    bad: "app = \"shop\"\n\n[processes]\nweb = \"serve\"\nworker = \"work\"\n\n[http_service]\ninternal_port = 8080\n",
    good: "app = \"shop\"\n\n[processes]\nweb = \"serve\"\nworker = \"work\"\n\n\
           [http_service]\ninternal_port = 8080\nprocesses = [\"web\"]\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/validation.go: validateServicesSection",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let Some(processes) = config.processes.as_ref().filter(|processes| !processes.groups.is_empty()) else { return };
    for service in facts.services().into_iter().filter(|service| service.processes.is_empty()) {
        sink.report(service.span, "this service does not say which process group it is for")
            .label(processes.span, "the file declares groups here")
            .help(format!("add `processes = [\"{}\"]`", config.default_group()));
    }
}
