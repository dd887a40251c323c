//! Two sections where only one can count.

use std::collections::BTreeSet;

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::span::Span;

pub(super) const RULE: Rule = Rule {
    id: "shadowed-section",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a section that another one for the same group replaces",
    why: "A machine has one size, one restart policy and one place to read metrics from. Of several sections for a \
          group flyctl takes one and drops the others without a word: of `[[vm]]` that name the group and of \
          `[[restart]]` the last, of `[[metrics]]` and of `[[vm]]` without `processes` the first. A `[[vm]]` without \
          `processes` beside one that names the group is fine: it is for the rest.",
    bad: "app = \"shop\"\n\n[[vm]]\nsize = \"shared-cpu-1x\"\nmemory = \"512mb\"\n\n\
          [[vm]]\nsize = \"shared-cpu-2x\"\nmemory = \"1gb\"\n",
    good: "app = \"shop\"\n\n[processes]\napp = \"serve\"\nworker = \"work\"\n\n\
           [[vm]]\nsize = \"shared-cpu-1x\"\n\n\
           [[vm]]\nsize = \"shared-cpu-2x\"\nmemory = \"1gb\"\nprocesses = [\"worker\"]\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/processgroups.go: ComputeForGroup; machines.go: updateMachineConfig",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let mut told = BTreeSet::new();
    for group in config.group_names() {
        let named = config.vm.iter().filter(|vm| vm.processes.iter().any(|name| name.value == group));
        let named: Vec<Span> = named.map(|vm| vm.span).collect();
        let restart = config.restart.iter().filter(|restart| config.is_for(&restart.processes, group));
        let restart: Vec<Span> = restart.map(|restart| restart.span).collect();
        let metrics = config.metrics.iter().filter(|metrics| config.is_for(&metrics.processes, group));
        let metrics: Vec<Span> = metrics.map(|metrics| metrics.span).collect();
        for (header, sections, counts) in [
            ("[[vm]]", named, Counts::Last),
            ("[[restart]]", restart, Counts::Last),
            ("[[metrics]]", metrics, Counts::First),
        ] {
            shadowed(sink, &mut told, header, &sections, counts, &format!("group `{group}`"));
        }
    }
    let for_all: Vec<Span> = config.vm.iter().filter(|vm| vm.processes.is_empty()).map(|vm| vm.span).collect();
    shadowed(sink, &mut told, "[[vm]]", &for_all, Counts::First, "every group");
}

/// Which of several sections flyctl takes.
enum Counts {
    First,
    Last,
}

fn shadowed(sink: &mut Sink, told: &mut BTreeSet<Span>, header: &str, sections: &[Span], counts: Counts, whom: &str) {
    let (winner, losers) = match (counts, sections) {
        (Counts::First, [winner, losers @ ..]) | (Counts::Last, [losers @ .., winner]) => (*winner, losers),
        _ => return,
    };
    for loser in losers {
        if told.insert(*loser) {
            sink.report(*loser, format!("for {whom} another `{header}` counts, and flyctl drops this one"))
                .label(winner, "this one counts")
                .help("merge them, or give them different `processes`");
        }
    }
}
