//! A seed command in a file that is deployed.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::{self, Facts};

pub(super) const RULE: Rule = Rule {
    id: "unused-seed-command",
    persona: Persona::Pedantic,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "`seed_command` is run by `fly launch` alone",
    why: "`fly launch` runs the seed command once, after the first deploy. `fly deploy` never does.",
    bad: "app = \"shop\"\n\n[deploy]\nseed_command = \"bin/seed\"\n",
    good: "app = \"shop\"\n\n[deploy]\nrelease_command = \"bin/seed --unless-done\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/command/deploy/machines_releasecommand.go: runReleaseCommands",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let command = facts.config().deploy.as_ref().and_then(|deploy| deploy.seed_command.as_ref());
    let Some(command) = command.filter(|command| !command.is_empty()) else { return };
    let finding = sink
        .report(command.span, "`fly deploy` never runs this: it is for `fly launch`")
        .help("remove it once the app is launched");
    if let Some(line) = facts::line_of_entry(facts.text, command.span) {
        finding.fix(Safety::Unsafe, "remove `seed_command`", vec![Edit { span: line, text: String::new() }]);
    }
}
