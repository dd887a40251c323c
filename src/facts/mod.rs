//! What follows from a config and a fleet together: what rules and the planner both ask. Knows
//! nothing of findings or plans.

mod credential;
mod dockerfile;
mod files;
mod observed;
mod ports;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::Value;

use crate::config::{
    Autostop, Concurrency, Config, Field, Groups, HttpCheck, HttpOptions, MachineCheck, Problem, Reading, TcpCheck,
    TlsOptions, TopLevelCheck, Vm,
};
use crate::fleet::Fleet;
use crate::machine;
use crate::span::{Span, Spanned};
use crate::units::Duration;

pub use credential::{credential, veiled};
pub use dockerfile::{DockerfilePorts, is_port_variable, ports_in_dockerfile};
pub use files::{dockerfile_path, paths_beside};
pub use observed::purpose;
pub use ports::PublicPorts;
pub use written::line_of_entry;

/// Everything that a rule may look at.
pub struct Facts<'a> {
    /// The file as it was given.
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
    pub is_udp: bool,
    pub internal_port: &'a Field<i64>,
    /// Shared by the groups that it is for: there may be many of both.
    pub ports: Rc<[PublicPorts<'a>]>,
    pub auto_stop_machines: &'a Field<Autostop>,
    pub auto_start_machines: &'a Field<bool>,
    pub min_machines_running: &'a Field<i64>,
    pub concurrency: Option<&'a Concurrency>,
    pub processes: &'a Groups,
    pub tcp_checks: &'a [TcpCheck],
    pub http_checks: &'a [HttpCheck],
    pub machine_checks: &'a [MachineCheck],
}

impl AnyService<'_> {
    /// What the proxy does with idle machines, as far as this service has a say.
    pub fn autostop(&self) -> Autostop {
        self.auto_stop_machines.as_ref().map_or(Autostop::Off, |mode| mode.value)
    }

    pub fn port(&self) -> Option<i64> {
        self.internal_port.as_ref().map(|port| port.value)
    }

    pub fn is_checked(&self) -> bool {
        !self.tcp_checks.is_empty() || !self.http_checks.is_empty()
    }
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

    /// Each list of services that machines of some group have, by the first of these groups.
    pub fn served(&self) -> Vec<Served<'a>> {
        let services = self.services();
        let places = services.iter().enumerate().map(|(at, service)| (service.processes, at));
        let mut groups_of: BTreeMap<Vec<usize>, Vec<&str>> = BTreeMap::new();
        for (group, list) in self.config().by_group(places) {
            groups_of.entry(list).or_default().push(group);
        }
        let listed = |list: Vec<usize>| list.into_iter().map(|at| services[at].clone()).collect();
        let served = groups_of.into_iter().map(|(list, groups)| Served { groups, services: listed(list) });
        let mut out: Vec<Served> = served.collect();
        out.sort_by_key(|served| served.groups.first().copied());
        out
    }

    /// Every HTTP check, top-level ones too.
    pub fn http_checks(&self) -> Vec<AnyHttpCheck<'a>> {
        let mut out = Vec::new();
        for service in self.services() {
            out.extend(service.http_checks.iter().map(AnyHttpCheck::of_service));
        }
        let top_level = self.config().checks.values();
        out.extend(
            top_level
                .filter(|check| check.kind.as_ref().is_some_and(|kind| kind.value == "http"))
                .map(AnyHttpCheck::of),
        );
        out
    }

    /// When each check of the file runs.
    pub fn check_timings(&self) -> Vec<CheckTiming<'a>> {
        let mut out = Vec::new();
        for service in self.services() {
            out.extend(
                service
                    .tcp_checks
                    .iter()
                    .map(|check| CheckTiming::of(check.span, [&check.interval, &check.timeout, &check.grace_period])),
            );
            out.extend(
                service
                    .http_checks
                    .iter()
                    .map(|check| CheckTiming::of(check.span, [&check.interval, &check.timeout, &check.grace_period])),
            );
        }
        out.extend(
            self.config()
                .checks
                .values()
                .map(|check| CheckTiming::of(check.span, [&check.interval, &check.timeout, &check.grace_period])),
        );
        out
    }

    /// Every top-level check with each group that it is for.
    pub fn top_level_checks(&self) -> impl Iterator<Item = (&'a TopLevelCheck, &'a str)> {
        let config = self.config();
        let each =
            |check: &'a TopLevelCheck| config.groups_of(&check.processes).into_iter().map(move |group| (check, group));
        config.checks.values().flat_map(each)
    }

    /// The groups that run a check which a blue-green deploy waits for.
    pub fn checked_groups(&self) -> BTreeSet<&'a str> {
        let config = self.config();
        let services = self.services().into_iter().filter(AnyService::is_checked).map(|service| service.processes);
        let top_level = config.checks.values().map(|check| &check.processes);
        services.chain(top_level).flat_map(|processes| config.groups_of(processes)).collect()
    }

    /// Every `tls_options` of the file.
    pub fn tls_options(&self) -> impl Iterator<Item = &'a TlsOptions> {
        let config = self.config();
        let ports = config.services.iter().flat_map(|service| &service.ports);
        let http = config.http_service.iter().filter_map(|service| service.tls_options.as_ref());
        http.chain(ports.filter_map(|port| port.tls_options.as_ref()))
    }

    /// Every `http_options` of the file.
    pub fn http_options(&self) -> impl Iterator<Item = &'a HttpOptions> {
        let config = self.config();
        let ports = config.services.iter().flat_map(|service| &service.ports);
        let http = config.http_service.iter().filter_map(|service| service.http_options.as_ref());
        http.chain(ports.filter_map(|port| port.http_options.as_ref()))
    }

    /// What reading stumbled over at exactly this place.
    pub fn problems_at(&self, span: Span) -> impl Iterator<Item = &'a Problem> {
        let problems = self.problems();
        let first = problems.partition_point(|problem| problem.span().start < span.start);
        let at = problems[first..].iter().take_while(move |problem| problem.span().start == span.start);
        at.filter(move |problem| problem.span() == span)
    }

    /// What could not be read: where something seems to be unset, it may be that.
    pub fn refused(&self) -> Refused<'a> {
        let path = |problem: &'a Problem| match problem {
            Problem::WrongType { path, .. } => Some(path.as_str()),
            _ => None,
        };
        Refused {
            anything: self.problems().iter().any(|problem| matches!(problem, Problem::Syntax(_))),
            paths: self.problems().iter().filter_map(path).collect(),
        }
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

/// What machines of these groups serve: those that have the same services are looked at together.
#[derive(Debug, Clone)]
pub struct Served<'a> {
    /// At least one; sorted.
    pub groups: Vec<&'a str>,
    /// In the order of the file.
    pub services: Vec<AnyService<'a>>,
}

/// By group, what follows from its services: worked out once for those that have the same.
pub fn by_group<'a, T>(served: &[Served<'a>], of: impl Fn(&[AnyService<'a>]) -> T) -> BTreeMap<&'a str, Rc<T>> {
    let each = served.iter().flat_map(|served| {
        let shared = Rc::new(of(&served.services));
        served.groups.iter().map(move |group| (*group, Rc::clone(&shared)))
    });
    each.collect()
}

/// See [`Facts::refused`].
pub struct Refused<'a> {
    /// After a syntax error.
    anything: bool,
    paths: BTreeSet<&'a str>,
}

impl Refused<'_> {
    /// What stands at this path.
    pub fn holds(&self, path: &str) -> bool {
        self.anything || self.paths.contains(path)
    }

    /// Some key of this name.
    pub fn holds_key(&self, key: &str) -> bool {
        self.anything || self.paths.iter().any(|path| path.rsplit('.').next() == Some(key))
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

/// When a check runs, wherever it stands.
#[derive(Debug, Clone, Copy)]
pub struct CheckTiming<'a> {
    pub span: Span,
    pub interval: &'a Field<Duration>,
    pub timeout: &'a Field<Duration>,
    pub grace_period: &'a Field<Duration>,
}

impl<'a> CheckTiming<'a> {
    fn of(span: Span, [interval, timeout, grace_period]: [&'a Field<Duration>; 3]) -> Self {
        Self { span, interval, timeout, grace_period }
    }
}

/// What HTTP checks of services and of the top level have in common.
#[derive(Debug, Clone, Copy)]
pub struct AnyHttpCheck<'a> {
    pub span: Span,
    pub method: &'a Field<String>,
    pub path: &'a Field<String>,
    pub protocol: &'a Field<String>,
    pub tls_skip_verify: &'a Field<bool>,
    pub tls_server_name: &'a Field<String>,
}

impl<'a> AnyHttpCheck<'a> {
    fn of_service(check: &'a HttpCheck) -> Self {
        Self {
            span: check.span,
            method: &check.method,
            path: &check.path,
            protocol: &check.protocol,
            tls_skip_verify: &check.tls_skip_verify,
            tls_server_name: &check.tls_server_name,
        }
    }

    fn of(check: &'a TopLevelCheck) -> Self {
        Self {
            span: check.span,
            method: &check.method,
            path: &check.path,
            protocol: &check.protocol,
            tls_skip_verify: &check.tls_skip_verify,
            tls_server_name: &check.tls_server_name,
        }
    }
}

/// Every service of the file, `[http_service]` first.
pub fn services(config: &Config) -> Vec<AnyService<'_>> {
    let http = config.http_service.iter().map(|service| AnyService {
        path: "http_service".to_owned(),
        span: service.span,
        is_udp: false,
        internal_port: &service.internal_port,
        ports: ports::of_http_service(service).into(),
        auto_stop_machines: &service.auto_stop_machines,
        auto_start_machines: &service.auto_start_machines,
        min_machines_running: &service.min_machines_running,
        concurrency: service.concurrency.as_ref(),
        processes: &service.processes,
        tcp_checks: &[],
        http_checks: &service.checks,
        machine_checks: &service.machine_checks,
    });
    let others = config.services.iter().enumerate().map(|(index, service)| AnyService {
        path: format!("services[{index}]"),
        span: service.span,
        is_udp: service.protocol.as_ref().is_some_and(|protocol| protocol.value == "udp"),
        internal_port: &service.internal_port,
        ports: service.ports.iter().map(ports::of_entry).collect(),
        auto_stop_machines: &service.auto_stop_machines,
        auto_start_machines: &service.auto_start_machines,
        min_machines_running: &service.min_machines_running,
        concurrency: service.concurrency.as_ref(),
        processes: &service.processes,
        tcp_checks: &service.tcp_checks,
        http_checks: &service.http_checks,
        machine_checks: &service.machine_checks,
    });
    http.chain(others).collect()
}

/// Their names, or those of the first of very many.
pub fn some_of<'a>(names: impl IntoIterator<Item = &'a &'a str, IntoIter: ExactSizeIterator>) -> String {
    let mut names = names.into_iter();
    let mut out: Vec<&str> = names.by_ref().take(MOST_NAMED).copied().collect();
    let more = names.len();
    let rest = format!("{more} more");
    if more > 0 {
        out.push(&rest);
    }
    out.join(", ")
}

/// What one finding lists at most.
const MOST_NAMED: usize = 20;

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

/// The path of a table without the numbers of its items: `services.ports` for
/// `services[0].ports[1]`.
pub fn table_of(path: &str) -> String {
    let parts = path.split('.').map(|part| part.split('[').next().unwrap_or(part));
    parts.collect::<Vec<_>>().join(".")
}
