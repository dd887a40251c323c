//! Metrics that nobody can read.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "incomplete-metrics",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "`[[metrics]]` without a port or a path",
    why: "Fly reads the app's metrics from a port and a path. flyctl sends what there is, and without a port nothing \
          is read.",
    bad: "app = \"shop\"\n\n[metrics]\npath = \"/metrics\"\n",
    good: "app = \"shop\"\n\n[metrics]\nport = 9091\npath = \"/metrics\"\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: metrics; fly-go machine_types.go: MachineMetrics",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for metrics in &facts.config().metrics {
        if metrics.port.as_ref().is_none_or(|port| port.value == 0) {
            sink.report(metrics.span, "without a port no metrics are read").help("say where they are: `port = 9091`");
        }
        if metrics.path.as_ref().is_none_or(|path| path.is_empty()) {
            sink.report(metrics.span, "this does not say under which path the metrics are")
                .help("most exporters have them at `path = \"/metrics\"`");
        }
    }
}
