//! What can be wrong with a fly.toml: one file per rule, one table. A rule reads facts and reports
//! places; it knows nothing of severity settings, suppressions or output.

use crate::diagnostic::{Diagnostic, Edit, Fix, Flyctl, Label, Safety, Severity};
use crate::facts::Facts;
use crate::span::Span;

/// Declares the files and lists what is in them.
macro_rules! table {
    ($($name:ident,)*) => {
        $(mod $name;)*

        /// Every rule, by id.
        pub const RULES: &[&Rule] = &[$(&$name::RULE),*];
    };
}

table! {
    bluegreen_with_volume,
    bluegreen_without_health_check,
    canary_with_volume,
    check_duration_out_of_range,
    dead_key,
    http_key_in_tcp_check,
    implicit_process_group,
    impossible_machine,
    incomplete_check,
    key_in_other_case,
    service_without_internal_port,
    service_without_port,
    service_without_process_group,
    syntax_error,
    unknown_compression,
    unknown_key,
    unknown_process_group,
    unknown_restart_policy,
    unknown_strategy,
    unsplittable_command,
    unused_suppression,
    volume_setting_out_of_range,
    wrong_type,
}

/// The rule of that id.
pub fn find(id: &str) -> Option<&'static Rule> {
    let at = RULES.binary_search_by(|rule| rule.id.cmp(id)).ok()?;
    Some(RULES[at])
}

/// The rule that was probably meant by `id`.
pub fn closest(id: &str) -> Option<&'static str> {
    let near = RULES.iter().map(|rule| (strsim::jaro_winkler(rule.id, id), rule.id));
    near.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(likeness, _)| *likeness > SIMILAR_ENOUGH).map(|(_, rule)| rule)
}

/// Below this, a suggestion is more often wrong than right.
const SIMILAR_ENOUGH: f64 = 0.8;

/// A rule and all that is said about it. The documentation, `explain`, the SARIF metadata and the
/// tests come from here.
pub struct Rule {
    /// Names the fault, and reads well after "allow": `bluegreen-with-volume`.
    pub id: &'static str,
    pub persona: Persona,
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
    /// What else the examples are checked with.
    pub given: Given,
    /// Where this is known from.
    pub source: &'static str,
    pub check: fn(&Facts, &mut Sink),
}

impl Rule {
    /// What this rule alone finds, in no order.
    pub fn findings(&'static self, facts: &Facts) -> Vec<Diagnostic> {
        let mut sink = Sink::new(self);
        (self.check)(facts, &mut sink);
        sink.found
    }
}

/// What a rule's examples are checked with, beside the file: as a user would give it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given {
    /// A machine list.
    pub fleet: Option<&'static str>,
    /// Names and contents of files beside fly.toml; `None`: nobody looked.
    pub files: Option<&'static [(&'static str, &'static str)]>,
}

impl Given {
    pub const NOTHING: Self = Self { fleet: None, files: None };
}

/// Who wants to hear of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Persona {
    /// Everybody: what is reported is wrong, or very likely so.
    Regular,
    /// Those who ask for every advice.
    Pedantic,
}

/// Takes the findings of one rule.
pub struct Sink {
    rule: &'static Rule,
    found: Vec<Diagnostic>,
}

impl Sink {
    pub fn new(rule: &'static Rule) -> Self {
        Self { rule, found: Vec::new() }
    }

    pub fn into_findings(self) -> Vec<Diagnostic> {
        self.found
    }

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
