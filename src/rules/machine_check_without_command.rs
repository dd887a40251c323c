//! A machine check that checks nothing.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "machine-check-without-command",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::FailsDeploy,
    summary: "a `machine_checks` without a `command`",
    why: "A machine check runs its `command` on a throw-away machine. flyctl accepts one without, and gives the deploy \
          up when the first machine has been replaced. Blue-green and immediate deploys run no machine checks.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n\
          [[http_service.machine_checks]]\nimage = \"curlimages/curl\"\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n\
           [[http_service.machine_checks]]\nimage = \"curlimages/curl\"\n\
           command = [\"curl\", \"--fail\", \"http://shop.internal:8080/\"]\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/machines.go: ToTestMachineConfig, MissingCommand",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let strategy = facts.config().deploy.as_ref().and_then(|deploy| deploy.strategy.as_ref());
    let runs_none = strategy.is_some_and(|strategy| matches!(strategy.value.as_str(), "bluegreen" | "immediate"));
    if runs_none || facts.refused().holds_key("command") {
        return;
    }
    let of_services = facts.services().into_iter().flat_map(|service| service.machine_checks);
    for check in of_services.chain(&facts.config().machine_checks).filter(|check| check.command.is_empty()) {
        sink.report(check.span, "this machine check has no `command`: the deploy fails when it is to run")
            .help("say what to run: `command = [\"...\"]`");
    }
}
