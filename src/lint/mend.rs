//! Applies fixes until none is left.

use super::{Input, Report, Settings, check};
use crate::diagnostic::{Diagnostic, Fix, Safety, apply_fixes};

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
        let (next, applied) = apply_fixes(&mended.text, wanted(&mended.report.diagnostics, with_unsafe));
        if applied == 0 {
            break;
        }
        let report = check(&Input { text: &next, ..*input }, settings);
        mended = Mended { report, text: next, fixes: mended.fixes + applied };
    }
    mended
}

fn wanted(found: &[Diagnostic], with_unsafe: bool) -> impl Iterator<Item = &Fix> {
    let fixes = found.iter().filter_map(|one| one.fix.as_ref());
    fixes.filter(move |fix| with_unsafe || fix.safety == Safety::Safe)
}

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
