//! A replay cache that cannot work.

use super::{Given, Persona, Rule, Sink};
use crate::config::ReplayCache;
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::Facts;
use crate::limits;

pub(super) const RULE: Rule = Rule {
    id: "broken-replay-cache",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a `replay_cache` without what it needs",
    why: "The proxy can remember where `fly-replay` sent a client. For that it needs to know what tells clients apart, \
          a `cookie` or a `header` with a name, and for how long to remember, at least ten seconds. flyctl passes on \
          whatever the file says.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n\
          [[http_service.http_options.replay_cache]]\npath_prefix = \"/\"\nttl_seconds = 5\n\
          type = \"cookie\"\nname = \"session\"\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n\
           [[http_service.http_options.replay_cache]]\npath_prefix = \"/\"\nttl_seconds = 300\n\
           type = \"cookie\"\nname = \"session\"\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: http_options.replay_cache; fly-go machine_types.go: ReplayCache",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let refused = facts.refused();
    let is_refused = ["ttl_seconds", "type", "name"].iter().any(|key| refused.holds_key(key));
    for cache in facts.http_options().flat_map(|options| &options.replay_cache) {
        if let Some(kind) = &cache.kind {
            sink.report_unless_known(kind, "kind of replay cache", &limits::REPLAY_CACHE_KINDS);
        }
        lifetime(sink, cache);
        if !is_refused {
            incomplete(sink, cache);
        }
    }
}

fn incomplete(sink: &mut Sink, cache: &ReplayCache) {
    let missing = [
        (cache.kind.as_ref().is_none_or(|kind| kind.is_empty()), "type", "`type = \"cookie\"` or `type = \"header\"`"),
        (cache.name.as_ref().is_none_or(|name| name.is_empty()), "name", "the `name` of the cookie or header"),
        (cache.ttl_seconds.is_none(), "ttl_seconds", "`ttl_seconds = 300`"),
    ];
    for (_, key, cure) in missing.into_iter().filter(|(is_missing, ..)| *is_missing) {
        sink.report(cache.span, format!("this replay cache has no `{key}`, and cannot work"))
            .help(format!("add {cure}"));
    }
}

fn lifetime(sink: &mut Sink, cache: &ReplayCache) {
    let least = limits::REPLAY_CACHE_TTL_MIN_SECONDS;
    if let Some(ttl) = cache.ttl_seconds.as_ref().filter(|ttl| ttl.value < least) {
        let edit = Edit { span: ttl.span, text: least.to_string() };
        sink.report(ttl.span, format!("a replay is remembered for at least {least} seconds")).fix(
            Safety::Unsafe,
            format!("write {least}"),
            vec![edit],
        );
    }
}
