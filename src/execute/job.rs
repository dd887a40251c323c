//! One thing to be achieved, through as many calls as it takes. What to ask next follows from the
//! goal and from what is known; what a reply means, from the operation's row. Knows nothing of
//! other jobs, of order or of phases.

use super::knowledge::{Knowledge, Target};
use super::operation::{Kind, RATE_LIMIT_TRIES, Then, row, then};
use super::steps::Slots;
use super::watch::{self, Progress};
use super::{Answer, Call, CallId, Options, Reply, Why, name, report};
use crate::fleet::{Machine, State};
use crate::plan::{Plan, Step};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Goal {
    /// The fleet is read.
    ReadFleet,
    Leased {
        machine: String,
    },
    /// Never achieved: as long as the run lasts the lease is renewed.
    KeptLeased {
        machine: String,
    },
    Released {
        machine: String,
    },
    /// The slot of the step in this place has its machine.
    Made {
        step: usize,
    },
    /// The slot has no machine, though one may have been made.
    Unmade {
        slot: String,
        rests_on: Vec<Target>,
    },
    Started {
        target: Target,
    },
    Healthy {
        target: Target,
    },
    Stopping {
        target: Target,
    },
    Stopped {
        target: Target,
    },
    /// It was seen to serve just now.
    Serving {
        target: Target,
    },
    Uncordoned {
        target: Target,
    },
    /// Before it is done, what the capacity rests on then must have been seen to serve.
    Cordoned {
        target: Target,
        rests_on: Vec<Target>,
    },
    Destroyed {
        target: Target,
        rests_on: Vec<Target>,
    },
    /// It is started again and as it was before the run.
    Revived {
        machine: String,
    },
    Paused {
        ms: u64,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Job {
    pub goal: Goal,
    pub owner: Owner,
    pub began_ms: u64,
    pub asked: Option<Asked>,
    /// When to go on, or to stop waiting for an answer.
    pub alarm_ms: Option<u64>,
    failures: u32,
    rate_limited: u32,
    /// Some attempt at a change had an unknown fate.
    pub unsure: bool,
    /// The next call only looks.
    looking: bool,
    looks: u32,
    /// The first of two calls was done.
    begun: bool,
}

/// On whose behalf a job is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Check,
    /// A step, by its place.
    Forward(usize),
    /// The taking back of a step.
    Back(usize),
    Lease,
    Closing,
}

#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub id: CallId,
    pub call: Call,
    pub at_ms: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Next {
    Call(Call),
    Sleep {
        until_ms: u64,
    },
    /// Try again after the usual pause for the operation.
    Pause {
        kind: Kind,
    },
    Done,
    Fail(String),
    /// What the capacity would rest on does not serve: nothing was tried.
    Unsafe(String),
}

/// What a job may look at.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub plan: &'a Plan,
    pub options: &'a Options,
    pub slots: &'a Slots,
    pub known: &'a Knowledge,
    pub now_ms: u64,
}

impl Job {
    pub(super) const fn new(goal: Goal, owner: Owner, now_ms: u64) -> Self {
        Self {
            goal,
            owner,
            began_ms: now_ms,
            asked: None,
            alarm_ms: None,
            failures: 0,
            rate_limited: 0,
            unsure: false,
            looking: false,
            looks: 0,
            begun: false,
        }
    }

    pub(super) const fn attempts(&self) -> u32 {
        self.failures + self.rate_limited
    }

    /// What to do now.
    pub(super) fn next(&self, view: View<'_>) -> Next {
        let known = view.known;
        let get = |id: &str| Next::Call(Call::GetMachine { id: id.to_owned() });
        if self.is_overdue(view) {
            return Next::Fail(self.too_late(view));
        }
        match &self.goal {
            Goal::ReadFleet => Next::Call(Call::ListMachines),
            Goal::Leased { machine } => Next::Call(acquire(machine, None, view)),
            Goal::KeptLeased { machine } => self.keep_lease(machine, view),
            Goal::Released { machine } => match known.nonce(machine) {
                Some(nonce) => Next::Call(Call::ReleaseLease { id: machine.clone(), nonce }),
                None => Next::Done,
            },
            Goal::Made { .. } if self.looking => Next::Call(Call::ListMachines),
            Goal::Made { step } => create(&view.plan.steps[*step], view),
            Goal::Unmade { slot, rests_on } => match known.greens.get(slot) {
                Some(green) => guarded(rests_on, view).unwrap_or_else(|| Next::Call(destroy(&green.id, known))),
                None if self.looks >= LOOKS => Next::Done,
                None => Next::Call(Call::ListMachines),
            },
            Goal::Paused { ms } => match self.began_ms.saturating_add(*ms) {
                until_ms if until_ms > view.now_ms => Next::Sleep { until_ms },
                _ => Next::Done,
            },
            Goal::Revived { machine } if self.begun => get(machine),
            Goal::Revived { machine } => Next::Call(Call::Start { id: machine.clone(), nonce: known.nonce(machine) }),
            Goal::Started { target }
            | Goal::Healthy { target }
            | Goal::Stopping { target }
            | Goal::Stopped { target }
            | Goal::Serving { target }
            | Goal::Uncordoned { target } => match known.id(target) {
                Some(id) => self.next_for(id, target, view),
                None => Next::Fail(format!("{} was never made", target.name())),
            },
            Goal::Cordoned { target, rests_on } => match known.id(target) {
                Some(id) => guarded(rests_on, view)
                    .unwrap_or_else(|| Next::Call(Call::Cordon { id: id.to_owned(), nonce: known.nonce(id) })),
                None => Next::Done,
            },
            Goal::Destroyed { target, rests_on } => match known.id(target) {
                Some(id) => guarded(rests_on, view).unwrap_or_else(|| Next::Call(destroy(id, known))),
                None => Next::Done,
            },
        }
    }

    fn next_for(&self, id: &str, target: &Target, view: View<'_>) -> Next {
        let nonce = || view.known.nonce(id);
        let id = id.to_owned();
        Next::Call(match &self.goal {
            Goal::Uncordoned { .. } => Call::Uncordon { nonce: nonce(), id },
            Goal::Stopping { .. } => Call::Stop { nonce: nonce(), id },
            Goal::Started { .. } if !self.looking => self.wait(id, target, State::Started, view),
            Goal::Stopped { .. } => self.wait(id, target, State::Stopped, view),
            _ => Call::GetMachine { id },
        })
    }

    fn wait(&self, id: String, target: &Target, state: State, view: View<'_>) -> Call {
        let left_ms = self.deadline_ms(view).unwrap_or(0).saturating_sub(view.now_ms);
        let timeout_s = left_ms.div_ceil(1_000).clamp(1, LONGEST_WAIT_S);
        Call::Wait { id, instance_id: view.known.instance_id(target), state, timeout_s }
    }

    /// Renewed a third of its time after it was taken, so that two renewals may fail.
    fn keep_lease(&self, machine: &str, view: View<'_>) -> Next {
        let Some(held) = view.known.leases.get(machine) else { return Next::Done };
        let renew_at_ms = held.expires_ms.saturating_sub(view.options.lease_ttl_s.saturating_mul(1_000) / 3 * 2);
        if view.now_ms >= held.expires_ms {
            Next::Fail(format!("the lease of {machine} ran out before it could be renewed"))
        } else if view.now_ms >= renew_at_ms {
            Next::Call(acquire(machine, Some(held.nonce.clone()), view))
        } else {
            Next::Sleep { until_ms: renew_at_ms }
        }
    }

    /// What a reply to the call that was asked leads to. The view's knowledge holds it already.
    pub(super) fn after(&mut self, call: &Call, reply: &Reply, view: View<'_>) -> Next {
        let kind = Kind::of(call);
        match then(kind, reply, self.unsure) {
            None => self.accepted(call, reply, view),
            Some(Then::Done) => Next::Done,
            Some(Then::Judge) => self.judge(kind, reply, view),
            Some(Then::Fail) => Next::Fail(report::reply(reply)),
            Some(then) => {
                self.unsure |= *reply == Reply::Unknown && kind.changes();
                self.looking = then == Then::Look;
                self.failed_once(kind, reply, view)
            }
        }
    }

    fn failed_once(&mut self, kind: Kind, reply: &Reply, view: View<'_>) -> Next {
        match reply {
            Reply::Refused(Why::RateLimited) => self.rate_limited += 1,
            _ => self.failures += 1,
        }
        // What has a deadline puts up with any number of failures until then.
        let patient = self.deadline_ms(view).is_some();
        let spent = self.failures >= row(kind).tries || self.rate_limited >= RATE_LIMIT_TRIES;
        if spent && !patient {
            return Next::Fail(format!("{}, {} times", report::reply(reply), self.attempts()));
        }
        // A look needs no pause: nothing is repeated by it.
        if self.looking && *reply == Reply::Unknown { self.next(view) } else { Next::Pause { kind } }
    }

    fn accepted(&mut self, call: &Call, reply: &Reply, view: View<'_>) -> Next {
        let seen = match reply {
            Reply::Done(Answer::Machine(machine)) => Some(&**machine),
            _ => None,
        };
        match (&self.goal, call, seen) {
            (Goal::Made { step }, Call::ListMachines, _) => {
                let slot = view.plan.steps[*step].slot.as_deref().unwrap_or_default();
                self.looking = false;
                // The list lags behind creations: the taken name will say so if it does here.
                if view.known.greens.contains_key(slot) { Next::Done } else { Next::Pause { kind: Kind::Create } }
            }
            (Goal::Unmade { slot, .. }, Call::ListMachines, _) => {
                self.looks += 1;
                if view.known.greens.contains_key(slot) {
                    self.next(view)
                } else {
                    Next::Sleep { until_ms: view.now_ms + LOOK_AGAIN_MS }
                }
            }
            (Goal::Unmade { .. }, Call::Destroy { .. }, _) => Next::Done,
            (Goal::Leased { machine }, _, _) => leased_version(machine, reply, view),
            (Goal::KeptLeased { .. }, _, _) => {
                self.failures = 0;
                self.next(view)
            }
            (Goal::Revived { .. }, Call::Start { .. }, _) => {
                self.begun = true;
                self.next(view)
            }
            (Goal::Revived { machine }, _, Some(seen)) => match view.known.before.get(machine) {
                Some(before) => self.revived(before, seen, view),
                None => Next::Done,
            },
            (Goal::Started { .. }, Call::GetMachine { .. }, Some(seen)) => {
                self.looking = false;
                self.progress(watch::started(seen), view.now_ms, view)
            }
            (Goal::Healthy { .. }, _, Some(seen)) => {
                self.looks += 1;
                let pause_ms = watch::poll_interval_ms(seen.config.as_ref(), self.looks);
                self.progress(watch::healthy(seen), view.now_ms + pause_ms, view)
            }
            (Goal::Serving { target }, _, Some(_)) => guarded(std::slice::from_ref(target), view).unwrap_or(Next::Done),
            (Goal::Cordoned { .. } | Goal::Destroyed { .. } | Goal::Unmade { .. }, Call::GetMachine { .. }, _) => {
                self.next(view)
            }
            _ => Next::Done,
        }
    }

    /// Replies that mean different things for different goals.
    fn judge(&mut self, kind: Kind, reply: &Reply, view: View<'_>) -> Next {
        match (&self.goal, reply) {
            (Goal::Stopped { .. } | Goal::Unmade { .. }, Reply::Absent) if kind == Kind::Wait => Next::Done,
            (
                Goal::Serving { .. } | Goal::Cordoned { .. } | Goal::Destroyed { .. } | Goal::Unmade { .. },
                Reply::Absent,
            ) => self.next(view),
            // A machine just made may not be there yet for everybody.
            (_, Reply::Absent) if view.now_ms.saturating_sub(self.began_ms) < UNSEEN_MS => Next::Pause { kind },
            (_, Reply::Absent) => Next::Fail("it is gone".to_owned()),
            (Goal::Started { .. }, Reply::Refused(Why::NotYet)) => {
                self.looking = true;
                self.next(view)
            }
            (_, Reply::Refused(Why::NotYet)) => self.next(view),
            // Our own acquisition of unknown fate holds it for its time at most.
            (Goal::Leased { .. }, Reply::Refused(Why::LeaseHeld { owner })) => {
                let own_ms = if self.unsure { view.options.lease_ttl_s.saturating_mul(1_000) + 1_000 } else { 0 };
                let patience_ms = view.options.lease_wait_ms.max(own_ms);
                if view.now_ms.saturating_sub(self.began_ms) < patience_ms {
                    Next::Sleep { until_ms: view.now_ms + LEASE_AGAIN_MS }
                } else {
                    Next::Fail(format!("its lease is held by {owner}"))
                }
            }
            _ => Next::Fail(report::reply(reply)),
        }
    }

    fn progress(&self, progress: Progress, again_ms: u64, view: View<'_>) -> Next {
        match progress {
            Progress::There => Next::Done,
            Progress::Never(why) => Next::Fail(why),
            Progress::NotYet if again_ms > view.now_ms => Next::Sleep { until_ms: again_ms },
            Progress::NotYet => self.next(view),
        }
    }

    fn revived(&mut self, before: &Machine, now: &Machine, view: View<'_>) -> Next {
        // Whether it is cordoned is another step's business.
        let before = Machine { cordoned: now.cordoned, ..before.clone() };
        self.looks += 1;
        match watch::difference(&before, now) {
            None => Next::Done,
            Some(_) => Next::Sleep { until_ms: view.now_ms + watch::poll_interval_ms(now.config.as_ref(), self.looks) },
        }
    }

    fn too_late(&self, view: View<'_>) -> String {
        let seen = match &self.goal {
            Goal::Started { target } | Goal::Healthy { target } => view.known.id(target),
            Goal::Revived { machine } => Some(machine.as_str()),
            _ => None,
        };
        let seen = seen.and_then(|id| view.known.sightings.get(id)?.machine.as_ref());
        let last = seen.map(|machine| format!(": it is {}, {}", machine.state, watch::tally(machine)));
        format!("not within {} s{}", view.plan.policy.wait_ms() / 1_000, last.unwrap_or_default())
    }

    fn is_overdue(&self, view: View<'_>) -> bool {
        self.deadline_ms(view).is_some_and(|deadline| view.now_ms >= deadline)
    }

    fn deadline_ms(&self, view: View<'_>) -> Option<u64> {
        let waits = matches!(
            self.goal,
            Goal::Started { .. } | Goal::Healthy { .. } | Goal::Stopped { .. } | Goal::Revived { .. }
        );
        waits.then(|| self.began_ms.saturating_add(view.plan.policy.wait_ms()))
    }
}

/// A look at each target that was not seen to serve just now, or the reason not to go on; `None`
/// when all of them serve.
fn guarded(targets: &[Target], view: View<'_>) -> Option<Next> {
    for target in targets {
        let Some(id) = view.known.id(target) else {
            return Some(Next::Unsafe(format!("{} was never made", target.name())));
        };
        match view.known.fresh(id, view.now_ms, FRESH_MS) {
            None => return Some(Next::Call(Call::GetMachine { id: id.to_owned() })),
            Some(sighting) => {
                if let Some(fault) = fault(target, sighting.machine.as_ref(), view) {
                    return Some(Next::Unsafe(format!("{} does not serve: {fault}", target.name())));
                }
            }
        }
    }
    None
}

/// Why the capacity cannot rest on this machine.
fn fault(target: &Target, seen: Option<&Machine>, view: View<'_>) -> Option<String> {
    let Some(seen) = seen else { return Some("it is gone".to_owned()) };
    match target {
        Target::Machine(id) => watch::difference(view.known.before.get(id)?, seen),
        Target::Slot(slot) => {
            let slot = view.slots.get(slot)?;
            let hidden = (slot.is_uncordoned && seen.cordoned).then(|| "it is cordoned".to_owned());
            hidden.or_else(|| watch::green_fault(seen, slot.skip_launch))
        }
    }
}

fn create(step: &Step, view: View<'_>) -> Next {
    let (Some(slot), Some(request)) = (&step.slot, &step.request) else {
        return Next::Fail("the plan does not say what to make".to_owned());
    };
    let id = |name: &String| match view.known.greens.get(name) {
        Some(green) => Some(green.id.clone()),
        None => view.known.before.contains_key(name).then(|| name.clone()),
    };
    let Some(ids) = step.standby_for.iter().map(id).collect::<Option<Vec<String>>>() else {
        return Next::Fail(format!("what it stands by for ({}) was never made", step.standby_for.join(", ")));
    };
    let name = name::machine_name(&view.options.run, slot);
    Next::Call(Call::CreateMachine { name, request: name::standing_by(request, &ids) })
}

fn destroy(id: &str, known: &Knowledge) -> Call {
    Call::Destroy { id: id.to_owned(), nonce: known.nonce(id) }
}

fn acquire(machine: &str, nonce: Option<String>, view: View<'_>) -> Call {
    Call::AcquireLease { id: machine.to_owned(), ttl_s: view.options.lease_ttl_s, nonce }
}

/// Between the reading of the fleet and the lease somebody may have changed the machine.
fn leased_version(machine: &str, reply: &Reply, view: View<'_>) -> Next {
    let before = view.known.before.get(machine).map(|machine| machine.instance_id.as_str()).unwrap_or_default();
    match reply {
        Reply::Done(Answer::Lease { instance_id, .. }) if !instance_id.is_empty() && instance_id != before => {
            Next::Fail(format!("it was changed just now: its version was {before} and is {instance_id}"))
        }
        _ => Next::Done,
    }
}

/// How old a look may be that a destroy rests on.
pub(super) const FRESH_MS: u64 = 2_000;

/// A wait that is over soon lets us see a machine that died instead.
const LONGEST_WAIT_S: u64 = 10;

/// How long a machine may be unknown to the API after it was made.
const UNSEEN_MS: u64 = 10_000;

/// How often, and how far apart, to look for a machine that may have been made: lists lag behind.
const LOOKS: u32 = 5;
const LOOK_AGAIN_MS: u64 = 2_000;

const LEASE_AGAIN_MS: u64 = 1_000;
