//! Workflow commands of GitHub Actions: each finding becomes an annotation of its line.

use super::{Checked, level};
use crate::diagnostic::Diagnostic;
use crate::span::LineIndex;

/// `check --format github`.
pub fn check(files: &[Checked]) -> String {
    let mut out = String::new();
    for checked in files {
        let lines = LineIndex::new(checked.text);
        checked.report.diagnostics.iter().for_each(|found| out.push_str(&annotation(checked, &lines, found)));
    }
    out
}

fn annotation(checked: &Checked, lines: &LineIndex, found: &Diagnostic) -> String {
    let (start, end) = (lines.position(checked.text, found.span.start), lines.position(checked.text, found.span.end));
    let mut properties = vec![format!("file={}", property(checked.path)), format!("line={}", start.line)];
    // Columns are heeded only where the finding ends on the line where it begins.
    if start.line == end.line {
        properties.push(format!("col={}", start.column));
        properties.push(format!("endColumn={}", end.column));
    } else {
        properties.push(format!("endLine={}", end.line));
    }
    properties.push(format!("title={}", property(found.rule)));
    let message = match &found.help {
        Some(help) => format!("{}\nhelp: {help}", found.message),
        None => found.message.clone(),
    };
    format!("::{} {}::{}\n", level(found.severity).github, properties.join(","), data(&message))
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}
