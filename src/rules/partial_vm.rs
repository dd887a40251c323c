//! A `[[vm]]` that sets more than it says.

use super::{Given, Persona, Rule, Sink};
use crate::config::Field;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{self, Facts};

pub(super) const RULE: Rule = Rule {
    id: "partial-vm",
    persona: Persona::Regular,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "a `[[vm]]` that leaves out memory or CPUs",
    why: "A `[[vm]]` replaces the whole size of the machines. What it leaves out comes from the preset \
          `shared-cpu-1x` with 256 MB, not from what `fly scale` has set: with every deploy the machines shrink to \
          it.",
    bad: "app = \"shop\"\n\n[[vm]]\nmemory = \"1gb\"\n",
    good: "app = \"shop\"\n\n[[vm]]\nsize = \"shared-cpu-1x\"\nmemory = \"1gb\"\n",
    given: Given::NOTHING,
    source: "flyctl#4544; flyctl internal/appconfig/machines.go: computeToGuest",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    for vm in &config.vm {
        let is_set = |number: &Field<i64>| number.as_ref().is_some_and(|number| number.value != 0);
        let is_text = |text: &Field<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        let has_memory = is_text(&vm.memory) || is_set(&vm.memory_mb);
        if is_text(&vm.size) || is_text(&vm.gpu_kind) || has_memory && is_set(&vm.cpus) {
            continue;
        }
        let Some(size) = facts::size(vm, config) else { continue };
        let rest = match (is_set(&vm.cpus), has_memory) {
            (false, false) => format!("{} {} CPU and {} MB of memory", size.cpus, size.cpu_kind, size.memory_mb),
            (false, true) => format!("{} {} CPU", size.cpus, size.cpu_kind),
            (true, _) => format!("{} MB of memory", size.memory_mb),
        };
        sink.report(vm.span, format!("this also sets {rest}, whatever `fly scale` says")).help(
            "say it: `size`, or both `cpus` and `memory`; or remove the section to keep the machines as they are",
        );
    }
}
