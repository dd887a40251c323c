//! Sizes of machines that Fly does not make.

use super::{Given, Persona, Rule, Sink};
use crate::config::Vm;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{self, Facts, Size};
use crate::limits;
use crate::machine::PRESETS;
use crate::span::Span;

pub(super) const RULE: Rule = Rule {
    id: "machine-size-out-of-range",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::FailsDeploy,
    summary: "CPUs and memory that do not go together",
    why: "Memory comes in steps of 256 MB, from 256 to 2048 MB for a shared CPU and from 2048 to 8192 MB for a \
          performance CPU; CPUs come in the counts of the presets. flyctl accepts any numbers, and Fly refuses the \
          machine in the middle of the deploy.",
    bad: "app = \"shop\"\n\n[[vm]]\ncpu_kind = \"shared\"\ncpus = 1\nmemory = \"4gb\"\n",
    good: "app = \"shop\"\n\n[[vm]]\ncpu_kind = \"shared\"\ncpus = 2\nmemory = \"4gb\"\n",
    given: Given::NOTHING,
    source: "superfly/docs machines/guides-examples/machine-sizing; fly-go machine_types.go: MIN_MEMORY_MB_PER_CPU \
             and others; flyctl#1648, flyctl#1806",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let release = config.deploy.as_ref().and_then(|deploy| deploy.release_command_vm.as_ref());
    for vm in config.vm.iter().chain(release) {
        if let Some(size) = facts::size(vm, config).filter(|size| !size.has_gpu) {
            of_size(vm, &size, sink);
        }
    }
}

fn of_size(vm: &Vm, size: &Size, sink: &mut Sink) {
    let Size { cpu_kind, cpus, memory_mb, .. } = size;
    let Some((_, (least, most))) = limits::MEMORY_PER_CPU_MB.iter().find(|(kind, _)| kind == cpu_kind) else {
        let place = vm.cpu_kind.as_ref().map_or(vm.span, |kind| kind.span);
        sink.report(place, format!("there are no CPUs of kind `{cpu_kind}`"))
            .help("the kinds are: shared, performance");
        return;
    };
    let counts = cpu_counts(cpu_kind);
    if !counts.contains(cpus) {
        let place = vm.cpus.as_ref().map_or(vm.span, |cpus| cpus.span);
        let counts: Vec<String> = counts.iter().map(i64::to_string).collect();
        sink.report(place, format!("Fly does not offer {cpus} {cpu_kind} CPUs"))
            .severity(Severity::Warning)
            .help(format!("the counts of {cpu_kind} CPUs are {}", counts.join(", ")));
        return;
    }
    let (place, help) = (memory_place(vm), format!("use {} to {} MB, or other CPUs", least * cpus, most * cpus));
    if memory_mb % limits::MEMORY_STEP_MB != 0 {
        let message =
            format!("{memory_mb} MB is not a multiple of {} MB: Fly refuses the machine", limits::MEMORY_STEP_MB);
        sink.report(place, message).help(help);
    } else if !(least * cpus..=most * cpus).contains(memory_mb) {
        let (bound, limit) =
            if *memory_mb < least * cpus { ("at least", least * cpus) } else { ("at most", most * cpus) };
        let has = if *cpus == 1 { "CPU has" } else { "CPUs have" };
        sink.report(place, format!("{cpus} {cpu_kind} {has} {bound} {limit} MB of memory, not {memory_mb}")).help(help);
    }
}

/// What decides on the memory.
fn memory_place(vm: &Vm) -> Span {
    let in_mb = vm.memory_mb.as_ref().filter(|memory| memory.value != 0).map(|memory| memory.span);
    in_mb
        .or(vm.memory.as_ref().map(|memory| memory.span))
        .or(vm.cpus.as_ref().map(|cpus| cpus.span))
        .or(vm.cpu_kind.as_ref().map(|kind| kind.span))
        .unwrap_or(vm.span)
}

fn cpu_counts(cpu_kind: &str) -> Vec<i64> {
    let of_kind = PRESETS.iter().filter(|preset| preset.cpu_kind == cpu_kind && preset.gpu_kind.is_none());
    of_kind.map(|preset| preset.cpus).collect()
}
