//! A check that begins before the app can be up.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::units::Duration;

pub(super) const RULE: Rule = Rule {
    id: "check-without-grace-period",
    persona: Persona::Pedantic,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "a check without a `grace_period`, or with a very short one",
    why: "Until the grace period is over no check is made. Without one the first checks meet an app that is still \
          booting, fail, and the next come only after the interval: deploys take longer, and a machine may be given \
          up that only needed a moment.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[[http_service.checks]]\n\
          path = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[[http_service.checks]]\n\
           path = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: grace_period; blueprints/seamless-deployments",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let is_refused = facts.refused().holds_key("grace_period");
    for timing in facts.check_timings() {
        match timing.grace_period {
            None if is_refused => {}
            None => {
                sink.report(timing.span, "checks begin before the app can be up: there is no `grace_period`")
                    .help("add `grace_period`, longer than the app takes to start");
            }
            Some(grace) if grace.value < SHORTEST_SENSIBLE => {
                sink.report(grace.span, format!("few apps are up after {}", grace.value))
                    .help("make it longer than the app takes to start");
            }
            Some(_) => {}
        }
    }
}

/// Most apps need longer to start; a machine alone takes about a second.
const SHORTEST_SENSIBLE: Duration = Duration::from_secs(3);
