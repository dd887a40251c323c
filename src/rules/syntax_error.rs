//! The file is not TOML at all, in places.

use super::{Given, Persona, Rule, Sink};
use crate::config::Problem;
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::Facts;
use crate::syntax::SyntaxError;

pub(super) const RULE: Rule = Rule {
    id: "syntax-error",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Rejects,
    summary: "the file cannot be parsed",
    why: "flyctl reads nothing of a file that it cannot parse, and stops at the first error. Every error is \
          reported here, and the rest of the file is checked as far as it can be understood.",
    bad: "app = \"shop\nprimary_region = iad\n",
    good: "app = \"shop\"\nprimary_region = \"iad\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/serde.go: unmarshalTOML",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for problem in facts.problems() {
        let Problem::Syntax(SyntaxError { span, message, help, label, cure }) = problem else { continue };
        let mut finding = sink.report(*span, message.clone());
        if let Some(help) = help {
            finding = finding.help(help.clone());
        }
        if let Some(label) = label {
            finding = finding.label(label.span, label.message.clone());
        }
        if let Some(cure) = cure {
            finding.fix(Safety::Unsafe, "write what was probably meant", vec![Edit::clone(cure)]);
        }
    }
}
