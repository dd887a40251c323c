//! A section for a process group that is not there.

use std::collections::BTreeSet;

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
    let groups = Known { names: config.group_names().into_iter().collect(), declared: config.processes.is_some() };
    for service in facts.services() {
        unknown(&groups, sink, service.processes, Flyctl::Rejects);
    }
    for section in facts::grouped_sections(config) {
        let is_validated = section.header == "[[restart]]";
        unknown(&groups, sink, section.processes, if is_validated { Flyctl::Rejects } else { Flyctl::Silent });
    }
    let sizes = config.vm.iter().map(|vm| &vm.processes);
    for processes in sizes.chain(config.files.iter().map(|file| &file.processes)) {
        unknown(&groups, sink, processes, Flyctl::Silent);
    }
}

/// The groups that there are.
struct Known<'a> {
    names: BTreeSet<&'a str>,
    /// In `[processes]`; else there is only the default one.
    declared: bool,
}

fn unknown(known: &Known, sink: &mut Sink, processes: &Groups, flyctl: Flyctl) {
    let Known { names, declared } = known;
    for group in processes.iter().filter(|group| !names.contains(group.value.as_str())) {
        if flyctl == Flyctl::Silent && group.value.is_empty() {
            continue;
        }
        let finding = sink.report(group.span, format!("there is no process group `{}`", group.value)).flyctl(flyctl);
        let finding = finding.severity(if flyctl == Flyctl::Rejects { Severity::Error } else { Severity::Warning });
        match schema::closest(names.iter().copied().take(MOST_COMPARED), &group.value) {
            Some(meant) => finding.help(format!("did you mean `{meant}`?")).fix(
                Safety::Unsafe,
                format!("write `{meant}`"),
                vec![Edit { span: group.span, text: format!("\"{meant}\"") }],
            ),
            None if !declared => {
                finding.help(format!("declare it with its command: `[processes]`, `{} = \"...\"`", group.value))
            }
            None => finding.help(format!("the groups are: {}", facts::some_of(names))),
        };
    }
}

/// With each name that there is not: more groups than any app has.
const MOST_COMPARED: usize = 40;
