//! What can be wrong with a fly.toml: one file per rule, one table. A rule reads facts and reports
//! places; it knows nothing of severity settings, suppressions or output.

use crate::diagnostic::{Diagnostic, Edit, Fix, Flyctl, Label, Safety, Severity};
use crate::facts::Facts;
use crate::span::Span;

/// A rule and all that is said about it. The documentation, `explain`, the SARIF metadata and the
/// tests come from here.
pub struct Rule {
    /// Names the fault, and reads well after "allow": `bluegreen-with-volume`.
    pub id: &'static str,
    pub severity: Severity,
    /// What flyctl does about the fault.
    pub flyctl: Flyctl,
    /// One line.
    pub summary: &'static str,
    /// Why it matters and what Fly does, in full sentences.
    pub why: &'static str,
    /// A file in which the rule fires, and one, mended, in which no rule does.
    pub bad: &'static str,
    pub good: &'static str,
    /// Where this is known from.
    pub source: &'static str,
    pub check: fn(&Facts, &mut Sink),
}

/// Takes the findings of one rule.
pub struct Sink {
    rule: &'static Rule,
    found: Vec<Diagnostic>,
}

impl Sink {
    /// Reports a finding with the rule's own severity; the result takes what else is known.
    pub fn report(&mut self, span: Span, message: impl Into<String>) -> Finding<'_> {
        self.found.push(Diagnostic {
            rule: self.rule.id,
            severity: self.rule.severity,
            flyctl: self.rule.flyctl,
            message: message.into(),
            help: None,
            span,
            labels: Vec::new(),
            fix: None,
        });
        let last = self.found.len() - 1;
        Finding(&mut self.found[last])
    }
}

/// The finding just reported.
pub struct Finding<'a>(&'a mut Diagnostic);

impl Finding<'_> {
    pub fn help(self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    pub fn label(self, span: Span, message: impl Into<String>) -> Self {
        self.0.labels.push(Label { span, message: message.into() });
        self
    }

    pub fn severity(self, severity: Severity) -> Self {
        self.0.severity = severity;
        self
    }

    pub fn flyctl(self, flyctl: Flyctl) -> Self {
        self.0.flyctl = flyctl;
        self
    }

    pub fn fix(self, safety: Safety, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.0.fix = Some(Fix { safety, title: title.into(), edits });
        self
    }
}
