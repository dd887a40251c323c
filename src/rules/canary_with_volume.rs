//! Canary and volumes do not go together.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "canary-with-volume",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Rejects,
    summary: "`canary` with a mounted volume",
    why: "A canary is an extra machine, and an extra machine has no volume. flyctl refuses the file.",
    bad: "app = \"shop\"\n\n[deploy]\nstrategy = \"canary\"\n\n[[mounts]]\nsource = \"data\"\ndestination = \"/data\"\n",
    good: "app = \"shop\"\n\n[deploy]\nstrategy = \"rolling\"\n\n[[mounts]]\nsource = \"data\"\ndestination = \"/data\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/validation.go: validateDeploySection; flyctl#2279",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let Some(strategy) = facts.config().deploy.as_ref().and_then(|deploy| deploy.strategy.as_ref()) else { return };
    if strategy.value != "canary" {
        return;
    }
    if let Some(mount) = facts.config().mounts.first() {
        sink.report(strategy.span, "flyctl rejects `canary` in an app with volumes")
            .label(mount.span, "the volume")
            .help("use `strategy = \"rolling\"`");
    }
}
