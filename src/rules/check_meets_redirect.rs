//! A check that may be answered by a redirect.

use super::{Given, Persona, Rule, Sink};
use crate::config::HttpCheck;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "check-meets-redirect",
    persona: Persona::Pedantic,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "an HTTP check without `X-Forwarded-Proto` in an app that forces HTTPS",
    why: "A check asks the machine itself, by plain HTTP and past the proxy. An app that redirects to HTTPS on its own \
          answers with a 301, and only 2xx passes. The header `X-Forwarded-Proto = \"https\"` makes most frameworks \
          answer.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\nforce_https = true\n\n\
          [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\n\
          grace_period = \"10s\"\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\nforce_https = true\n\n\
           [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\n\
           grace_period = \"10s\"\nheaders = { X-Forwarded-Proto = \"https\" }\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: http_service.checks; blueprints/seamless-deployments",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for service in facts.services() {
        let Some(forced) = service.ports.iter().find_map(|ports| ports.force_https) else { continue };
        for check in service.http_checks.iter().filter(|check| is_plain(check)) {
            sink.report(check.span, "if the app redirects to HTTPS by itself, this check fails with a 301")
                .label(forced, "HTTPS is forced here")
                .help("add `headers = { X-Forwarded-Proto = \"https\" }`");
        }
    }
}

/// Whether the app sees a request that did not come by HTTPS.
fn is_plain(check: &HttpCheck) -> bool {
    let is_https = check.protocol.as_ref().is_some_and(|protocol| protocol.eq_ignore_ascii_case("https"));
    !is_https && !check.headers.keys().any(|name| name.eq_ignore_ascii_case("x-forwarded-proto"))
}
