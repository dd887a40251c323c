//! The services of a group: what the proxy routes to its machines.

use serde_json::Value;

use super::checks;
use super::json::Object;
use crate::config::{Concurrency, Config, HttpOptions, HttpService, Port, ReplayCache, Service, TlsOptions};

/// `[http_service]` first, then `[[services]]` in the order of the file.
pub(super) fn services(config: &Config, group: &str) -> Vec<Value> {
    let http = config.http_service.iter().filter(|service| config.is_for(&service.processes, group));
    let others = config.services.iter().filter(|service| config.is_for(&service.processes, group));
    http.map(of_http_service).chain(others.map(of_service)).map(Value::from).collect()
}

fn of_http_service(service: &HttpService) -> Object {
    let mut out = Object::of([("protocol", "tcp")]);
    out.put_nonzero("internal_port", &service.internal_port);
    out.put_field("autostop", &service.auto_stop_machines);
    out.put_field("autostart", &service.auto_start_machines);
    out.put_field("min_machines_running", &service.min_machines_running);
    out.put("ports", public_http_ports(service));
    out.put_all("checks", service.checks.iter().map(checks::http).collect());
    out.put_some("concurrency", service.concurrency.as_ref().map(concurrency));
    out
}

fn public_http_ports(service: &HttpService) -> Vec<Value> {
    let options = service.http_options.as_ref().map(http_options);
    let mut plain = Object::default();
    plain.put("port", 80);
    plain.put("handlers", vec!["http"]);
    plain.put_true("force_https", &service.force_https);
    plain.put_some("http_options", options.clone());
    let mut tls = Object::default();
    tls.put("port", 443);
    tls.put("handlers", vec!["http", "tls"]);
    tls.put_some("http_options", options);
    tls.put_some("tls_options", service.tls_options.as_ref().map(tls_options));
    vec![plain.into(), tls.into()]
}

fn of_service(service: &Service) -> Object {
    let mut out = Object::default();
    out.put_text("protocol", &service.protocol);
    out.put_nonzero("internal_port", &service.internal_port);
    out.put_field("autostop", &service.auto_stop_machines);
    out.put_field("autostart", &service.auto_start_machines);
    out.put_field("min_machines_running", &service.min_machines_running);
    out.put_all("ports", service.ports.iter().map(port).collect());
    let checks = service.tcp_checks.iter().map(checks::tcp).chain(service.http_checks.iter().map(checks::http));
    out.put_all("checks", checks.collect());
    out.put_some("concurrency", service.concurrency.as_ref().map(concurrency));
    out
}

fn port(port: &Port) -> Object {
    let mut out = Object::default();
    out.put_field("port", &port.port);
    out.put_field("start_port", &port.start_port);
    out.put_field("end_port", &port.end_port);
    out.put_texts("handlers", &port.handlers);
    out.put_true("force_https", &port.force_https);
    out.put_some("tls_options", port.tls_options.as_ref().map(tls_options));
    out.put_some("http_options", port.http_options.as_ref().map(http_options));
    out.put_some(
        "proxy_proto_options",
        port.proxy_proto_options.as_ref().map(|options| {
            let mut out = Object::default();
            out.put_text("version", &options.version);
            out
        }),
    );
    out
}

fn tls_options(options: &TlsOptions) -> Object {
    let mut out = Object::default();
    out.put_texts("alpn", &options.alpn);
    out.put_texts("versions", &options.versions);
    out.put_field("default_self_signed", &options.default_self_signed);
    out
}

fn http_options(options: &HttpOptions) -> Object {
    let mut out = Object::default();
    out.put_field("compress", &options.compress);
    out.put_some(
        "response",
        options.response.as_ref().map(|response| {
            let mut out = Object::default();
            out.replace("headers", response.headers.clone());
            out.put_field("pristine", &response.pristine);
            out
        }),
    );
    out.put_field("h2_backend", &options.h2_backend);
    out.put_field("idle_timeout", &options.idle_timeout);
    out.put_field("headers_read_timeout", &options.headers_read_timeout);
    out.put_all("replay_cache", options.replay_cache.iter().map(replay_cache).collect());
    out
}

/// All but `allow_bypass` is written even when unset.
fn replay_cache(cache: &ReplayCache) -> Object {
    let mut out = Object::of([("path_prefix", ""), ("type", ""), ("name", "")]);
    out.put("ttl_seconds", 0);
    out.put_field("path_prefix", &cache.path_prefix);
    out.put_field("ttl_seconds", &cache.ttl_seconds);
    out.put_field("type", &cache.kind);
    out.put_field("name", &cache.name);
    out.put_true("allow_bypass", &cache.allow_bypass);
    out
}

fn concurrency(limits: &Concurrency) -> Object {
    let mut out = Object::default();
    out.put_text("type", &limits.kind);
    out.put_nonzero("hard_limit", &limits.hard_limit);
    out.put_nonzero("soft_limit", &limits.soft_limit);
    out
}
