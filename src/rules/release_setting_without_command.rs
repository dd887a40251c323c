//! Settings of a release command that is not there.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::{self, Facts};

pub(super) const RULE: Rule = Rule {
    id: "release-setting-without-command",
    persona: Persona::Regular,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "`release_command_timeout` or `release_command_vm` without a `release_command`",
    why: "Both are for the machine that runs the release command before a deploy. Without a command there is no such \
          machine, and nothing reads them: the command may have been lost, or misspelt.",
    bad: "app = \"shop\"\n\n[deploy]\nrelease_command_timeout = \"10m\"\n",
    good: "app = \"shop\"\n\n[deploy]\nrelease_command = \"migrate\"\nrelease_command_timeout = \"10m\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/command/deploy/machines_releasecommand.go: runReleaseCommands",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let Some(deploy) = &facts.config().deploy else { return };
    let is_set = deploy.release_command.as_ref().is_some_and(|command| !command.is_empty());
    if is_set || facts.refused().holds("deploy.release_command") {
        return;
    }
    if let Some(timeout) = &deploy.release_command_timeout {
        let finding = sink.report(timeout.span, "there is no `release_command` that could take this long").help(CURE);
        if let Some(span) = facts::line_of_entry(facts.text, timeout.span) {
            let edit = Edit { span, text: String::new() };
            finding.fix(Safety::Unsafe, "remove `release_command_timeout`", vec![edit]);
        }
    }
    if let Some(vm) = &deploy.release_command_vm {
        sink.report(vm.span, "there is no `release_command` that could run on this machine").help(CURE);
    }
}

const CURE: &str = "say what to run with `release_command`, or remove this";
