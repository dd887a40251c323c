//! A TCP check that is dressed up as an HTTP check.

use super::{Given, Persona, Rule, Sink};
use crate::config::{Problem, TopLevelCheck};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "http-key-in-tcp-check",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a TCP check with a key that only HTTP checks have",
    why: "A TCP check connects to the service's port and is content. flyctl ignores `path`, `method` and the like \
          there, so a machine whose app answers every request with an error still passes.",
    bad: "app = \"shop\"\n\n[[services]]\ninternal_port = 8080\nprotocol = \"tcp\"\n\n\
          [[services.ports]]\nport = 443\nhandlers = [\"tls\", \"http\"]\n\n\
          [[services.tcp_checks]]\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\nmethod = \"GET\"\npath = \"/health\"\n",
    good: "app = \"shop\"\n\n[[services]]\ninternal_port = 8080\nprotocol = \"tcp\"\n\n\
           [[services.ports]]\nport = 443\nhandlers = [\"tls\", \"http\"]\n\n\
           [[services.http_checks]]\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\nmethod = \"GET\"\npath = \"/health\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/service.go: ServiceTCPCheck has interval, timeout and grace_period",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for problem in facts.problems() {
        let Problem::UnknownKey { span, path, key, .. } = problem else { continue };
        if applies(path, key) {
            sink.report(*span, format!("a TCP check has no `{key}`: flyctl ignores it and only connects to the port"))
                .help(cure(key));
        }
    }
    for check in facts.config().checks.values() {
        if check.kind.as_ref().is_some_and(|kind| kind.value == "tcp") {
            top_level(sink, check);
        }
    }
}

fn top_level(sink: &mut Sink, check: &TopLevelCheck) {
    let texts = [
        (&check.method, "method"),
        (&check.path, "path"),
        (&check.protocol, "protocol"),
        (&check.tls_server_name, "tls_server_name"),
    ];
    let spans = texts.into_iter().filter_map(|(field, key)| Some((field.as_ref()?.span, key)));
    let headers = check.headers.values().next().map(|value| (value.span, "headers"));
    let skip = check.tls_skip_verify.as_ref().map(|on| (on.span, "tls_skip_verify"));
    for (span, key) in spans.chain(headers).chain(skip) {
        sink.report(span, format!("a TCP check uses no `{key}`: it only connects to the port"))
            .help("write `type = \"http\"` to have the answer checked");
    }
}

/// Whether this unknown key is this rule's.
pub(super) fn applies(path: &str, key: &str) -> bool {
    path.contains("tcp_checks") && (key == "port" || HTTP_KEYS.contains(&key))
}

fn cure(key: &str) -> &'static str {
    match key {
        "port" => {
            "remove it: the check connects to the service's `internal_port`; a check of another port is a top-level `[checks.NAME]`"
        }
        _ => "write `[[services.http_checks]]` to have the answer checked",
    }
}

const HTTP_KEYS: [&str; 6] = ["method", "path", "protocol", "tls_skip_verify", "tls_server_name", "headers"];
