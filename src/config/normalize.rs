//! A fly.toml in today's form: process groups written out, older forms rewritten, comments and
//! layout kept, and the same Machine configs.

use super::sections::{modern_sections, rename_sections};
use super::{Problem, Reading, Rewrite, explicit_groups, read};
use crate::diagnostic::{Edit, Fix, Safety, apply_fixes};
use crate::span::Span;
use crate::syntax::{self, Document, Format};

/// `text` in today's form; as it is when flyctl would refuse it anyway. Doing it twice changes
/// nothing more.
pub fn normalize(text: &str) -> String {
    let (document, reading) = read_toml(text);
    if reading.problems.iter().any(Problem::is_fatal) {
        return text.to_owned();
    }
    let mut edits = modern_values(&reading);
    edits.extend(rename_sections(text, &document));
    let text = with_edits(text, edits);

    let (document, _) = read_toml(&text);
    let text = with_edits(&text, modern_sections(&text, &document));

    let (_, reading) = read_toml(&text);
    let edits = explicit_groups(&text, &reading).unwrap_or_default();
    with_edits(&text, edits)
}

fn read_toml(text: &str) -> (Document, Reading) {
    let document = syntax::parse(text, Format::Toml);
    let reading = read(&document);
    (document, reading)
}

/// What is written gets the file's own line ends.
fn with_edits(text: &str, mut edits: Vec<Edit>) -> String {
    if text.contains("\r\n") {
        for edit in &mut edits {
            edit.text = edit.text.replace("\r\n", "\n").replace('\n', "\r\n");
        }
    }
    edits.sort();
    apply_fixes(text, [&Fix { safety: Safety::Safe, title: String::new(), edits }]).0
}

/// The older values and keys that one place says how to write today.
fn modern_values(reading: &Reading) -> Vec<Edit> {
    let rewritten = reading.problems.iter().filter_map(|problem| match problem {
        Problem::Legacy { span, path, rewrite, .. } => Some(rewritten(*span, path, rewrite)),
        _ => None,
    });
    rewritten.flatten().collect()
}

fn rewritten(span: Span, path: &str, rewrite: &Rewrite) -> Vec<Edit> {
    match rewrite {
        Rewrite::Value(toml) => vec![Edit { span, text: toml.clone() }],
        Rewrite::Item => vec![
            Edit { span: Span::at(span.start), text: "[".to_owned() },
            Edit { span: Span::at(span.end), text: "]".to_owned() },
        ],
        // Whole sections are renamed together, since two names may be one list.
        Rewrite::Key(key) if path.contains('.') => vec![Edit { span, text: (*key).to_owned() }],
        Rewrite::Key(_) | Rewrite::Header | Rewrite::Nothing | Rewrite::Elsewhere => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_has_the_line_ends_of_the_file() {
        let text = "app = \"a\"\n[experimental]\nkill_timeout = 3\nmetrics_port = 9000\nmetrics_path = \"/m\"\n";
        let normal = normalize(text);
        assert!(normal.contains("[[metrics]]"), "{normal}");
        assert_eq!(normalize(&text.replace('\n', "\r\n")), normal.replace('\n', "\r\n"));
    }
}
