//! A key that flyctl does not know, with the one that was probably meant, or the table where it
//! belongs.

use std::cmp::Reverse;

use super::{Given, HeaderWords, Persona, Rule, Sink, dead_key, http_key_in_tcp_check};
use crate::config::{Config, Problem};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::{self, Facts};
use crate::schema::{self, Place};
use crate::span::Span;

pub(super) const RULE: Rule = Rule {
    id: "unknown-key",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a key that flyctl does not know",
    why: "flyctl ignores unknown keys without a word, on deploy too, so a misspelt setting silently has no effect. So \
          does one in the wrong table: `auto_stop_machines` belongs in a service, not at the top.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\nforce_http = true\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\nforce_https = true\n",
    given: Given::NOTHING,
    source: "flyctl#3544; flyctl internal/appconfig/strict_validate.go",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let headers = HeaderWords::of(facts.text);
    for problem in facts.problems() {
        let Problem::UnknownKey { span, path, key, meant, fits, value } = problem else { continue };
        if dead_key::reason(path, key).is_some() || http_key_in_tcp_check::applies(path, key) {
            continue;
        }
        let place = if path.is_empty() { "at the top level".to_owned() } else { format!("in `{path}`") };
        let finding = sink.report(*span, format!("flyctl knows no `{key}` {place}, and ignores it"));
        let table = facts::table_of(path);
        if let Some(meant) = meant.or_else(|| other_name(&table, key)) {
            let finding = finding.help(format!("did you mean `{meant}`?"));
            let is_text = value.of(facts.text).starts_with(['"', '\'']);
            let fits = *fits || is_text && is_other_name(&table, key) && !facts.text.contains(meant);
            if fits && !dead_key::is_dead(path, meant) && headers.allow_renaming(key) {
                let edits = vec![renamed(facts.text, *span, meant)];
                finding.fix(Safety::Unsafe, format!("rename to `{meant}`"), edits);
            }
        } else if let Some(cure) = cure(&table, key).or_else(|| elsewhere(facts.config(), &table, key)) {
            finding.help(cure);
        } else {
            finding.help("remove it, or find the key that is meant: `cutover schema` has all of them");
        }
    }
}

/// In place of the key as it is written: a quoted one stands with its quotes or without.
fn renamed(text: &str, span: Span, key: &str) -> Edit {
    let is_quoted = span.of(text).starts_with(['"', '\'']);
    Edit { span, text: if is_quoted { format!("\"{key}\"") } else { key.to_owned() } }
}

/// A name that people use and that is not alike enough to be found.
fn other_name(table: &str, key: &str) -> Option<&'static str> {
    is_other_name(table, key).then_some("build-target")
}

fn is_other_name(table: &str, key: &str) -> bool {
    table == "build" && key == "target"
}

/// What to do about keys that people expect, and that are no setting of the file at all.
fn cure(table: &str, key: &str) -> Option<String> {
    let cure = match (table, key) {
        ("http_service", "health_check" | "health_checks" | "healthcheck" | "healthchecks" | "http_checks") => {
            "the checks of an HTTP service are `[[http_service.checks]]`"
        }
        ("services", "health_check" | "health_checks" | "healthcheck" | "healthchecks" | "checks") => {
            "the checks of a service are `[[services.http_checks]]` and `[[services.tcp_checks]]`"
        }
        ("http_service", "tcp_checks") => "TCP checks belong to `[[services]]`; here are `[[http_service.checks]]`",
        ("", "scale" | "autoscaling" | "count") | ("vm", "count") => {
            "how many machines there are is for `fly scale count`"
        }
        ("http_service" | "services", "max_machines_running" | "autoscaled") => {
            "the proxy starts machines that exist; how many there are is for `fly scale count`"
        }
        ("", "regions" | "backup_regions" | "secondary_region") => {
            "machines are put into regions by `fly scale count --region`"
        }
        ("http_service.checks" | "services.http_checks", "port") => {
            "the check asks the service's `internal_port`; a check of another port is a top-level `[checks.NAME]`"
        }
        (_, "interval" | "timeout" | "grace_period") if table.ends_with("machine_checks") => {
            "remove it: a machine check runs once in each deploy"
        }
        ("http_service.checks" | "services.http_checks", "type") => "remove it: these checks speak HTTP",
        _ => return None,
    };
    Some(cure.to_owned())
}

/// The table that has a key of this name: one around this, the top level, or another.
fn elsewhere(config: &Config, table: &str, key: &str) -> Option<String> {
    let places = schema::places(key);
    let is_around = |place: &&Place| !place.path.is_empty() && table.starts_with(&format!("{}.", place.path));
    let top = || places.iter().find(|place| place.path.is_empty());
    let other = || {
        let others = places.iter().filter(|_| !COMMON_WORDS.contains(&key));
        others.min_by_key(|place| {
            (Reverse(shared_parts(&place.path, table)), Reverse(is_used(config, place)), depth(place))
        })
    };
    let place = places.iter().filter(is_around).max_by_key(|place| depth(place)).or_else(top).or_else(other)?;
    if !place.path.is_empty() {
        return Some(format!("`{key}` belongs in `{}`", place.header));
    }
    Some(match schema::ROOT.key(key).and_then(|known| known.kind.header(known.name)) {
        Some(header) => format!("it is a table of its own: `{header}`"),
        None => format!("`{key}` belongs at the top level, above the first table"),
    })
}

fn shared_parts(a: &str, b: &str) -> usize {
    a.split('.').zip(b.split('.')).take_while(|(a, b)| a == b).count()
}

fn depth(place: &Place) -> usize {
    place.path.split('.').count()
}

/// Whether the file has such a service; of the tables that share keys, the services are the ones.
fn is_used(config: &Config, place: &Place) -> bool {
    match place.path.split('.').next() {
        Some("http_service") => config.http_service.is_some() || config.services.is_empty(),
        Some("services") => !config.services.is_empty(),
        _ => false,
    }
}

/// Keys of these names are in many tables, and mean something else in each.
const COMMON_WORDS: [&str; 16] = [
    "args", "command", "file", "headers", "image", "method", "name", "path", "policy", "port", "protocol", "retries",
    "settings", "source", "type", "version",
];
