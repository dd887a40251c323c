//! `memory` and `memory_mb` in one section.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::{self, Facts};
use crate::units::parse_mebibytes;

pub(super) const RULE: Rule = Rule {
    id: "memory-set-twice",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "both `memory` and `memory_mb`",
    why: "They are two ways to say the same. Where both are there, `memory_mb` counts, and `memory` is passed over.",
    bad: "app = \"shop\"\n\n[[vm]]\nsize = \"shared-cpu-1x\"\nmemory = \"512mb\"\nmemory_mb = 1024\n",
    good: "app = \"shop\"\n\n[[vm]]\nsize = \"shared-cpu-1x\"\nmemory = \"1gb\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/machines.go: computeToGuest",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let release = config.deploy.as_ref().and_then(|deploy| deploy.release_command_vm.as_ref());
    for vm in config.vm.iter().chain(release) {
        let in_mb = vm.memory_mb.as_ref().filter(|memory| memory.value != 0);
        let text = vm.memory.as_ref().filter(|memory| !memory.is_empty());
        let (Some(in_mb), Some(text)) = (in_mb, text) else { continue };
        let says_the_same = parse_mebibytes(text) == Ok(in_mb.value);
        let finding = sink
            .report(text.span, format!("`memory_mb = {}` counts, and this does not", in_mb.value))
            .severity(if says_the_same { Severity::Hint } else { Severity::Warning })
            .label(in_mb.span, "this counts")
            .help("keep one of them");
        if let Some(line) = facts::line_of_entry(facts.text, text.span) {
            let safety = if says_the_same { Safety::Safe } else { Safety::Unsafe };
            finding.fix(safety, "remove `memory`", vec![Edit { span: line, text: String::new() }]);
        }
    }
}
