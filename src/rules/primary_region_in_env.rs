//! `PRIMARY_REGION` where flyctl overwrites it.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::{self, Facts};

pub(super) const RULE: Rule = Rule {
    id: "primary-region-in-env",
    persona: Persona::Regular,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "`PRIMARY_REGION` in `[env]` beside `primary_region`",
    why: "flyctl sets `PRIMARY_REGION` on every machine from `primary_region`, over what `[env]` says.",
    bad: "app = \"shop\"\nprimary_region = \"iad\"\n\n[env]\nPRIMARY_REGION = \"iad\"\n",
    good: "app = \"shop\"\nprimary_region = \"iad\"\n\n[env]\nLOG_LEVEL = \"info\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/machines.go: updateMachineConfig; superfly/docs reference/configuration: env",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let Some(region) = config.primary_region.as_ref().filter(|region| !region.is_empty()) else { return };
    let Some(variable) = config.env.get("PRIMARY_REGION") else { return };
    let says_the_same = variable.value.value == region.value;
    let message =
        format!("the machines see `PRIMARY_REGION={}` from `primary_region`, whatever this says", region.value);
    let finding = sink
        .report(variable.name, message)
        .severity(if says_the_same { Severity::Hint } else { Severity::Warning })
        .label(region.span, "this counts")
        .help("remove it from `[env]`");
    if let Some(line) = facts::line_of_entry(facts.text, variable.value.span) {
        let edit = Edit { span: line, text: String::new() };
        finding.fix(Safety::Safe, "remove `PRIMARY_REGION`", vec![edit]);
    }
}
