//! A section that is for one group because it names none.

use super::{Given, Persona, Rule, Sink};
use crate::config::IMPLICIT_GROUP;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{self, Facts};

pub(super) const RULE: Rule = Rule {
    id: "section-without-process-group",
    persona: Persona::Pedantic,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "a section without `processes` among several groups",
    why: "In a file with several process groups, a volume, check, metrics or restart policy without `processes` is \
          for the default group, `app`, alone. The documentation says of restart policies that they are for every \
          machine; flyctl gives them to one group.",
    bad: "app = \"shop\"\n\n[processes]\napp = \"serve\"\nworker = \"work\"\n\n\
          [[restart]]\npolicy = \"always\"\n",
    good: "app = \"shop\"\n\n[processes]\napp = \"serve\"\nworker = \"work\"\n\n\
           [[restart]]\npolicy = \"always\"\nprocesses = [\"app\", \"worker\"]\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/processgroups.go: Flatten, flattenGroupsMatch",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let groups = config.group_names();
    if groups.len() < 2 || !groups.contains(&IMPLICIT_GROUP) {
        return;
    }
    for section in facts::grouped_sections(config).into_iter().filter(|section| section.processes.is_empty()) {
        sink.report(section.span, format!("this `{}` is for group `{IMPLICIT_GROUP}` alone", section.header))
            .help(format!("say for which of {} it is, with `processes`", facts::some_of(&groups)));
    }
}
