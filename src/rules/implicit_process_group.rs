//! Process groups that are named but not declared.

use super::{Given, Persona, Rule, Sink};
use crate::config;
use crate::diagnostic::{Flyctl, Safety, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "implicit-process-group",
    persona: Persona::Regular,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "services name a process group, but there is no `[processes]`",
    why: "Without `[processes]` there is one group, `app`, by implication. flyctl#4886 reports blue-green deploys of \
          such files that found no machine in the group, made a second fleet beside the first and exited 0. Writing \
          the group out changes nothing about the machines and leaves nothing to be guessed.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\nprocesses = [\"app\"]\n",
    good: "app = \"shop\"\n\n[processes]\napp = \"\"\n\n[http_service]\ninternal_port = 8080\nprocesses = [\"app\"]\n",
    given: Given::NOTHING,
    source: "flyctl#4886, flyctl#4982",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    if facts.config().processes.as_ref().is_some_and(|processes| !processes.groups.is_empty()) {
        return;
    }
    let services = facts.services();
    let Some(named) = services.iter().find_map(|service| service.processes.first()) else { return };
    let mut finding = sink.report(named.span, "this names a process group, but the file has no `[processes]`");
    if let Some(strategy) = facts.bluegreen() {
        finding = finding
            .severity(Severity::Warning)
            .label(strategy, "blue-green deploys of implicit groups were reported to double the fleet (flyctl#4886)");
    }
    let finding = finding.help("write the group out: `[processes]` with `app = \"\"`");
    if let Some(edits) = config::explicit_groups(facts.text, facts.reading) {
        finding.fix(Safety::Safe, "write the process groups out", edits);
    }
}
