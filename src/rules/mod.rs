//! What can be wrong with a fly.toml: one file per rule, one table. A rule reads facts and reports
//! places; it knows nothing of severity settings, suppressions or output.

mod alphabetical_default_group;
mod ambiguous_file;
mod autostop_overruled;
mod autostop_without_autostart;
mod bluegreen_group_without_check;
mod bluegreen_with_long_kill_timeout;
mod bluegreen_with_machine_check;
mod bluegreen_with_volume;
mod bluegreen_without_health_check;
mod broken_port_range;
mod broken_replay_cache;
mod canary_with_volume;
mod check_duration_out_of_range;
mod check_meets_redirect;
mod check_on_public_port;
mod check_on_udp_service;
mod check_on_unserved_port;
mod check_timeout_over_interval;
mod check_without_grace_period;
mod checks_differ_from_fleet;
mod contradictory_handlers;
mod credential_in_file;
mod dead_key;
mod deploy_timeout_too_short;
mod deploy_with_one_machine;
mod dropped_duration;
mod duration_in_nanoseconds;
mod file_in_every_process_group;
mod force_https_without_http;
mod force_https_without_https;
mod group_without_machines;
mod http_key_in_tcp_check;
mod immediate_strategy;
mod implicit_process_group;
mod impossible_machine;
mod incomplete_check;
mod incomplete_metrics;
mod incomplete_static;
mod invalid_check_path;
mod invalid_volume_name;
mod key_in_other_case;
mod kill_timeout_too_long;
mod legacy_form;
mod machine_check_without_command;
mod machine_size_out_of_range;
mod max_unavailable_out_of_range;
mod max_unavailable_without_effect;
mod min_machines_over_fleet;
mod min_machines_without_autostop;
mod min_machines_without_primary_region;
mod missing_file;
mod mixed_images;
mod never_restarted_service;
mod option_without_handler;
mod partial_vm;
mod port_443_without_tls;
mod port_80_with_tls;
mod port_mismatch;
mod port_not_exposed;
mod port_out_of_range;
mod primary_region_in_env;
mod proxy_feature_on_udp;
mod public_port_of_several_groups;
mod public_port_used_twice;
mod release_command_with_volume;
mod release_setting_without_command;
mod removed_process_group;
mod restart_retries_without_effect;
mod retired_gpu;
mod second_mount_in_group;
mod section_without_process_group;
mod service_defined_twice;
mod service_without_internal_port;
mod service_without_port;
mod service_without_process_group;
mod setting_among_variables;
mod several_build_sources;
mod shadowed_key;
mod shadowed_section;
mod soft_limit_over_hard_limit;
mod suspend_not_possible;
mod syntax_error;
mod tls_option_in_http_check;
mod top_level_check_of_service;
mod udp_port_rewritten;
mod unknown_check_method;
mod unknown_check_protocol;
mod unknown_compression;
mod unknown_concurrency_type;
mod unknown_handler;
mod unknown_key;
mod unknown_process_group;
mod unknown_proxy_protocol_version;
mod unknown_region;
mod unknown_restart_policy;
mod unknown_service_protocol;
mod unknown_strategy;
mod unknown_tls_version;
mod unmanaged_machine;
mod unpinned_image;
mod unsplittable_command;
mod unsupported_kill_signal;
mod unusable_group_name;
mod unusable_mount;
mod unusable_variable_name;
mod unused_seed_command;
mod unused_suppression;
mod volume_differs_from_fleet;
mod volume_setting_out_of_range;
mod volume_shared_by_groups;
mod volume_that_cannot_grow;
mod wrong_type;

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Edit, Fix, Flyctl, Label, Safety, Severity};
use crate::facts::Facts;
use crate::schema;
use crate::span::{Span, Spanned};

/// Every rule, by id.
pub const RULES: &[&Rule] = &[
    &alphabetical_default_group::RULE,
    &ambiguous_file::RULE,
    &autostop_overruled::RULE,
    &autostop_without_autostart::RULE,
    &bluegreen_group_without_check::RULE,
    &bluegreen_with_long_kill_timeout::RULE,
    &bluegreen_with_machine_check::RULE,
    &bluegreen_with_volume::RULE,
    &bluegreen_without_health_check::RULE,
    &broken_port_range::RULE,
    &broken_replay_cache::RULE,
    &canary_with_volume::RULE,
    &check_duration_out_of_range::RULE,
    &check_meets_redirect::RULE,
    &check_on_public_port::RULE,
    &check_on_udp_service::RULE,
    &check_on_unserved_port::RULE,
    &check_timeout_over_interval::RULE,
    &check_without_grace_period::RULE,
    &checks_differ_from_fleet::RULE,
    &contradictory_handlers::RULE,
    &credential_in_file::RULE,
    &dead_key::RULE,
    &deploy_timeout_too_short::RULE,
    &deploy_with_one_machine::RULE,
    &dropped_duration::RULE,
    &duration_in_nanoseconds::RULE,
    &file_in_every_process_group::RULE,
    &force_https_without_http::RULE,
    &force_https_without_https::RULE,
    &group_without_machines::RULE,
    &http_key_in_tcp_check::RULE,
    &immediate_strategy::RULE,
    &implicit_process_group::RULE,
    &impossible_machine::RULE,
    &incomplete_check::RULE,
    &incomplete_metrics::RULE,
    &incomplete_static::RULE,
    &invalid_check_path::RULE,
    &invalid_volume_name::RULE,
    &key_in_other_case::RULE,
    &kill_timeout_too_long::RULE,
    &legacy_form::RULE,
    &machine_check_without_command::RULE,
    &machine_size_out_of_range::RULE,
    &max_unavailable_out_of_range::RULE,
    &max_unavailable_without_effect::RULE,
    &min_machines_over_fleet::RULE,
    &min_machines_without_autostop::RULE,
    &min_machines_without_primary_region::RULE,
    &missing_file::RULE,
    &mixed_images::RULE,
    &never_restarted_service::RULE,
    &option_without_handler::RULE,
    &partial_vm::RULE,
    &port_443_without_tls::RULE,
    &port_80_with_tls::RULE,
    &port_mismatch::RULE,
    &port_not_exposed::RULE,
    &port_out_of_range::RULE,
    &primary_region_in_env::RULE,
    &proxy_feature_on_udp::RULE,
    &public_port_of_several_groups::RULE,
    &public_port_used_twice::RULE,
    &release_command_with_volume::RULE,
    &release_setting_without_command::RULE,
    &removed_process_group::RULE,
    &restart_retries_without_effect::RULE,
    &retired_gpu::RULE,
    &second_mount_in_group::RULE,
    &section_without_process_group::RULE,
    &service_defined_twice::RULE,
    &service_without_internal_port::RULE,
    &service_without_port::RULE,
    &service_without_process_group::RULE,
    &setting_among_variables::RULE,
    &several_build_sources::RULE,
    &shadowed_key::RULE,
    &shadowed_section::RULE,
    &soft_limit_over_hard_limit::RULE,
    &suspend_not_possible::RULE,
    &syntax_error::RULE,
    &tls_option_in_http_check::RULE,
    &top_level_check_of_service::RULE,
    &udp_port_rewritten::RULE,
    &unknown_check_method::RULE,
    &unknown_check_protocol::RULE,
    &unknown_compression::RULE,
    &unknown_concurrency_type::RULE,
    &unknown_handler::RULE,
    &unknown_key::RULE,
    &unknown_process_group::RULE,
    &unknown_proxy_protocol_version::RULE,
    &unknown_region::RULE,
    &unknown_restart_policy::RULE,
    &unknown_service_protocol::RULE,
    &unknown_strategy::RULE,
    &unknown_tls_version::RULE,
    &unmanaged_machine::RULE,
    &unpinned_image::RULE,
    &unsplittable_command::RULE,
    &unsupported_kill_signal::RULE,
    &unusable_group_name::RULE,
    &unusable_mount::RULE,
    &unusable_variable_name::RULE,
    &unused_seed_command::RULE,
    &unused_suppression::RULE,
    &volume_differs_from_fleet::RULE,
    &volume_setting_out_of_range::RULE,
    &volume_shared_by_groups::RULE,
    &volume_that_cannot_grow::RULE,
    &wrong_type::RULE,
];

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

/// How often each word stands in the headers of a file. A table that has several headers cannot be
/// renamed at one of them.
struct HeaderWords<'a>(BTreeMap<&'a str, usize>);

impl<'a> HeaderWords<'a> {
    fn of(text: &'a str) -> Self {
        let mut words = BTreeMap::new();
        for line in text.lines().map(str::trim_start).filter(|line| line.starts_with('[')) {
            let header = line.split('#').next().unwrap_or_default();
            for word in header.split(['[', ']', '.', '"', '\'', ' ', '\t']).filter(|word| !word.is_empty()) {
                *words.entry(word).or_default() += 1;
            }
        }
        Self(words)
    }

    fn allow_renaming(&self, key: &str) -> bool {
        self.0.get(key).is_none_or(|times| *times == 1)
    }
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

    /// Reports a text that is none of `names`, of which there is a certain `kind`, with the one
    /// that was probably meant. An empty text is unset.
    pub fn report_unless_known(&mut self, written: &Spanned<String>, kind: &str, names: &[&str]) {
        if written.is_empty() || names.contains(&written.value.as_str()) {
            return;
        }
        let finding = self.report(written.span, format!("there is no {kind} `{}`", written.value));
        let Some(meant) = schema::closest(names.iter().copied(), written) else {
            finding.help(format!("there are: {}", names.join(", ")));
            return;
        };
        let safety = if meant.eq_ignore_ascii_case(written) { Safety::Safe } else { Safety::Unsafe };
        let edit = Edit { span: written.span, text: format!("\"{meant}\"") };
        finding.help(format!("did you mean `{meant}`?")).fix(safety, format!("write `{meant}`"), vec![edit]);
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
