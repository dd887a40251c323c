//! Health checks: of services, and of the machine as a whole.

use std::collections::BTreeMap;

use serde_json::Value;

use super::json::Object;
use super::{Cause, Conversion};
use crate::config::{Config, HttpCheck, HttpService, TcpCheck, TopLevelCheck};
use crate::span::Spanned;

pub(super) fn tcp(check: &TcpCheck) -> Object {
    let mut out = Object::of([("type", "tcp")]);
    out.put_field("interval", &check.interval);
    out.put_field("timeout", &check.timeout);
    out.put_field("grace_period", &check.grace_period);
    out
}

pub(super) fn http(check: &HttpCheck) -> Object {
    let mut out = Object::of([("type", "http")]);
    out.put_field("interval", &check.interval);
    out.put_field("timeout", &check.timeout);
    out.put_field("grace_period", &check.grace_period);
    out.put_field("method", &check.method);
    out.put_field("path", &check.path);
    out.put_field("protocol", &check.protocol);
    out.put_field("tls_skip_verify", &check.tls_skip_verify);
    out.put_field("tls_server_name", &check.tls_server_name);
    out.put_all("headers", headers(&check.headers));
    out
}

/// `[checks]` of the group, by name.
pub(super) fn top_level(config: &Config, group: &str) -> Result<Object, Conversion> {
    let http = config.http_service.as_ref().filter(|service| config.is_for(&service.processes, group));
    let mut out = Object::default();
    for (name, check) in config.checks.iter().filter(|(_, check)| config.is_for(&check.processes, group)) {
        let kind = kind(name, check)?;
        let port = port(http, group, name, check)?;
        out.put(name, of_machine(kind, port, check));
    }
    Ok(out)
}

fn of_machine(kind: &str, port: i64, check: &TopLevelCheck) -> Object {
    let mut out = Object::of([("type", kind)]);
    out.put("port", port);
    out.put_field("interval", &check.interval);
    out.put_field("timeout", &check.timeout);
    out.put_field("grace_period", &check.grace_period);
    out.put_some("method", check.method.as_ref().map(|method| method.to_uppercase()));
    out.put_field("path", &check.path);
    out.put_field("protocol", &check.protocol);
    out.put_field("tls_skip_verify", &check.tls_skip_verify);
    out.put_field("tls_server_name", &check.tls_server_name);
    out.put_all("headers", headers(&check.headers));
    out
}

pub(super) fn kind<'a>(name: &str, check: &'a TopLevelCheck) -> Result<&'a str, Conversion> {
    let kind = check.kind.as_ref().filter(|kind| matches!(kind.as_str(), "http" | "tcp"));
    kind.map(|kind| kind.value.as_str()).ok_or_else(|| {
        let span = check.kind.as_ref().map_or(check.span, |kind| kind.span);
        let message = format!("check `{name}` needs `type = \"http\"` or `type = \"tcp\"`");
        Conversion::new(Cause::CheckType, span, message)
    })
}

/// The check's own port, else that of the group's `[http_service]`.
pub(super) fn port(
    http: Option<&HttpService>,
    group: &str,
    name: &str,
    check: &TopLevelCheck,
) -> Result<i64, Conversion> {
    if let Some(port) = &check.port {
        return Ok(port.value);
    }
    match http {
        Some(service) => Ok(service.internal_port.as_ref().map_or(0, |port| port.value)),
        None => Err(Conversion::new(
            Cause::CheckPort,
            check.span,
            format!("check `{name}` has no `port`, and group `{group}` no `[http_service]` to take it from"),
        )),
    }
}

fn headers(headers: &BTreeMap<String, Spanned<String>>) -> Vec<Value> {
    let headers = headers.iter().map(|(name, value)| {
        let mut out = Object::default();
        out.put("name", name.as_str());
        out.put("values", vec![value.value.as_str()]);
        out.into()
    });
    headers.collect()
}
