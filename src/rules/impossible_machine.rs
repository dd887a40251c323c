//! No Machine config can be made for a group.

use std::collections::BTreeSet;

use super::{Finding, Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::machine::{self, Cause, Conversion, PRESETS};
use crate::schema;

pub(super) const RULE: Rule = Rule {
    id: "impossible-machine",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Rejects,
    summary: "no Machine config can be made for a process group",
    why: "flyctl makes a Machine config for every group before it deploys. An unknown size, memory that is no size, \
          or a check without a port end it there; `fly config validate` does not say so. The machine of a release \
          command is made by the deploy itself, which fails then.",
    bad: "app = \"shop\"\n\n[[vm]]\nsize = \"shared-cpu-3x\"\n",
    good: "app = \"shop\"\n\n[[vm]]\nsize = \"shared-cpu-2x\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/machines.go: updateMachineConfig; validation.go: validateMachineConversion",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let mut told = BTreeSet::new();
    for conversion in machine::obstacles(facts.config()) {
        if !has_own_rule(&conversion.cause) && told.insert(conversion.span) {
            impossible(sink, conversion);
        }
    }
    release_command(facts, sink);
}

/// Its machine is made by the deploy alone.
fn release_command(facts: &Facts, sink: &mut Sink) {
    let Some(deploy) = &facts.config().deploy else { return };
    let is_run = deploy.release_command.as_ref().is_some_and(|command| !command.is_empty());
    let Some(vm) = deploy.release_command_vm.as_ref().filter(|_| is_run) else { return };
    if let Err(conversion) = machine::guest(vm, facts.config()) {
        impossible(sink, conversion).flyctl(Flyctl::FailsDeploy);
    }
}

fn impossible(sink: &mut Sink, conversion: Conversion) -> Finding<'_> {
    let Conversion { span, message, cause } = conversion;
    let finding = sink.report(span, message);
    match cause {
        Cause::CheckPort => finding.help("say which port it checks: `port = 8080`"),
        Cause::Size(name) => finding.help(sizes_like(&name)),
        Cause::Memory => finding.help("write it as in \"512mb\" or \"2gb\""),
        _ => finding,
    }
}

fn sizes_like(size: &str) -> String {
    let names: Vec<&str> =
        PRESETS.iter().filter(|preset| preset.gpu_kind.is_none()).map(|preset| preset.name).collect();
    match schema::closest(names.iter().copied(), size) {
        Some(meant) => format!("did you mean `{meant}`? `fly platform vm-sizes` lists those there are"),
        None => format!("there are: {}", names.join(", ")),
    }
}

/// Whether another rule finds this, and says more of it; or whether only a file that is not at
/// hand is missing.
fn has_own_rule(cause: &Cause) -> bool {
    match cause {
        Cause::Command | Cause::CheckType | Cause::RestartPolicy | Cause::File(_) => true,
        Cause::CheckPort | Cause::Size(_) | Cause::Memory | Cause::Containers => false,
    }
}
