//! Keys that promise something and do nothing.

use super::{Finding, Given, Persona, Rule, Sink};
use crate::config::Problem;
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::{Facts, line_of_entry};
use crate::span::Span;

pub(super) const RULE: Rule = Rule {
    id: "dead-key",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a key that nothing reads any more",
    why: "Old templates and articles carry keys that Fly once had, or never had. flyctl takes them without a word, \
          so the file promises what will not happen: `auto_rollback` does not roll back, `script_checks` do not \
          check.",
    bad: "app = \"shop\"\n\n[experimental]\nauto_rollback = true\n",
    good: "app = \"shop\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/config.go: Experimental has no readers; services.script_checks and \
             restart_limit are not in the structs",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for problem in facts.problems() {
        if let Problem::UnknownKey { span, path, key, value, .. } = problem
            && let Some(why) = reason(path, key)
        {
            let message = format!("`{key}` does nothing: {why}");
            let finding = dead(facts, sink, *span, *value, message, Safety::Safe);
            // One that is empty or off promises nothing.
            if matches!(value.of(facts.text), "[]" | "{}" | "\"\"" | "false" | "0") {
                finding.severity(Severity::Hint);
            }
        }
    }
    let Some(experimental) = &facts.config().experimental else { return };
    for (field, key, why) in [
        (&experimental.auto_rollback, "auto_rollback", "there is no automatic rollback"),
        (&experimental.lazy_load_images, "lazy_load_images", "the feature was removed"),
    ] {
        if let Some(value) = field {
            let message = format!("`{key}` does nothing: {why}");
            let finding = dead(facts, sink, value.span, value.span, message, Safety::Safe);
            if !value.value {
                finding.severity(Severity::Hint);
            }
        }
    }
    // flyctl sends the file along with the release: what else may read these is not known.
    for (field, key) in [(&experimental.enable_consul, "enable_consul"), (&experimental.enable_etcd, "enable_etcd")] {
        if let Some(value) = field {
            let message = format!("nothing in flyctl reads `{key}` any more");
            let finding = dead(facts, sink, value.span, value.span, message, Safety::Unsafe);
            finding.severity(Severity::Hint);
        }
    }
}

fn dead<'a>(
    facts: &Facts,
    sink: &'a mut Sink,
    place: Span,
    value: Span,
    message: String,
    safety: Safety,
) -> Finding<'a> {
    let finding = sink.report(place, message).help("remove it");
    match line_of_entry(facts.text, value) {
        Some(span) => finding.fix(safety, "remove it", vec![Edit { span, text: String::new() }]),
        None => finding,
    }
}

/// Whether nothing comes of this key, be it known or not.
pub(super) fn is_dead(path: &str, key: &str) -> bool {
    let is_parsed = ["auto_rollback", "enable_consul", "enable_etcd", "lazy_load_images"].contains(&key);
    path == "experimental" && is_parsed || reason(path, key).is_some()
}

/// Whether a key that flyctl does not know is one that it knew, or that people believe in; and
/// what to know about it.
pub(super) fn reason(path: &str, key: &str) -> Option<&'static str> {
    let table = path.trim_end_matches(|c: char| c.is_ascii_digit() || c == '[' || c == ']');
    match (table, key) {
        ("experimental", "auto_rollback_on_error" | "auto_rollback_on_failure") => {
            Some("there is no automatic rollback, and no such key")
        }
        ("experimental", "allowed_public_ports" | "private_network" | "max_per_region") => {
            Some("it belonged to the Nomad platform")
        }
        ("services", "script_checks") => Some("Machines have no script checks"),
        (_, "restart_limit") if path.contains("checks") => Some("a failing check never restarts a Machine"),
        _ => None,
    }
}
