//! Retries that no policy counts.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::{self, Facts};

pub(super) const RULE: Rule = Rule {
    id: "restart-retries-without-effect",
    persona: Persona::Regular,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "`retries` with a restart policy other than `on-failure`",
    why: "`retries` says how often a machine that failed is started again under the policy `on-failure`. `always` \
          starts it for ever and `never` not once, whatever the number, though Fly's documentation has an example with both.",
    bad: "app = \"shop\"\n\n[[restart]]\npolicy = \"always\"\nretries = 5\n",
    good: "app = \"shop\"\n\n[[restart]]\npolicy = \"on-failure\"\nretries = 5\n",
    given: Given::NOTHING,
    source: "Machines API specification: fly.MachineRestart",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for restart in &facts.config().restart {
        let policy = restart.policy.as_ref().filter(|policy| matches!(policy.as_str(), "always" | "never"));
        let (Some(policy), Some(retries)) = (policy, &restart.retries) else { continue };
        if retries.value == 0 {
            continue;
        }
        let finding = sink
            .report(retries.span, format!("the policy `{}` does not count retries", policy.value))
            .label(policy.span, "the policy")
            .help("remove it, or use `policy = \"on-failure\"`");
        if let Some(line) = facts::line_of_entry(facts.text, retries.span) {
            finding.fix(Safety::Unsafe, "remove `retries`", vec![Edit { span: line, text: String::new() }]);
        }
    }
}
