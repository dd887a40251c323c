//! JUnit XML: a file is a suite, a finding a test that failed.

use super::{Checked, level};
use crate::diagnostic::Diagnostic;
use crate::span::LineIndex;

/// `check --format junit`.
pub fn check(files: &[Checked]) -> String {
    let total: usize = files.iter().map(|checked| tests(checked)).sum();
    let failures: usize = files.iter().map(|checked| checked.report.diagnostics.len()).sum();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"cutover\" tests=\"{total}\" failures=\"{failures}\" errors=\"0\">\n"
    );
    files.iter().for_each(|checked| out.push_str(&suite(checked)));
    out + "</testsuites>\n"
}

/// A file without findings is one test that passed.
fn tests(checked: &Checked) -> usize {
    checked.report.diagnostics.len().max(1)
}

fn suite(checked: &Checked) -> String {
    let (path, failures) = (escaped(checked.path), checked.report.diagnostics.len());
    let lines = LineIndex::new(checked.text);
    let mut out =
        format!("  <testsuite name=\"{path}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\">\n", tests(checked));
    if failures == 0 {
        out.push_str(&format!("    <testcase name=\"{path}\" classname=\"cutover\"/>\n"));
    }
    checked.report.diagnostics.iter().for_each(|found| out.push_str(&case(checked, &lines, found)));
    out + "  </testsuite>\n"
}

fn case(checked: &Checked, lines: &LineIndex, found: &Diagnostic) -> String {
    let at = lines.position(checked.text, found.span.start);
    let place = format!("{}:{}:{}", checked.path, at.line, at.column);
    let help = found.help.as_ref().map_or(String::new(), |help| format!("\nhelp: {help}"));
    format!(
        "    <testcase name=\"{}\" classname=\"cutover.{}\" file=\"{}\" line=\"{}\">\n      \
         <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n",
        escaped(&format!("{} at {}:{}", found.rule, at.line, at.column)),
        found.rule,
        escaped(checked.path),
        at.line,
        level(found.severity).name,
        escaped(&found.message),
        escaped(&format!("{place}: {}{help}", found.message)),
    )
}

/// For text and for attributes. XML has no control characters, not even escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other if other.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}
