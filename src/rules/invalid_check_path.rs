//! A path to check that is none.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::Facts;
use crate::span::Spanned;

pub(super) const RULE: Rule = Rule {
    id: "invalid-check-path",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "an HTTP check whose `path` does not begin with `/`",
    why: "The request goes to the machine's own address and to the port of the service; `path` is what comes behind \
          them, from the slash on. flyctl passes anything on, and the check fails on every machine.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[[http_service.checks]]\n\
          path = \"health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[[http_service.checks]]\n\
           path = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: http_service.checks",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for path in facts.http_checks().into_iter().filter_map(|check| check.path.as_ref()) {
        if !path.is_empty() && !path.starts_with('/') {
            report(sink, path);
        }
    }
}

fn report(sink: &mut Sink, path: &Spanned<String>) {
    let is_plain = |text: &str| !text.contains(['"', '\\', '\n']);
    let edit = |text: String| vec![Edit { span: path.span, text: format!("\"{text}\"") }];
    if let Some((_, behind)) = path.split_once("://") {
        let meant = behind.find('/').map_or("/", |at| &behind[at..]);
        let finding = sink
            .report(path.span, "this is an address, not a path")
            .help(format!("write only the path, `{meant}`: the check asks the machine itself"));
        if is_plain(meant) {
            finding.fix(Safety::Unsafe, format!("write \"{meant}\""), edit(meant.to_owned()));
        }
    } else {
        let finding = sink.report(path.span, "a path begins with `/`");
        if is_plain(path) {
            finding.fix(Safety::Safe, format!("write \"/{}\"", path.value), edit(format!("/{}", path.value)));
        }
    }
}
