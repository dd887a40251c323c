//! A check that knocks at the public port.

use std::collections::{BTreeMap, BTreeSet};

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::{self, AnyService, Facts};
use crate::span::Spanned;

pub(super) const RULE: Rule = Rule {
    id: "check-on-public-port",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a top-level check of a public port instead of the internal one",
    why: "Checks connect to the machine, not to the proxy in front of it. Public ports such as 443 exist at the proxy \
          only: in the machine nothing listens there, and the check never passes.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[checks.alive]\n\
          type = \"http\"\nport = 443\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\n\
          grace_period = \"10s\"\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[[http_service.checks]]\n\
           path = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: checks.port is the internal port",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let public = facts::by_group(&facts.served(), only_public);
    let mut told = BTreeSet::new();
    for (check, group) in facts.top_level_checks() {
        let Some(port) = &check.port else { continue };
        let Some(internal) = public.get(group).and_then(|public| public.get(&port.value)) else { continue };
        if !told.insert(port.span) {
            continue;
        }
        let edit = Edit { span: port.span, text: internal.value.to_string() };
        sink.report(port.span, format!("{} is a public port: in the machine nothing listens there", port.value))
            .label(internal.span, "the app listens here")
            .help(format!("check port {}", internal.value))
            .fix(Safety::Unsafe, format!("write {}", internal.value), vec![edit]);
    }
}

/// Public ports that are no internal port too, each with the internal one behind it.
fn only_public<'a>(services: &[AnyService<'a>]) -> BTreeMap<i64, &'a Spanned<i64>> {
    let mut out = BTreeMap::new();
    for service in services {
        let Some(internal) = service.internal_port else { continue };
        let single = service.ports.iter().filter(|ports| ports.first == ports.last);
        out.extend(single.map(|ports| (ports.first, internal)));
    }
    for internal in services.iter().filter_map(AnyService::port) {
        out.remove(&internal);
    }
    out
}
