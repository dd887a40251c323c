//! Machines that are to be suspended and cannot be.

use std::collections::BTreeSet;

use super::{Given, Persona, Rule, Sink};
use crate::config::{Autostop, Vm};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{Facts, Served};
use crate::limits;
use crate::machine::{self, Sizes};

pub(super) const RULE: Rule = Rule {
    id: "suspend-not-possible",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "`auto_stop_machines = \"suspend\"` with swap, a GPU or more than 2 GB of memory",
    why: "Suspending writes a machine's memory to disk. Fly asks for at most 2 GB, no swap and no GPU; it falls back \
          to stopping a machine that it cannot suspend, and the first request after a quiet time waits for a full \
          boot.",
    bad: "app = \"shop\"\nswap_size_mb = 512\n\n[http_service]\ninternal_port = 8080\n\
          auto_stop_machines = \"suspend\"\nauto_start_machines = true\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\
           auto_stop_machines = \"suspend\"\nauto_start_machines = true\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/suspend-resume: requirements; docs#1778, flyctl#4066",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let mut told = BTreeSet::new();
    let sizes = Sizes::new(facts.config());
    for Served { groups, services } in facts.served() {
        if services.iter().any(|service| service.autostop() != Autostop::Suspend) {
            continue;
        }
        let first = groups.iter().find_map(|group| Some((group, obstacle(facts, sizes.of(group))?)));
        let Some((group, why)) = first else { continue };
        for mode in services.iter().filter_map(|service| service.auto_stop_machines.as_ref()) {
            if told.insert(mode.span) {
                sink.report(mode.span, format!("machines of `{group}` cannot be counted on to suspend: {why}"))
                    .help("write `auto_stop_machines = \"stop\"`, or take away what is in the way");
            }
        }
    }
}

fn obstacle(facts: &Facts, vm: Option<&Vm>) -> Option<String> {
    let config = facts.config();
    if let Some(swap) = config.swap_size_mb.as_ref().filter(|swap| swap.value > 0) {
        return Some(format!("they have {} MB of swap", swap.value));
    }
    let guest = machine::guest(vm?, config).ok()?;
    if let Some(gpu) = guest.get("gpu_kind").and_then(|kind| kind.as_str()) {
        return Some(format!("they have a GPU, {gpu}"));
    }
    let memory_mb = guest.get("memory_mb")?.as_i64()?;
    (memory_mb > limits::SUSPEND_MEMORY_MAX_MB).then(|| {
        format!("they have {memory_mb} MB of memory, and Fly asks for at most {}", limits::SUSPEND_MEMORY_MAX_MB)
    })
}
