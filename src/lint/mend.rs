//! Applies fixes until none is left.

use super::{Input, Report, Settings, check};
use crate::diagnostic::{Diagnostic, Fix, Safety, apply_fixes};
use crate::syntax::{self, Format};

/// A text after mending.
#[derive(Debug, Clone, PartialEq)]
pub struct Mended {
    pub text: String,
    /// What is left in it.
    pub report: Report,
    /// How many fixes were applied.
    pub fixes: usize,
}

/// Applies the safe fixes, or all, in as many passes as find something to mend. What is suppressed
/// is left alone.
pub fn mend(input: &Input, settings: &Settings, with_unsafe: bool) -> Mended {
    let mut mended = Mended { text: input.text.to_owned(), report: check(input, settings), fixes: 0 };
    for _ in 0..MOST_PASSES {
        let fixes: Vec<&Fix> = wanted(&mended.report.diagnostics, with_unsafe).collect();
        let (text, applied) = apply_together(&mended.text, &fixes, Format::of_path(input.path));
        if applied == 0 {
            break;
        }
        let report = check(&Input { text: &text, ..*input }, settings);
        mended = Mended { report, text, fixes: mended.fixes + applied };
    }
    mended
}

/// Two fixes that are right on their own can be wrong together: both write a key that may stand
/// there only once. Then those are applied that leave the syntax as good as it was, in order.
fn apply_together(text: &str, fixes: &[&Fix], format: Format) -> (String, usize) {
    let errors = |text: &str| syntax::parse(text, format).errors.len();
    let before = errors(text);
    let (mut best, mut applied) = apply_fixes(text, fixes.iter().copied());
    if errors(&best) <= before {
        return (best, applied);
    }
    (best, applied) = (text.to_owned(), 0);
    let mut kept = Vec::new();
    for fix in fixes.iter().take(MOST_SINGLY) {
        kept.push(*fix);
        let (next, number) = apply_fixes(text, kept.iter().copied());
        if number == kept.len() && errors(&next) <= before {
            (best, applied) = (next, number);
        } else {
            kept.pop();
        }
    }
    (best, applied)
}

fn wanted(found: &[Diagnostic], with_unsafe: bool) -> impl Iterator<Item = &Fix> {
    let fixes = found.iter().filter_map(|one| one.fix.as_ref());
    fixes.filter(move |fix| with_unsafe || fix.safety == Safety::Safe)
}

/// Fixes tried one by one in a pass: each is a reading of the whole text.
const MOST_SINGLY: usize = 100;

/// A fix may uncover another; two that undo each other must not run for ever.
const MOST_PASSES: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(text: &str, with_unsafe: bool) -> Mended {
        mend(&Input::new("fly.toml", text), &Settings::default(), with_unsafe)
    }

    #[test]
    fn fixes_are_applied_until_none_is_left() {
        let first = mended("app = \"shop\"\nswap_size_bm = 512\nkill_signl = \"SIGTERM\"\n", true);
        assert_eq!(first.text, "app = \"shop\"\nswap_size_mb = 512\nkill_signal = \"SIGTERM\"\n");
        assert_eq!(first.fixes, 2);
        assert_eq!(mended(&first.text, true).fixes, 0);
    }

    #[test]
    fn fixes_that_would_write_one_key_twice_are_not_applied_together() {
        let check = |text: &str, expected: &str| {
            let mended = mended(text, true);
            assert_eq!(mended.text, expected);
            assert_eq!(syntax::parse(&mended.text, Format::Toml).errors, []);
        };
        check(
            "[http_service]\ninternal_port = 80\nforc_https = true\nforce_htps = false\n",
            "[http_service]\ninternal_port = 80\nforce_https = true\nforce_htps = false\n",
        );
        // The table of the other fix would be a second `processes`.
        check(
            "processe = {app = \"\"}\n[http_service]\ninternal_port = 80\nprocesses = [\"app\"]\n",
            "processes = {app = \"\"}\n[http_service]\ninternal_port = 80\nprocesses = [\"app\"]\n",
        );
    }

    #[test]
    fn an_unsafe_fix_waits_to_be_asked_for() {
        let text = "app = \"shop\"\nswap_size_bm = 512\n";
        let mended = mended(text, false);
        assert_eq!((mended.text.as_str(), mended.fixes), (text, 0));
        assert_eq!(mended.report.diagnostics.len(), 1);
    }

    #[test]
    fn what_is_suppressed_is_not_mended() {
        let text = "app = \"shop\"\nswap_size_bm = 512 # cutover: ignore[unknown-key] later\n";
        assert_eq!(mended(text, true).text, text);
    }
}
