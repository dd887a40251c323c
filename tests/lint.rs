//! What holds for any text at all, and for files that were changed at random.

use std::collections::BTreeSet;

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
            Ok(made) => format!("{group} {}", serde_json::Value::Object(made.0)),
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
    fn findings_lie_in_the_text(text in changed()) {
        prop_assert!(is_within(&check("fly.toml", &text), &text), "{text}");
    }

    #[test]
    fn fixes_converge_and_break_nothing(text in changed(), with_unsafe in any::<bool>()) {
        let mended = lint::mend(&Input::new("fly.toml", &text), &Settings::pedantic(), with_unsafe);
        prop_assert!(syntax_errors(&mended.text) <= syntax_errors(&text), "{text}\n---\n{}", mended.text);
        let again = lint::mend(&Input::new("fly.toml", &mended.text), &Settings::pedantic(), with_unsafe);
        prop_assert_eq!(&again.text, &mended.text, "{}", text);
    }

    #[test]
    fn suppressed_and_reported_are_all(text in changed(), which in prop::collection::vec(any::<Index>(), 0..3)) {
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
    fn normalizing_is_idempotent_and_changes_no_machine(text in changed()) {
        prop_assume!(!config::read(&syntax::parse(&text, Format::Toml)).problems.iter().any(config::Problem::is_fatal));
        let normal = config::normalize(&text);
        let again = config::normalize(&normal);
        if again != normal {
            return Err(TestCaseError::fail(format!("{text}\n---\n{normal}\n---\n{again}")));
        }
        prop_assert_eq!(machines(&normal), machines(&text), "{}", text);
    }
}
