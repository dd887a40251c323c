//! A minimum of running machines where none is ever stopped.

use super::{Given, Persona, Rule, Sink};
use crate::config::Autostop;
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::{Facts, line_of_entry};

pub(super) const RULE: Rule = Rule {
    id: "min-machines-without-autostop",
    persona: Persona::Pedantic,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "`min_machines_running` while `auto_stop_machines` is off",
    why: "`min_machines_running` says how many machines the proxy leaves running when it stops idle ones. It creates \
          none. Where nothing is stopped it has nothing to do; how many machines there are is for `fly scale count`.",
    bad: "app = \"shop\"\nprimary_region = \"iad\"\n\n[http_service]\ninternal_port = 8080\n\
          auto_stop_machines = \"off\"\nmin_machines_running = 2\n",
    good: "app = \"shop\"\nprimary_region = \"iad\"\n\n[http_service]\ninternal_port = 8080\n\
           auto_stop_machines = \"stop\"\nauto_start_machines = true\nmin_machines_running = 2\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: min_machines_running",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for service in facts.services().iter().filter(|service| service.autostop() == Autostop::Off) {
        let Some(minimum) = service.min_machines_running.as_ref().filter(|minimum| minimum.value > 0) else { continue };
        let finding = sink
            .report(minimum.span, "nothing stops these machines, so no minimum is kept")
            .help("remove it, or let the proxy stop idle machines: `auto_stop_machines = \"stop\"`");
        if let Some(span) = line_of_entry(facts.text, minimum.span) {
            finding.fix(Safety::Unsafe, "remove `min_machines_running`", vec![Edit { span, text: String::new() }]);
        }
    }
}
