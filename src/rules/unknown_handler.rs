//! A handler that the proxy does not have.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::Facts;
use crate::limits;

pub(super) const RULE: Rule = Rule {
    id: "unknown-handler",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Silent,
    summary: "a connection handler that does not exist",
    why: "The proxy has the handlers `http`, `tls`, `pg_tls` and `proxy_proto`. HTTPS is `[\"tls\", \"http\"]`; plain TCP \
          is no handler at all. flyctl passes any other word on.",
    bad: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
          [[services.ports]]\nport = 8443\nhandlers = [\"https\"]\n",
    good: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
           [[services.ports]]\nport = 8443\nhandlers = [\"tls\", \"http\"]\n",
    given: Given::NOTHING,
    source: "superfly/docs networking/services: connection handlers",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for entry in facts.config().services.iter().flat_map(|service| &service.ports) {
        for handler in &entry.handlers {
            match handler.value.as_str() {
                "https" => {
                    let edit = Edit { span: handler.span, text: "\"tls\", \"http\"".into() };
                    sink.report(handler.span, "there is no handler `https`")
                        .help("HTTPS is `handlers = [\"tls\", \"http\"]`")
                        .fix(Safety::Unsafe, "write `tls` and `http`", vec![edit]);
                }
                "tcp" => {
                    sink.report(handler.span, "plain TCP needs no handler")
                        .help("leave `handlers` empty")
                        .severity(Severity::Hint);
                }
                _ => sink.report_unless_known(handler, "handler", &limits::HANDLERS),
            }
        }
    }
}
