//! Port 443 for plain HTTP.

use super::{Given, Persona, Rule, Sink};
use crate::config::Port;
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::Facts;
use crate::span::{Span, Spanned};

pub(super) const RULE: Rule = Rule {
    id: "port-443-without-tls",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Silent,
    summary: "port 443 with the `http` handler but without `tls`",
    why: "Whoever connects to port 443 begins with TLS. With `handlers = [\"http\"]` the proxy expects plain HTTP there, \
          and every browser gets an error. For a port without any handler the app ends TLS itself, which is fine.",
    bad: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
          [[services.ports]]\nport = 443\nhandlers = [\"http\"]\n",
    good: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
           [[services.ports]]\nport = 443\nhandlers = [\"tls\", \"http\"]\n",
    given: Given::NOTHING,
    source: "superfly/docs networking/services: connection handlers",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for entry in facts.config().services.iter().flat_map(|service| &service.ports) {
        let Some(http) = handler(entry, "http") else { continue };
        let Some(port) = only_port(entry).filter(|port| port.value == 443) else { continue };
        if handler(entry, "tls").is_none() {
            let edit = Edit { span: Span::at(http.start), text: "\"tls\", ".into() };
            sink.report(port.span, "HTTPS does not work on this port: nothing ends TLS")
                .label(http, "this handler expects plain HTTP")
                .help("write `handlers = [\"tls\", \"http\"]`")
                .fix(Safety::Unsafe, "add the handler `tls`", vec![edit]);
        }
    }
}

fn only_port(entry: &Port) -> Option<&Spanned<i64>> {
    let is_one = entry.end_port.as_ref().map(|end| end.value) == entry.start_port.as_ref().map(|start| start.value);
    entry.port.as_ref().or(entry.start_port.as_ref().filter(|_| is_one))
}

fn handler(entry: &Port, name: &str) -> Option<Span> {
    entry.handlers.iter().find(|handler| handler.value == name).map(|handler| handler.span)
}
