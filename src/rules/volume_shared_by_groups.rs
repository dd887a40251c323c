//! One volume name for several groups.

use std::collections::{BTreeMap, BTreeSet};

use super::{Given, Persona, Rule, Sink};
use crate::config::Mount;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::span::Spanned;

pub(super) const RULE: Rule = Rule {
    id: "volume-shared-by-groups",
    persona: Persona::Regular,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "the same volume name for several process groups",
    why: "Machines never share a volume: each gets one of its own that has the name. Groups with the same `source` do \
          not see each other's files, and take any free volume of that name: one that held the data of another group \
          may be next.",
    bad: "app = \"shop\"\n\n[processes]\napp = \"serve\"\nworker = \"work\"\n\n\
          [[mounts]]\nsource = \"data\"\ndestination = \"/data\"\nprocesses = [\"app\", \"worker\"]\n",
    good: "app = \"shop\"\n\n[processes]\napp = \"serve\"\nworker = \"work\"\n\n\
           [[mounts]]\nsource = \"data\"\ndestination = \"/data\"\nprocesses = [\"app\"]\n\n\
           [[mounts]]\nsource = \"worker_data\"\ndestination = \"/data\"\nprocesses = [\"worker\"]\n",
    given: Given::NOTHING,
    source: "superfly/docs volumes/overview; flyctl internal/command/deploy/machines.go: popVolumeFor",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let mut by_source: BTreeMap<&str, (&Spanned<String>, Vec<&Mount>)> = BTreeMap::new();
    for mount in &config.mounts {
        let Some(source) = mount.source.as_ref().filter(|source| !source.is_empty()) else { continue };
        by_source.entry(&source.value).or_insert((source, Vec::new())).1.push(mount);
    }
    let names: BTreeSet<&str> = config.group_names().into_iter().collect();
    for (source, mounts) in by_source.into_values() {
        let named: BTreeSet<&str> = mounts.iter().flat_map(|mount| config.groups_of(&mount.processes)).collect();
        let groups: Vec<&str> = named.intersection(&names).copied().collect();
        if groups.len() > 1 {
            let message = format!("the groups {} do not share `{}`", groups.join(", "), source.value);
            let mut finding = sink
                .report(source.span, format!("{message}: each machine gets a volume of its own by that name"))
                .help("give each group a volume name of its own");
            for other in mounts.iter().skip(1) {
                finding = finding.label(other.span, "the same name");
            }
        }
    }
}
