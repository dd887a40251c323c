//! A run in a simulated Fly, from a fleet and faults in words to what is left.

use std::borrow::Borrow;

use cutover::execute::{Handle, Outcome, OutcomeKind, ReleaseStatus};
use cutover::fleet::{Fleet, Machine, State};
use cutover::plan::{Plan, Policy};
use cutover::sim::{Options, Run};

use crate::notation::{SHOP, fleet, plan_of};

/// A service with a check, which the proxy may stop.
pub(crate) const SITE: &str = r#"
app = "shop"
primary_region = "iad"

[processes]
app = "serve"

[http_service]
internal_port = 8080
auto_stop_machines = "stop"
auto_start_machines = true
processes = ["app"]

[[http_service.checks]]
interval = "5s"
timeout = "2s"
path = "/healthz"
"#;

pub(crate) struct Story {
    pub(crate) fleet: Fleet,
    pub(crate) plan: Plan,
    pub(crate) options: Options,
    /// How commands name its deploy.
    pub(crate) handle: Handle,
    abort_at_ms: Option<u64>,
}

pub(crate) struct Ending {
    pub(crate) outcome: Outcome,
    pub(crate) machines: Vec<Machine>,
    pub(crate) breaches: Vec<String>,
    /// Machines that are leased to somebody.
    pub(crate) leases: usize,
    pub(crate) trace: Vec<String>,
    /// What the release API was told last, release by release.
    pub(crate) releases: Vec<Option<ReleaseStatus>>,
    /// The release that each machine there says it belongs to.
    pub(crate) stamps: Vec<String>,
    pub(crate) t_ms: u64,
}

impl Story {
    /// A deploy of `v2` of an app with one group, over this fleet.
    pub(crate) fn of(lines: &str) -> Self {
        Self::with(SITE, lines, &Policy::default())
    }

    /// The same of an app with a worker beside its service.
    pub(crate) fn shop(lines: &str) -> Self {
        Self::with(SHOP, lines, &Policy::default())
    }

    pub(crate) fn with(file: &str, lines: &str, policy: &Policy) -> Self {
        let fleet = fleet(file, lines);
        let plan = plan_of(file, &fleet, "v2", policy).unwrap();
        Self { fleet, plan, options: Options::default(), handle: Handle::App, abort_at_ms: None }
    }

    pub(crate) fn fault(mut self, fault: &str) -> Self {
        self.options.faults.push(fault.parse().unwrap());
        self
    }

    pub(crate) fn abort_at(mut self, t_ms: u64) -> Self {
        self.abort_at_ms = Some(t_ms);
        self
    }

    /// The fleet changes after the plan was made.
    pub(crate) fn meanwhile(mut self, change: impl FnOnce(&mut Fleet)) -> Self {
        change(&mut self.fleet);
        self
    }

    pub(crate) fn run(self) -> Ending {
        let mut run = Run::new(&self.plan, &self.fleet, self.options);
        let mut abort_at_ms = self.abort_at_ms;
        while let Some(moment) = run.next() {
            if abort_at_ms.is_some_and(|at_ms| moment.t_ms >= at_ms) {
                abort_at_ms = None;
                run.abort();
            }
        }
        let world = run.world();
        Ending {
            outcome: run.outcome().unwrap().clone(),
            machines: world.machines().iter().map(|machine| Machine::clone(machine)).collect(),
            breaches: world.breaches().iter().map(|breach| format!("{} {}", breach.t_ms, breach.what)).collect(),
            leases: world.machines().iter().filter(|machine| world.lease_of(&machine.id).is_some()).count(),
            trace: world.trace().to_vec(),
            releases: world.releases().iter().map(|release| release.status).collect(),
            stamps: stamps(world.machines()),
            t_ms: world.now_ms(),
        }
    }
}

impl Ending {
    /// The outcome, the machines that are left with their states; no breach, and no lease held.
    #[track_caller]
    pub(crate) fn ends(&self, outcome: &str, left: &str) -> &Self {
        let trace = self.trace.join("\n");
        assert_eq!((name(self.outcome.kind), self.left().as_str()), (outcome, left), "{:#?}\n{trace}", self.outcome);
        assert_eq!(self.breaches, [""; 0], "\n{trace}");
        assert_eq!(self.leases, 0, "a lease was not released\n{trace}");
        self
    }

    /// The outcome's message has these words.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(self.outcome.message.contains(words), "{:#?}", self.outcome);
        self
    }

    /// What a person has to do, exactly.
    #[track_caller]
    pub(crate) fn asks_for(&self, commands: &[&str]) -> &Self {
        let asked: Vec<&str> = self.outcome.left.iter().map(|left| left.command.as_str()).collect();
        assert_eq!(asked, commands, "{:#?}", self.outcome);
        self
    }

    /// When the first call of this kind arrived.
    pub(crate) fn time_of(&self, call: &str) -> u64 {
        self.calls(call).next().unwrap()[..9].trim().parse().unwrap()
    }

    /// When the last one did.
    pub(crate) fn last_time_of(&self, call: &str) -> u64 {
        self.times_of(call).pop().unwrap()
    }

    pub(crate) fn times_of(&self, call: &str) -> Vec<u64> {
        self.calls(call).map(|line| line[..9].trim().parse().unwrap()).collect()
    }

    /// How many calls of this kind reached the machines (or were lost on the way).
    pub(crate) fn count(&self, call: &str) -> usize {
        self.calls(call).count()
    }

    fn calls(&self, call: &str) -> impl Iterator<Item = &String> {
        let front = format!("call     {call:<9} ");
        self.trace.iter().filter(move |line| line[10..].starts_with(&front))
    }

    pub(crate) fn id_of(&self, slot: &str) -> String {
        let name = format!("-{slot}");
        self.machines.iter().find(|machine| machine.name.ends_with(&name)).unwrap().id.clone()
    }

    fn left(&self) -> String {
        left(&self.machines)
    }
}

/// The machines that are there.
pub(crate) fn left<M: Borrow<Machine>>(machines: &[M]) -> String {
    let live = machines.iter().map(Borrow::borrow).filter(|machine: &&Machine| machine.state != State::Destroyed);
    let mut words: Vec<String> = live.map(word).collect();
    words.sort();
    words.join(", ")
}

fn stamps(machines: &[std::sync::Arc<Machine>]) -> Vec<String> {
    let live = machines.iter().filter(|machine| machine.state != State::Destroyed);
    live.filter_map(|machine| machine.metadata("fly_release_version").map(str::to_owned)).collect()
}

/// `app-1 started`, `a1 stopped cordoned`.
fn word(machine: &Machine) -> String {
    let name = machine.name.strip_prefix("cutover-sim-").unwrap_or(&machine.id);
    let cordoned = if machine.cordoned { " cordoned" } else { "" };
    format!("{name} {}{cordoned}", machine.state)
}

pub(crate) fn name(kind: OutcomeKind) -> &'static str {
    match kind {
        OutcomeKind::Completed => "completed",
        OutcomeKind::Held => "held",
        OutcomeKind::Restored => "restored",
        OutcomeKind::NeedsAttention => "needs-attention",
        OutcomeKind::Stale => "stale",
        OutcomeKind::Refused => "refused",
    }
}
