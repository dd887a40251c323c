//! Deploys of many machines of one group, and the least time that they can take.

use std::collections::BTreeMap;

use cutover::execute::Event;
use cutover::fleet::Fleet;
use cutover::plan::{Op, Plan, Policy, Step};
use cutover::sim::Settings;

use crate::notation::{fleet, plan_of};

/// A machine that is quick.
pub(crate) const QUICK: Settings =
    Settings { prepare_ms: 0, boot_ms: 500, check_ms: 500, stop_ms: 200, command_ms: 0, latency_ms: 0 };

/// What flyctl's own deploy of three such machines takes, with its two waits of ten seconds
/// (measured with a build of August 2026 against a stand-in for Fly).
pub(crate) const FLYCTL: Flyctl = Flyctl { took_ms: 22_500, calls: Calls { of_machines: 47, of_releases: 6 } };

pub(crate) struct Flyctl {
    pub(crate) took_ms: u64,
    /// Without GraphQL.
    pub(crate) calls: Calls,
}

/// How often which API was asked.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Calls {
    pub(crate) of_machines: usize,
    pub(crate) of_releases: usize,
}

impl Calls {
    pub(crate) fn see(&mut self, event: &Event) {
        match event {
            Event::Call { call, .. } if call == "record" || call == "report" => self.of_releases += 1,
            Event::Call { .. } => self.of_machines += 1,
            _ => {}
        }
    }

    pub(crate) const fn all(self) -> usize {
        self.of_machines + self.of_releases
    }
}

/// No wait but those for the machines.
pub(crate) fn no_waits() -> Policy {
    Policy { settle_ms: 0, drain_timeout_ms: 0, ..Policy::default() }
}

/// The two of flyctl: after uncordon, and after cordon.
pub(crate) fn waits_of_flyctl() -> Policy {
    Policy { settle_ms: 10_000, drain_timeout_ms: 0, ..Policy::default() }
}

/// The fleet, and the plan to replace all of it.
pub(crate) fn deploy_of(machines: usize, policy: &Policy) -> (Fleet, Plan) {
    let lines: Vec<String> = (0..machines).map(|at| format!("a{at:04} app iad started v1")).collect();
    let fleet = fleet(APP, &lines.join("\n"));
    let plan = plan_of(APP, &fleet, "v2", policy).unwrap();
    (fleet, plan)
}

/// The longest way through the plan's steps, where calls take no time and machines what `settings`
/// say: no deploy by this plan can be quicker.
pub(crate) fn critical_path_ms(plan: &Plan, settings: &Settings) -> u64 {
    let mut ends = BTreeMap::new();
    // A step stands behind those that it needs.
    for step in &plan.steps {
        let begins_ms = step.needs.iter().map(|need| ends[need.as_str()]).max().unwrap_or(0);
        ends.insert(step.id.as_str(), begins_ms + least_ms(step, plan, settings));
    }
    ends.values().max().copied().unwrap_or(0)
}

fn least_ms(step: &Step, plan: &Plan, settings: &Settings) -> u64 {
    match step.op {
        Op::WaitStarted => settings.prepare_ms + settings.boot_ms,
        Op::WaitHealthy => settings.check_ms,
        Op::WaitStopped => settings.stop_ms,
        Op::Settle => step.timeout_ms.unwrap_or(plan.policy.settle_ms),
        Op::Drain => step.timeout_ms.unwrap_or(plan.policy.drain_timeout_ms),
        _ => 0,
    }
}

const APP: &str = r#"
app = "shop"
primary_region = "iad"

[http_service]
internal_port = 8080

[[http_service.checks]]
interval = "5s"
timeout = "2s"
path = "/healthz"
"#;
