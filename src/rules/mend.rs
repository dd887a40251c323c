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
