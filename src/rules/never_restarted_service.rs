//! A service that stays down after a crash.

use super::{Given, Persona, Rule, Sink};
use crate::config::Field;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "never-restarted-service",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "`policy = \"never\"` for a service that nothing starts again",
    why: "With `never` a machine whose process ends stays stopped, and with `auto_start_machines = false` the proxy \
          does not start it either: after one crash nobody serves until somebody starts it by hand.",
    bad: "app = \"shop\"\n\n\
          [http_service]\ninternal_port = 8080\nauto_stop_machines = \"off\"\nauto_start_machines = false\n\n\
          [[restart]]\npolicy = \"never\"\n",
    good: "app = \"shop\"\n\n\
           [http_service]\ninternal_port = 8080\nauto_stop_machines = \"off\"\nauto_start_machines = false\n\n\
           [[restart]]\npolicy = \"on-failure\"\n",
    given: Given::NOTHING,
    source: "superfly/docs machines/guides-examples/machine-restart-policy; superfly/docs reference/configuration: \
             auto_start_machines",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let http = config.http_service.iter().map(|service| (&service.auto_start_machines, &service.processes));
    let others = config.services.iter().map(|service| (&service.auto_start_machines, &service.processes));
    let services: Vec<_> = http.chain(others).collect();
    for restart in &config.restart {
        let Some(policy) = restart.policy.as_ref().filter(|policy| policy.value == "never") else { continue };
        let groups = config.group_names().into_iter().filter(|group| config.is_for(&restart.processes, group));
        let stranded = groups.flat_map(|group| services.iter().filter(move |(_, of)| config.is_for(of, group)));
        let is_off = |start: &Field<bool>| start.as_ref().is_some_and(|start| !start.value);
        if let Some((Some(start), _)) =
            stranded.clone().next().filter(|_| stranded.clone().all(|(start, _)| is_off(start)))
        {
            sink.report(policy.span, "after a crash nothing starts these machines again")
                .label(start.span, "nor does the proxy")
                .help("use `policy = \"on-failure\"`");
        }
    }
}
