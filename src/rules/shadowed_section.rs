//! Two sections where only one can count.

use std::collections::BTreeSet;

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::machine::Sizes;
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
    let sizes = Sizes::new(config);
    let restart = config.by_group(config.restart.iter().map(|restart| (&restart.processes, restart.span)));
    let metrics = config.by_group(config.metrics.iter().map(|metrics| (&metrics.processes, metrics.span)));
    for group in config.group_names() {
        for (header, sections, counts) in [
            ("[[vm]]", sizes.naming(group).iter().map(|vm| vm.span).collect(), Counts::Last),
            ("[[restart]]", restart.get(group).cloned().unwrap_or_default(), Counts::Last),
            ("[[metrics]]", metrics.get(group).cloned().unwrap_or_default(), Counts::First),
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
