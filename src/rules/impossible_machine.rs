//! No Machine config can be made for a group.

use std::collections::BTreeSet;

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::machine::{self, Cause};

pub(super) const RULE: Rule = Rule {
    id: "impossible-machine",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Rejects,
    summary: "no Machine config can be made for a process group",
    why: "flyctl makes a Machine config for every group before it deploys. An unknown size, memory that is no size, \
          or a check without a port end it there; `fly config validate` does not say so.",
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
            sink.report(conversion.span, conversion.message);
        }
    }
}

/// Whether another rule finds this, and says more of it; or whether only a file that is not at
/// hand is missing.
fn has_own_rule(cause: &Cause) -> bool {
    match cause {
        Cause::Command | Cause::CheckType | Cause::RestartPolicy | Cause::File(_) => true,
        Cause::CheckPort | Cause::Guest | Cause::Containers => false,
    }
}
