//! What holds for any text at all, and for files that were changed at random: by bytes, and by lines
//! and sections, which goes deeper. `PROPTEST_CASES` says how many of each are tried.

#![allow(clippy::disallowed_methods, reason = "the corpus is read")]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use cutover::config::{self, Config};
use cutover::lint::{self, Input, Report, Settings};
use cutover::machine;
use cutover::rules::RULES;
use cutover::syntax::{self, Format};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseError;

fn settings() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, max_global_rejects: 100_000, ..ProptestConfig::default() }
}

/// An example of a rule with some pieces cut out, doubled, swapped in from another or made up.
fn changed() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(String::new()),
        "[ -~\n]{1,6}",
        Just("[[services]]\n".to_owned()),
        Just(" # cutover: ignore\n".to_owned()),
        Just("\n# cutover: ignore-file[unknown-key, nothing] why\n".to_owned()),
        Just(" = \"\"\"\n".to_owned()),
        Just("\u{feff}🦀\0\r\n".to_owned()),
        any::<Index>().prop_map(|which| which.get(RULES).bad.to_owned()),
    ];
    let change = (any::<Index>(), any::<Index>(), piece);
    (any::<Index>(), any::<bool>(), prop::collection::vec(change, 0..4)).prop_map(|(which, is_bad, changes)| {
        let rule = which.get(RULES);
        let mut text = if is_bad { rule.bad } else { rule.good }.to_owned();
        for (start, end, piece) in changes {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let start = *start.get(&places);
            let end = (start + end.index(12)).min(text.len());
            let end = (end..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
            text.replace_range(start..end, &piece);
        }
        text
    })
}

/// A file with lines left out, doubled, moved or given other values, and sections of other files.
fn rearranged() -> impl Strategy<Value = String> {
    let value = prop::sample::select(&VALUES[..]);
    let change = prop_oneof![
        any::<Index>().prop_map(Change::LeaveOut),
        any::<Index>().prop_map(Change::Double),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Move(from, to)),
        (any::<Index>(), value).prop_map(|(line, value)| Change::Retype(line, value)),
        any::<Index>().prop_map(Change::Recase),
        (any::<Index>(), any::<Index>()).prop_map(|(line, file)| Change::Splice(line, file)),
    ];
    (any::<Index>(), prop::collection::vec(change, 0..6)).prop_map(|(which, changes)| {
        let mut lines: Vec<String> = which.get(seeds()).lines().map(str::to_owned).collect();
        changes.iter().for_each(|change| change.apply(&mut lines));
        lines.join("\n") + "\n"
    })
}

#[derive(Debug, Clone)]
enum Change {
    LeaveOut(Index),
    Double(Index),
    Move(Index, Index),
    Retype(Index, &'static str),
    /// The first letter of the key.
    Recase(Index),
    /// One section of another file, in front of a line.
    Splice(Index, Index),
}

impl Change {
    fn apply(&self, lines: &mut Vec<String>) {
        if lines.is_empty() {
            return;
        }
        let at = |index: &Index| index.index(lines.len());
        match self {
            Self::LeaveOut(line) => drop(lines.remove(at(line))),
            Self::Double(line) => lines.insert(at(line), lines[at(line)].clone()),
            Self::Move(from, to) => {
                let (from, to) = (at(from), at(to));
                let line = lines.remove(from);
                lines.insert(to, line);
            }
            Self::Retype(line, value) => {
                let line = at(line);
                if let Some((key, _)) = lines[line].clone().split_once('=') {
                    lines[line] = format!("{key}= {value}");
                }
            }
            Self::Recase(line) => {
                let line = at(line);
                let first = lines[line].find(|c: char| c.is_ascii_alphabetic());
                first.into_iter().for_each(|first| lines[line][first..=first].make_ascii_uppercase());
            }
            Self::Splice(line, file) => {
                let line = at(line);
                let other: Vec<&str> = file.get(seeds()).lines().collect();
                let headers: Vec<usize> = (0..other.len()).filter(|at| other[*at].starts_with('[')).collect();
                let Some(start) = headers.get(line % headers.len().max(1)) else { return };
                let end = headers.iter().find(|header| *header > start).copied().unwrap_or(other.len());
                lines.splice(line..line, other[*start..end].iter().map(|line| (*line).to_owned()));
            }
        }
    }
}

/// The examples of the rules, and the files of the corpus where it is there.
fn seeds() -> &'static [String] {
    static SEEDS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let examples = RULES.iter().flat_map(|rule| [rule.bad, rule.good]).map(str::to_owned);
        let entries = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus"));
        let paths = entries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
        let paths = paths.filter(|path| path.extension().is_some_and(|end| end == "toml"));
        let files = paths.filter_map(|path| std::fs::read_to_string(path).ok()).filter(|text| text.len() < 4_000);
        examples.chain(files).collect()
    });
    &SEEDS
}

const VALUES: [&str; 24] = [
    "1",
    "-1",
    "0",
    "1.5",
    "inf",
    "9223372036854775807",
    "true",
    "\"\"",
    "\"app\"",
    "\"8080\"",
    "\"10s\"",
    "'512mb'",
    "\"\"\"\na\n\"\"\"",
    "1979-05-27",
    "[]",
    "[1, \"a\"]",
    "[[]]",
    "{}",
    "{ a = 1 }",
    "[{}]",
    "[{ port = 80, handlers = [\"http\"] }]",
    "\"1,2\" # cutover: ignore",
    "\"{}\"",
    "",
];

fn any_file() -> impl Strategy<Value = String> {
    prop_oneof![changed(), rearranged()]
}

fn check(path: &str, text: &str) -> Report {
    lint::check(&Input::new(path, text), &Settings::pedantic())
}

fn is_within(report: &Report, text: &str) -> bool {
    let is_place = |span: cutover::span::Span| text.get(span.range()).is_some();
    report.all().all(|found| {
        let edits = found.fix.iter().flat_map(|fix| &fix.edits);
        is_place(found.span)
            && found.labels.iter().all(|label| is_place(label.span))
            && edits.into_iter().all(|edit| is_place(edit.span))
    })
}

fn syntax_errors(text: &str) -> usize {
    syntax::parse(text, Format::Toml).errors.len()
}

/// Of every group, or why there is none.
fn machines(text: &str) -> Vec<String> {
    let config: Config = config::read(&syntax::parse(text, Format::Toml)).config;
    let groups = config.group_names().into_iter();
    groups
        .map(|group| match machine::machine_config(&config, group, Some("image"), None) {
            Ok(made) => format!("{group} {}", serde_json::Value::Object(made.into())),
            Err(error) => format!("{group} {}", error.message),
        })
        .collect()
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn any_text_is_checked_in_any_format(text in "\\PC{0,60}|[\\[\\]{}=.\"'#\n\r a-z0-9-]{0,60}") {
        for path in ["fly.toml", "fly.json", "fly.yaml"] {
            prop_assert!(is_within(&check(path, &text), &text), "{path}");
        }
    }

    #[test]
    fn findings_lie_in_the_text(text in any_file()) {
        prop_assert!(is_within(&check("fly.toml", &text), &text), "{text}");
    }

    #[test]
    fn fixes_converge_and_break_nothing(text in any_file(), with_unsafe in any::<bool>()) {
        let mended = lint::mend(&Input::new("fly.toml", &text), &Settings::pedantic(), with_unsafe);
        prop_assert!(syntax_errors(&mended.text) <= syntax_errors(&text), "{text}\n---\n{}", mended.text);
        let again = lint::mend(&Input::new("fly.toml", &mended.text), &Settings::pedantic(), with_unsafe);
        prop_assert_eq!(&again.text, &mended.text, "{}", text);
    }

    #[test]
    fn suppressed_and_reported_are_all(text in any_file(), which in prop::collection::vec(any::<Index>(), 0..3)) {
        // A comment cannot be put where a text or a list is still open.
        prop_assume!(syntax_errors(&text) == 0 && !text.contains("cutover:"));
        let all = check("fly.toml", &text);
        let names: Vec<&str> = which.iter().map(|which| which.get(RULES).id).filter(|id| *id != "unused-suppression").collect();
        let comment = if names.is_empty() { "ignore-file".to_owned() } else { format!("ignore-file[{}]", names.join(", ")) };
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        let report = check("fly.toml", &format!("{text}{end}# cutover: {comment}\n"));
        let is_wanted = |id: &str| names.is_empty() || names.contains(&id);
        let of = |wanted: bool| all.diagnostics.iter().filter(move |found| is_wanted(found.rule) == wanted).cloned();
        let reported = report.diagnostics.iter().filter(|found| found.rule != "unused-suppression").cloned();
        // What stands at the end of the text stands elsewhere in the longer one.
        let key = |found: cutover::diagnostic::Diagnostic| (found.rule, found.message, found.span.start.min(text.len()));
        prop_assert_eq!(reported.map(key).collect::<BTreeSet<_>>(), of(false).map(key).collect::<BTreeSet<_>>());
        let suppressed = report.suppressed.iter().map(|one| one.diagnostic.clone());
        prop_assert_eq!(suppressed.map(key).collect::<BTreeSet<_>>(), of(true).map(key).collect::<BTreeSet<_>>());
        prop_assert_eq!(report.flyctl, all.flyctl);
    }

    #[test]
    fn normalizing_is_idempotent_and_changes_no_machine(text in any_file()) {
        prop_assume!(!config::read(&syntax::parse(&text, Format::Toml)).problems.iter().any(config::Problem::is_fatal));
        let normal = config::normalize(&text);
        let again = config::normalize(&normal);
        if again != normal {
            return Err(TestCaseError::fail(format!("{text}\n---\n{normal}\n---\n{again}")));
        }
        prop_assert_eq!(machines(&normal), machines(&text), "{}", text);
    }
}
