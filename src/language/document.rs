//! One open text and what was found in it.

use super::completion::{self, Offers};
use super::hover::{self, Hover};
use crate::diagnostic::Diagnostic;
use crate::lint::{self, Input, Settings};
use crate::span::{EditorPosition, Encoding, LineIndex, Span};
use crate::syntax::{self, Format};

#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) uri: String,
    /// As the editor counts.
    pub(super) version: i32,
    pub(super) text: String,
    pub(super) lines: LineIndex,
    /// Of this very text; sorted by place.
    pub(super) findings: Vec<Diagnostic>,
}

/// One edit of the editor's: `None` replaces the whole text.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) range: Option<(EditorPosition, EditorPosition)>,
    pub(super) text: String,
}

impl Document {
    pub(super) fn open(uri: String, version: i32, text: String, settings: &Settings) -> Self {
        let lines = LineIndex::new(&text);
        let findings = findings(&uri, &text, settings);
        Self { uri, version, text, lines, findings }
    }

    /// Each change is about the text that the one before it left.
    pub(super) fn change(&mut self, version: i32, changes: Vec<Change>, encoding: Encoding, settings: &Settings) {
        for change in changes {
            match change.range {
                Some((start, end)) => {
                    let start = self.lines.from_editor(&self.text, start, encoding);
                    let end = self.lines.from_editor(&self.text, end, encoding).max(start);
                    self.text.replace_range(start..end, &change.text);
                }
                None => self.text = change.text,
            }
            self.lines = LineIndex::new(&self.text);
        }
        self.version = version;
        self.check(settings);
    }

    /// The same text, under other settings.
    pub(super) fn check(&mut self, settings: &Settings) {
        self.findings = findings(&self.uri, &self.text, settings);
    }

    pub(super) fn hover(&self, offset: usize) -> Option<Hover> {
        hover::hover(&self.text, &syntax::parse(&self.text, self.format()), offset)
    }

    pub(super) fn offers(&self, offset: usize) -> Offers {
        completion::offers(&self.text, offset, self.format())
    }

    fn format(&self) -> Format {
        Format::of_path(&self.uri)
    }

    /// Findings with a fix that touch `place`; an empty place touches what it stands beside.
    pub(super) fn fixable_at(&self, place: Span) -> impl Iterator<Item = &Diagnostic> {
        let touches = move |found: &&Diagnostic| found.span.start <= place.end && place.start <= found.span.end;
        self.findings.iter().filter(|found| found.fix.is_some()).filter(touches)
    }
}

fn findings(uri: &str, text: &str, settings: &Settings) -> Vec<Diagnostic> {
    lint::check(&Input::new(uri, text), settings).diagnostics
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, character: u32) -> EditorPosition {
        EditorPosition { line, character }
    }

    fn check(before: &str, changes: &[(Option<(EditorPosition, EditorPosition)>, &str)], after: &str) {
        let mut document = Document::open("file:///fly.toml".into(), 1, before.into(), &Settings::default());
        let changes = changes.iter().map(|(range, text)| Change { range: *range, text: (*text).into() }).collect();
        document.change(2, changes, Encoding::Utf16, &Settings::default());
        assert_eq!((document.text.as_str(), document.version), (after, 2));
    }

    #[test]
    fn changes_follow_one_another() {
        check(
            "a = \"🦀\"\nb = 1\n",
            &[
                (Some((at(0, 7), at(0, 8))), "!\""),
                (Some((at(1, 4), at(1, 5))), "22"),
                (Some((at(2, 0), at(2, 0))), "c = 3\n"),
            ],
            "a = \"🦀!\"\nb = 22\nc = 3\n",
        );
    }

    #[test]
    fn a_change_without_a_range_is_the_whole_text() {
        check("a = 1\n", &[(None, "b = 2\n"), (Some((at(0, 0), at(0, 1))), "c")], "c = 2\n");
    }

    #[test]
    fn a_range_behind_the_end_is_the_end() {
        check("a = 1", &[(Some((at(9, 9), at(9, 9))), "\n")], "a = 1\n");
    }
}
