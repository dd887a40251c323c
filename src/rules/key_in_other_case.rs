//! A key written with capital letters.

use super::{Given, HeaderWords, Persona, Rule, Sink};
use crate::config::Problem;
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "key-in-other-case",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a key in another case than flyctl's own",
    why: "flyctl happens to decode keys without regard to case, but translates older forms (numbers as durations, \
          ports as text, single tables) only under the lower-case names. Two spellings of one key shadow each other.",
    bad: "app = \"shop\"\nPrimary_Region = \"iad\"\n",
    good: "app = \"shop\"\nprimary_region = \"iad\"\n",
    given: Given::NOTHING,
    source: "Go encoding/json; flyctl internal/appconfig/patches.go",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let headers = HeaderWords::of(facts.text);
    for problem in facts.problems() {
        let Problem::CaseVariant { span, key, known, fits, .. } = problem else { continue };
        let finding = sink
            .report(*span, format!("`{key}` is written `{known}`"))
            .help("older forms of values are understood only under the lower-case key");
        if *fits && headers.allow_renaming(key) {
            let edit = Edit { span: *span, text: (*known).to_owned() };
            finding.fix(Safety::Unsafe, format!("rename to `{known}`"), vec![edit]);
        }
    }
}
