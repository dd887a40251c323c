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
    for cache in facts.http_options().flat_map(|options| &options.replay_cache) {
        lifetime(sink, cache);
        match &cache.kind {
            Some(kind) => {
                sink.report_unless_known(kind, "kind of replay cache", &limits::REPLAY_CACHE_KINDS);
            }
            None => {
                sink.report(cache.span, "this replay cache has no `type`: nothing tells clients apart")
                    .help("write `type = \"cookie\"` or `type = \"header\"`");
            }
        }
        if cache.name.as_ref().is_none_or(|name| name.is_empty()) {
            sink.report(cache.span, "this replay cache has no `name` of a cookie or header")
                .help("say by `name` which one tells clients apart");
        }
    }
}

fn lifetime(sink: &mut Sink, cache: &ReplayCache) {
    let least = limits::REPLAY_CACHE_TTL_MIN_SECONDS;
    match &cache.ttl_seconds {
        Some(ttl) if ttl.value < least => {
            let edit = Edit { span: ttl.span, text: least.to_string() };
            sink.report(ttl.span, format!("a replay is remembered for at least {least} seconds")).fix(
                Safety::Unsafe,
                format!("write {least}"),
                vec![edit],
            );
        }
        Some(_) => {}
        None => {
            sink.report(cache.span, "this replay cache has no `ttl_seconds`: it would remember nothing")
                .help(format!("add `ttl_seconds`, at least {least}"));
        }
    }
}
