//! Applies fixes until none is left.

use super::{Report, check};
use crate::diagnostic::{Diagnostic, Fix, Safety, apply_fixes};
use crate::fleet::Fleet;

/// A text after mending.
#[derive(Debug, Clone, PartialEq)]
pub struct Mended {
    pub text: String,
    /// What is left in it.
    pub report: Report,
    /// How many fixes were applied.
    pub fixes: usize,
}

/// Applies the safe fixes, or all, in as many passes as find something to mend.
pub fn mend(path: &str, text: &str, fleet: Option<&Fleet>, with_unsafe: bool) -> Mended {
    let mut mended = Mended { text: text.to_owned(), report: check(path, text, fleet), fixes: 0 };
    for _ in 0..MOST_PASSES {
        let (next, applied) = apply_fixes(&mended.text, wanted(&mended.report.diagnostics, with_unsafe));
        if applied == 0 {
            break;
        }
        mended = Mended { report: check(path, &next, fleet), text: next, fixes: mended.fixes + applied };
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

    #[test]
    fn fixes_are_applied_until_none_is_left() {
        let text = "app = \"shop\"\nswap_size_bm = 512\nkill_signl = \"SIGTERM\"\n";
        let mended = mend("fly.toml", text, None, true);
        assert_eq!(mended.text, "app = \"shop\"\nswap_size_mb = 512\nkill_signal = \"SIGTERM\"\n");
        assert_eq!(mended.fixes, 2);
        assert_eq!(mend("fly.toml", &mended.text, None, true).fixes, 0);
    }

    #[test]
    fn an_unsafe_fix_waits_to_be_asked_for() {
        let text = "app = \"shop\"\nswap_size_bm = 512\n";
        let mended = mend("fly.toml", text, None, false);
        assert_eq!((mended.text.as_str(), mended.fixes), (text, 0));
        assert_eq!(mended.report.diagnostics.len(), 1);
    }
}
