//! A form of an older fly.toml, which still works.

use super::{Given, Persona, Rule, Sink};
use crate::config::{Problem, Rewrite};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::{self, Facts};
use crate::span::Span;

pub(super) const RULE: Rule = Rule {
    id: "legacy-form",
    persona: Persona::Regular,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "an older form that flyctl still translates",
    why: "flyctl translates what older versions wrote: numbers as durations, ports as text, `true` for \
          `auto_stop_machines`, single tables, `[compute]`. It does so key by key: the same number means milliseconds \
          in one place and nanoseconds in the next. Editors and other tools know only today's form.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\nauto_stop_machines = true\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\nauto_stop_machines = \"stop\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/patches.go; fly-go machine_types.go: MachineAutostop",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for problem in facts.problems() {
        let Problem::Legacy { span, path, modern, rewrite } = problem else { continue };
        // `[services.ports]` alone makes the table above it: nobody wrote that in any form.
        if *rewrite == Rewrite::Header && !span.of(facts.text).starts_with(['[', '{']) {
            continue;
        }
        // The documentation writes it so to this day.
        if path == "kill_timeout" {
            continue;
        }
        let modern = match rewrite {
            Rewrite::Header => format!("`[[{}]]`", facts::table_of(path)),
            _ => modern.clone(),
        };
        let finding = sink
            .report(*span, format!("this is an older form of `{}`", name(path)))
            .help(format!("today it is written as {modern}"));
        if let Some(edits) = edits(facts.text, *span, rewrite) {
            finding.fix(Safety::Safe, title(rewrite, &modern), edits);
        }
    }
}

fn title(rewrite: &Rewrite, modern: &str) -> String {
    match rewrite {
        Rewrite::Key(key) => format!("rename to `{key}`"),
        Rewrite::Nothing => "remove it".into(),
        _ => format!("write it as {modern}"),
    }
}

fn name(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn edits(text: &str, span: Span, rewrite: &Rewrite) -> Option<Vec<Edit>> {
    let written = span.of(text);
    let brackets = || {
        vec![Edit { span: Span::at(span.start), text: "[".into() }, Edit { span: Span::at(span.end), text: "]".into() }]
    };
    match rewrite {
        // An inline table is TOML's alone.
        Rewrite::Value(value) if value.starts_with('{') && !is_toml_value(text, span) => None,
        Rewrite::Value(value) => Some(vec![Edit { span, text: value.clone() }]),
        Rewrite::Item if is_toml_value(text, span) => Some(brackets()),
        Rewrite::Header if written.starts_with('[') && !written.contains('\n') => Some(brackets()),
        Rewrite::Header if written.starts_with('{') && is_toml_value(text, span) => Some(brackets()),
        Rewrite::Nothing => Some(vec![Edit { span: facts::line_of_entry(text, span)?, text: String::new() }]),
        Rewrite::Key(key) if is_bare_key(written) => Some(vec![Edit { span, text: (*key).to_owned() }]),
        _ => None,
    }
}

fn is_toml_value(text: &str, span: Span) -> bool {
    text[..span.start].trim_end().ends_with('=')
}

fn is_bare_key(written: &str) -> bool {
    !written.is_empty() && written.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
