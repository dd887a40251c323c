//! A fly.toml in today's form: process groups written out, older forms rewritten, comments and
//! layout kept, and the same Machine configs.

use super::sections::{modern_sections, rename_sections};
use super::{Problem, Reading, explicit_groups, read};
use crate::diagnostic::{Edit, Fix, Safety, apply_fixes};
use crate::span::{Span, Spanned};
use crate::syntax::{self, Document, Format};

/// `text` in today's form; as it is when flyctl would refuse it anyway. Doing it twice changes
/// nothing more.
pub fn normalize(text: &str) -> String {
    let (document, reading) = read_toml(text);
    if reading.problems.iter().any(Problem::is_fatal) {
        return text.to_owned();
    }
    let mut edits = modern_values(text, &reading);
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

fn with_edits(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort();
    apply_fixes(text, [&Fix { safety: Safety::Safe, title: String::new(), edits }]).0
}

fn modern_values(text: &str, reading: &Reading) -> Vec<Edit> {
    let known = reading.problems.iter().filter_map(|problem| match problem {
        Problem::Legacy { span, modern, in_place: true, .. } => Some(Edit { span: *span, text: modern.clone() }),
        _ => None,
    });
    known.chain(words_for_autostop(text, reading)).collect()
}

/// `true` and `false` still mean what they did, but no longer say which of two ways to stop.
fn words_for_autostop(text: &str, reading: &Reading) -> impl Iterator<Item = Edit> {
    let http = reading.config.http_service.iter().map(|service| &service.auto_stop_machines);
    let services = reading.config.services.iter().map(|service| &service.auto_stop_machines);
    let spans: Vec<Span> = http.chain(services).flatten().map(|Spanned { span, .. }| *span).collect();
    spans.into_iter().filter_map(|span| {
        let word = match span.of(text) {
            "true" => "\"stop\"",
            "false" => "\"off\"",
            _ => return None,
        };
        Some(Edit { span, text: word.to_owned() })
    })
}
