//! A section that goes to whichever group comes first in the alphabet.

use super::{Given, Persona, Rule, Sink};
use crate::config::IMPLICIT_GROUP;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{self, Facts};

pub(super) const RULE: Rule = Rule {
    id: "alphabetical-default-group",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a section without `processes`, and no group is called `app`",
    why: "A section without `processes` is for the default group: `app` or, when no group is called so, the first in \
          the order of the alphabet, whatever the order of the file. A volume meant for `web` is mounted in `cron` \
          then, and moves when somebody adds a group.",
    bad: "app = \"shop\"\n\n[processes]\nweb = \"serve\"\ncron = \"tick\"\n\n\
          [[mounts]]\nsource = \"data\"\ndestination = \"/data\"\n",
    good: "app = \"shop\"\n\n[processes]\nweb = \"serve\"\ncron = \"tick\"\n\n\
           [[mounts]]\nsource = \"data\"\ndestination = \"/data\"\nprocesses = [\"web\"]\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/processgroups.go: DefaultProcessName",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let groups = config.group_names();
    if groups.len() < 2 || groups.contains(&IMPLICIT_GROUP) {
        return;
    }
    let default = config.default_group();
    for section in facts::grouped_sections(config).into_iter().filter(|section| section.processes.is_empty()) {
        let message = format!(
            "this `{}` is for group `{default}` alone: no group is called `{IMPLICIT_GROUP}`, and `{default}` comes \
             first in the alphabet",
            section.header
        );
        sink.report(section.span, message)
            .label(facts.place_of(default), "it is for this group")
            .help(format!("say for which of {} it is, with `processes`", groups.join(", ")));
    }
}
