//! A method that HTTP does not have.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::limits;

pub(super) const RULE: Rule = Rule {
    id: "unknown-check-method",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "an HTTP check with a method that does not exist",
    why: "A check asks with `GET` unless it says otherwise. flyctl passes any word on, and an app has no answer to a \
          method that it does not know.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[[http_service.checks]]\n\
          method = \"GTE\"\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\n\
          grace_period = \"10s\"\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[[http_service.checks]]\n\
           method = \"GET\"\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\n\
           grace_period = \"10s\"\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: http_service.checks; RFC 9110",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for method in facts.http_checks().into_iter().filter_map(|check| check.method.as_ref()) {
        if !limits::HTTP_METHODS.iter().any(|known| known.eq_ignore_ascii_case(method)) {
            sink.report_unless_known(method, "method", &limits::HTTP_METHODS);
        }
    }
}
