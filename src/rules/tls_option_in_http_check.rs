//! TLS settings of a check that uses no TLS.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{AnyHttpCheck, Facts};

pub(super) const RULE: Rule = Rule {
    id: "tls-option-in-http-check",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "`tls_skip_verify` or `tls_server_name` in a check that speaks plain HTTP",
    why: "Without `protocol = \"https\"` a check speaks plain HTTP, and nothing reads its TLS settings. If the app does \
          speak TLS on that port, the check fails.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8443\n\n[[http_service.checks]]\n\
          path = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n\
          tls_skip_verify = true\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8443\n\n[[http_service.checks]]\n\
           protocol = \"https\"\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\n\
           grace_period = \"10s\"\ntls_skip_verify = true\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: http_service.checks",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for check in facts.http_checks().into_iter().filter(|check| !is_https(check)) {
        let skip = check.tls_skip_verify.as_ref().filter(|on| on.value).map(|on| (on.span, "tls_skip_verify"));
        let name = check.tls_server_name.as_ref().filter(|name| !name.is_empty());
        for (span, key) in skip.into_iter().chain(name.map(|name| (name.span, "tls_server_name"))) {
            sink.report(span, format!("nothing reads `{key}`: this check speaks plain HTTP"))
                .label(check.span, "this check")
                .help("write `protocol = \"https\"`, or remove it");
        }
    }
}

fn is_https(check: &AnyHttpCheck) -> bool {
    check.protocol.as_ref().is_some_and(|protocol| protocol.eq_ignore_ascii_case("https"))
}
