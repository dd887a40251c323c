//! A public port entry that names no port, or several that contradict each other.

use super::{Given, Persona, Rule, Sink};
use crate::config::Port;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "broken-port-range",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Silent,
    summary: "a `[[services.ports]]` without a port, or with a range that makes no sense",
    why: "An entry is for one `port`, or for the ports from `start_port` to `end_port`. flyctl checks none of it. An \
          open end reaches down to 0 or up to 65535.",
    bad: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
          [[services.ports]]\nstart_port = 9000\nend_port = 8000\n",
    good: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
           [[services.ports]]\nstart_port = 8000\nend_port = 9000\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: services.ports; fly-go machine_types.go: MachinePort.ContainsPort",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let refused = facts.refused();
    for (at, service) in facts.config().services.iter().enumerate() {
        for (nth, entry) in service.ports.iter().enumerate() {
            let is_refused = || {
                ["port", "start_port", "end_port"]
                    .iter()
                    .any(|key| refused.holds(&format!("services[{at}].ports[{nth}].{key}")))
            };
            if fault(entry).is_some() && !is_refused() {
                report(sink, entry);
            }
        }
    }
}

fn report(sink: &mut Sink, entry: &Port) {
    let Some(fault) = fault(entry) else { return };
    let first = [&entry.port, &entry.start_port, &entry.end_port].into_iter().flatten().next();
    let finding = sink.report(first.map_or(entry.span, |port| port.span), fault.message());
    let finding = finding.help(fault.cure());
    if fault == Fault::OpenEnd {
        finding.severity(Severity::Warning);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    NoPort,
    PortAndRange,
    OpenEnd,
    Backwards,
}

impl Fault {
    fn message(self) -> &'static str {
        match self {
            Self::NoPort => "this entry names no port: nothing is published",
            Self::PortAndRange => "an entry is for one `port` or for a range, not for both",
            Self::OpenEnd => "half a range: Fly takes every port to the end, 0 or 65535",
            Self::Backwards => "the range ends before it starts: no port is in it",
        }
    }

    fn cure(self) -> &'static str {
        match self {
            Self::NoPort => "add `port`, or `start_port` and `end_port`",
            Self::PortAndRange => "write two `[[services.ports]]`",
            Self::OpenEnd => "write both `start_port` and `end_port`",
            Self::Backwards => "exchange `start_port` and `end_port`",
        }
    }
}

fn fault(entry: &Port) -> Option<Fault> {
    match (&entry.port, &entry.start_port, &entry.end_port) {
        (None, None, None) => Some(Fault::NoPort),
        (Some(_), None, None) => None,
        (Some(_), _, _) => Some(Fault::PortAndRange),
        (None, Some(start), Some(end)) => (start.value > end.value).then_some(Fault::Backwards),
        (None, _, _) => Some(Fault::OpenEnd),
    }
}
