//! Machine checks that a blue-green deploy skips.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "bluegreen-with-machine-check",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "`bluegreen` with machine checks",
    why: "Rolling and canary deploys run a machine check against each new machine and stop when it fails. A \
          blue-green deploy never runs it, and says nothing: what it guards against reaches the users.",
    bad: "app = \"shop\"\n\n[deploy]\nstrategy = \"bluegreen\"\n\n[http_service]\ninternal_port = 8080\n\n\
          [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n\n\
          [[http_service.machine_checks]]\ncommand = [\"curl\", \"-f\", \"http://[$FLY_TEST_MACHINE_IP]:8080/\"]\n",
    good: "app = \"shop\"\n\n[deploy]\nstrategy = \"rolling\"\n\n[http_service]\ninternal_port = 8080\n\n\
           [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n\n\
           [[http_service.machine_checks]]\ncommand = [\"curl\", \"-f\", \"http://[$FLY_TEST_MACHINE_IP]:8080/\"]\n",
    given: Given::NOTHING,
    source: "flyctl internal/command/deploy/machines_deploymachinesapp.go: updateExistingMachines; flyctl#3430; \
             superfly/docs reference/health-checks",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let Some(strategy) = facts.bluegreen() else { return };
    let services = facts.services();
    let of_services = services.iter().flat_map(|service| service.machine_checks);
    for check in of_services.chain(&facts.config().machine_checks) {
        sink.report(check.span, "a blue-green deploy never runs this machine check")
            .label(strategy, "asked for here")
            .help("check the same with an HTTP check, or after the deploy");
    }
}
