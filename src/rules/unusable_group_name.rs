//! Names that a process group should not have.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::limits;

pub(super) const RULE: Rule = Rule {
    id: "unusable-group-name",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a process group with a name that does not work",
    why: "The machines of a group are found under `GROUP.process.APP.internal`, so its name has to be a label of a \
          DNS name. `fly_app_release_command`, `fly_app_console` and `fly_app_test_machine_command` are flyctl's own: \
          it passes over machines of such a group, and makes new ones with every deploy.",
    bad: "app = \"shop\"\n\n[processes]\napp = \"serve\"\n\"mail.out\" = \"send\"\n",
    good: "app = \"shop\"\n\n[processes]\napp = \"serve\"\nmail-out = \"send\"\n",
    given: Given::NOTHING,
    source: "superfly/docs networking/private-networking; fly-go machine_types.go: MachineProcessGroup constants; \
             flyctl internal/machine/query.go: ListActive",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let Some(processes) = &facts.config().processes else { return };
    for (name, process) in &processes.groups {
        if let Some((why, help)) = fault(name) {
            sink.report(process.name, why).help(help);
        }
    }
}

fn fault(name: &str) -> Option<(String, &'static str)> {
    if let Some((_, purpose)) = limits::RESERVED_GROUPS.iter().find(|(reserved, _)| *reserved == name) {
        return Some((format!("flyctl takes machines of a group `{name}` for those of {purpose}"), "rename the group"));
    }
    if name.is_empty() {
        return Some(("a process group without a name: sections cannot name it".to_owned(), "give it a name"));
    }
    let is_label = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.chars().all(is_label) && name.len() <= limits::DNS_LABEL_MAX {
        return None;
    }
    Some((
        format!("no machine of `{name}` can be found under `{name}.process.APP.internal`: this is no name in the DNS"),
        "use letters, digits and hyphens, 63 at most",
    ))
}
