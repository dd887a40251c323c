//! The steps of a deploy, in an order that keeps the service up: greens are made and proved beside
//! the blues, take the traffic, and only then the blues go. Groups that fly.toml no longer names
//! go last.

use super::classify::Placed;
use super::green::Green;
use super::{Disposition, Op, Step, operation};
use crate::fleet::State;

pub(super) fn steps(placed: &[Placed], greens: &[Green]) -> Vec<Step> {
    let of = |disposition| placed.iter().filter(move |placed| placed.is(disposition)).collect::<Vec<_>>();
    let (blues, removed) = (of(Disposition::Replace), of(Disposition::Remove));
    let mut steps = Steps::default();
    steps.lease_running(blues.iter().chain(&removed).copied());
    steps.make(greens);
    steps.give_traffic(greens);
    steps.retire(&blues, !greens.is_empty());
    steps.retire(&removed, false);
    steps.list
}

/// The steps so far, and those that whatever comes next has to wait for.
#[derive(Default)]
struct Steps {
    list: Vec<Step>,
    frontier: Vec<String>,
}

impl Steps {
    /// A lease keeps the proxy from starting a machine: those at rest are leased once they are
    /// cordoned.
    fn lease_running<'a>(&mut self, machines: impl Iterator<Item = &'a Placed<'a>>) {
        let why = "nobody else may change it while it is replaced";
        let leases = machines.filter(|blue| is_running(blue)).map(|blue| self.on(blue, Op::Lease, &[], why)).collect();
        self.frontier = leases;
        self.join("every lease is held: only now is anything changed");
    }

    fn make(&mut self, greens: &[Green]) {
        let begin = self.frontier.clone();
        let mut ready = Vec::new();
        let mut made: Vec<(&str, String)> = Vec::new();
        for green in greens {
            let targets = made.iter().filter(|(slot, _)| green.standby_for.iter().any(|target| target == slot));
            let needs: Vec<_> = begin.iter().cloned().chain(targets.map(|(_, id)| id.clone())).collect();
            let created = self.create(green, &needs);
            made.push((&green.slot, created.clone()));
            ready.push(self.prove(green, created));
        }
        self.frontier = ready;
        if !greens.is_empty() {
            let why = "every green is ready; no request has reached one yet";
            self.frontier = vec![self.bare(Op::Gate, &self.frontier.clone(), why)];
        }
    }

    fn create(&mut self, green: &Green, needs: &[String]) -> String {
        let id = self.on_slot(green, Op::Create, needs, &green.why);
        if let Some(step) = self.list.last_mut() {
            step.replaces = green.replaces.map(|blue| blue.id.clone());
            step.standby_for = green.standby_for.clone();
            step.request = Some(green.request());
        }
        id
    }

    /// Gives the last step that the green waits for.
    fn prove(&mut self, green: &Green, created: String) -> String {
        if !green.launch {
            return created;
        }
        let started = self.on_slot(green, Op::WaitStarted, &[created], "the image must boot");
        if !green.has_checks() {
            return started;
        }
        self.on_slot(green, Op::WaitHealthy, &[started], &green.gates())
    }

    fn give_traffic(&mut self, greens: &[Green]) {
        if greens.is_empty() {
            return;
        }
        let why = "the proxy may route to it from now on";
        let gate = self.frontier.clone();
        let uncordoned: Vec<_> = greens.iter().map(|green| self.on_slot(green, Op::Uncordon, &gate, why)).collect();
        let settled = self.bare(Op::Settle, &uncordoned, "every proxy must hear of the greens");
        let verified = self.bare(Op::Verify, &[settled], "a green that died meanwhile must not take over");
        self.frontier = vec![verified];
    }

    /// Takes machines out of service and destroys them; all of them stop before the first is
    /// destroyed, so that until then everything can be taken back.
    fn retire(&mut self, machines: &[&Placed], verify: bool) {
        if machines.is_empty() {
            return;
        }
        self.take_traffic(machines);
        let begin = self.frontier.clone();
        let stopped = machines.iter().map(|blue| {
            let stop = self.on(blue, Op::Stop, &begin, "it finishes what it is doing and stops");
            self.on(blue, Op::WaitStopped, &[stop], "nothing is destroyed while it works")
        });
        let stopped: Vec<_> = stopped.collect();
        let point = match verify {
            true => self.bare(Op::Verify, &stopped, "after this there is no way back: the greens must hold"),
            false => self.bare(Op::Gate, &stopped, "all of them have stopped"),
        };
        let why = if verify { "a green has its place" } else { "fly.toml no longer names its group" };
        let point = [point];
        self.frontier = machines.iter().map(|blue| self.on(blue, Op::Destroy, &point, why)).collect();
    }

    fn take_traffic(&mut self, machines: &[&Placed]) {
        self.join("what comes before is done");
        let begin = self.frontier.clone();
        let mut done = Vec::new();
        for blue in machines {
            let mut last = None;
            if !blue.machine.cordoned {
                last = Some(self.on(blue, Op::Cordon, &begin, "the proxy stops routing to it"));
            }
            if !is_running(blue) {
                let needs = last.map_or_else(|| begin.clone(), |cordoned| vec![cordoned]);
                last = Some(self.on(blue, Op::Lease, &needs, "it is at rest, and no request needs it any more"));
            }
            done.extend(last);
        }
        if !done.is_empty() {
            self.frontier = done;
        }
        if machines.iter().any(|blue| !blue.machine.cordoned) {
            let why = "every proxy must hear of it, and requests under way may finish";
            self.frontier = vec![self.bare(Op::Settle, &self.frontier.clone(), why)];
        } else {
            self.join("every lease is held");
        }
    }

    /// Brings the frontier down to one step, so that `needs` stays linear in the fleet.
    fn join(&mut self, why: &str) {
        if self.frontier.len() > 1 {
            self.frontier = vec![self.bare(Op::Gate, &self.frontier.clone(), why)];
        }
    }

    fn on(&mut self, blue: &Placed, op: Op, needs: &[String], why: &str) -> String {
        let id = self.bare(op, needs, why);
        if let Some(step) = self.list.last_mut() {
            step.machine = Some(blue.machine.id.clone());
            step.group = Some(blue.group.to_owned());
            step.region = Some(blue.machine.region.clone());
            // A machine that was at rest is not to be started by going back.
            if op == Op::Stop && !is_running(blue) {
                step.undo = None;
            }
        }
        id
    }

    fn on_slot(&mut self, green: &Green, op: Op, needs: &[String], why: &str) -> String {
        let id = self.bare(op, needs, why);
        if let Some(step) = self.list.last_mut() {
            step.slot = Some(green.slot.clone());
            step.group = Some(green.group.to_owned());
            step.region = (!green.region.is_empty()).then(|| green.region.to_owned());
        }
        id
    }

    fn bare(&mut self, op: Op, needs: &[String], why: &str) -> String {
        let id = format!("s{}", self.list.len() + 1);
        self.list.push(Step {
            id: id.clone(),
            op,
            machine: None,
            slot: None,
            replaces: None,
            checks: None,
            standby_for: Vec::new(),
            group: None,
            region: None,
            needs: needs.to_vec(),
            undo: operation::row(op).undo,
            why: why.to_owned(),
            timeout_ms: None,
            request: None,
        });
        id
    }
}

fn is_running(blue: &Placed) -> bool {
    use State::{Created, Stopped, Stopping, Suspended, Suspending};
    !matches!(blue.machine.state, Created | Stopped | Stopping | Suspended | Suspending)
}
