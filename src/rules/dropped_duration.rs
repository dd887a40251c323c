//! A duration that flyctl drops without a word.

use super::{Given, Persona, Rule, Sink};
use crate::config::Problem;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "dropped-duration",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a duration that flyctl drops",
    why: "`kill_timeout` and the durations of the checks in `[[services]]` and `[checks]` may be text or a number. What \
          is neither counts as unset, and so does a whole number in fly.yaml, where flyctl does not look for one: \
          `kill_timeout: 120` leaves Fly's default of five seconds.",
    bad: "app = \"shop\"\nkill_timeout = true\n",
    good: "app = \"shop\"\nkill_timeout = \"120s\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/patches.go: _castDuration has no case for `int`, which yaml.v3 decodes to",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for problem in facts.problems() {
        let Problem::Dropped { span, path, found } = problem else { continue };
        let number = span.of(facts.text);
        let finding = sink.report(*span, format!("flyctl drops {found} here, and `{path}` stays unset"));
        if number.parse::<u32>().is_ok() {
            let unit = if path.ends_with("kill_timeout") { "s" } else { "ms" };
            finding.help(format!("write the unit: \"{number}{unit}\""));
        } else {
            finding.help("write a duration such as \"30s\"");
        }
    }
}
