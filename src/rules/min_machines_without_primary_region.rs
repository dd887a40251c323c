//! A minimum for a region that the file does not name.

use super::{Given, Persona, Rule, Sink};
use crate::config::Autostop;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "min-machines-without-primary-region",
    persona: Persona::Regular,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "`min_machines_running` without a `primary_region`",
    why: "The proxy keeps the minimum running in the primary region only; elsewhere all machines may stop. A file \
          without `primary_region` leaves open where that is.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\nauto_stop_machines = \"stop\"\n\
          auto_start_machines = true\nmin_machines_running = 1\n",
    good: "app = \"shop\"\nprimary_region = \"iad\"\n\n[http_service]\ninternal_port = 8080\n\
           auto_stop_machines = \"stop\"\nauto_start_machines = true\nmin_machines_running = 1\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: min_machines_running; flyctl#2257",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let region = facts.config().primary_region.as_ref().filter(|region| !region.is_empty());
    if region.is_some() || facts.refused().holds("primary_region") {
        return;
    }
    for service in facts.services().iter().filter(|service| service.autostop() != Autostop::Off) {
        if let Some(minimum) = service.min_machines_running.as_ref().filter(|minimum| minimum.value > 0) {
            sink.report(minimum.span, "this holds in the primary region only, and the file names none")
                .help("add `primary_region` at the top");
        }
    }
}
