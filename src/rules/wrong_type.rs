//! A value of a type that the key does not take.

use super::{Given, Persona, Rule, Sink};
use crate::config::Problem;
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::Facts;
use crate::span::Span;

pub(super) const RULE: Rule = Rule {
    id: "wrong-type",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Rejects,
    summary: "a value has a type that its key does not take",
    why: "One value of the wrong type makes flyctl give up the whole file: every command then answers with the \
          decode error, and names only the first.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = \"8080\"\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/patches.go: applyPatches; Go encoding/json",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for problem in facts.problems() {
        let Problem::WrongType { span, path, expected, found } = problem else { continue };
        let finding =
            sink.report(*span, format!("`{path}` takes {expected}, not {found}: flyctl rejects the whole file"));
        let meant = rewritten(span.of(facts.text), expected).filter(|_| expected != "text" || takes_any_text(path));
        if let Some((title, text)) = meant {
            // A number says plainly what it means; that a text was meant is a guess.
            let safety = if expected == "text" { Safety::Unsafe } else { Safety::Safe };
            finding.fix(safety, title, vec![Edit { span: *span, text }]);
        } else if let Some((title, edits)) = wrapped(*span, facts.text, expected) {
            finding.fix(Safety::Safe, title, edits);
        } else if let Some(text) = in_seconds(path, span.of(facts.text)) {
            finding.fix(Safety::Unsafe, format!("write `{text}`"), vec![Edit { span: *span, text }]);
        } else if let Some((title, edits)) = doubled(*span, facts.text, expected, found) {
            finding.help("write the header with two brackets").fix(Safety::Unsafe, title, edits);
        } else if let Some(cure) = cure(path) {
            finding.help(cure);
        }
    }
}

/// What is probably meant by a value that only a person can rewrite.
fn cure(path: &str) -> Option<&'static str> {
    Some(match path {
        "build.compose" => "name the file in a table: `compose = { file = \"compose.yml\" }`",
        "deploy.max_unavailable" => "write a share as a fraction, 0.25 for 25 %, or a number of machines",
        "kill_timeout" | "deploy.wait_timeout" | "deploy.release_command_timeout" => {
            "the units are `ms`, `s`, `m` and `h`: there are no days"
        }
        _ => return None,
    })
}

/// In tables that the user names the keys of, any text is right; elsewhere a number in quotes would
/// be the name of something that is not there.
fn takes_any_text(path: &str) -> bool {
    let table = path.rsplit_once('.').map_or("", |(table, _)| table);
    ["env", "args", "processes", "headers", "secrets"].iter().any(|free| table.rsplit('.').next() == Some(free))
}

/// The value that was plainly meant, where only quotes are wrong.
fn rewritten(written: &str, expected: &str) -> Option<(String, String)> {
    let meant = match expected {
        "a whole number" => unquoted(written)?.parse::<i64>().ok()?.to_string(),
        "`true` or `false`" => unquoted(written)?.parse::<bool>().ok()?.to_string(),
        "text" if written.parse::<f64>().is_ok() || written.parse::<bool>().is_ok() => format!("\"{written}\""),
        _ => return None,
    };
    Some((format!("write `{meant}`"), meant))
}

/// A number in quotes, where the same number without quotes would be seconds. Elsewhere a bare number
/// has other units, and what is meant is open.
fn in_seconds(path: &str, written: &str) -> Option<String> {
    let bare = unquoted(written).filter(|bare| !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit()))?;
    (path == "kill_timeout").then(|| format!("\"{bare}s\""))
}

/// What stands in a pair of quotes.
fn unquoted(written: &str) -> Option<&str> {
    let bare = written.trim_matches(['"', '\'']);
    (bare.len() + 2 == written.len()).then_some(bare)
}

/// The header of a single table where a list of tables is meant.
fn doubled(span: Span, text: &str, expected: &str, found: &str) -> Option<(String, Vec<Edit>)> {
    let written = span.of(text);
    let is_header = found == "a table" && written.starts_with('[') && !written.contains('\n');
    if !expected.starts_with("a list of tables") || !is_header {
        return None;
    }
    let edits = vec![
        Edit { span: Span::at(span.start), text: "[".into() },
        Edit { span: Span::at(span.end), text: "]".into() },
    ];
    Some((format!("write `[{written}]`"), edits))
}

/// A single text where a list of texts is meant.
fn wrapped(span: Span, text: &str, expected: &str) -> Option<(String, Vec<Edit>)> {
    let written = span.of(text);
    if expected != "a list of texts" || !written.starts_with(['"', '\'']) || written.contains('\n') {
        return None;
    }
    let edits = vec![
        Edit { span: Span::at(span.start), text: "[".into() },
        Edit { span: Span::at(span.end), text: "]".into() },
    ];
    Some(("make it a list".into(), edits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_meant_where_the_bare_number_has_them() {
        for (path, written, meant) in [
            ("kill_timeout", "\"5\"", Some("\"5s\"")),
            ("kill_timeout", "'120'", Some("\"120s\"")),
            ("kill_timeout", "'1d'", None),
            ("kill_timeout", "''", None),
            ("deploy.wait_timeout", "'300'", None),
        ] {
            assert_eq!(in_seconds(path, written).as_deref(), meant, "{path} = {written}");
        }
    }
}
