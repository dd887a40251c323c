//! What flyctl's own validation refuses in a file that it could decode. Each refusal once, with
//! its place. Source: flyctl, `internal/appconfig/validation.go`.

use super::words;
use super::{Config, Field, Mount, Restart};
use crate::limits;
use crate::span::{Span, Spanned};
use crate::units::parse_gigabytes;

/// A fault over which flyctl calls the configuration invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    pub span: Span,
    pub kind: InvalidKind,
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InvalidKind {
    /// A command that cannot be split into words.
    Command,
    Strategy,
    CanaryWithMounts,
    CheckType,
    CheckInterval,
    CheckTimeout,
    ServiceWithoutProcesses,
    ServiceForUnknownGroup,
    RestartForUnknownGroup,
    RestartPolicy,
    MountSize,
    SnapshotRetention,
    AutoExtend,
    Compression,
    CompressionLevel,
}

/// Everything that flyctl would refuse, in the order of the file.
pub fn validate(config: &Config) -> Vec<Invalid> {
    let mut found = Found(Vec::new());
    commands(config, &mut found);
    deploy(config, &mut found);
    checks(config, &mut found);
    service_groups(config, &mut found);
    config.mounts.iter().for_each(|mount| sizes(mount, &mut found));
    config.mounts.iter().for_each(|mount| auto_extend(mount, &mut found));
    config.restart.iter().for_each(|section| restart(section, config, &mut found));
    compression(config, &mut found);
    found.0.sort_by_key(|invalid| (invalid.span, invalid.kind));
    found.0
}

struct Found(Vec<Invalid>);

impl Found {
    fn add(&mut self, kind: InvalidKind, span: Span, message: String) {
        self.0.push(Invalid { span, kind, message });
    }
}

fn commands(config: &Config, found: &mut Found) {
    let release = config.deploy.as_ref().and_then(|deploy| deploy.release_command.as_ref());
    let groups = config.processes.iter().flat_map(|processes| processes.groups.values());
    let commands = release.into_iter().chain(&config.console_command).chain(groups.map(|process| &process.command));
    for command in commands {
        if let Err(why) = words::split(command) {
            found.add(InvalidKind::Command, command.span, format!("the command cannot be split into words: {why}"));
        }
    }
}

fn deploy(config: &Config, found: &mut Found) {
    let Some(strategy) = config.deploy.as_ref().and_then(|deploy| set(&deploy.strategy)) else { return };
    if !limits::STRATEGIES.contains(&strategy.as_str()) {
        let message = format!("`{}` is not a deploy strategy", strategy.value);
        found.add(InvalidKind::Strategy, strategy.span, message);
    }
    if strategy.value == "canary" && !config.mounts.is_empty() {
        found.add(InvalidKind::CanaryWithMounts, strategy.span, "canary deploys cannot have mounts".into());
    }
}

fn checks(config: &Config, found: &mut Found) {
    for (name, check) in &config.checks {
        if !check.kind.as_ref().is_some_and(|kind| CHECK_TYPES.contains(&kind.as_str())) {
            let span = check.kind.as_ref().map_or(check.span, |kind| kind.span);
            found.add(InvalidKind::CheckType, span, format!("check `{name}` must have the type `http` or `tcp`"));
        }
        if let Some(interval) = check.interval.as_ref().filter(|interval| interval.value < limits::CHECK_INTERVAL_MIN) {
            let (given, min) = (interval.value, limits::CHECK_INTERVAL_MIN);
            let message = format!("check `{name}` has an interval of {given}; the shortest is {min}");
            found.add(InvalidKind::CheckInterval, interval.span, message);
        }
        if let Some(timeout) = check.timeout.as_ref().filter(|timeout| timeout.value > limits::CHECK_TIMEOUT_MAX) {
            let (given, max) = (timeout.value, limits::CHECK_TIMEOUT_MAX);
            let message = format!("check `{name}` has a timeout of {given}; the longest is {max}");
            found.add(InvalidKind::CheckTimeout, timeout.span, message);
        }
    }
}

fn service_groups(config: &Config, found: &mut Found) {
    let has_groups = config.processes.as_ref().is_some_and(|processes| !processes.groups.is_empty());
    let http = config.http_service.iter().map(|service| (service.span, &service.processes));
    let services = config.services.iter().map(|service| (service.span, &service.processes));
    for (span, processes) in http.chain(services) {
        if processes.is_empty() && has_groups {
            let message = "the service has no `processes`, but the file has `[processes]`".to_owned();
            found.add(InvalidKind::ServiceWithoutProcesses, span, message);
        }
        unknown_groups(config, processes, InvalidKind::ServiceForUnknownGroup, found);
    }
}

fn unknown_groups(config: &Config, processes: &[Spanned<String>], kind: InvalidKind, found: &mut Found) {
    let known = config.group_names();
    for name in processes.iter().filter(|name| !known.contains(&name.as_str())) {
        found.add(kind, name.span, format!("there is no process group `{}`", name.value));
    }
}

fn sizes(mount: &Mount, found: &mut Found) {
    for size in [&mount.initial_size, &mount.auto_extend_size_increment, &mount.auto_extend_size_limit] {
        let Some(size) = set(size) else { continue };
        match parse_gigabytes(size) {
            Err(why) => found.add(InvalidKind::MountSize, size.span, why),
            Ok(gigabytes) if gigabytes < 1 => {
                found.add(InvalidKind::MountSize, size.span, format!("`{}` is less than 1 GB", size.value));
            }
            Ok(_) => {}
        }
    }
    let (min, max) = limits::SNAPSHOT_RETENTION_DAYS;
    if let Some(days) = mount.snapshot_retention.as_ref().filter(|days| !(min..=max).contains(&days.value)) {
        let message = format!("snapshots are kept for {min} to {max} days");
        found.add(InvalidKind::SnapshotRetention, days.span, message);
    }
}

/// The three keys of automatic extension belong together.
fn auto_extend(mount: &Mount, found: &mut Found) {
    let gigabytes = |size: &Field<String>| size.as_ref().and_then(|size| parse_gigabytes(size).ok()).unwrap_or(0);
    let threshold = mount.auto_extend_size_threshold.as_ref().map_or(0, |threshold| threshold.value);
    let increment_gb = gigabytes(&mount.auto_extend_size_increment);
    let limit_gb = gigabytes(&mount.auto_extend_size_limit);
    if threshold == 0 && increment_gb == 0 && limit_gb == 0 {
        return;
    }
    for (name, value, (min, max), span, may_be_unset) in [
        (
            "auto_extend_size_threshold",
            threshold,
            limits::AUTO_EXTEND_PERCENT,
            place(&mount.auto_extend_size_threshold),
            false,
        ),
        (
            "auto_extend_size_increment",
            increment_gb,
            limits::AUTO_EXTEND_INCREMENT_GB,
            place(&mount.auto_extend_size_increment),
            false,
        ),
        ("auto_extend_size_limit", limit_gb, limits::AUTO_EXTEND_LIMIT_GB, place(&mount.auto_extend_size_limit), true),
    ] {
        if (min..=max).contains(&value) || may_be_unset && value == 0 {
            continue;
        }
        let message = format!("`{name}` must be from {min} to {max}: the keys of automatic extension belong together");
        found.add(InvalidKind::AutoExtend, span.unwrap_or(mount.span), message);
    }
}

fn restart(restart: &Restart, config: &Config, found: &mut Found) {
    unknown_groups(config, &restart.processes, InvalidKind::RestartForUnknownGroup, found);
    let policy = restart.policy.as_ref().map_or("", |policy| policy.as_str());
    if !RESTART_POLICIES.contains(&policy) {
        let span = place(&restart.policy).unwrap_or(restart.span);
        let message = format!("the restart policy must be one of {}", RESTART_POLICIES.join(", "));
        found.add(InvalidKind::RestartPolicy, span, message);
    }
}

fn compression(config: &Config, found: &mut Found) {
    let Some(build) = &config.build else { return };
    if let Some(kind) = set(&build.compression).filter(|kind| !COMPRESSIONS.contains(&kind.as_str())) {
        let message = format!("`{}` is not a compression: `gzip` or `zstd`", kind.value);
        found.add(InvalidKind::Compression, kind.span, message);
    }
    let (min, max) = limits::COMPRESSION_LEVELS;
    if let Some(level) = build.compression_level.as_ref().filter(|level| !(min..=max).contains(&level.value)) {
        found.add(InvalidKind::CompressionLevel, level.span, format!("compression levels go from {min} to {max}"));
    }
}

/// flyctl takes an empty text for none.
fn set(field: &Field<String>) -> Option<&Spanned<String>> {
    field.as_ref().filter(|text| !text.is_empty())
}

fn place<T>(field: &Field<T>) -> Option<Span> {
    field.as_ref().map(|field| field.span)
}

const CHECK_TYPES: [&str; 2] = ["http", "tcp"];
const RESTART_POLICIES: [&str; 3] = ["always", "never", "on-failure"];
const COMPRESSIONS: [&str; 2] = ["gzip", "zstd"];
