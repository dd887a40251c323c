//! From the decoded tree into types. Every value has the type that the schema states, so nothing
//! can go wrong here.

use std::collections::BTreeMap;

use serde_json::Map;

use super::definition::{definition, json};
use super::*;
use crate::span::Spanned;
use crate::syntax::{Entry, Node, Table, Value};
use crate::units::Duration;

/// `root` is what [`super::decode::decode`] gave.
pub(super) fn config(root: &Table) -> Config {
    let root_fields = Fields(root);
    Config {
        definition: definition(root),
        app: root_fields.text("app"),
        primary_region: root_fields.text("primary_region"),
        kill_signal: root_fields.text("kill_signal"),
        kill_timeout: root_fields.duration("kill_timeout"),
        swap_size_mb: root_fields.integer("swap_size_mb"),
        console_command: root_fields.text("console_command"),
        host_dedication_id: root_fields.text("host_dedication_id"),
        machine_config: root_fields.text("machine_config"),
        container: root_fields.text("container"),
        experimental: root_fields.table("experimental", experimental),
        build: root_fields.table("build", build),
        deploy: root_fields.table("deploy", deploy),
        env: root_fields.variables("env"),
        processes: root_fields.table("processes", processes),
        mounts: root_fields.tables("mounts", mount),
        http_service: root_fields.table("http_service", http_service),
        services: root_fields.tables("services", service),
        checks: root_fields.named_tables("checks", top_level_check),
        files: root_fields.tables("files", file),
        machine_checks: root_fields.tables("machine_checks", machine_check),
        restart: root_fields.tables("restart", restart),
        vm: root_fields.tables("vm", vm),
        statics: root_fields.tables("statics", static_path),
        metrics: root_fields.tables("metrics", metrics),
    }
}

/// Reads the fields of one table by their names in the schema.
#[derive(Clone, Copy)]
struct Fields<'a>(&'a Table);

impl Fields<'_> {
    fn read<T>(self, key: &str, read: impl FnOnce(&Value) -> Option<T>) -> Field<T> {
        let node = self.0.get(key)?;
        Some(Spanned::new(read(&node.value)?, node.span))
    }

    fn text(self, key: &str) -> Field<String> {
        self.read(key, text)
    }

    fn integer(self, key: &str) -> Field<i64> {
        self.read(key, |value| match value {
            Value::Integer(number) => Some(*number),
            _ => None,
        })
    }

    fn float(self, key: &str) -> Field<f64> {
        self.read(key, |value| match value {
            Value::Float(number) => Some(*number),
            _ => None,
        })
    }

    fn boolean(self, key: &str) -> Field<bool> {
        self.read(key, |value| match value {
            Value::Bool(on) => Some(*on),
            _ => None,
        })
    }

    fn duration(self, key: &str) -> Field<Duration> {
        self.read(key, |value| text(value)?.parse().ok())
    }

    fn autostop(self, key: &str) -> Field<Autostop> {
        self.read(key, |value| match value {
            Value::Bool(false) => Some(Autostop::Off),
            Value::Bool(true) => Some(Autostop::Stop),
            Value::Text(_) => Some(Autostop::Suspend),
            _ => None,
        })
    }

    fn texts(self, key: &str) -> Vec<Spanned<String>> {
        let items = self.0.get(key).and_then(Node::as_array).unwrap_or_default();
        items.iter().filter_map(spanned_text).collect()
    }

    fn text_map(self, key: &str) -> BTreeMap<String, Spanned<String>> {
        let table = self.0.get(key).and_then(Node::as_table);
        let entries = table.into_iter().flat_map(|table| &table.entries);
        entries.filter_map(|entry| Some((entry.key.value.clone(), spanned_text(&entry.value)?))).collect()
    }

    fn variables(self, key: &str) -> BTreeMap<String, Variable> {
        let table = self.0.get(key).and_then(Node::as_table);
        let entries = table.into_iter().flat_map(|table| &table.entries);
        let variable = |entry: &Entry| {
            let value = spanned_text(&entry.value)?;
            Some((entry.key.value.clone(), Variable { name: entry.key.span, value }))
        };
        entries.filter_map(variable).collect()
    }

    fn any_map(self, key: &str) -> Map<String, serde_json::Value> {
        let table = self.0.get(key).and_then(Node::as_table);
        let entries = table.into_iter().flat_map(|table| &table.entries);
        entries.map(|entry| (entry.key.value.clone(), json(&entry.value))).collect()
    }

    fn table<T>(self, key: &str, read: impl Fn(Fields, Span) -> T) -> Option<T> {
        self.0.get(key).and_then(|node| table(node, &read))
    }

    fn tables<T>(self, key: &str, read: impl Fn(Fields, Span) -> T) -> Vec<T> {
        let items = self.0.get(key).and_then(Node::as_array).unwrap_or_default();
        items.iter().filter_map(|item| table(item, &read)).collect()
    }

    fn named_tables<T>(self, key: &str, read: impl Fn(Fields, Span) -> T) -> BTreeMap<String, T> {
        let named = self.0.get(key).and_then(Node::as_table);
        let entries = named.into_iter().flat_map(|table| &table.entries);
        entries.filter_map(|entry| Some((entry.key.value.clone(), table(&entry.value, &read)?))).collect()
    }
}

fn table<T>(node: &Node, read: impl Fn(Fields, Span) -> T) -> Option<T> {
    node.as_table().map(|table| read(Fields(table), node.span))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn spanned_text(node: &Node) -> Option<Spanned<String>> {
    Some(Spanned::new(text(&node.value)?, node.span))
}

fn processes(fields: Fields, span: Span) -> Processes {
    let entries = fields.0.entries.iter();
    let groups = entries.filter_map(|entry| {
        let command = spanned_text(&entry.value)?;
        Some((entry.key.value.clone(), Process { name: entry.key.span, command }))
    });
    Processes { span, groups: groups.collect() }
}

fn build(fields: Fields, span: Span) -> Build {
    Build {
        span,
        builder: fields.text("builder"),
        args: fields.variables("args"),
        buildpacks: fields.texts("buildpacks"),
        image: fields.text("image"),
        settings: fields.any_map("settings"),
        builtin: fields.text("builtin"),
        dockerfile: fields.text("dockerfile"),
        ignorefile: fields.text("ignorefile"),
        build_target: fields.text("build-target"),
        compose: fields.table("compose", |fields, span| Compose { span, file: fields.text("file") }),
        compression: fields.text("compression"),
        compression_level: fields.integer("compression_level"),
    }
}

fn deploy(fields: Fields, span: Span) -> Deploy {
    Deploy {
        span,
        strategy: fields.text("strategy"),
        max_unavailable: fields.float("max_unavailable"),
        wait_timeout: fields.duration("wait_timeout"),
        release_command: fields.text("release_command"),
        release_command_timeout: fields.duration("release_command_timeout"),
        release_command_vm: fields.table("release_command_vm", vm),
        seed_command: fields.text("seed_command"),
    }
}

fn experimental(fields: Fields, span: Span) -> Experimental {
    let list = |key: &str| fields.0.get(key).and_then(Node::as_array).map(|_| fields.texts(key));
    let secrets =
        fields.table("attached", |attached, _| attached.table("secrets", |secrets, _| secrets.text_map("export")));
    Experimental {
        span,
        cmd: list("cmd"),
        entrypoint: list("entrypoint"),
        exec: list("exec"),
        auto_rollback: fields.boolean("auto_rollback"),
        enable_consul: fields.boolean("enable_consul"),
        enable_etcd: fields.boolean("enable_etcd"),
        lazy_load_images: fields.boolean("lazy_load_images"),
        machine_config: fields.text("machine_config"),
        exported_secrets: secrets.flatten().unwrap_or_default(),
    }
}

fn http_service(fields: Fields, span: Span) -> HttpService {
    HttpService {
        span,
        internal_port: fields.integer("internal_port"),
        force_https: fields.boolean("force_https"),
        auto_stop_machines: fields.autostop("auto_stop_machines"),
        auto_start_machines: fields.boolean("auto_start_machines"),
        min_machines_running: fields.integer("min_machines_running"),
        processes: fields.texts("processes"),
        concurrency: fields.table("concurrency", concurrency),
        tls_options: fields.table("tls_options", tls_options),
        http_options: fields.table("http_options", http_options),
        checks: fields.tables("checks", http_check),
        machine_checks: fields.tables("machine_checks", machine_check),
    }
}

fn service(fields: Fields, span: Span) -> Service {
    Service {
        span,
        protocol: fields.text("protocol"),
        internal_port: fields.integer("internal_port"),
        auto_stop_machines: fields.autostop("auto_stop_machines"),
        auto_start_machines: fields.boolean("auto_start_machines"),
        min_machines_running: fields.integer("min_machines_running"),
        ports: fields.tables("ports", port),
        concurrency: fields.table("concurrency", concurrency),
        tcp_checks: fields.tables("tcp_checks", tcp_check),
        http_checks: fields.tables("http_checks", http_check),
        machine_checks: fields.tables("machine_checks", machine_check),
        processes: fields.texts("processes"),
    }
}

fn port(fields: Fields, span: Span) -> Port {
    let version = |fields: Fields, span| ProxyProtoOptions { span, version: fields.text("version") };
    Port {
        span,
        port: fields.integer("port"),
        start_port: fields.integer("start_port"),
        end_port: fields.integer("end_port"),
        handlers: fields.texts("handlers"),
        force_https: fields.boolean("force_https"),
        tls_options: fields.table("tls_options", tls_options),
        http_options: fields.table("http_options", http_options),
        proxy_proto_options: fields.table("proxy_proto_options", version),
    }
}

fn concurrency(fields: Fields, span: Span) -> Concurrency {
    Concurrency {
        span,
        kind: fields.text("type"),
        hard_limit: fields.integer("hard_limit"),
        soft_limit: fields.integer("soft_limit"),
    }
}

fn tls_options(fields: Fields, span: Span) -> TlsOptions {
    TlsOptions {
        span,
        alpn: fields.texts("alpn"),
        versions: fields.texts("versions"),
        default_self_signed: fields.boolean("default_self_signed"),
    }
}

fn http_options(fields: Fields, span: Span) -> HttpOptions {
    HttpOptions {
        span,
        compress: fields.boolean("compress"),
        response: fields.table("response", |fields, span| HttpResponse {
            span,
            headers: fields.any_map("headers"),
            pristine: fields.boolean("pristine"),
        }),
        h2_backend: fields.boolean("h2_backend"),
        idle_timeout: fields.integer("idle_timeout"),
        headers_read_timeout: fields.integer("headers_read_timeout"),
        replay_cache: fields.tables("replay_cache", replay_cache),
    }
}

fn replay_cache(fields: Fields, span: Span) -> ReplayCache {
    ReplayCache {
        span,
        path_prefix: fields.text("path_prefix"),
        ttl_seconds: fields.integer("ttl_seconds"),
        kind: fields.text("type"),
        name: fields.text("name"),
        allow_bypass: fields.boolean("allow_bypass"),
    }
}

fn tcp_check(fields: Fields, span: Span) -> TcpCheck {
    TcpCheck {
        span,
        interval: fields.duration("interval"),
        timeout: fields.duration("timeout"),
        grace_period: fields.duration("grace_period"),
    }
}

fn http_check(fields: Fields, span: Span) -> HttpCheck {
    HttpCheck {
        span,
        interval: fields.duration("interval"),
        timeout: fields.duration("timeout"),
        grace_period: fields.duration("grace_period"),
        method: fields.text("method"),
        path: fields.text("path"),
        protocol: fields.text("protocol"),
        tls_skip_verify: fields.boolean("tls_skip_verify"),
        tls_server_name: fields.text("tls_server_name"),
        headers: fields.text_map("headers"),
    }
}

fn top_level_check(fields: Fields, span: Span) -> TopLevelCheck {
    TopLevelCheck {
        span,
        port: fields.integer("port"),
        kind: fields.text("type"),
        interval: fields.duration("interval"),
        timeout: fields.duration("timeout"),
        grace_period: fields.duration("grace_period"),
        method: fields.text("method"),
        path: fields.text("path"),
        protocol: fields.text("protocol"),
        tls_skip_verify: fields.boolean("tls_skip_verify"),
        tls_server_name: fields.text("tls_server_name"),
        headers: fields.text_map("headers"),
        processes: fields.texts("processes"),
    }
}

fn machine_check(fields: Fields, span: Span) -> MachineCheck {
    MachineCheck {
        span,
        command: fields.texts("command"),
        image: fields.text("image"),
        entrypoint: fields.texts("entrypoint"),
        kill_signal: fields.text("kill_signal"),
        kill_timeout: fields.duration("kill_timeout"),
    }
}

fn mount(fields: Fields, span: Span) -> Mount {
    Mount {
        span,
        source: fields.text("source"),
        destination: fields.text("destination"),
        initial_size: fields.text("initial_size"),
        snapshot_retention: fields.integer("snapshot_retention"),
        scheduled_snapshots: fields.boolean("scheduled_snapshots"),
        auto_extend_size_threshold: fields.integer("auto_extend_size_threshold"),
        auto_extend_size_increment: fields.text("auto_extend_size_increment"),
        auto_extend_size_limit: fields.text("auto_extend_size_limit"),
        processes: fields.texts("processes"),
    }
}

fn file(fields: Fields, span: Span) -> File {
    File {
        span,
        guest_path: fields.text("guest_path"),
        local_path: fields.text("local_path"),
        content: None,
        secret_name: fields.text("secret_name"),
        raw_value: fields.text("raw_value"),
        processes: fields.texts("processes"),
    }
}

fn restart(fields: Fields, span: Span) -> Restart {
    Restart {
        span,
        policy: fields.text("policy"),
        retries: fields.integer("retries"),
        processes: fields.texts("processes"),
    }
}

fn vm(fields: Fields, span: Span) -> Vm {
    Vm {
        span,
        size: fields.text("size"),
        memory: fields.text("memory"),
        cpu_kind: fields.text("cpu_kind"),
        cpus: fields.integer("cpus"),
        memory_mb: fields.integer("memory_mb"),
        max_memory_mb: fields.integer("max_memory_mb"),
        gpus: fields.integer("gpus"),
        gpu_kind: fields.text("gpu_kind"),
        host_dedication_id: fields.text("host_dedication_id"),
        persist_rootfs: fields.text("persist_rootfs"),
        kernel_args: fields.texts("kernel_args"),
        processes: fields.texts("processes"),
    }
}

fn static_path(fields: Fields, span: Span) -> Static {
    Static {
        span,
        guest_path: fields.text("guest_path"),
        url_prefix: fields.text("url_prefix"),
        tigris_bucket: fields.text("tigris_bucket"),
        index_document: fields.text("index_document"),
    }
}

fn metrics(fields: Fields, span: Span) -> Metrics {
    Metrics {
        span,
        port: fields.integer("port"),
        path: fields.text("path"),
        https: fields.boolean("https"),
        processes: fields.texts("processes"),
    }
}
