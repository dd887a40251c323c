//! Comments that keep rules quiet: `# cutover: ignore[rule, rule] reason` about a line, and
//! `# cutover: ignore-file[rule] reason` about the file; without brackets about every rule.

use std::collections::BTreeMap;

use super::Suppressed;
use crate::diagnostic::{Diagnostic, Edit, Safety};
use crate::facts::Facts;
use crate::rules::{self, Rule, Sink};
use crate::span::{Span, Spanned};
use crate::syntax::{self, Comment, Format};

/// The suppressions of one text, and which of them suppressed something.
pub(super) struct Suppressions<'a> {
    text: &'a str,
    suppressions: Vec<Suppression<'a>>,
    entries: Vec<Entry<'a>>,
    /// The first entry about a place and a rule (`None`: every rule); a second one suppresses
    /// nothing that the first does not.
    by_place: BTreeMap<(Scope, Option<&'a str>), usize>,
    /// The lines that some suppression is about, in order.
    lines: Vec<Span>,
}

/// One comment.
struct Suppression<'a> {
    scope: Scope,
    /// From its `#` to the end of the line.
    span: Span,
    /// What goes away when the suppression does: its line, or the blanks before it.
    whole: Span,
    reason: &'a str,
    /// Its entries.
    first: usize,
    count: usize,
}

/// What one comment says about one rule.
struct Entry<'a> {
    suppression: usize,
    /// `None`: every rule.
    id: Option<Spanned<&'a str>>,
    is_used: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// The line that begins at this offset.
    Line(usize),
    File,
}

impl<'a> Suppressions<'a> {
    pub(super) fn read(text: &'a str, format: Format) -> Self {
        let mut all =
            Self { text, suppressions: Vec::new(), entries: Vec::new(), by_place: BTreeMap::new(), lines: Vec::new() };
        // Most files have none, and need not be looked through for comments.
        if text.contains(MARK) {
            let comments = syntax::comments(text, format);
            let lines = subjects(text, &comments);
            comments.iter().zip(lines).for_each(|(comment, line)| all.read_comment(comment, line));
        }
        all.lines.sort();
        all.lines.dedup();
        all
    }

    /// Tells apart what is reported and what is suppressed; adds what suppresses nothing. `found`
    /// is in order, and so are the results.
    pub(super) fn split(mut self, found: Vec<Diagnostic>, facts: &Facts) -> (Vec<Diagnostic>, Vec<Suppressed>) {
        let (mut reported, mut suppressed) = (Vec::new(), Vec::new());
        for diagnostic in found {
            match self.entry_for(&diagnostic, true) {
                Some(reason) => suppressed.push(Suppressed { diagnostic, reason }),
                None => reported.push(diagnostic),
            }
        }
        let unused = self.unused(facts);
        if !unused.is_empty() {
            for diagnostic in unused {
                match self.entry_for(&diagnostic, false) {
                    Some(reason) => suppressed.push(Suppressed { diagnostic, reason }),
                    None => reported.push(diagnostic),
                }
            }
            reported.sort_by_key(|found| (found.span, found.rule));
            suppressed.sort_by_key(|one| (one.diagnostic.span, one.diagnostic.rule));
        }
        (reported, suppressed)
    }

    fn read_comment(&mut self, comment: &Comment, line: Span) {
        let Some(written) = Written::find(comment.span.of(self.text)) else { return };
        let span = Span::new(comment.span.start + written.start, comment.span.end);
        let scope = if written.is_about_file { Scope::File } else { Scope::Line(line.start) };
        self.lines.push(line);
        let (index, first) = (self.suppressions.len(), self.entries.len());
        let in_text = |id: Spanned<&'a str>| {
            let start = comment.span.start + id.span.start;
            Some(Spanned::new(id.value, Span::new(start, start + id.len())))
        };
        let ids: Vec<_> = written.ids.map_or(vec![None], |ids| ids.into_iter().map(in_text).collect());
        for id in ids {
            let key = (scope, id.as_ref().map(|id| id.value));
            self.by_place.entry(key).or_insert(self.entries.len());
            self.entries.push(Entry { suppression: index, id, is_used: false });
        }
        let (whole, count) = (whole(self.text, comment, span), self.entries.len() - first);
        self.suppressions.push(Suppression { scope, span, whole, reason: written.reason, first, count });
    }

    /// Marks what suppresses `found` as used and gives the reason; with `blanket`, also what
    /// suppresses every rule.
    fn entry_for(&mut self, found: &Diagnostic, blanket: bool) -> Option<Option<String>> {
        let lines = [self.line_at(found.span.start), self.line_at(found.span.end)];
        let scopes = lines.into_iter().flatten().map(Scope::Line).chain([Scope::File]);
        let ids = [Some(found.rule)].into_iter().chain(blanket.then_some(None));
        let keys = scopes.flat_map(|scope| ids.clone().map(move |id| (scope, id)));
        let matching: Vec<usize> = keys.filter_map(|key| self.by_place.get(&key).copied()).collect();
        for &entry in &matching {
            self.entries[entry].is_used = true;
        }
        let reason = self.suppressions[self.entries[*matching.first()?].suppression].reason;
        Some((!reason.is_empty()).then(|| reason.to_owned()))
    }

    /// Where the line with this offset begins, if a suppression is about it.
    fn line_at(&self, offset: usize) -> Option<usize> {
        let next = self.lines.partition_point(|line| line.start <= offset);
        let line = self.lines.get(next.checked_sub(1)?)?;
        line.contains(offset).then_some(line.start)
    }

    fn unused(&self, facts: &Facts) -> Vec<Diagnostic> {
        let Some(rule) = rules::find(UNUSED) else { return Vec::new() };
        let mut sink = Sink::new(rule);
        for suppression in &self.suppressions {
            if suppression.count == 0 {
                sink.report(suppression.span, "this comment names no rule, and suppresses nothing")
                    .help("write `# cutover: ignore[rule] reason`")
                    .fix(Safety::Safe, "remove it", vec![removal(suppression.whole)]);
            }
            let entries = &self.entries[suppression.first..suppression.first + suppression.count];
            let is_dead = |entry: &Entry| !entry.is_used && can_tell(entry, facts);
            let is_all_dead = entries.iter().all(is_dead);
            for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| is_dead(entry)) {
                let place = if is_all_dead { suppression.whole } else { among(entries, at) };
                report_unused(&mut sink, suppression, entry, removal(place));
            }
        }
        sink.into_findings()
    }
}

fn report_unused(sink: &mut Sink, suppression: &Suppression, entry: &Entry, removal: Edit) {
    let place = if suppression.scope == Scope::File { "in this file" } else { "on its line" };
    let Some(id) = &entry.id else {
        let message = format!("this comment suppresses nothing: no rule finds anything {place}");
        sink.report(suppression.span, message).fix(Safety::Safe, "remove it", vec![removal]);
        return;
    };
    if rules::find(id.value).is_some() {
        let message = format!("this comment suppresses nothing: `{}` finds nothing {place}", id.value);
        sink.report(id.span, message).fix(Safety::Safe, "remove it", vec![removal]);
        return;
    }
    let finding = sink.report(id.span, format!("there is no rule `{}` to suppress", id.value));
    match rules::closest(id.value) {
        Some(meant) => finding.help(format!("did you mean `{meant}`?")).fix(
            Safety::Unsafe,
            format!("write `{meant}`"),
            vec![Edit { span: id.span, text: meant.into() }],
        ),
        None => finding.help("`cutover explain --all` shows every rule").fix(Safety::Safe, "remove it", vec![removal]),
    };
}

/// Whether it can be said that an entry suppresses nothing: a rule that looks at machines or at
/// other files finds nothing where nobody looked.
fn can_tell(entry: &Entry, facts: &Facts) -> bool {
    let Some(id) = &entry.id else { return true };
    let lacks = |rule: &Rule| {
        rule.given.fleet.is_some() && facts.fleet.is_none() || rule.given.files.is_some() && facts.files.is_none()
    };
    id.value != UNUSED && !rules::find(id.value).is_some_and(lacks)
}

/// The place of one id with the comma that goes with it.
fn among(entries: &[Entry], at: usize) -> Span {
    let span = |at: usize| entries.get(at).and_then(|entry| entry.id.as_ref()).map(|id| id.span);
    match (span(at), at.checked_sub(1).and_then(span), span(at + 1)) {
        (Some(own), _, Some(next)) => Span::new(own.start, next.start),
        (Some(own), Some(before), None) => Span::new(before.end, own.end),
        (own, _, _) => own.unwrap_or_default(),
    }
}

fn removal(span: Span) -> Edit {
    Edit { span, text: String::new() }
}

/// The whole line where the comment is all there is, else also the blanks before it.
fn whole(text: &str, comment: &Comment, span: Span) -> Span {
    let before = text[..span.start].trim_end_matches([' ', '\t']).len();
    if !comment.is_alone || span.start != comment.span.start {
        return Span::new(before, span.end);
    }
    let line_end = text[span.end..].find('\n').map_or(text.len(), |at| span.end + at + 1);
    Span::new(before, line_end)
}

/// For each comment, the line that it is about: its own, or for one that stands alone the next that
/// is not such a comment.
fn subjects(text: &str, comments: &[Comment]) -> Vec<Span> {
    let mut subjects = Vec::with_capacity(comments.len());
    // The last comment seen that stands alone: where its line begins, and what it is about.
    let mut below: Option<(usize, Span)> = None;
    for comment in comments.iter().rev() {
        let own = line_around(text, comment.span);
        if !comment.is_alone {
            subjects.push(own);
            continue;
        }
        let next = (own.end + 1).min(text.len());
        let subject = match below {
            Some((start, subject)) if start == next => subject,
            _ => line_around(text, Span::at(next)),
        };
        below = Some((own.start, subject));
        subjects.push(subject);
    }
    subjects.reverse();
    subjects
}

/// Without the end of the line.
fn line_around(text: &str, span: Span) -> Span {
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[span.end..].find('\n').map_or(text.len(), |at| span.end + at);
    Span::new(start, end)
}

/// A suppression as it is written in a comment.
struct Written<'a> {
    /// Where its `#` stands in the comment.
    start: usize,
    is_about_file: bool,
    /// With their places in the comment. `None`: there are no brackets.
    ids: Option<Vec<Spanned<&'a str>>>,
    reason: &'a str,
}

impl<'a> Written<'a> {
    /// At the start of the comment, or behind another one: `# the old port # cutover: ignore[...]`.
    fn find(comment: &'a str) -> Option<Self> {
        comment.match_indices('#').find_map(|(start, _)| Self::parse(start, comment))
    }

    fn parse(start: usize, comment: &'a str) -> Option<Self> {
        let rest = comment[start + 1..].trim_start().strip_prefix(MARK)?.trim_start().strip_prefix("ignore")?;
        let (is_about_file, rest) = match rest.strip_prefix("-file") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        // A blank before the bracket must not make it a suppression of every rule.
        if let Some(rest) = rest.trim_start().strip_prefix('[') {
            let (list, reason) = rest.split_once(']').unwrap_or(("", rest));
            let ids = Some(ids(list, comment.len() - rest.len()));
            return Some(Self { start, is_about_file, ids, reason: reason.trim() });
        }
        let is_end = rest.is_empty() || rest.starts_with(char::is_whitespace);
        is_end.then(|| Self { start, is_about_file, ids: None, reason: rest.trim() })
    }
}

/// `list` begins at `at`.
fn ids(list: &str, mut at: usize) -> Vec<Spanned<&str>> {
    let mut ids = Vec::new();
    for part in list.split(',') {
        let id = part.trim();
        let start = at + part.len() - part.trim_start().len();
        if !id.is_empty() {
            ids.push(Spanned::new(id, Span::new(start, start + id.len())));
        }
        at += part.len() + 1;
    }
    ids
}

const MARK: &str = "cutover:";
const UNUSED: &str = "unused-suppression";

#[cfg(test)]
mod tests {
    use crate::lint::{Input, Settings, check, mend};

    /// What is reported, and what is suppressed with its reason: `rule`, `rule (reason)`.
    fn split(text: &str) -> (Vec<&'static str>, Vec<String>) {
        split_as("fly.toml", text)
    }

    fn split_as(path: &str, text: &str) -> (Vec<&'static str>, Vec<String>) {
        let report = check(&Input::new(path, text), &Settings::default());
        let suppressed = report.suppressed.iter().map(|one| match &one.reason {
            Some(reason) => format!("{} ({reason})", one.diagnostic.rule),
            None => one.diagnostic.rule.to_owned(),
        });
        (report.diagnostics.iter().map(|found| found.rule).collect(), suppressed.collect())
    }

    fn suppresses(text: &str) {
        let (reported, suppressed) = split(text);
        assert_eq!(reported, Vec::<&str>::new(), "{text}");
        assert!(!suppressed.is_empty(), "{text}");
    }

    #[test]
    fn comments_of_yaml_suppress_too() {
        let text = "app: shop # cutover: ignore[unknown-key]\nkill_timeout: 9 # cutover: ignore[dropped-duration] why\n\
                    # cutover: ignore[unknown-key]\nfoo: '# cutover: ignore'\n";
        let (reported, suppressed) = split_as("fly.yaml", text);
        assert_eq!(reported, ["unused-suppression"]);
        assert_eq!(suppressed, ["dropped-duration (why)", "unknown-key"]);
    }

    #[test]
    fn every_form_suppresses() {
        for text in [
            "kil_signal = 1 # cutover: ignore[unknown-key] later\n",
            "kil_signal = 1 # cutover: ignore\n",
            "kil_signal = 1 #cutover:ignore[ unknown-key , ]\n",
            "kil_signal = 1 # cutover: ignore [unknown-key] later\n",
            "kil_signal = 1 # what for? # cutover: ignore[unknown-key]\n",
            "kil_signal = 1 # cutover: ignore[unknown-key]\r\n",
            "kil_signal = 1 # cutover: ignore[unknown-key]",
            "kil_signal = [\n  1,\n]\n# cutover: ignore-file[unknown-key]\n",
            "# cutover: ignore-file\nkil_signal = 1\n",
            "# cutover: ignore[unknown-key] until the next release\nkil_signal = 1\n",
            "# cutover: ignore[unknown-key]\n# and why\nkil_signal = 1\n",
            "  # cutover: ignore[unknown-key]\n[unknown.table]\na = 1\n",
            "[[services]] # cutover: ignore[service-without-port, service-without-internal-port]\nprotocol = 'tcp'\n",
            "# cutover: ignore[service-without-port]\n# cutover: ignore[service-without-internal-port]\n[[services]]\nprotocol = 'tcp'\n",
        ] {
            suppresses(text);
        }
        assert_eq!(split("x = 1 # cutover: ignore[unknown-key] see #12\n").1, ["unknown-key (see #12)"]);
    }

    #[test]
    fn what_only_looks_like_one_suppresses_nothing() {
        for text in [
            "kil_signal = '# cutover: ignore-file'\n",
            "kil_signal = \"\"\"\n# cutover: ignore-file\n\"\"\"\n",
            "# cutover: ignored is this\nkil_signal = 1\n",
            "# cutover ignore[unknown-key]\nkil_signal = 1\n",
            "# cutover: lint this\nkil_signal = 1\n",
        ] {
            assert_eq!(split(text), (vec!["unknown-key"], Vec::new()), "{text}");
        }
    }

    /// `line: what is said` of every unused suppression, and the text without them.
    fn unused(text: &str) -> String {
        let report = check(&Input::new("fly.toml", text), &Settings::default());
        let found = report.diagnostics.iter().filter(|found| found.rule == super::UNUSED);
        let line = |at: usize| text[..at].matches('\n').count() + 1;
        let said = found.map(|found| {
            let help = found.help.as_ref().map_or(String::new(), |help| format!(" ({help})"));
            format!("{}: {}{help}\n", line(found.span.start), found.message)
        });
        let said: String = said.collect();
        said + "---\n" + &mend(&Input::new("fly.toml", text), &Settings::default(), false).text
    }

    #[test]
    fn one_that_suppresses_nothing_is_reported_and_removed() {
        let text = "\
# cutover: ignore-file[syntax-error]
# cutover: ignore[unknown-key] wrong line

app = \"shop\" # kept # cutover: ignore
# cutover: ignore[]
x = 1 # cutover: ignore[dead-key, unknown-key, wrong-type] ours
y = 2 # cutover: ignore[unknown-kex]
z = 3 # cutover: ignore[unknown-key
# cutover: ignore[unknown-key]
# cutover: ignore[unknown-key] twice
v = 4
";
        insta::assert_snapshot!(unused(text), @r#"
        1: this comment suppresses nothing: `syntax-error` finds nothing in this file
        2: this comment suppresses nothing: `unknown-key` finds nothing on its line
        4: this comment suppresses nothing: no rule finds anything on its line
        5: this comment names no rule, and suppresses nothing (write `# cutover: ignore[rule] reason`)
        6: this comment suppresses nothing: `dead-key` finds nothing on its line
        6: this comment suppresses nothing: `wrong-type` finds nothing on its line
        7: there is no rule `unknown-kex` to suppress (did you mean `unknown-key`?)
        8: this comment names no rule, and suppresses nothing (write `# cutover: ignore[rule] reason`)
        10: this comment suppresses nothing: `unknown-key` finds nothing on its line
        ---

        app = "shop" # kept
        x = 1 # cutover: ignore[unknown-key] ours
        y = 2 # cutover: ignore[unknown-kex]
        z = 3
        # cutover: ignore[unknown-key]
        v = 4
        "#);
    }

    #[test]
    fn unused_ones_can_be_suppressed_by_name_only() {
        suppresses("app = 'a' # cutover: ignore[unknown-key, unused-suppression] to be\n");
        suppresses("# cutover: ignore-file[unused-suppression]\napp = 'a' # cutover: ignore[unknown-key]\n");
        assert_eq!(split("app = 'a' # cutover: ignore\n").0, [super::UNUSED]);
    }

    #[test]
    fn what_nobody_looked_for_is_not_called_unused() {
        for rule in crate::rules::RULES.iter().filter(|rule| rule.given.fleet.is_some()) {
            let text = format!("app = 'a' # cutover: ignore[{}]\n", rule.id);
            assert_eq!(split(&text).0, Vec::<&str>::new());
        }
    }
}
