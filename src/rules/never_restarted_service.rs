//! A service that stays down after a crash.

use std::collections::{BTreeMap, BTreeSet};

use super::{Given, Persona, Rule, Sink};
use crate::config::Field;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::span::Span;

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
    let by_group = config.by_group(http.chain(others).map(|(start, processes)| (processes, start)));
    let is_off = |start: &Field<bool>| start.as_ref().is_some_and(|start| !start.value);
    // Of each group that has services, where the first is not started; `None`: one of them is.
    let stranded = |services: &Vec<&'_ Field<bool>>| {
        let first = services.first()?.as_ref()?.span;
        services.iter().all(|start| is_off(start)).then_some(first)
    };
    let names: BTreeSet<&str> = config.group_names().into_iter().collect();
    let named = by_group.iter().filter(|(group, _)| names.contains(*group));
    let stranded: BTreeMap<&str, Option<Span>> = named.map(|(group, services)| (*group, stranded(services))).collect();
    for restart in &config.restart {
        let Some(policy) = restart.policy.as_ref().filter(|policy| policy.value == "never") else { continue };
        let groups = config.groups_of(&restart.processes);
        let served: Vec<Option<Span>> = groups.iter().filter_map(|group| stranded.get(group).copied()).collect();
        if let Some(Some(first)) = served.first().filter(|_| served.iter().all(Option::is_some)) {
            sink.report(policy.span, "after a crash nothing starts these machines again")
                .label(*first, "nor does the proxy")
                .help("use `policy = \"on-failure\"`");
        }
    }
}
