//! The sections of fly.toml, each field with the place it was read from.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::span::{Span, Spanned};
use crate::units::Duration;

/// A field that may be unset.
pub type Field<T> = Option<Spanned<T>>;

/// Process groups that a section is for. Empty: the default group (for `[[vm]]`: every group).
pub type Groups = Vec<Spanned<String>>;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// The file as flyctl decodes it, in flyctl's own JSON: unset fields and those that it cannot
    /// tell from unset are left out.
    pub definition: Map<String, Value>,
    pub app: Field<String>,
    pub primary_region: Field<String>,
    pub kill_signal: Field<String>,
    pub kill_timeout: Field<Duration>,
    pub swap_size_mb: Field<i64>,
    pub console_command: Field<String>,
    pub host_dedication_id: Field<String>,
    pub machine_config: Field<String>,
    pub container: Field<String>,
    pub experimental: Option<Experimental>,
    pub build: Option<Build>,
    pub deploy: Option<Deploy>,
    pub env: BTreeMap<String, Variable>,
    /// Group -> command; `None` when the file has no `[processes]`: there is one implicit group.
    pub processes: Option<Processes>,
    pub mounts: Vec<Mount>,
    pub http_service: Option<HttpService>,
    pub services: Vec<Service>,
    pub checks: BTreeMap<String, TopLevelCheck>,
    pub files: Vec<File>,
    pub machine_checks: Vec<MachineCheck>,
    pub restart: Vec<Restart>,
    pub vm: Vec<Vm>,
    pub statics: Vec<Static>,
    pub metrics: Vec<Metrics>,
}

/// `[processes]`: each group with the command it runs; an empty command is the image's own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Processes {
    pub span: Span,
    pub groups: BTreeMap<String, Process>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Process {
    /// Where the group's name stands.
    pub name: Span,
    pub command: Spanned<String>,
}

/// One of `[env]` or `[build.args]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Where its name stands.
    pub name: Span,
    pub value: Spanned<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Build {
    pub span: Span,
    pub builder: Field<String>,
    pub args: BTreeMap<String, Variable>,
    pub buildpacks: Vec<Spanned<String>>,
    pub image: Field<String>,
    pub settings: Map<String, Value>,
    pub builtin: Field<String>,
    pub dockerfile: Field<String>,
    pub ignorefile: Field<String>,
    pub build_target: Field<String>,
    pub compose: Option<Compose>,
    pub compression: Field<String>,
    pub compression_level: Field<i64>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Compose {
    pub span: Span,
    pub file: Field<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Deploy {
    pub span: Span,
    pub strategy: Field<String>,
    pub max_unavailable: Field<f64>,
    pub wait_timeout: Field<Duration>,
    pub release_command: Field<String>,
    pub release_command_timeout: Field<Duration>,
    pub release_command_vm: Option<Vm>,
    pub seed_command: Field<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Experimental {
    pub span: Span,
    pub cmd: Option<Vec<Spanned<String>>>,
    pub entrypoint: Option<Vec<Spanned<String>>>,
    pub exec: Option<Vec<Spanned<String>>>,
    pub auto_rollback: Field<bool>,
    pub enable_consul: Field<bool>,
    pub enable_etcd: Field<bool>,
    pub lazy_load_images: Field<bool>,
    pub machine_config: Field<String>,
    /// `attached.secrets.export`
    pub exported_secrets: BTreeMap<String, Spanned<String>>,
}

/// `[http_service]`: one TCP service on the public ports 80 and 443.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HttpService {
    pub span: Span,
    pub internal_port: Field<i64>,
    pub force_https: Field<bool>,
    pub auto_stop_machines: Field<Autostop>,
    pub auto_start_machines: Field<bool>,
    pub min_machines_running: Field<i64>,
    pub processes: Groups,
    pub concurrency: Option<Concurrency>,
    pub tls_options: Option<TlsOptions>,
    pub http_options: Option<HttpOptions>,
    pub checks: Vec<HttpCheck>,
    pub machine_checks: Vec<MachineCheck>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Service {
    pub span: Span,
    pub protocol: Field<String>,
    pub internal_port: Field<i64>,
    pub auto_stop_machines: Field<Autostop>,
    pub auto_start_machines: Field<bool>,
    pub min_machines_running: Field<i64>,
    pub ports: Vec<Port>,
    pub concurrency: Option<Concurrency>,
    pub tcp_checks: Vec<TcpCheck>,
    pub http_checks: Vec<HttpCheck>,
    pub machine_checks: Vec<MachineCheck>,
    pub processes: Groups,
}

/// What the proxy does with an idle machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Autostop {
    Off,
    Stop,
    Suspend,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Port {
    pub span: Span,
    pub port: Field<i64>,
    pub start_port: Field<i64>,
    pub end_port: Field<i64>,
    pub handlers: Vec<Spanned<String>>,
    pub force_https: Field<bool>,
    pub tls_options: Option<TlsOptions>,
    pub http_options: Option<HttpOptions>,
    pub proxy_proto_options: Option<ProxyProtoOptions>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Concurrency {
    pub span: Span,
    pub kind: Field<String>,
    pub hard_limit: Field<i64>,
    pub soft_limit: Field<i64>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct TlsOptions {
    pub span: Span,
    pub alpn: Vec<Spanned<String>>,
    pub versions: Vec<Spanned<String>>,
    pub default_self_signed: Field<bool>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct HttpOptions {
    pub span: Span,
    pub compress: Field<bool>,
    pub response: Option<HttpResponse>,
    pub h2_backend: Field<bool>,
    pub idle_timeout: Field<i64>,
    pub headers_read_timeout: Field<i64>,
    pub replay_cache: Vec<ReplayCache>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct HttpResponse {
    pub span: Span,
    /// Header -> text, list of texts, or `false` to remove it.
    pub headers: Map<String, Value>,
    pub pristine: Field<bool>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReplayCache {
    pub span: Span,
    pub path_prefix: Field<String>,
    pub ttl_seconds: Field<i64>,
    pub kind: Field<String>,
    pub name: Field<String>,
    pub allow_bypass: Field<bool>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProxyProtoOptions {
    pub span: Span,
    pub version: Field<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct TcpCheck {
    pub span: Span,
    pub interval: Field<Duration>,
    pub timeout: Field<Duration>,
    pub grace_period: Field<Duration>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct HttpCheck {
    pub span: Span,
    pub interval: Field<Duration>,
    pub timeout: Field<Duration>,
    pub grace_period: Field<Duration>,
    pub method: Field<String>,
    pub path: Field<String>,
    pub protocol: Field<String>,
    pub tls_skip_verify: Field<bool>,
    pub tls_server_name: Field<String>,
    pub headers: BTreeMap<String, Spanned<String>>,
}

/// `[checks.NAME]`: runs on the machine, does not keep the proxy from routing to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TopLevelCheck {
    pub span: Span,
    pub port: Field<i64>,
    pub kind: Field<String>,
    pub interval: Field<Duration>,
    pub timeout: Field<Duration>,
    pub grace_period: Field<Duration>,
    pub method: Field<String>,
    pub path: Field<String>,
    pub protocol: Field<String>,
    pub tls_skip_verify: Field<bool>,
    pub tls_server_name: Field<String>,
    pub headers: BTreeMap<String, Spanned<String>>,
    pub processes: Groups,
}

/// A command that is run on a test machine against a new one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MachineCheck {
    pub span: Span,
    pub command: Vec<Spanned<String>>,
    pub image: Field<String>,
    pub entrypoint: Vec<Spanned<String>>,
    pub kill_signal: Field<String>,
    pub kill_timeout: Field<Duration>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mount {
    pub span: Span,
    pub source: Field<String>,
    pub destination: Field<String>,
    pub initial_size: Field<String>,
    pub snapshot_retention: Field<i64>,
    pub scheduled_snapshots: Field<bool>,
    pub auto_extend_size_threshold: Field<i64>,
    pub auto_extend_size_increment: Field<String>,
    pub auto_extend_size_limit: Field<String>,
    pub processes: Groups,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct File {
    pub span: Span,
    pub guest_path: Field<String>,
    pub local_path: Field<String>,
    /// What stands in the file at `local_path`, once it was supplied.
    pub content: Option<Vec<u8>>,
    pub secret_name: Field<String>,
    pub raw_value: Field<String>,
    pub processes: Groups,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Restart {
    pub span: Span,
    pub policy: Field<String>,
    pub retries: Field<i64>,
    pub processes: Groups,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vm {
    pub span: Span,
    pub size: Field<String>,
    pub memory: Field<String>,
    pub cpu_kind: Field<String>,
    pub cpus: Field<i64>,
    pub memory_mb: Field<i64>,
    pub max_memory_mb: Field<i64>,
    pub gpus: Field<i64>,
    pub gpu_kind: Field<String>,
    pub host_dedication_id: Field<String>,
    pub persist_rootfs: Field<String>,
    pub kernel_args: Vec<Spanned<String>>,
    pub processes: Groups,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Static {
    pub span: Span,
    pub guest_path: Field<String>,
    pub url_prefix: Field<String>,
    pub tigris_bucket: Field<String>,
    pub index_document: Field<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    pub span: Span,
    pub port: Field<i64>,
    pub path: Field<String>,
    pub https: Field<bool>,
    pub processes: Groups,
}

/// Serialises as flyctl's release `definition`.
impl serde::Serialize for Config {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.definition.serialize(serializer)
    }
}
