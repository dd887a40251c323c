//! A Dockerfile that exposes other ports than the proxy uses.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{self, DockerfilePorts, Facts};
use crate::span::Spanned;

pub(super) const RULE: Rule = Rule {
    id: "port-not-exposed",
    persona: Persona::Regular,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "no `internal_port` is among those that the Dockerfile exposes",
    why: "`EXPOSE` does nothing on Fly, but it says where the app listens. When it names none of the ports that the \
          services forward to, one of the two files is wrong or out of date.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 3000\n",
    given: Given::files(&[("Dockerfile", "FROM node:22-slim\nEXPOSE 3000\nCMD [\"node\", \"server.js\"]\n")]),
    source: "superfly/docs languages-and-frameworks/dockerfile; flyctl#2253",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let Some(path) = facts::dockerfile_path(config) else { return };
    let Some(dockerfile) = facts.files.and_then(|files| files.get(path)) else { return };
    let target = config.build.as_ref().and_then(|build| build.build_target.as_ref());
    let target = target.map(|target| target.value.as_str());
    let Some(DockerfilePorts { exposed, mut told }) = facts::ports_in_dockerfile(dockerfile, target) else { return };
    let services = facts.services();
    let forwarded: Vec<&Spanned<i64>> = services.iter().filter_map(|service| service.internal_port.as_ref()).collect();
    // An app that is told its port listens there, whatever is exposed.
    let variables = config.env.iter().filter(|(name, _)| facts::is_port_variable(name));
    told.extend(variables.filter_map(|(_, variable)| variable.value.trim().parse::<i64>().ok()));
    let agrees = |port: &&Spanned<i64>| exposed.contains(&port.value) || told.contains(&port.value);
    let Some(first) = forwarded.first().filter(|_| !exposed.is_empty() && !forwarded.iter().any(agrees)) else {
        return;
    };
    let ports: Vec<String> = exposed.iter().map(i64::to_string).collect();
    sink.report(first.span, format!("`{path}` exposes {}, and not {}", ports.join(", "), first.value))
        .help("forward to the port that the app listens on");
}
