//! Findings in the style of rustc.

use std::borrow::Cow;
use std::collections::BTreeSet;

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level as SnippetLevel, Origin, Renderer, Snippet};

use super::look::{BOLD, GREEN, Look, clean};
use crate::diagnostic::{Diagnostic, Safety, Severity};
use crate::facts;
use crate::render::severity::{self, LEVELS};
use crate::render::told::words::{count, list};
use crate::render::{Checked, level, rule_page};
use crate::span::{LineIndex, Span};

/// Every finding with its lines of the file, then one line that sums up. `with_unsafe` counts fixes
/// that need a look among those that `--fix` makes.
pub fn check(files: &[Checked], with_unsafe: bool, look: Look) -> String {
    let mut out = String::new();
    for file in files {
        let shown = Shown::new(file);
        for found in &file.report.diagnostics {
            out.push_str(&finding(&shown, found, look));
            out.push_str("\n\n");
        }
    }
    out.push_str(&summary(files, with_unsafe, look));
    out.push_str(&further(files, look));
    out
}

/// A file as it is shown.
struct Shown<'a> {
    path: String,
    /// Without credentials, byte for byte as long as the file.
    text: Cow<'a, str>,
    lines: LineIndex,
}

impl<'a> Shown<'a> {
    fn new(file: &Checked<'a>) -> Self {
        let text = if file.report.diagnostics.is_empty() { "".into() } else { facts::veiled(file.text) };
        Self { path: clean(file.path), lines: LineIndex::new(&text), text }
    }

    /// The lines of a finding's places, in one piece or, where that would be long, place by place.
    fn snippets<'b>(&'b self, found: &'b Diagnostic) -> Vec<Element<'b>> {
        // A label on the finding's own place is the text behind its carets.
        let own = found.labels.iter().any(|label| label.span == found.span);
        let primary = (!own).then_some((AnnotationKind::Primary, found.span, None));
        let labels = found.labels.iter().take(MOST_LABELS).map(|label| {
            let kind = if label.span == found.span { AnnotationKind::Primary } else { AnnotationKind::Context };
            (kind, label.span, Some(label.message.as_str()))
        });
        let places: Vec<Place> = primary.into_iter().chain(labels).collect();
        let whole = places.iter().map(|(_, span, _)| *span).fold(found.span, Span::to);
        let part = self.lines_of(whole);
        if part.range().len() <= LONG {
            return vec![self.snippet(part, &places).path(&self.path).into()];
        }
        places.iter().flat_map(|place| self.far(*place)).collect()
    }

    /// The lines of one place, cut where they are long.
    fn far<'b>(&'b self, place: Place<'b>) -> Vec<Element<'b>> {
        let (kind, span, label) = place;
        let part = self.lines_of(span);
        if part.range().len() <= LONG {
            return vec![self.snippet(part, &[place]).path(&self.path).into()];
        }
        let at = self.lines.position(&self.text, span.start);
        let start = span.start.saturating_sub(BESIDE).max(part.start);
        let end = (span.start + BESIDE).min(part.end);
        let window = printable(&self.text, start..end);
        let cut = (kind, Span::new(span.start, span.end.min(window.end)), label);
        vec![
            Origin::path(&self.path).line(at.line).char_column(at.column).into(),
            self.snippet(window.into(), &[cut]).into(),
        ]
    }

    fn snippet<'b>(&'b self, part: Span, places: &[Place<'b>]) -> Snippet<'b, Annotation<'b>> {
        let annotations = places.iter().map(|(kind, span, label)| {
            let whole = printable(&self.text, span.range());
            kind.span(whole.start - part.start..whole.end - part.start).label(label.map(clean))
        });
        Snippet::source(part.of(&self.text))
            .line_start(self.lines.position(&self.text, part.start).line)
            .annotations(annotations)
    }

    fn lines_of(&self, places: Span) -> Span {
        let whole = printable(&self.text, places.range());
        // The end of the text is shown as the end of its last line.
        let start = if whole.start == self.text.len() { whole.start.saturating_sub(1) } else { whole.start };
        self.lines.lines_around(Span::new(start, whole.end), &self.text)
    }
}

/// What is marked in the text, and what is said of it.
type Place<'a> = (AnnotationKind, Span, Option<&'a str>);

fn finding(file: &Shown, found: &Diagnostic, look: Look) -> String {
    let row = level(found.severity);
    let title = snippet_level(found.severity).with_name(row.name).primary_title(title(found, row.name, look));
    let title = title.id(found.rule);
    let title = match rule_page(found.rule).filter(|_| look.links) {
        Some(address) => title.id_url(address),
        None => title,
    };
    let mut group = Group::with_title(title).elements(file.snippets(found));
    let margin = file.lines.position(&file.text, found.span.end).line.to_string().len();
    if let Some(help) = &found.help {
        group = group.element(SnippetLevel::HELP.message(note(help, "help", margin, look)));
    }
    if let Some(fix) = &found.fix {
        let flags = if fix.safety == Safety::Safe { "--fix" } else { "--fix --unsafe-fixes" };
        let text = format!("{} ({flags})", fix.title);
        group = group.element(SnippetLevel::HELP.with_name("fix").message(note(&text, "fix", margin, look)));
    }
    renderer(look).render(&[group])
}

/// What is said, in lines that fit behind `name[rule]: `.
fn title(found: &Diagnostic, name: &str, look: Look) -> String {
    let taken = name.len() + found.rule.len() + "[]: ".len();
    let narrow = Look { width: look.width.saturating_sub(taken), ..Look::default() };
    if look.is_terminal { narrow.wrap("", &found.message).trim_end().to_owned() } else { clean(&found.message) }
}

/// `text` in lines that fit behind `  = name: `.
fn note(text: &str, name: &str, margin: usize, look: Look) -> String {
    let taken = margin + name.len() + " = : ".len();
    let narrow = Look { width: look.width.saturating_sub(taken), ..Look::default() };
    narrow.wrap("", text).trim_end().to_owned()
}

fn summary(files: &[Checked], with_unsafe: bool, look: Look) -> String {
    let found = || files.iter().flat_map(|file| &file.report.diagnostics);
    let of = |severity: Severity| found().filter(|one| one.severity == severity).count();
    let counts: Vec<String> =
        LEVELS.iter().filter(|row| of(row.severity) > 0).map(|row| count(of(row.severity), row.name)).collect();
    if counts.is_empty() {
        let what = if let [file] = files { format!("`{}`", file.path) } else { count(files.len(), "file") };
        let head = format!("{}: nothing found in {what}", look.paint(GREEN.bold(), "ok"));
        return look.line(&head, &suppressed(files));
    }
    let worst = found().map(|one| one.severity).max().unwrap_or(Severity::Hint);
    let places = if files.len() > 1 { format!(" in {}", count(files.len(), "file")) } else { String::new() };
    let counts = look.paint(severity::level(worst).style, list(&counts));
    let more = fixable(found(), with_unsafe) + &suppressed(files);
    look.line(&format!("{counts}{places}"), &more)
}

/// The way from what was found to its cure.
fn further(files: &[Checked], look: Look) -> String {
    let rules: BTreeSet<&str> =
        files.iter().flat_map(|file| &file.report.diagnostics).map(|found| found.rule).collect();
    let id = match rules.first() {
        None => return String::new(),
        Some(id) if rules.len() == 1 => id,
        Some(_) => "RULE",
    };
    look.wrap("", &format!("`cutover explain {id}` tells why, the cure, and how to suppress it"))
}

fn suppressed(files: &[Checked]) -> String {
    let count: usize = files.iter().map(|file| file.report.suppressed.len()).sum();
    let omitted: usize = files.iter().map(|file| file.report.omitted).sum();
    let suppressed = if count == 0 { String::new() } else { format!("; {count} suppressed") };
    if omitted == 0 { suppressed } else { format!("{suppressed}; {omitted} more are not shown") }
}

fn fixable<'a>(found: impl Iterator<Item = &'a Diagnostic>, with_unsafe: bool) -> String {
    let safeties: Vec<Safety> = found.filter_map(|one| Some(one.fix.as_ref()?.safety)).collect();
    let safe = safeties.iter().filter(|safety| **safety == Safety::Safe).count();
    match (safe, safeties.len() - safe) {
        (0, 0) => String::new(),
        (safe, risky) if with_unsafe => format!("; {} can be fixed with `--fix --unsafe-fixes`", safe + risky),
        (safe, 0) => format!("; {safe} can be fixed with `--fix`"),
        (0, risky) => format!("; {risky} can be fixed with `--fix --unsafe-fixes`"),
        (safe, risky) => format!("; {safe} can be fixed with `--fix`, {risky} more with `--unsafe-fixes`"),
    }
}

/// An empty place is shown as the character that stands there, and one inside a character as the
/// whole character.
fn printable(text: &str, range: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let mut start = range.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = range.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

fn renderer(look: Look) -> Renderer {
    if !look.color {
        return Renderer::plain().hyperlink(look.links).term_width(look.width);
    }
    let [error, warning, hint] = LEVELS.map(|row| row.style);
    Renderer::styled()
        .hyperlink(look.links)
        .error(error)
        .warning(warning)
        .info(hint)
        .emphasis(BOLD)
        .term_width(look.width)
}

/// More bytes than this of the file are not shown for one finding: places far from each other are
/// shown apart, of a long line what is around the place.
const LONG: usize = 8_192;

/// What is shown on both sides of a place in a long line, in bytes.
const BESIDE: usize = 512;

/// Of one finding; `--format json` has all.
const MOST_LABELS: usize = 16;

fn snippet_level(severity: Severity) -> SnippetLevel<'static> {
    match severity {
        Severity::Error => SnippetLevel::ERROR,
        Severity::Warning => SnippetLevel::WARNING,
        Severity::Hint => SnippetLevel::INFO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Label;
    use crate::diagnostic::{Edit, Fix, Flyctl};
    use crate::lint::{self, Report, Verdict};

    const TEXT: &str = "app = \"🦀 shop\"\n\n[http_service]\n  internal_prot = 8080\n";

    fn at(needle: &str) -> Span {
        let start = TEXT.find(needle).unwrap();
        Span::new(start, start + needle.len())
    }

    fn finding(severity: Severity, span: Span) -> Diagnostic {
        Diagnostic {
            rule: "unknown-key",
            severity,
            flyctl: Flyctl::Silent,
            message: "flyctl knows no key `internal_prot` in `[http_service]` and ignores it".into(),
            help: None,
            span,
            labels: Vec::new(),
            fix: None,
        }
    }

    fn checked(diagnostics: Vec<Diagnostic>) -> Report {
        Report { diagnostics, suppressed: Vec::new(), flyctl: Verdict::Accepts, omitted: 0 }
    }

    #[test]
    fn findings_look_like_those_of_rustc() {
        let mut unknown = finding(Severity::Error, at("internal_prot"));
        unknown.labels = vec![Label { span: at("[http_service]"), message: "this table has `internal_port`".into() }];
        unknown.help = Some("did you mean `internal_port`?".into());
        let edits = vec![Edit { span: at("internal_prot"), text: "internal_port".into() }];
        unknown.fix = Some(Fix { safety: Safety::Safe, title: "rename to `internal_port`".into(), edits });
        let mut at_end = finding(Severity::Hint, Span::at(TEXT.len()));
        at_end.message = "something is missing here".into();
        let report = checked(vec![finding(Severity::Warning, at("🦀")), unknown, at_end]);
        let files = [Checked { path: "fly.toml", text: TEXT, report: &report }];
        insta::assert_snapshot!(check(&files, false, Look::default()), @r#"
        warning[unknown-key]: flyctl knows no key `internal_prot` in `[http_service]` and ignores it
         --> fly.toml:1:8
          |
        1 | app = "🦀 shop"
          |        ^^

        error[unknown-key]: flyctl knows no key `internal_prot` in `[http_service]` and ignores it
         --> fly.toml:4:3
          |
        3 | [http_service]
          | -------------- this table has `internal_port`
        4 |   internal_prot = 8080
          |   ^^^^^^^^^^^^^
          |
          = help: did you mean `internal_port`?
          = fix: rename to `internal_port` (--fix)

        hint[unknown-key]: something is missing here
         --> fly.toml:4:24
          |
        4 |   internal_prot = 8080
          |                       ^

        1 error, 1 warning and 1 hint; 1 can be fixed with `--fix`
        `cutover explain unknown-key` tells why, the cure, and how to suppress it
        "#);
    }

    #[test]
    fn the_lines_of_a_finding_show_no_credential() {
        let text = "[env]\nDATABASE_URL = \"postgres://shop:correct-horse@db/shop\"\n";
        let report = lint::check(&lint::Input::new("fly.toml", text), &lint::Settings::default());
        let shown = check(&[Checked { path: "fly.toml", text, report: &report }], false, Look::default());
        assert!(shown.contains("2 | DATABASE_URL = \"****"), "{shown}");
        assert!(!shown.contains("correct-horse"), "{shown}");
    }

    #[test]
    fn a_rule_s_id_leads_to_its_page_where_the_terminal_can() {
        let report = checked(vec![finding(Severity::Error, at("app"))]);
        let files = [Checked { path: "fly.toml", text: TEXT, report: &report }];
        let shown = |look: Look| check(&files, false, look);
        let link = rule_page("unknown-key").map(|address| format!("\u{1b}]8;;{address}\u{1b}\\"));
        for color in [true, false] {
            let linked = shown(Look { links: true, color, ..Look::default() });
            assert!(link.as_ref().map_or(!linked.contains("]8;;"), |link| linked.contains(link)), "{linked:?}");
            assert!(!shown(Look { color, ..Look::default() }).contains("]8;;"));
        }
    }

    #[test]
    fn the_summary_says_how_much_there_is_and_what_can_be_mended() {
        let fix = |safety| Some(Fix { safety, title: "mend".into(), edits: Vec::new() });
        let with = |severity, fix: Option<Fix>| Diagnostic { fix, ..finding(severity, at("app")) };
        let line = |found: Vec<Diagnostic>, with_unsafe| {
            let report = checked(found);
            let files = [Checked { path: "fly.toml", text: TEXT, report: &report }; 2];
            summary(&files, with_unsafe, Look::default())
        };
        assert_eq!(line(Vec::new(), false), "ok: nothing found in 2 files\n");
        assert_eq!(line(vec![with(Severity::Error, None)], false), "2 errors in 2 files\n");
        let mixed = || vec![with(Severity::Warning, fix(Safety::Safe)), with(Severity::Hint, fix(Safety::Unsafe))];
        assert_eq!(
            line(mixed(), false),
            "2 warnings and 2 hints in 2 files; 2 can be fixed with `--fix`, 2 more with `--unsafe-fixes`\n"
        );
        assert_eq!(
            line(mixed(), true),
            "2 warnings and 2 hints in 2 files; 4 can be fixed with `--fix --unsafe-fixes`\n"
        );
    }

    #[test]
    fn a_terminal_gets_no_line_that_it_would_break() {
        let mut unknown = finding(Severity::Warning, at("internal_prot"));
        unknown.fix = Some(Fix { safety: Safety::Unsafe, title: "mend".into(), edits: Vec::new() });
        let report = Report { omitted: 12, ..checked(vec![unknown]) };
        let files = [Checked { path: "fly.toml", text: TEXT, report: &report }];
        let look = Look { width: 60, is_terminal: true, ..Look::default() };
        insta::assert_snapshot!(check(&files, false, look), @r"
        warning[unknown-key]: flyctl knows no key `internal_prot` in
                              `[http_service]` and ignores it
         --> fly.toml:4:3
          |
        4 |   internal_prot = 8080
          |   ^^^^^^^^^^^^^
          |
          = fix: mend (--fix --unsafe-fixes)

        1 warning; 1 can be fixed with `--fix --unsafe-fixes`; 12
        more are not shown
        `cutover explain unknown-key` tells why, the cure, and how
        to suppress it
        ");
        let wide = check(&files, false, Look { is_terminal: false, ..look });
        assert!(wide.starts_with("warning[unknown-key]: flyctl knows no key `internal_prot` in `[http_service]` and"));
    }

    #[test]
    fn an_empty_file_and_odd_places_do_not_break_the_layout() {
        for text in ["", "\n", "a", "🦀"] {
            for (start, end) in [(0, 0), (0, 9), (1, 2), (9, 9)] {
                let report = checked(vec![finding(Severity::Error, Span::new(start, end))]);
                let shown = check(&[Checked { path: "f", text, report: &report }], false, Look::default());
                assert!(shown.starts_with("error[unknown-key]: flyctl"), "{shown}");
            }
        }
    }
}
