//! Two volumes for one machine.

use std::collections::BTreeSet;

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "second-mount-in-group",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::FailsDeploy,
    summary: "a process group with more than one volume",
    why: "A machine has one volume. flyctl accepts a file with two for a group, and Fly refuses the machine: `invalid \
          config.mounts, only 1 volume supported`.",
    bad: "app = \"shop\"\n\n[[mounts]]\nsource = \"data\"\ndestination = \"/data\"\n\n\
          [[mounts]]\nsource = \"uploads\"\ndestination = \"/uploads\"\n",
    good: "app = \"shop\"\n\n[processes]\napp = \"serve\"\nworker = \"work\"\n\n\
           [[mounts]]\nsource = \"data\"\ndestination = \"/data\"\nprocesses = [\"app\"]\n\n\
           [[mounts]]\nsource = \"uploads\"\ndestination = \"/uploads\"\nprocesses = [\"worker\"]\n",
    given: Given::NOTHING,
    source: "flyctl#2625; flyctl internal/appconfig/validation.go: validateMounts, of a flattened group",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let mut told = BTreeSet::new();
    let by_group = config.by_group(config.mounts.iter().map(|mount| (&mount.processes, mount)));
    for group in config.group_names() {
        let Some([first, others @ ..]) = by_group.get(group).map(Vec::as_slice) else { continue };
        for second in others.iter().filter(|second| told.insert(second.span)) {
            sink.report(second.span, format!("group `{group}` has a volume already, and a machine has only one"))
                .label(first.span, "the first volume")
                .help("use directories of one volume, or give the mounts to different `processes`");
        }
    }
}
