//! A section for a process group that is not there.

use super::{Given, Persona, Rule, Sink};
use crate::config::Groups;
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::{self, Facts};
use crate::schema;

pub(super) const RULE: Rule = Rule {
    id: "unknown-process-group",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Rejects,
    summary: "a section for a process group that does not exist",
    why: "flyctl rejects services and restart policies for a group that `[processes]` does not declare. Everything \
          else (mounts, checks, files, metrics, vm) it takes in silence, and no machine ever gets it.",
    bad: "app = \"shop\"\n\n[processes]\nweb = \"serve\"\n\n[http_service]\ninternal_port = 8080\nprocesses = [\"wbe\"]\n",
    good: "app = \"shop\"\n\n[processes]\nweb = \"serve\"\n\n[http_service]\ninternal_port = 8080\nprocesses = [\"web\"]\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/validation.go: validateServicesSection, validateRestartPolicy; processgroups.go",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    for service in facts.services() {
        unknown(facts, sink, service.processes, Flyctl::Rejects);
    }
    for section in facts::grouped_sections(config) {
        let is_validated = section.header == "[[restart]]";
        unknown(facts, sink, section.processes, if is_validated { Flyctl::Rejects } else { Flyctl::Silent });
    }
    let sizes = config.vm.iter().map(|vm| &vm.processes);
    for processes in sizes.chain(config.files.iter().map(|file| &file.processes)) {
        unknown(facts, sink, processes, Flyctl::Silent);
    }
}

fn unknown(facts: &Facts, sink: &mut Sink, processes: &Groups, flyctl: Flyctl) {
    let names = facts.config().group_names();
    for group in processes.iter().filter(|group| !names.contains(&group.value.as_str())) {
        if flyctl == Flyctl::Silent && group.value.is_empty() {
            continue;
        }
        let finding = sink.report(group.span, format!("there is no process group `{}`", group.value)).flyctl(flyctl);
        let finding = finding.severity(if flyctl == Flyctl::Rejects { Severity::Error } else { Severity::Warning });
        match schema::closest(names.iter().copied(), &group.value) {
            Some(meant) => finding.help(format!("did you mean `{meant}`?")).fix(
                Safety::Unsafe,
                format!("write `{meant}`"),
                vec![Edit { span: group.span, text: format!("\"{meant}\"") }],
            ),
            None if facts.config().processes.is_none() => {
                finding.help(format!("declare it with its command: `[processes]`, `{} = \"...\"`", group.value))
            }
            None => finding.help(format!("the groups are: {}", names.join(", "))),
        };
    }
}
