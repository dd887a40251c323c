//! What can be wrong with a fly.toml: one file per rule, one table. A rule reads facts and reports
//! places; it knows nothing of severity settings, suppressions or output.

mod alphabetical_default_group;
mod ambiguous_file;
mod bluegreen_with_long_kill_timeout;
mod bluegreen_with_machine_check;
mod bluegreen_with_volume;
mod bluegreen_without_health_check;
mod canary_with_volume;
mod check_duration_out_of_range;
mod checks_differ_from_fleet;
mod credential_in_file;
mod dead_key;
mod deploy_timeout_too_short;
mod deploy_with_one_machine;
mod file_in_every_process_group;
mod group_without_machines;
mod http_key_in_tcp_check;
mod immediate_with_health_check;
mod implicit_process_group;
mod impossible_machine;
mod incomplete_check;
mod incomplete_metrics;
mod incomplete_static;
mod invalid_volume_name;
mod key_in_other_case;
mod kill_timeout_too_long;
mod machine_size_out_of_range;
mod max_unavailable_out_of_range;
mod max_unavailable_without_effect;
mod memory_set_twice;
mod mend;
mod min_machines_over_fleet;
mod missing_file;
mod mixed_images;
mod never_restarted_service;
mod partial_vm;
mod port_mismatch;
mod port_not_exposed;
mod primary_region_in_env;
mod release_command_with_volume;
mod removed_process_group;
mod restart_retries_without_effect;
mod retired_gpu;
mod second_mount_in_group;
mod section_without_process_group;
mod service_without_internal_port;
mod service_without_port;
mod service_without_process_group;
mod several_build_sources;
mod shadowed_section;
mod syntax_error;
mod unknown_compression;
mod unknown_key;
mod unknown_process_group;
mod unknown_region;
mod unknown_restart_policy;
mod unknown_strategy;
mod unmanaged_machine;
mod unpinned_image;
mod unsplittable_command;
mod unsupported_kill_signal;
mod unusable_group_name;
mod unusable_mount;
mod unusable_variable_name;
mod unused_seed_command;
mod volume_differs_from_fleet;
mod volume_setting_out_of_range;
mod volume_shared_by_groups;
mod volume_that_cannot_grow;
mod wrong_type;

use std::collections::{BTreeMap, BTreeSet};

use crate::config;
use crate::diagnostic::{Diagnostic, Edit, Fix, Flyctl, Label, Safety, Severity};
use crate::facts::{self, Facts};
use crate::fleet::Fleet;
use crate::span::Span;
use crate::syntax::{self, Format};

pub use mend::{Mended, mend};

/// Every rule, by id.
pub const RULES: &[&Rule] = &[
    &alphabetical_default_group::RULE,
    &ambiguous_file::RULE,
    &bluegreen_with_long_kill_timeout::RULE,
    &bluegreen_with_machine_check::RULE,
    &bluegreen_with_volume::RULE,
    &bluegreen_without_health_check::RULE,
    &canary_with_volume::RULE,
    &check_duration_out_of_range::RULE,
    &checks_differ_from_fleet::RULE,
    &credential_in_file::RULE,
    &dead_key::RULE,
    &deploy_timeout_too_short::RULE,
    &deploy_with_one_machine::RULE,
    &file_in_every_process_group::RULE,
    &group_without_machines::RULE,
    &http_key_in_tcp_check::RULE,
    &immediate_with_health_check::RULE,
    &implicit_process_group::RULE,
    &impossible_machine::RULE,
    &incomplete_check::RULE,
    &incomplete_metrics::RULE,
    &incomplete_static::RULE,
    &invalid_volume_name::RULE,
    &key_in_other_case::RULE,
    &kill_timeout_too_long::RULE,
    &machine_size_out_of_range::RULE,
    &max_unavailable_out_of_range::RULE,
    &max_unavailable_without_effect::RULE,
    &memory_set_twice::RULE,
    &min_machines_over_fleet::RULE,
    &missing_file::RULE,
    &mixed_images::RULE,
    &never_restarted_service::RULE,
    &partial_vm::RULE,
    &port_mismatch::RULE,
    &port_not_exposed::RULE,
    &primary_region_in_env::RULE,
    &release_command_with_volume::RULE,
    &removed_process_group::RULE,
    &restart_retries_without_effect::RULE,
    &retired_gpu::RULE,
    &second_mount_in_group::RULE,
    &section_without_process_group::RULE,
    &service_without_internal_port::RULE,
    &service_without_port::RULE,
    &service_without_process_group::RULE,
    &several_build_sources::RULE,
    &shadowed_section::RULE,
    &syntax_error::RULE,
    &unknown_compression::RULE,
    &unknown_key::RULE,
    &unknown_process_group::RULE,
    &unknown_region::RULE,
    &unknown_restart_policy::RULE,
    &unknown_strategy::RULE,
    &unmanaged_machine::RULE,
    &unpinned_image::RULE,
    &unsplittable_command::RULE,
    &unsupported_kill_signal::RULE,
    &unusable_group_name::RULE,
    &unusable_mount::RULE,
    &unusable_variable_name::RULE,
    &unused_seed_command::RULE,
    &volume_differs_from_fleet::RULE,
    &volume_setting_out_of_range::RULE,
    &volume_shared_by_groups::RULE,
    &volume_that_cannot_grow::RULE,
    &wrong_type::RULE,
];

/// What was found in one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// By place, then by rule.
    pub diagnostics: Vec<Diagnostic>,
    pub flyctl: Verdict,
}

/// What flyctl does today with the file on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Accepts,
    Rejects,
}

/// Runs every rule over a file; its name decides the format, as flyctl does.
pub fn check(path: &str, text: &str, fleet: Option<&Fleet>) -> Report {
    check_given(path, text, fleet, None)
}

/// The same, with what stands beside the file: the files that [`paths_beside`] asked for, as far
/// as there are any. `None`: nobody looked.
pub fn check_given(path: &str, text: &str, fleet: Option<&Fleet>, files: Option<&BTreeMap<String, String>>) -> Report {
    let reading = config::read(&syntax::parse(text, Format::of_path(path)));
    let facts = Facts { text, reading: &reading, fleet, files };
    let mut diagnostics: Vec<Diagnostic> = RULES.iter().flat_map(|rule| findings(rule, &facts)).collect();
    diagnostics.sort_by_key(|found| (found.span, found.rule));
    let rejects = diagnostics.iter().any(|found| found.flyctl == Flyctl::Rejects);
    Report { diagnostics, flyctl: if rejects { Verdict::Rejects } else { Verdict::Accepts } }
}

/// The files that rules want to see, relative to the folder of the file at `path`. The content
/// matters of Dockerfiles alone; of others it is enough that they are there.
pub fn paths_beside(path: &str, text: &str) -> BTreeSet<String> {
    let reading = config::read(&syntax::parse(text, Format::of_path(path)));
    facts::paths_beside(&reading.config)
}

/// The rule of that id.
pub fn find(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id).copied()
}

fn findings(rule: &'static Rule, facts: &Facts) -> Vec<Diagnostic> {
    let mut sink = Sink { rule, found: Vec::new() };
    (rule.check)(facts, &mut sink);
    sink.found
}

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

/// What a rule's examples are checked with, beside the file: as a user would give it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given {
    /// A machine list.
    pub fleet: Option<&'static str>,
    /// The machine list of the good example, where the cure lies there.
    pub mended_fleet: Option<&'static str>,
    /// Names and contents of files beside fly.toml; `None`: nobody looked.
    pub files: Option<&'static [(&'static str, &'static str)]>,
}

impl Given {
    pub const NOTHING: Self = Self { fleet: None, mended_fleet: None, files: None };

    pub const fn fleet(list: &'static str) -> Self {
        Self { fleet: Some(list), ..Self::NOTHING }
    }

    pub const fn mended(self, list: &'static str) -> Self {
        Self { mended_fleet: Some(list), ..self }
    }

    pub const fn files(files: &'static [(&'static str, &'static str)]) -> Self {
        Self { files: Some(files), ..Self::NOTHING }
    }

    /// What the good example is checked with.
    pub fn of_good(self) -> Self {
        Self { fleet: self.mended_fleet.or(self.fleet), ..self }
    }
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
