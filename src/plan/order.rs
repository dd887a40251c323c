//! The steps of a deploy, in an order that keeps the service up: greens are made and proved beside
//! the blues, take the traffic, and only then the blues go. What no green of this deploy replaces
//! goes last: groups that fly.toml no longer names, and blues that have their green already.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::classify::{Placed, Situation};
use super::green::Green;
use super::list::{At, List, is_running};
use super::{Disposition, Drain, Op, Step, command};
use crate::units::Duration;

/// Without steps when nothing is to be done.
pub(super) fn steps<'a>(situation: &Situation<'a>, placed: &[Placed<'a>], greens: &[Green<'a>]) -> Vec<Step> {
    let of = |disposition| placed.iter().filter(move |placed| placed.is(disposition)).collect::<Vec<_>>();
    let mut order = Order::new(situation);
    if situation.policy.cleanup {
        order.sweep(&of(Disposition::Sweep));
        return order.list.steps;
    }
    let (blues, removed) = (of(Disposition::Replace), of(Disposition::Remove));
    order.list.steps.reserve(greens.len() * STEPS_OF_A_GREEN + (blues.len() + removed.len()) * STEPS_OF_A_BLUE);
    order.lease_running(blues.iter().chain(&removed).copied());
    order.run_release_command(!greens.is_empty());
    for (at, batch) in batches(situation, &blues, greens).iter().enumerate() {
        order.join("the blues before these are gone");
        order.make(&batch.greens);
        order.hold_when(situation.policy.hold && at == 0, "the traffic moves once somebody promotes the deploy");
        order.move_traffic(batch);
        order.prove_for_good();
        order.retire(&batch.blues, &Leaving::REPLACED);
    }
    order.hold_when(situation.policy.hold && greens.is_empty() && !removed.is_empty(), "nothing has gone yet");
    if !removed.is_empty() {
        order.take_traffic(&removed);
        order.retire(&removed, &Leaving::REMOVED);
    }
    order.list.steps
}

/// What goes to and fro together: greens, and the blues whose places they take.
struct Batch<'s, 'a> {
    greens: Vec<&'s Green<'a>>,
    blues: Vec<&'s Placed<'a>>,
}

/// One batch, or as many as the policy's surge makes necessary, in the order of the groups.
fn batches<'s, 'a>(situation: &Situation, blues: &[&'s Placed<'a>], greens: &'s [Green<'a>]) -> Vec<Batch<'s, 'a>> {
    let Some(surge) = situation.policy.surge else {
        let all = Batch { greens: greens.iter().collect(), blues: blues.to_vec() };
        return if greens.is_empty() { Vec::new() } else { vec![all] };
    };
    let by_id: BTreeMap<&str, &Placed> = blues.iter().map(|blue| (blue.machine.id.as_str(), *blue)).collect();
    let size = usize::try_from(surge).unwrap_or(usize::MAX).max(1);
    let batch = |greens: &[&'s Green<'a>]| {
        let blue_of = |green: &&Green| by_id.get(green.replaces?.id.as_str()).copied();
        Batch { greens: greens.to_vec(), blues: greens.iter().filter_map(blue_of).collect() }
    };
    in_group_order(situation, greens).chunks(size).map(batch).collect()
}

/// A standby is never before what it stands by for.
fn in_group_order<'s, 'a>(situation: &Situation, greens: &'s [Green<'a>]) -> Vec<&'s Green<'a>> {
    let mut ranks: BTreeMap<&str, usize> = BTreeMap::new();
    for green in greens {
        let targets = green.standby_for.iter().filter_map(|target| ranks.get(target.as_str()).copied());
        let rank = targets.chain([situation.policy.rank(green.group)]).max();
        ranks.insert(&green.slot, rank.unwrap_or_default());
    }
    let mut ordered: Vec<_> = greens.iter().collect();
    ordered.sort_by_key(|green| ranks.get(green.slot.as_str()));
    ordered
}

/// How machines go, in words.
struct Leaving {
    destroy: &'static str,
    /// Read the greens again before the first is destroyed.
    verify: bool,
}

impl Leaving {
    const REPLACED: Self = Self { destroy: "a green has its place", verify: true };
    const REMOVED: Self = Self { destroy: "fly.toml no longer names its group", verify: false };
}

/// The steps so far, and those that whatever comes next has to wait for.
struct Order<'s, 'a> {
    situation: &'s Situation<'a>,
    list: List,
    frontier: Vec<At>,
    /// Slots made so far: others may stand by for them.
    made: BTreeMap<String, At>,
}

impl<'s, 'a> Order<'s, 'a> {
    fn new(situation: &'s Situation<'a>) -> Self {
        Self { situation, list: List::default(), frontier: Vec::new(), made: BTreeMap::new() }
    }

    /// A lease keeps the proxy from starting a machine: those at rest are leased once they are
    /// cordoned.
    fn lease_running<'p>(&mut self, machines: impl Iterator<Item = &'p Placed<'a>>)
    where
        'a: 'p,
    {
        let why = "nobody else may change it while it is replaced";
        let running = machines.filter(|blue| is_running(blue));
        self.frontier = running.map(|blue| self.list.on(blue, Op::Lease, &[], why)).collect();
        self.join("every lease is held: only now is anything changed");
    }

    fn run_release_command(&mut self, is_deploy: bool) {
        let Some(request) = command::release_command(self.situation).filter(|_| is_deploy) else { return };
        let why = "every precondition holds; what the command does cannot be taken back";
        let at = self.list.push(Op::ReleaseCommand, &self.frontier, why);
        let step = self.list.step(at);
        step.slot = Some(command::RELEASE_COMMAND_SLOT.to_owned());
        step.region = Some(SmolStr::new(&request.region)).filter(|region| !region.is_empty());
        step.timeout_ms = Some(command::release_command_timeout_ms(self.situation.desired.config));
        step.request = Some(Box::new(request));
        self.frontier = vec![at];
    }

    fn make(&mut self, greens: &[&Green]) {
        let begin = self.frontier.clone();
        let mut ready = Vec::new();
        for green in greens {
            let targets = green.standby_for.iter().filter_map(|target| self.made.get(target).copied());
            let needs: Vec<_> = begin.iter().copied().chain(targets).collect();
            let created = self.create(green, &needs);
            self.made.insert(green.slot.clone(), created);
            self.prove(green, created, &mut ready);
        }
        let why = "every green is ready; no request has reached one yet";
        self.frontier = vec![self.list.push(Op::Gate, &ready, why)];
    }

    fn create(&mut self, green: &Green, needs: &[At]) -> At {
        let at = self.list.on_slot(green, Op::Create, needs, green.why.clone());
        let step = self.list.step(at);
        step.replaces = green.replaces.map(|blue| blue.id.clone());
        step.standby_for = green.standby_for.clone();
        step.request = Some(Box::new(green.request(self.situation.policy)));
        at
    }

    /// Adds the last steps that the green waits for.
    fn prove(&mut self, green: &Green, created: At, ready: &mut Vec<At>) {
        if !green.launch {
            return ready.push(created);
        }
        let wait_ms = self.situation.policy.wait_ms();
        let mut last = self.list.on_slot(green, Op::WaitStarted, &[created], "the image must boot");
        self.list.step(last).timeout_ms = Some(wait_ms);
        if let Some(gate) = &green.gate {
            last = self.list.on_slot(green, Op::WaitHealthy, &[last], gate.why.clone());
            self.list.step(last).timeout_ms = Some(wait_ms.saturating_add(self.situation.policy.stability_ms));
        }
        let requests = command::machine_checks(self.situation, green);
        if requests.is_empty() {
            ready.push(last);
        }
        for (number, request) in (1..).zip(requests) {
            let check = self.list.on_slot(green, Op::MachineCheck, &[last], "fly.toml has a machine check for it");
            let step = self.list.step(check);
            step.checks = step.slot.replace(format!("check-{}-{number}", green.slot));
            step.timeout_ms = Some(wait_ms);
            step.request = Some(Box::new(request));
            ready.push(check);
        }
    }

    fn hold_when(&mut self, is_wanted: bool, why: &'static str) {
        if is_wanted {
            self.frontier = vec![self.list.push(Op::Hold, &self.frontier, why)];
        }
    }

    /// Group after group, as the policy orders them: greens take the traffic, then blues lose it.
    fn move_traffic(&mut self, batch: &Batch) {
        let mut ranks: BTreeMap<usize, Batch> = BTreeMap::new();
        let policy = self.situation.policy;
        let empty = || Batch { greens: Vec::new(), blues: Vec::new() };
        for green in &batch.greens {
            ranks.entry(policy.rank(green.group)).or_insert_with(empty).greens.push(green);
        }
        for blue in &batch.blues {
            ranks.entry(policy.rank(blue.group)).or_insert_with(empty).blues.push(blue);
        }
        for stage in ranks.values() {
            self.give_traffic(&stage.greens);
            self.take_traffic(&stage.blues);
        }
    }

    fn give_traffic(&mut self, greens: &[&Green]) {
        let why = "the proxy may route to it from now on";
        let begin = &self.frontier;
        let uncordoned: Vec<_> =
            greens.iter().map(|green| self.list.on_slot(green, Op::Uncordon, begin, why)).collect();
        let settled = self.settle(&uncordoned, "every proxy must hear of the greens");
        let why = "a green that died meanwhile must not take over";
        self.frontier = vec![self.list.push(Op::Verify, &[settled], why)];
    }

    fn take_traffic(&mut self, blues: &[&Placed]) {
        if blues.is_empty() {
            return;
        }
        self.join("what comes before is done");
        let hidden = blues.iter().filter(|blue| !blue.machine.cordoned);
        let why = "the proxy stops routing to it";
        let cordoned: Vec<At> = hidden.map(|blue| self.list.on(blue, Op::Cordon, &self.frontier, why)).collect();
        if !cordoned.is_empty() {
            let why = "every proxy must hear of it, and requests under way may finish";
            self.frontier = vec![self.settle(&cordoned, why)];
        }
        self.lease_resting(blues);
    }

    /// Until every proxy has heard of the cordon, a request may still need a machine at rest.
    fn lease_resting(&mut self, blues: &[&Placed]) {
        let why = "it is at rest, and no request needs it any more";
        let resting = blues.iter().filter(|blue| !is_running(blue));
        let leased: Vec<At> = resting.map(|blue| self.list.on(blue, Op::Lease, &self.frontier, why)).collect();
        if !leased.is_empty() {
            self.frontier = leased;
            self.join("every lease is held");
        }
    }

    fn settle(&mut self, needs: &[At], why: &'static str) -> At {
        let at = self.list.push(Op::Settle, needs, why);
        self.list.step(at).timeout_ms = Some(self.situation.policy.settle_ms);
        at
    }

    /// While the blues still run: going back is one uncordon each.
    fn prove_for_good(&mut self) {
        let policy = self.situation.policy;
        if policy.verify_url.is_some() {
            let why = "what users get must come from the greens";
            self.frontier = vec![self.list.push(Op::VerifyUrl, &self.frontier, why)];
            let at = self.frontier[0];
            self.list.step(at).timeout_ms = Some(policy.wait_ms());
        }
        if policy.bake_ms > 0 {
            let why = "until it is over, going back is one uncordon for each blue";
            self.frontier = vec![self.list.push(Op::Bake, &self.frontier, why)];
            let at = self.frontier[0];
            self.list.step(at).timeout_ms = Some(policy.bake_ms);
        }
    }

    /// Stops and destroys machines that no request reaches any more. All of them stop before the
    /// first is destroyed, so that until then everything can be taken back.
    fn retire(&mut self, machines: &[&Placed], leaving: &Leaving) {
        if machines.is_empty() {
            return;
        }
        let mut drained = self.drain(machines);
        if self.situation.policy.keep_blue && leaving.verify {
            if drained.iter().any(Option::is_some) {
                self.frontier = drained.iter().flatten().copied().collect();
            }
            self.join("every blue is drained");
            self.hold_when(true, "the blues stay until somebody promotes the deploy");
            drained.fill(None);
        }
        let stopped: Vec<_> = machines.iter().zip(drained).map(|(blue, drained)| self.stop(blue, drained)).collect();
        let point = match leaving.verify {
            true => self.list.push(Op::Verify, &stopped, "after this there is no way back: the greens must hold"),
            false => self.list.push(Op::Gate, &stopped, "all of them have stopped"),
        };
        let why = |blue: &Placed| match blue.is_superseded(self.situation) {
            true => Leaving::REPLACED.destroy,
            false => leaving.destroy,
        };
        self.frontier = machines.iter().map(|blue| self.list.on(blue, Op::Destroy, &[point], why(blue))).collect();
    }

    /// For each machine the step that drains it, where there is something to drain.
    fn drain(&mut self, machines: &[&Placed]) -> Vec<Option<At>> {
        let policy = self.situation.policy;
        let why = match policy.drain {
            Drain::UntilIdle => "its connections may end by themselves",
            Drain::Fixed => "its requests get this long to finish",
        };
        let is_wanted = policy.drain == Drain::UntilIdle || policy.drain_timeout_ms > 0;
        let drain = |blue: &&Placed| {
            (is_wanted && may_run(blue)).then(|| {
                let at = self.list.on(blue, Op::Drain, &self.frontier, why);
                self.list.step(at).timeout_ms = Some(policy.drain_timeout_ms);
                at
            })
        };
        machines.iter().map(drain).collect()
    }

    /// Gives the step after which it has stopped.
    fn stop(&mut self, blue: &Placed, drained: Option<At>) -> At {
        let needs = drained.map_or_else(|| self.frontier.clone(), |drained| vec![drained]);
        let stop = self.list.on(blue, Op::Stop, &needs, "it finishes what it is doing and stops");
        let stopped = self.list.on(blue, Op::WaitStopped, &[stop], "nothing is destroyed while it works");
        let killed_ms = kill_timeout_ms(blue) + KILLED_WITHIN_MS;
        self.list.step(stopped).timeout_ms = Some(self.situation.policy.wait_ms().max(killed_ms));
        stopped
    }

    /// Destroys what earlier commands left; each says in its disposition why it is not missed.
    fn sweep(&mut self, machines: &[&Placed]) {
        if machines.is_empty() {
            return;
        }
        let why = "nobody else may change it while it is removed";
        let leased: Vec<_> = machines.iter().map(|one| self.list.on(one, Op::Lease, &[], why)).collect();
        let why = "the machines that serve must be seen to serve before anything goes";
        let verified = self.list.push(Op::Verify, &leased, why);
        for one in machines {
            self.list.on(one, Op::Destroy, &[verified], one.why.clone());
        }
    }

    /// Brings the frontier down to one step, so that `needs` stays linear in the fleet.
    fn join(&mut self, why: &'static str) {
        if self.frontier.len() > 1 {
            self.frontier = vec![self.list.push(Op::Gate, &self.frontier, why)];
        }
    }
}

/// The proxy may have started it since the plan was made.
fn may_run(blue: &Placed) -> bool {
    is_running(blue) || blue.machine.config.as_ref().is_some_and(|config| config.autostart())
}

/// How long Fly lets the machine finish after its signal; zero when its config does not say.
fn kill_timeout_ms(blue: &Placed) -> u64 {
    let stop = blue.machine.config.as_ref().and_then(|config| config.stop_timeout());
    stop.map_or(0, Duration::as_millis)
}

/// What uses all of its time is killed then, and is seen to have stopped a little later: to give up
/// just before would fail a deploy whose traffic has moved.
const KILLED_WITHIN_MS: u64 = 30_000;

/// Made, started, healthy, uncordoned.
const STEPS_OF_A_GREEN: usize = 4;

/// Leased, cordoned, drained, told to stop, stopped, destroyed.
const STEPS_OF_A_BLUE: usize = 6;
