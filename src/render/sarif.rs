//! SARIF 2.1.0, which code scanning services read. Suppressed findings are in it, as such.

use serde_json::{Value, json};

use super::gitlab::fingerprints;
use super::{Checked, json, level, rule_page};
use crate::diagnostic::{Diagnostic, Fix};
use crate::rules::{Persona, RULES, Rule};
use crate::span::{LineIndex, Span};

/// `check --format sarif`.
pub fn check(files: &[Checked]) -> String {
    let results: Vec<Value> = files.iter().flat_map(results).collect();
    json::pretty(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "cutover",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            }},
            // Positions count characters, as people do.
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    }))
}

fn descriptor(rule: &Rule) -> Value {
    let mut descriptor = json!({
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "help": {"text": format!("{}\n\nMore: cutover explain {}", rule.why, rule.id)},
        "defaultConfiguration": {
            "level": level(rule.severity).sarif,
            "enabled": rule.persona == Persona::Regular,
        },
        "properties": {"flyctl": rule.flyctl},
    });
    if let Some(address) = rule_page(rule.id) {
        descriptor["helpUri"] = address.into();
    }
    descriptor
}

fn results(checked: &Checked) -> Vec<Value> {
    let file = File { checked, lines: LineIndex::new(checked.text) };
    let mut prints = fingerprints(checked).into_iter();
    let mut with_print = |mut result: Value| {
        result["partialFingerprints"] = json!({"cutover/v1": prints.next()});
        result
    };
    let reported = checked.report.diagnostics.iter().map(|found| file.result(found));
    let suppressed = checked.report.suppressed.iter().map(|one| {
        let mut result = file.result(&one.diagnostic);
        let mut suppression = json!({"kind": "inSource"});
        if let Some(reason) = &one.reason {
            suppression["justification"] = reason.as_str().into();
        }
        result["suppressions"] = json!([suppression]);
        result
    });
    reported.chain(suppressed).map(&mut with_print).collect()
}

struct File<'a> {
    checked: &'a Checked<'a>,
    lines: LineIndex,
}

impl File<'_> {
    fn result(&self, found: &Diagnostic) -> Value {
        let text = match &found.help {
            Some(help) => format!("{}\n{help}", found.message),
            None => found.message.clone(),
        };
        let mut result = json!({
            "ruleId": found.rule,
            "level": level(found.severity).sarif,
            "message": {"text": text},
            "locations": [self.location(found.span)],
        });
        if let Ok(index) = RULES.binary_search_by(|rule| rule.id.cmp(found.rule)) {
            result["ruleIndex"] = index.into();
        }
        if !found.labels.is_empty() {
            let labels = found.labels.iter().map(|label| {
                let mut location = self.location(label.span);
                location["message"] = json!({"text": label.message});
                location
            });
            result["relatedLocations"] = labels.collect();
        }
        if let Some(fix) = &found.fix {
            result["fixes"] = json!([self.fix(fix)]);
        }
        result
    }

    fn location(&self, span: Span) -> Value {
        json!({"physicalLocation": {"artifactLocation": self.artifact(), "region": self.region(span)}})
    }

    fn fix(&self, fix: &Fix) -> Value {
        let replacements = fix.edits.iter().map(|edit| {
            let mut replacement = json!({"deletedRegion": self.region(edit.span)});
            if !edit.text.is_empty() {
                replacement["insertedContent"] = json!({"text": edit.text});
            }
            replacement
        });
        json!({
            "description": {"text": fix.title},
            "artifactChanges": [{"artifactLocation": self.artifact(), "replacements": replacements.collect::<Vec<_>>()}],
        })
    }

    fn artifact(&self) -> Value {
        json!({"uri": uri(self.checked.path)})
    }

    fn region(&self, span: Span) -> Value {
        let position = |offset| self.lines.position(self.checked.text, offset);
        let (start, end) = (position(span.start), position(span.end));
        json!({
            "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column,
            "byteOffset": start.offset, "byteLength": end.offset - start.offset,
        })
    }
}

/// A path as a URI reference: what has a meaning there is escaped.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.trim_start_matches("./").bytes() {
        match byte {
            b'\\' => out.push('/'),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
