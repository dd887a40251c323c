//! Handlers that cannot both have a connection.

use std::collections::BTreeMap;

use super::{Given, Persona, Rule, Sink};
use crate::config::Port;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "contradictory-handlers",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "handlers of one port that contradict each other",
    why: "Each handler takes the connection over and passes on what it makes of it. `tls` and `pg_tls` both begin a \
          TLS session, each in its own way, and PostgreSQL does not speak HTTP. Naming a handler twice does nothing. \
          Their order does not matter.",
    bad: "app = \"shop-db\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 5432\n\n\
          [[services.ports]]\nport = 5432\nhandlers = [\"tls\", \"pg_tls\"]\n",
    good: "app = \"shop-db\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 5432\n\n\
           [[services.ports]]\nport = 5432\nhandlers = [\"pg_tls\"]\n",
    given: Given::NOTHING,
    source: "superfly/docs networking/services: connection handlers",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for entry in facts.config().services.iter().flat_map(|service| &service.ports) {
        twice(sink, entry);
        let Some(postgres) = entry.handlers.iter().find(|handler| handler.value == "pg_tls") else { continue };
        for other in entry.handlers.iter().filter(|handler| matches!(handler.value.as_str(), "tls" | "http")) {
            sink.report(other.span, format!("`{}` and `pg_tls` cannot both have the connection", other.value))
                .label(postgres.span, "this one speaks TLS as PostgreSQL does")
                .help("keep one of them");
        }
    }
}

fn twice(sink: &mut Sink, entry: &Port) {
    let mut seen = BTreeMap::new();
    for handler in &entry.handlers {
        if let Some(first) = seen.insert(&handler.value, handler.span) {
            sink.report(handler.span, format!("the handler `{}` is there twice", handler.value))
                .label(first, "here already")
                .severity(Severity::Hint);
        }
    }
}
