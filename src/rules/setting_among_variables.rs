//! A setting of the app that has slipped into another table.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::schema::{Kind, ROOT};
use crate::span::Span;

pub(super) const RULE: Rule = Rule {
    id: "setting-among-variables",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a setting of the top level that stands in `[env]` or `[processes]`",
    why: "In TOML every key below a header belongs to that table, up to the next header; blank lines and indentation \
          mean nothing. `primary_region` below `[env]` is an environment variable, and below `[processes]` a process \
          group with a command of that name.",
    bad: "app = \"shop\"\n\n[env]\nLOG_LEVEL = \"info\"\n\nkill_signal = \"SIGTERM\"\n",
    good: "app = \"shop\"\nkill_signal = \"SIGTERM\"\n\n[env]\nLOG_LEVEL = \"info\"\n",
    given: Given::NOTHING,
    source: "TOML 1.0: tables; flyctl internal/appconfig/config.go: Env and Processes take any key",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    for (name, variable) in config.env.iter().filter(|(name, _)| is_setting(name)) {
        report(sink, variable.name, name, "an environment variable here");
    }
    let groups = config.processes.iter().flat_map(|processes| &processes.groups);
    for (name, process) in groups.filter(|(name, _)| is_setting(name)) {
        report(sink, process.name, name, "a process group here");
    }
}

fn report(sink: &mut Sink, place: Span, name: &str, what: &str) {
    sink.report(place, format!("`{name}` is {what}, and sets nothing"))
        .help(format!("put `{name}` at the top, above the first table"));
}

/// Single words may well be variables or groups of their own.
fn is_setting(name: &str) -> bool {
    let is_value = |kind: &Kind| matches!(kind, Kind::Text | Kind::Integer | Kind::Duration);
    name.contains('_') && ROOT.keys.iter().any(|key| key.name == name && is_value(&key.kind))
}
