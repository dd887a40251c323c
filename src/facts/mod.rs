//! What follows from a config and a fleet together: what rules and the planner both ask. Knows
//! nothing of findings or plans.

mod credential;
mod dockerfile;
mod files;
mod observed;
mod written;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::config::{Config, Field, Groups, HttpCheck, MachineCheck, Problem, Reading, TcpCheck, Vm};
use crate::fleet::Fleet;
use crate::machine;
use crate::span::{Span, Spanned};

pub use credential::credential;
pub use dockerfile::exposed_ports;
pub use files::{dockerfile_path, paths_beside};
pub use observed::purpose;
pub use written::line_of_entry;

/// Everything that a rule may look at.
pub struct Facts<'a> {
    /// The file as it stands on the disk.
    pub text: &'a str,
    pub reading: &'a Reading,
    /// The machines that exist, when they are known.
    pub fleet: Option<&'a Fleet>,
    /// Files beside fly.toml, by the paths that it gives them; `None`: nobody looked.
    pub files: Option<&'a BTreeMap<String, String>>,
}

/// `[http_service]` or one of `[[services]]`: what both have.
#[derive(Debug, Clone)]
pub struct AnyService<'a> {
    /// Where it stands: `http_service`, `services[0]`.
    pub path: String,
    pub span: Span,
    pub internal_port: &'a Field<i64>,
    pub processes: &'a Groups,
    pub tcp_checks: &'a [TcpCheck],
    pub http_checks: &'a [HttpCheck],
    pub machine_checks: &'a [MachineCheck],
}

impl<'a> Facts<'a> {
    pub fn config(&self) -> &'a Config {
        &self.reading.config
    }

    pub fn problems(&self) -> &'a [Problem] {
        &self.reading.problems
    }

    pub fn services(&self) -> Vec<AnyService<'a>> {
        services(self.config())
    }

    /// Whether the value at `path` has a type that flyctl refuses: it is not unset, but not known.
    pub fn is_refused(&self, path: &str) -> bool {
        self.problems().iter().any(|problem| matches!(problem, Problem::WrongType { path: at, .. } if at == path))
    }

    pub fn strategy(&self) -> Option<&'a Spanned<String>> {
        self.config().deploy.as_ref()?.strategy.as_ref()
    }

    /// The place of `strategy = "bluegreen"`, when the file asks for it.
    pub fn bluegreen(&self) -> Option<Span> {
        let strategy = self.strategy()?;
        (strategy.value == "bluegreen").then_some(strategy.span)
    }

    /// Where to point at when a group as a whole is meant: its declaration or, when it is implicit,
    /// the first section that is for it.
    pub fn place_of(&self, group: &str) -> Span {
        let config = self.config();
        let declared = config.processes.as_ref().and_then(|processes| processes.groups.get(group));
        let service = || self.services().into_iter().find(|service| config.is_for(service.processes, group));
        declared
            .map(|process| process.name)
            .or_else(|| service().map(|service| service.span))
            .or_else(|| config.app.as_ref().map(|app| app.span))
            .unwrap_or(Span::at(0))
    }
}

/// A section other than a service that is for the machines of some groups.
#[derive(Debug, Clone)]
pub struct GroupedSection<'a> {
    /// As it is written: `[[mounts]]`.
    pub header: String,
    pub span: Span,
    pub processes: &'a Groups,
}

/// The sections that go to the default group when they name none: volumes, checks, metrics and
/// restart policies.
pub fn grouped_sections(config: &Config) -> Vec<GroupedSection<'_>> {
    let of = |header: &str, span, processes| GroupedSection { header: header.to_owned(), span, processes };
    let mounts = config.mounts.iter().map(|mount| of("[[mounts]]", mount.span, &mount.processes));
    let checks =
        config.checks.iter().map(|(name, check)| of(&format!("[checks.{name}]"), check.span, &check.processes));
    let metrics = config.metrics.iter().map(|metrics| of("[[metrics]]", metrics.span, &metrics.processes));
    let restart = config.restart.iter().map(|restart| of("[[restart]]", restart.span, &restart.processes));
    mounts.chain(checks).chain(metrics).chain(restart).collect()
}

/// Every service of the file, `[http_service]` first.
pub fn services(config: &Config) -> Vec<AnyService<'_>> {
    let http = config.http_service.iter().map(|service| AnyService {
        path: "http_service".to_owned(),
        span: service.span,
        internal_port: &service.internal_port,
        processes: &service.processes,
        tcp_checks: &[],
        http_checks: &service.checks,
        machine_checks: &service.machine_checks,
    });
    let others = config.services.iter().enumerate().map(|(index, service)| AnyService {
        path: format!("services[{index}]"),
        span: service.span,
        internal_port: &service.internal_port,
        processes: &service.processes,
        tcp_checks: &service.tcp_checks,
        http_checks: &service.http_checks,
        machine_checks: &service.machine_checks,
    });
    http.chain(others).collect()
}

/// The size of machine that a `[[vm]]` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Size {
    pub cpu_kind: String,
    pub cpus: i64,
    pub memory_mb: i64,
    pub has_gpu: bool,
}

/// As flyctl works it out: the preset, changed by what else the section says. `None`: it says
/// something impossible.
pub fn size(vm: &Vm, config: &Config) -> Option<Size> {
    let guest = machine::guest(vm, config).ok()?;
    let number = |key: &str| guest.get(key).and_then(Value::as_i64);
    Some(Size {
        cpu_kind: guest.get("cpu_kind")?.as_str()?.to_owned(),
        cpus: number("cpus")?,
        memory_mb: number("memory_mb")?,
        has_gpu: guest.contains_key("gpu_kind") || guest.contains_key("gpus"),
    })
}

/// Whether machines of `group` run a check that a blue-green deploy waits for: a service's, or a
/// top-level one. Machine checks are skipped there.
pub fn is_checked(config: &Config, group: &str) -> bool {
    let by_service = services(config)
        .into_iter()
        .filter(|service| config.is_for(service.processes, group))
        .any(|service| !service.tcp_checks.is_empty() || !service.http_checks.is_empty());
    by_service || config.checks.values().any(|check| config.is_for(&check.processes, group))
}
