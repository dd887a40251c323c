//! What is wrong with a file, where, and how to mend it. Knows nothing of Fly or of rendering.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::span::Span;

/// How much a finding matters. Ordered: an error is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Hint,
    Warning,
    Error,
}

/// What flyctl does today about the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flyctl {
    /// Says nothing.
    Silent,
    /// Prints a warning and goes on.
    Warns,
    /// Accepts the file; the deploy is refused or fails.
    FailsDeploy,
    /// Refuses the file: it cannot be parsed, decoded, validated or made into a Machine config.
    Rejects,
}

/// A second place that helps to understand the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub message: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The id of the rule that found it.
    pub rule: &'static str,
    pub severity: Severity,
    pub flyctl: Flyctl,
    /// What is wrong and what Fly will do.
    pub message: String,
    /// The cure.
    pub help: Option<String>,
    pub span: Span,
    pub labels: Vec<Label>,
    pub fix: Option<Fix>,
}

/// Whether a fix can be applied unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Safety {
    /// Fly does the same with the file afterwards, or what the file plainly says.
    Safe,
    /// Changes what Fly does, in a way that somebody should look at.
    Unsafe,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    pub safety: Safety,
    /// In the imperative: "rename to `internal_port`".
    pub title: String,
    /// In order, without overlap.
    pub edits: Vec<Edit>,
}

/// Put `text` in place of what stands at `span`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

/// The text after as many of `fixes` as fit together, and how many did: a fix that touches a place
/// which an earlier one already changed waits for the next pass.
pub fn apply_fixes<'a>(text: &str, fixes: impl IntoIterator<Item = &'a Fix>) -> (String, usize) {
    let mut taken: Vec<&Edit> = Vec::new();
    let mut places: BTreeSet<Span> = BTreeSet::new();
    let mut applied = 0;
    for fix in fixes {
        // Of places without overlap, the last that does not begin behind the edit ends last.
        let is_free = |edit: &Edit| {
            let behind = Span::new(edit.span.end, usize::MAX);
            places.range(..=behind).next_back().is_none_or(|before| !edit.span.overlaps(*before))
        };
        if fix.edits.iter().all(is_free) {
            places.extend(fix.edits.iter().map(|edit| edit.span));
            taken.extend(&fix.edits);
            applied += 1;
        }
    }
    taken.sort();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in taken {
        out.push_str(&text[at..edit.span.start]);
        out.push_str(&edit.text);
        at = edit.span.end;
    }
    out.push_str(&text[at..]);
    (out, applied)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix(edits: &[(usize, usize, &str)]) -> Fix {
        let edits = edits.iter().map(|(start, end, text)| Edit { span: Span::new(*start, *end), text: (*text).into() });
        Fix { safety: Safety::Safe, title: "mend".into(), edits: edits.collect() }
    }

    #[test]
    fn a_fix_that_overlaps_an_earlier_one_waits_whole() {
        let fixes = [fix(&[(0, 1, "A")]), fix(&[(0, 1, "X"), (4, 5, "Y")]), fix(&[(4, 5, "E")])];
        assert_eq!(apply_fixes("a b c", &fixes), ("A b E".into(), 2));
    }
}
