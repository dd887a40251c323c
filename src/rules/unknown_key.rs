//! A key that flyctl does not know, with the one that was probably meant.

use super::{Given, Persona, Rule, Sink, dead_key, http_key_in_tcp_check};
use crate::config::Problem;
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "unknown-key",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a key that flyctl does not know",
    why: "flyctl ignores unknown keys without a word, on deploy too, so a misspelt setting silently has no effect.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\nforce_http = true\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\nforce_https = true\n",
    given: Given::NOTHING,
    source: "flyctl#3544; flyctl internal/appconfig/strict_validate.go",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for problem in facts.problems() {
        let Problem::UnknownKey { span, path, key, meant } = problem else { continue };
        if dead_key::reason(path, key).is_some() || http_key_in_tcp_check::applies(path, key) {
            continue;
        }
        let place = if path.is_empty() { "at the top level".to_owned() } else { format!("in `{path}`") };
        let finding = sink.report(*span, format!("flyctl knows no `{key}` {place}, and ignores it"));
        if let Some(meant) = meant {
            let edit = Edit { span: *span, text: (*meant).to_owned() };
            finding.help(format!("did you mean `{meant}`?")).fix(
                Safety::Unsafe,
                format!("rename to `{meant}`"),
                vec![edit],
            );
        }
    }
}
