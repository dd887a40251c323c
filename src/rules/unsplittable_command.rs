//! A command that no shell could split into words.

use super::{Given, Persona, Rule, Sink};
use crate::config::words;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::span::Spanned;

pub(super) const RULE: Rule = Rule {
    id: "unsplittable-command",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Rejects,
    summary: "a command with an open quote",
    why: "flyctl splits commands into words as a shell does, and rejects those in which a quote is never closed.",
    bad: "app = \"shop\"\n\n[deploy]\nrelease_command = \"migrate --note 'first\"\n",
    good: "app = \"shop\"\n\n[deploy]\nrelease_command = \"migrate --note 'first'\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/validation.go: validateDeploySection, validateProcessesSection, validateConsoleCommand",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let release = config.deploy.as_ref().and_then(|deploy| deploy.release_command.as_ref());
    let groups =
        config.processes.iter().flat_map(|processes| processes.groups.values().map(|process| &process.command));
    for command in release.into_iter().chain(&config.console_command).chain(groups) {
        unsplittable(command, sink);
    }
}

fn unsplittable(command: &Spanned<String>, sink: &mut Sink) {
    if let Err(why) = words::split(&command.value) {
        sink.report(command.span, format!("this command cannot be split into words: {why}"))
            .help("close the quote, or escape it with a backslash");
    }
}
