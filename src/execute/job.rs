//! One thing to be achieved, through as many calls as it takes: what to ask next follows from the
//! goal and from what is known. Knows nothing of other jobs, of order or of phases.

mod answer;
mod patience;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::flaw::Flaw;
use super::goal::Goal;
use super::guard::Doubt;
use super::knowledge::{Knowledge, Target};
use super::operation::{Kind, longest_pause_ms, row};
use super::steps::Slots;
use super::{Call, CallId, Options, ReleaseStatus, drain, guard, name};
use crate::fleet::State;
use crate::plan::{Floored, Plan};

#[derive(Debug, Clone)]
pub(super) struct Job {
    pub goal: Goal,
    pub owner: Owner,
    pub began_ms: u64,
    pub asked: Option<Asked>,
    /// When to go on, or to stop waiting for an answer.
    pub alarm_ms: Option<u64>,
    /// The kind of call for which it has its place in the queue.
    pub turn: Option<Kind>,
    /// What to say of it when it is done.
    pub note: Option<String>,
    /// When the last attempt at a change was made whose fate is unknown.
    pub unsure_ms: Option<u64>,
    failures: u32,
    rate_limited: u32,
    /// The next call only looks.
    looking: bool,
    looks: u32,
    /// The first of two calls was done.
    begun: bool,
    /// Since when it has been as it should.
    since_ms: Option<u64>,
    /// Which try at a name it is; a destroyed machine keeps its own for a while.
    attempt: u32,
    /// The machine that has the name.
    holder: Option<String>,
}

/// On whose behalf a job is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    Check,
    /// What is written down before it is acted on.
    Telling,
    /// A step, by its place.
    Forward(usize),
    /// What is written down before the first change is taken back.
    Turning,
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
    /// Read the fleet; one look does for all who want one.
    Look,
    Sleep {
        until_ms: u64,
    },
    /// Try again after the usual pause for the operation, and no sooner than Fly wants.
    Pause {
        kind: Kind,
        least_ms: u64,
    },
    Done,
    Fail(String),
    /// What the capacity would rest on does not serve: nothing was tried.
    Unsafe(String),
    /// It was begun, and nobody can tell any more how it went.
    Lost(String),
}

/// What a job may look at.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub plan: &'a Plan,
    pub options: &'a Options,
    pub slots: &'a Slots,
    /// What must serve in the place of each machine that goes.
    pub floors: &'a BTreeMap<String, Floored>,
    /// The slots that were uncordoned, or may have been.
    pub traffic: &'a BTreeSet<String>,
    pub known: &'a Knowledge,
    /// Another run began this, and may still hold its leases.
    pub resumes: bool,
    /// When this run began.
    pub since_ms: u64,
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
            turn: None,
            note: None,
            unsure_ms: None,
            failures: 0,
            rate_limited: 0,
            looking: false,
            looks: 0,
            begun: false,
            since_ms: None,
            attempt: 1,
            holder: None,
        }
    }

    pub(super) const fn attempts(&self) -> u32 {
        self.failures + self.rate_limited
    }

    /// What to do now.
    pub(super) fn next(&mut self, view: View<'_>) -> Next {
        let known = view.known;
        let get = |id: &str| Next::Call(Call::GetMachine { id: id.to_owned() });
        if self.is_overdue(view) {
            return self.given_up(view);
        }
        match &self.goal {
            Goal::ReadFleet { since_ms } if *since_ms > view.now_ms => Next::Sleep { until_ms: *since_ms },
            Goal::ReadFleet { .. } => Next::Look,
            Goal::Leased { machine } => Next::Call(acquire(machine, None, view)),
            Goal::KeptLeased { machine } => keep_lease(machine, view),
            Goal::Released { machine } => match known.nonce(machine) {
                Some(nonce) => Next::Call(Call::ReleaseLease { id: machine.clone(), nonce }),
                None => self.released_before(),
            },
            Goal::Recorded => Next::Call(record(view)),
            Goal::Reported { status, error } => match &known.release {
                Some(release) => Next::Call(tell_release(&release.id, *status, error.clone())),
                None => Next::Done,
            },
            Goal::Marked { machine, key, value } => {
                Next::Call(Call::SetMetadata { id: machine.clone(), key: (*key).to_owned(), value: value.clone() })
            }
            Goal::Unmarked { machine, keys } => {
                Next::Call(Call::ClearMetadata { id: machine.clone(), keys: keys.clone() })
            }
            Goal::Made { step } => self.make(*step, view),
            Goal::Unmade { slot, rests_on } => match known.greens.get(slot) {
                Some(green) if known.is_gone(&green.id) => Next::Done,
                Some(green) => self
                    .guarded(&Target::Slot(slot.clone()), rests_on, view)
                    .unwrap_or_else(|| Next::Call(destroy(&green.id, known))),
                None if known.is_listed_since(self.began_ms + LIST_LAG_MS) => Next::Done,
                None => Next::Look,
            },
            Goal::Paused { ms } => match self.began_ms.saturating_add(*ms) {
                until_ms if until_ms > view.now_ms => Next::Sleep { until_ms },
                _ => Next::Done,
            },
            Goal::Idle { machine, ms } => drained(machine, self.began_ms, *ms, &mut self.note, view),
            Goal::Baked { targets, ms } => bake(targets, self.began_ms + ms, &mut self.since_ms, self.began_ms, view),
            Goal::Serving { targets } => serving(targets, self.began_ms, view),
            Goal::Probed { url } => Next::Call(Call::Probe { url: url.clone() }),
            Goal::Revived { machine } if self.begun => get(machine),
            Goal::Revived { machine } => Next::Call(Call::Start { id: machine.clone(), nonce: known.nonce(machine) }),
            Goal::Started { target }
            | Goal::Healthy { target }
            | Goal::Launched { target }
            | Goal::Ended { target }
            | Goal::Stopped { target }
            | Goal::Uncordoned { target } => match known.id(target) {
                Some(id) => self.next_for(id, target, view),
                None => Next::Fail(format!("{} was never made", target.name())),
            },
            Goal::Cordoned { target, rests_on } => match known.id(target) {
                Some(id) => self
                    .guarded(target, rests_on, view)
                    .unwrap_or_else(|| Next::Call(Call::Cordon { id: id.to_owned(), nonce: known.nonce(id) })),
                None => Next::Done,
            },
            Goal::Stopping { target, rests_on } => match known.id(target) {
                Some(id) => self
                    .guarded(target, rests_on, view)
                    .unwrap_or_else(|| Next::Call(Call::Stop { id: id.to_owned(), nonce: known.nonce(id) })),
                None => Next::Fail(format!("{} was never made", target.name())),
            },
            Goal::Destroyed { target, rests_on } => match known.id(target) {
                Some(id) => self.guarded(target, rests_on, view).unwrap_or_else(|| Next::Call(destroy(id, known))),
                None => Next::Done,
            },
        }
    }

    /// It ran out, or ended with its machine.
    fn released_before(&mut self) -> Next {
        self.note = Some("its lease was over already".to_owned());
        Next::Done
    }

    fn next_for(&self, id: &str, target: &Target, view: View<'_>) -> Next {
        let nonce = || view.known.nonce(id);
        let id = id.to_owned();
        Next::Call(match &self.goal {
            Goal::Uncordoned { .. } => Call::Uncordon { nonce: nonce(), id },
            Goal::Launched { .. } if self.begun => Call::Start { nonce: nonce(), id },
            Goal::Started { .. } if !self.looking => self.wait(id, target, State::Started, view),
            Goal::Ended { .. } if self.note.is_some() => Call::Logs { id },
            Goal::Ended { .. } if !self.looking => self.wait(id, target, State::Destroyed, view),
            Goal::Stopped { .. } => self.wait(id, target, State::Stopped, view),
            _ => Call::GetMachine { id },
        })
    }

    fn wait(&self, id: String, target: &Target, state: State, view: View<'_>) -> Call {
        let left_ms = self.deadline_ms(view).unwrap_or(0).saturating_sub(view.now_ms);
        let timeout_s = left_ms.div_ceil(1_000).clamp(1, LONGEST_WAIT_S);
        Call::Wait { id, instance_id: view.known.instance_id(target), state, timeout_s }
    }

    /// Looks that are too old as soon as they are answered end in giving up; what is about to serve is
    /// waited for.
    fn guarded(&self, target: &Target, rests_on: &[Target], view: View<'_>) -> Option<Next> {
        let is_back = matches!(self.owner, Owner::Back(_));
        let is_destroy = matches!(self.goal, Goal::Destroyed { .. });
        if view.options.has(Flaw::GoBackBlindly) && is_back || view.options.has(Flaw::DestroyBlindly) && is_destroy {
            return None;
        }
        let is_moot = is_back || matches!(self.goal, Goal::Stopping { .. } | Goal::Destroyed { .. });
        if is_moot && view.known.id(target).is_some_and(|id| view.known.is_gone(id)) {
            return Some(Next::Done);
        }
        match guard::before_it_goes(target, rests_on, view)? {
            Doubt::Missed(why) => Some(Next::Unsafe(why)),
            Doubt::Waking if self.looks < MOST_LOOKS => Some(Next::Sleep { until_ms: view.now_ms + WAKING_LOOK_MS }),
            // Where the proxy starts machines all the time, one is always about to serve.
            Doubt::Waking => None,
            Doubt::Unseen(Next::Look | Next::Call(_)) if self.looks >= MOST_LOOKS => {
                Some(Next::Unsafe("Fly does not say quickly enough what would serve without it".to_owned()))
            }
            Doubt::Unseen(next) => Some(next),
        }
    }

    fn make(&self, place: usize, view: View<'_>) -> Next {
        let step = &view.plan.steps[place];
        let (Some(slot), Some(request)) = (&step.slot, &step.request) else {
            return Next::Fail("the plan does not say what to make".to_owned());
        };
        if view.known.greens.contains_key(slot) {
            return Next::Done;
        }
        if let Some(holder) = &self.holder {
            return Next::Call(Call::GetMachine { id: holder.clone() });
        }
        if self.looking {
            return Next::Look;
        }
        // The run before may have made it.
        let listed_ms = if view.resumes { view.since_ms + LIST_LAG_MS } else { 0 };
        if listed_ms > view.now_ms {
            return Next::Sleep { until_ms: listed_ms };
        }
        if view.resumes && !view.known.is_listed_since(listed_ms) {
            return Next::Look;
        }
        let id = |name: &String| match view.known.greens.get(name) {
            Some(green) => Some(green.id.clone()),
            None => view.known.before.contains_key(name).then(|| name.clone()),
        };
        let Some(ids) = step.standby_for.iter().map(id).collect::<Option<Vec<String>>>() else {
            return Next::Fail(format!("what it stands by for ({}) was never made", step.standby_for.join(", ")));
        };
        let name = name::machine_name(&view.options.run, slot, self.attempt);
        let blue = step.replaces.as_ref().and_then(|blue| view.known.before.get(blue)).map(|blue| &**blue);
        let mut request = name::standing_by(request, &ids);
        let config = Arc::make_mut(&mut request.config);
        name::mark(config, &name, slot, step.replaces.as_ref(), view);
        name::stamp(config, view.known.release.as_ref(), blue);
        Next::Call(Call::CreateMachine { name, request })
    }
}

/// Renewed when two thirds of its time are over, and again until it is.
fn keep_lease(machine: &str, view: View<'_>) -> Next {
    let Some(held) = view.known.leases.get(machine) else { return Next::Done };
    let renew_at_ms = held.expires_ms.saturating_sub(for_renewal_ms(view.options.lease_ttl_s));
    if view.now_ms >= held.expires_ms {
        Next::Fail(format!("the lease of {machine} ran out before it could be renewed"))
    } else if view.now_ms >= renew_at_ms {
        Next::Call(acquire(machine, Some(held.nonce.clone()), view))
    } else {
        Next::Sleep { until_ms: renew_at_ms }
    }
}

/// The time that is left of a lease when it is renewed.
const fn for_renewal_ms(ttl_s: u64) -> u64 {
    ttl_s.saturating_mul(1_000) / 3
}

fn serving(targets: &[Target], since_ms: u64, view: View<'_>) -> Next {
    guard::look(targets, since_ms, view).or_else(|| guard::fault(targets, view).map(Next::Unsafe)).unwrap_or(Next::Done)
}

/// Looks again and again; the last look is at the end.
fn bake(targets: &[Target], end_ms: u64, round_ms: &mut Option<u64>, began_ms: u64, view: View<'_>) -> Next {
    let since_ms = *round_ms.get_or_insert(began_ms);
    match serving(targets, since_ms, view) {
        Next::Done if since_ms >= end_ms => Next::Done,
        Next::Done => {
            let until_ms = end_ms.min(since_ms + BAKE_LOOK_MS);
            if until_ms > view.now_ms {
                return Next::Sleep { until_ms };
            }
            *round_ms = Some(view.now_ms);
            bake(targets, end_ms, round_ms, began_ms, view)
        }
        other => other,
    }
}

/// Asks until the time is over; `note`: why nothing is asked, or what came of it.
fn drained(machine: &str, began_ms: u64, ms: u64, note: &mut Option<String>, view: View<'_>) -> Next {
    let until_ms = began_ms.saturating_add(ms);
    let question = view.known.before.get(machine).and_then(|machine| drain::question(&view.plan.policy, machine));
    if view.now_ms >= until_ms {
        note.get_or_insert_with(|| format!("it still had connections after {} s", ms / 1_000));
        return Next::Done;
    }
    if question.is_none() {
        note.get_or_insert_with(|| "nothing tells when it is idle: it got all of its time".to_owned());
    }
    match question.filter(|_| note.is_none()) {
        Some(command) => Next::Call(Call::Exec { id: machine.to_owned(), command, timeout_s: EXEC_TIMEOUT_S }),
        None => Next::Sleep { until_ms },
    }
}

fn record(view: View<'_>) -> Call {
    match &view.known.release {
        None => Call::CreateRelease { image: view.plan.image.clone(), definition: view.plan.definition.clone() },
        Some(release) => tell_release(&release.id, ReleaseStatus::Running, None),
    }
}

fn tell_release(id: &str, status: ReleaseStatus, error: Option<String>) -> Call {
    Call::UpdateRelease { id: id.to_owned(), status, error }
}

fn destroy(id: &str, known: &Knowledge) -> Call {
    Call::Destroy { id: id.to_owned(), nonce: known.nonce(id) }
}

fn acquire(machine: &str, nonce: Option<String>, view: View<'_>) -> Call {
    Call::AcquireLease { id: machine.to_owned(), ttl_s: view.options.lease_ttl_s, nonce }
}

/// A wait that is over soon lets us see a machine that died instead.
const LONGEST_WAIT_S: u64 = 10;

/// How long a list may not show a machine that was made.
pub(super) const LIST_LAG_MS: u64 = 10_000;

/// How many looks may be too old to act on when they are answered, or show machines that are about to
/// serve.
const MOST_LOOKS: u32 = 10;

/// Until the next look at a machine that is about to serve.
const WAKING_LOOK_MS: u64 = 5_000;

/// Between two looks at the greens while they bake.
const BAKE_LOOK_MS: u64 = 10_000;

/// How long a blue may take to say whether it is idle.
const EXEC_TIMEOUT_S: u64 = 10;

// A renewal that is not answered at all, the longest pause, and a second one fit into what is left.
const _: () = {
    let renewal = row(Kind::RenewLease);
    assert!(2 * renewal.timeout_ms + longest_pause_ms(renewal.backoff_ms) <= for_renewal_ms(Options::LEASE_TTL_S));
};
