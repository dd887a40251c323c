//! `[[files]]` that go further than they say.

use std::collections::BTreeSet;

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "file-in-every-process-group",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "`processes` of `[[files]]`, which flyctl does not heed",
    why: "flyctl gathers the files before it looks at process groups, and puts all of them on the machines of every \
          group. A file that is meant for one group, with a credential in it perhaps, is on all machines.",
    bad: "app = \"shop\"\n\n[processes]\napp = \"serve\"\nworker = \"work\"\n\n\
          [[files]]\nguest_path = \"/etc/shop.conf\"\nsecret_name = \"SHOP_CONF\"\nprocesses = [\"worker\"]\n",
    good: "app = \"shop\"\n\n[processes]\napp = \"serve\"\nworker = \"work\"\n\n\
           [[files]]\nguest_path = \"/etc/shop.conf\"\nsecret_name = \"SHOP_CONF\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/config.go: MergeFiles; machines.go: updateMachineConfig",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let names: BTreeSet<&str> = config.group_names().into_iter().collect();
    for file in &config.files {
        let Some(first) = file.processes.first() else { continue };
        let named: BTreeSet<&str> = config.groups_of(&file.processes).into_iter().collect();
        let is_meant = !named.is_disjoint(&names);
        if let Some(other) = names.difference(&named).next().filter(|_| is_meant) {
            sink.report(
                first.span,
                format!("flyctl does not heed this: machines of group `{other}` get the file, too"),
            )
            .help("do not rely on it; remove `processes`, or write the file when the app starts");
        }
    }
}
