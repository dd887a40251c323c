//! Drives the rules over one file: as the user's settings ask for, and less what the file's own
//! comments suppress. Knows no rule but the one about those comments, and nothing of output.

mod mend;
mod settings;
mod suppress;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::config::{self, Reading};
use crate::diagnostic::{Diagnostic, Flyctl};
use crate::facts::{self, Facts};
use crate::fleet::{self, Fleet};
use crate::rules::{Given, RULES};
use crate::span::Span;
use crate::syntax::{self, Document, Format, SyntaxError};

pub use mend::{Mended, mend};
pub use settings::Settings;

use suppress::Suppressions;

/// A file and what is known beside it.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// As reports name it; decides the format, as it does for flyctl.
    pub path: &'a str,
    pub text: &'a str,
    /// The machines that exist, when they are known.
    pub fleet: Option<&'a Fleet>,
    /// Files beside it, those that [`check_beside`] asks for; `None`: nobody looked.
    pub files: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Input<'a> {
    /// The file alone.
    pub fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, text, fleet: None, files: None }
    }
}

/// What was found in one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// By place, then by rule.
    pub diagnostics: Vec<Diagnostic>,
    /// What the file's comments suppress, in the same order.
    pub suppressed: Vec<Suppressed>,
    /// Follows from every finding, whatever is suppressed or turned off.
    pub flyctl: Verdict,
    /// How many more findings there are than are listed: see [`Report::limit`].
    pub omitted: usize,
}

/// A finding that a comment keeps quiet.
#[derive(Debug, Clone, PartialEq)]
pub struct Suppressed {
    pub diagnostic: Diagnostic,
    /// What the comment gives as the reason.
    pub reason: Option<String>,
}

/// What flyctl does today with the file on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Accepts,
    Rejects,
}

/// Runs every rule over a file.
pub fn check(input: &Input, settings: &Settings) -> Report {
    let document = syntax::parse(input.text, Format::of_path(input.path));
    report(input, &document, &config::read(&document), settings)
}

/// As [`check`], with the files beside it that `find` finds: of those that rules want to see, by
/// name, relative to the folder of the file. The content matters of Dockerfiles alone; of others it
/// is enough that they are there.
pub fn check_beside(
    input: &Input,
    settings: &Settings,
    find: impl FnOnce(BTreeSet<String>) -> BTreeMap<String, String>,
) -> (Report, BTreeMap<String, String>) {
    let document = syntax::parse(input.text, Format::of_path(input.path));
    let reading = config::read(&document);
    let files = find(facts::paths_beside(&reading.config));
    (report(&Input { files: Some(&files), ..*input }, &document, &reading, settings), files)
}

fn report(input: &Input, document: &Document, reading: &Reading, settings: &Settings) -> Report {
    let Input { text, fleet, files, .. } = *input;
    let format = document.format;
    let facts = Facts { text, reading, fleet, files };
    let mut found: Vec<Diagnostic> = RULES.iter().flat_map(|rule| rule.findings(&facts)).collect();
    if format != Format::Toml {
        found.iter_mut().for_each(|found| found.fix = None); // Fixes write TOML.
    }
    found.iter_mut().for_each(veil);
    found.sort_by_key(|found| (found.span, found.rule));
    if !document.errors.is_empty() {
        let broken = Broken::of(&document.errors);
        found.retain(|found| found.rule == SYNTAX || !broken.holds(found.span));
        found.iter_mut().for_each(keep_only_mending_of_syntax);
    }
    let rejects = found.iter().any(|found| found.flyctl == Flyctl::Rejects);
    let (mut diagnostics, mut suppressed) = Suppressions::read(text, format).split(found, &facts);
    settings.apply(&mut diagnostics);
    suppressed.retain_mut(|one| settings.judge(&mut one.diagnostic));
    Report { diagnostics, suppressed, flyctl: if rejects { Verdict::Rejects } else { Verdict::Accepts }, omitted: 0 }
}

/// What all rules find in the example of one, with what is given beside it.
pub fn example(text: &str, given: Given) -> Report {
    let fleet = given.fleet.and_then(|list| fleet::parse(list).ok());
    let own = |(path, content): &(&str, &str)| ((*path).to_owned(), (*content).to_owned());
    let files: Option<BTreeMap<_, _>> = given.files.map(|files| files.iter().map(own).collect());
    let input = Input { fleet: fleet.as_ref(), files: files.as_ref(), ..Input::new("fly.toml", text) };
    check(&input, &Settings::pedantic())
}

/// What is said about a value often quotes it.
fn veil(found: &mut Diagnostic) {
    let labels = found.labels.iter_mut().map(|label| &mut label.message);
    for said in [&mut found.message].into_iter().chain(&mut found.help).chain(labels) {
        if let Cow::Owned(veiled) = facts::veiled(said) {
            *said = veiled;
        }
    }
}

/// In a text that cannot be read whole nobody can tell what another change changes.
fn keep_only_mending_of_syntax(found: &mut Diagnostic) {
    if found.rule != SYNTAX {
        found.fix = None;
    }
}

const SYNTAX: &str = "syntax-error";

/// Where the text could not be read: the start of each such place, in order, and how far those up
/// to it reach.
struct Broken(Vec<(usize, usize)>);

impl Broken {
    /// `errors` in order.
    fn of(errors: &[SyntaxError]) -> Self {
        let reach = errors.iter().map(|error| error.span).scan(0, |end, span| {
            *end = span.end.max(*end);
            Some((span.start, *end))
        });
        Self(reach.collect())
    }

    /// Whether it is about what was made of something that could not be read: one fault, one finding.
    fn holds(&self, place: Span) -> bool {
        let before = self.0.partition_point(|(start, _)| *start <= place.end);
        before.checked_sub(1).and_then(|last| self.0.get(last)).is_some_and(|(_, end)| place.start <= *end)
    }
}

impl Report {
    /// Leaves the first `most` findings of each kind, and of what flyctl rejects the file for at
    /// least one: nobody reads more, and a report must not grow with what is thrown at it.
    pub fn limit(&mut self, most: usize) {
        let rejecting = self.diagnostics.iter().position(|found| found.flyctl == Flyctl::Rejects);
        if let Some(at) = rejecting.filter(|at| *at >= most) {
            self.diagnostics.swap(at, most.saturating_sub(1));
        }
        self.omitted += self.diagnostics.len().saturating_sub(most) + self.suppressed.len().saturating_sub(most);
        self.diagnostics.truncate(most);
        self.suppressed.truncate(most);
    }

    /// Every finding, suppressed or not; those first that are not.
    pub fn all(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().chain(self.suppressed.iter().map(|one| &one.diagnostic))
    }
}
