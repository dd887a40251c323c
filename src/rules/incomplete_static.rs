//! `[[statics]]` that serve nothing.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{Given, Persona, Rule, Sink};
use crate::config::Field;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::limits;
use crate::span::Span;

pub(super) const RULE: Rule = Rule {
    id: "incomplete-static",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a `[[statics]]` that lacks something, or stands in another one's way",
    why: "A mapping needs the directory in the image and the prefix of the URLs. Of two with the same prefix one is \
          used, ten at most are allowed, and an index document works for Tigris buckets alone.",
    bad: "app = \"shop\"\n\n[[statics]]\nguest_path = \"/app/public\"\n",
    good: "app = \"shop\"\n\n[[statics]]\nguest_path = \"/app/public\"\nurl_prefix = \"/public\"\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: statics; Machines API specification: fly.Static",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let statics = &facts.config().statics;
    let is_set = |field: &Field<String>| field.as_ref().is_some_and(|text| !text.is_empty());
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for mapping in statics {
        for (field, key, example) in
            [(&mapping.guest_path, "guest_path", "/app/public"), (&mapping.url_prefix, "url_prefix", "/public")]
        {
            if !is_set(field) {
                sink.report(mapping.span, format!("without `{key}` nothing is served"))
                    .flyctl(Flyctl::FailsDeploy)
                    .help(format!("add `{key} = \"{example}\"`"));
            }
        }
        let document = mapping.index_document.as_ref().filter(|_| !is_set(&mapping.tigris_bucket));
        let is_pushed = mapping.guest_path.as_ref().is_some_and(|path| !path.starts_with('/'));
        if let Some(document) = document.filter(|document| !document.is_empty() && !is_pushed) {
            sink.report(document.span, "an index document works for a Tigris bucket alone")
                .help("remove it, or serve the files from a bucket: `tigris_bucket`");
        }
        let Some(prefix) = mapping.url_prefix.as_ref().filter(|prefix| !prefix.is_empty()) else { continue };
        match seen.entry(&prefix.value) {
            Entry::Occupied(earlier) => {
                sink.report(prefix.span, format!("`{}` is mapped already: only one is used", prefix.value))
                    .label(*earlier.get(), "mapped here")
                    .help("give each its own `url_prefix`");
            }
            Entry::Vacant(free) => drop(free.insert(prefix.span)),
        }
    }
    if let Some(extra) = statics.get(limits::STATICS_MAX) {
        sink.report(extra.span, format!("an app has {} `[[statics]]` at most", limits::STATICS_MAX));
    }
}
