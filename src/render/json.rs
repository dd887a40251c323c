//! JSON for programs, in the forms that `version` 1 promises.

use serde::Serialize;
use serde_json::{Value, json};

use super::told::{changes, gates, summary};
use super::{Checked, mask, page, rule_url};
use crate::diagnostic::{Diagnostic, Fix, Label};
use crate::execute::Event;
use crate::lint::Suppressed;
use crate::plan::{Plan, Refusal};
use crate::rules::Rule;
use crate::span::{LineIndex, Span};

/// `check --format json`.
pub fn check(files: &[Checked]) -> String {
    let files: Vec<Value> = files.iter().map(file).collect();
    pretty(&json!({"version": 1, "files": files}))
}

/// `check --format jsonl`: each finding on a line of its own, with its file.
pub fn check_lines(files: &[Checked]) -> String {
    let mut out = String::new();
    for checked in files {
        let lines = LineIndex::new(checked.text);
        let place = Places { text: checked.text, lines: &lines };
        for found in &checked.report.diagnostics {
            let mut entry = place.diagnostic(found);
            entry["path"] = checked.path.into();
            out.push_str(&format!("{entry}\n"));
        }
    }
    out
}

/// One entry of `files`.
pub fn file(checked: &Checked) -> Value {
    let lines = LineIndex::new(checked.text);
    let place = Places { text: checked.text, lines: &lines };
    let diagnostics: Vec<Value> = checked.report.diagnostics.iter().map(|found| place.diagnostic(found)).collect();
    let suppressed: Vec<Value> = checked.report.suppressed.iter().map(|one| place.suppressed(one)).collect();
    let mut file = json!({
        "path": checked.path, "flyctl": checked.report.flyctl, "diagnostics": diagnostics, "suppressed": suppressed,
    });
    if checked.report.omitted > 0 {
        file["omitted"] = checked.report.omitted.into();
    }
    file
}

/// `plan --format json`: the plan with the values of secret-like keys masked. What `-o` writes,
/// and `apply` takes, is [`Plan::to_json`].
pub fn plan(plan: &Plan) -> String {
    pretty(&mask::masked(value(plan)))
}

/// What a plan comes to, in words, for whoever lays it out: masked as everything that is shown.
pub fn summary(plan: &Plan) -> Value {
    let pairs = |rows: Vec<(&str, String)>| -> Vec<Value> {
        rows.into_iter().map(|(name, text)| json!({"name": name, "text": text})).collect()
    };
    json!({
        "title": summary::title(plan), "lede": summary::lede(plan), "facts": pairs(summary::facts(plan)),
        "changes": changes::changes(plan), "gates": pairs(gates::gates(plan)), "way_back": summary::way_back(plan),
    })
}

pub fn refusals(refusals: &[Refusal]) -> String {
    pretty(&mask::masked(json!({"version": 1, "refused": refusals})))
}

/// One line of `--events jsonl`, without the line's end.
pub fn event(t_ms: u64, event: &Event) -> String {
    let mut line = serde_json::Map::from_iter([("t_ms".to_owned(), t_ms.into())]);
    if let Value::Object(fields) = value(event) {
        line.extend(fields);
    }
    Value::Object(line).to_string()
}

/// One rule as `explain --format json` shows it.
pub fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.id, "severity": rule.severity, "persona": rule.persona, "flyctl": rule.flyctl,
        "summary": rule.summary, "why": rule.why, "bad": rule.bad, "good": rule.good,
        "fix": page::fixed_in_example(rule), "source": rule.source, "url": rule_url(rule.id),
    })
}

/// `explain --format json`.
pub fn rules<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> String {
    let rules: Vec<Value> = rules.into_iter().map(rule).collect();
    pretty(&json!({"version": 1, "rules": rules}))
}

/// Indented, and ended as a text file is.
pub fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

struct Places<'a> {
    text: &'a str,
    lines: &'a LineIndex,
}

impl Places<'_> {
    fn diagnostic(&self, found: &Diagnostic) -> Value {
        let mut entry = json!({
            "rule": found.rule, "severity": found.severity, "flyctl": found.flyctl, "message": found.message,
            "url": rule_url(found.rule), "start": self.at(found.span.start), "end": self.at(found.span.end),
            "labels": found.labels.iter().map(|label| self.label(label)).collect::<Vec<_>>(),
        });
        if let Some(help) = &found.help {
            entry["help"] = help.as_str().into();
        }
        if let Some(fix) = &found.fix {
            entry["fix"] = fix_value(fix);
        }
        entry
    }

    fn suppressed(&self, one: &Suppressed) -> Value {
        let mut entry = self.diagnostic(&one.diagnostic);
        if let Some(reason) = &one.reason {
            entry["reason"] = reason.as_str().into();
        }
        entry
    }

    fn label(&self, label: &Label) -> Value {
        let Span { start, end } = label.span;
        json!({"message": label.message, "start": self.at(start), "end": self.at(end)})
    }

    fn at(&self, offset: usize) -> Value {
        value(self.lines.position(self.text, offset))
    }
}

fn fix_value(fix: &Fix) -> Value {
    let edits = fix.edits.iter();
    let edits: Vec<Value> =
        edits.map(|edit| json!({"start": edit.span.start, "end": edit.span.end, "text": edit.text})).collect();
    json!({"safety": fix.safety, "title": fix.title, "edits": edits})
}

fn value(from: impl Serialize) -> Value {
    match serde_json::to_value(from) {
        Ok(value) => value,
        Err(error) => unreachable!("our own types have string keys and finite numbers: {error}"),
    }
}
