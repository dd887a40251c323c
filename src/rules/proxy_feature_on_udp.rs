//! What only the proxy does, asked for where no proxy is.

use super::{Given, Persona, Rule, Sink};
use crate::config::{Autostop, Service};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "proxy-feature-on-udp",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a UDP service with handlers, or with autostop or autostart",
    why: "Fly forwards UDP packets one by one and passes them by the proxy. They meet no handler, do not count as load \
          when the proxy looks for idle machines, and start none: with autostop a busy machine can be stopped, and \
          packets do not bring it back.",
    bad: "app = \"shop-dns\"\n\n[[services]]\nprotocol = \"udp\"\ninternal_port = 5353\n\
          auto_stop_machines = \"stop\"\nauto_start_machines = true\n\n[[services.ports]]\n\
          port = 5353\n",
    good: "app = \"shop-dns\"\n\n[[services]]\nprotocol = \"udp\"\ninternal_port = 5353\n\n\
           [[services.ports]]\nport = 5353\n",
    given: Given::NOTHING,
    source: "superfly/docs networking/udp-and-tcp; reference/configuration: \"Leave handlers unset for UDP services\"",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let services = facts.config().services.iter();
    for service in services.filter(|service| service.protocol.as_ref().is_some_and(|name| name.value == "udp")) {
        for entry in &service.ports {
            if let Some(handler) = entry.handlers.first() {
                sink.report(handler.span, "UDP packets meet no handler").help("leave `handlers` out for UDP");
            }
        }
        idle(sink, service);
    }
}

fn idle(sink: &mut Sink, service: &Service) {
    let stops = service.auto_stop_machines.as_ref().filter(|mode| mode.value != Autostop::Off);
    let starts = service.auto_start_machines.as_ref().filter(|on| on.value);
    if let Some(mode) = stops {
        sink.report(mode.span, "UDP does not count as load: machines stop in the middle of it, and packets start none")
            .help("write `auto_stop_machines = \"off\"`");
    } else if let Some(on) = starts {
        sink.report(on.span, "UDP packets start no machine")
            .help("remove `auto_start_machines` here")
            .severity(Severity::Hint);
    }
}
