//! Options for a handler that the port does not have.

use super::{Given, Persona, Rule, Sink};
use crate::config::Port;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::span::Span;

pub(super) const RULE: Rule = Rule {
    id: "option-without-handler",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "`tls_options`, `http_options` or `proxy_proto_options` on a port without that handler",
    why: "Each of these tables is for one handler. On a port whose `handlers` do not name it, nothing reads them.",
    bad: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
          [[services.ports]]\nport = 443\nhandlers = [\"tls\"]\n\
          http_options = { compress = true }\n",
    good: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
           [[services.ports]]\nport = 443\nhandlers = [\"tls\", \"http\"]\n\
           http_options = { compress = true }\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: services.ports; networking/services: connection handlers",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for entry in facts.config().services.iter().flat_map(|service| &service.ports) {
        let options = [
            (entry.tls_options.as_ref().map(|options| options.span), "tls_options", ["tls", "pg_tls"]),
            (entry.http_options.as_ref().map(|options| options.span), "http_options", ["http", "http"]),
            (
                entry.proxy_proto_options.as_ref().map(|options| options.span),
                "proxy_proto_options",
                ["proxy_proto", "proxy_proto"],
            ),
        ];
        for (span, key, handlers) in options {
            if let Some(span) = span.filter(|_| !handlers.iter().any(|handler| has(entry, handler))) {
                unread(sink, span, key, handlers[0]);
            }
        }
    }
}

fn unread(sink: &mut Sink, options: Span, key: &str, handler: &str) {
    sink.report(options, format!("nothing reads these `{key}`: the port has no handler `{handler}`"))
        .help(format!("add \"{handler}\" to `handlers`, or remove `{key}`"));
}

fn has(entry: &Port, name: &str) -> bool {
    entry.handlers.iter().any(|handler| handler.value == name)
}
