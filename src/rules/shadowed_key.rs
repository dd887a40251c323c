//! A setting that another one beats.

use super::{Given, Persona, Rule, Sink};
use crate::config::{Config, Problem, Vm};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::{Facts, line_of_entry};
use crate::span::Span;
use crate::units::parse_mebibytes;

pub(super) const RULE: Rule = Rule {
    id: "shadowed-key",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a key without effect, since another one wins",
    why: "Some settings have two names: `memory` and `memory_mb`, `build_target` and `build-target`, a key at the top \
          and its older twin in `[experimental]`, one key in two cases, or, in JSON, twice. flyctl reads one of them and drops the other, \
          so that editing the wrong one changes nothing.",
    bad: "app = \"shop\"\n\n[[vm]]\nsize = \"shared-cpu-1x\"\nmemory = \"2gb\"\nmemory_mb = 512\n",
    good: "app = \"shop\"\n\n[[vm]]\nsize = \"shared-cpu-1x\"\nmemory = \"512mb\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/machines.go: computeToGuest, updateMachineConfig; patches.go; Go encoding/json",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for problem in facts.problems() {
        let (span, message, by) = match problem {
            Problem::Shadowed { span, path, by } => {
                (span, format!("flyctl does not read this `{path}`: another spelling wins"), by)
            }
            Problem::Lost { span, by } => {
                let key = span.of(facts.text);
                (span, format!("flyctl reads nothing of this {key}: the last of equal keys wins in JSON"), by)
            }
            _ => continue,
        };
        sink.report(*span, message).label(*by, "this one is read").help("remove one of them");
    }
    let config = facts.config();
    let release = config.deploy.as_ref().and_then(|deploy| deploy.release_command_vm.as_ref());
    for vm in config.vm.iter().chain(release) {
        memory(facts, sink, vm);
    }
    machine_config(sink, config);
}

fn memory(facts: &Facts, sink: &mut Sink, vm: &Vm) {
    let Some(memory) = vm.memory.as_ref().filter(|memory| !memory.is_empty()) else { return };
    let Some(memory_mb) = vm.memory_mb.as_ref().filter(|memory_mb| memory_mb.value != 0) else { return };
    let Ok(megabytes) = parse_mebibytes(memory) else { return };
    let is_same = megabytes == memory_mb.value;
    let message = format!("`memory_mb` wins: machines get {} MB, whatever this says", memory_mb.value);
    let finding = sink.report(memory.span, message).label(memory_mb.span, "this one is read").help("keep one of them");
    let finding = if is_same { finding.severity(Severity::Hint) } else { finding };
    if let Some(fix) = without(facts.text, memory.span) {
        finding.fix(Safety::Safe, "remove `memory`", vec![fix]);
    }
}

fn machine_config(sink: &mut Sink, config: &Config) {
    let experimental = config.experimental.as_ref().and_then(|experimental| experimental.machine_config.as_ref());
    if let (Some(top), Some(experimental)) = (&config.machine_config, experimental.filter(|text| !text.is_empty())) {
        sink.report(top.span, "flyctl does not read this `machine_config`: the one in `[experimental]` wins")
            .label(experimental.span, "this one is read")
            .help("keep one of them");
    }
}

fn without(text: &str, value: Span) -> Option<Edit> {
    Some(Edit { span: line_of_entry(text, value)?, text: String::new() })
}
