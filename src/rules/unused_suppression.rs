//! `# cutover: ignore[...]` where there is nothing to ignore.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "unused-suppression",
    persona: Persona::Regular,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "a comment suppresses a finding that is not there",
    why: "`# cutover: ignore[rule] reason` at the end of a line, or alone on the line above, keeps a rule quiet \
          about that line; `# cutover: ignore-file[rule] reason` does so for the whole file, and without brackets \
          every rule is meant. One that suppresses nothing is left over from a fault that is mended, stands on the \
          wrong line, or names a rule that does not exist: it misleads the next reader, and would hide the fault \
          when it comes back. Comments of fly.yaml work in the same way; fly.json can have none, and `[lint.rules]` \
          of a cutover.toml beside it says there what is not wanted.",
    bad: "app = \"shop\"\nkill_signal = \"SIGTERM\" # cutover: ignore[unknown-key] was misspelt once\n",
    good: "app = \"shop\"\nkill_signal = \"SIGTERM\"\n",
    given: Given::NOTHING,
    source: "cutover's own: suppressions are read by its `lint` layer",
    check: after_all_others,
};

/// What a suppression suppresses is known only when every other rule has run: the linter reports
/// on this rule's behalf.
fn after_all_others(_: &Facts, _: &mut Sink) {}
