//! One thing to be achieved, through as many calls as it takes. What to ask next follows from the
//! goal and from what is known; what a reply means, from the operation's row. Knows nothing of
//! other jobs, of order or of phases.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::flaw::Flaw;
use super::goal::Goal;
use super::knowledge::{Knowledge, Target};
use super::operation::{Kind, RATE_LIMIT_TRIES, Then, row, then};
use super::steps::Slots;
use super::watch::{self, Progress};
use super::{Answer, Call, CallId, Options, ReleaseStatus, Reply, Why, drain, guard, name, report};
use crate::fleet::{Machine, State};
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
    /// Some attempt at a change had an unknown fate.
    pub unsure: bool,
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
    /// What is written down before the first change.
    Opening,
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
            unsure: false,
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
            return Next::Fail(self.too_late(view));
        }
        match &self.goal {
            Goal::ReadFleet => Next::Look,
            Goal::Leased { machine } => Next::Call(acquire(machine, None, view)),
            Goal::KeptLeased { machine } => keep_lease(machine, view),
            Goal::Released { machine } => match known.nonce(machine) {
                Some(nonce) => Next::Call(Call::ReleaseLease { id: machine.clone(), nonce }),
                None => Next::Done,
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
                Some(green) => {
                    self.guarded(&green.id, rests_on, view).unwrap_or_else(|| Next::Call(destroy(&green.id, known)))
                }
                None if self.looks >= LOOKS || view.options.has(Flaw::ForgetUnanswered) => Next::Done,
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
            | Goal::Stopping { target }
            | Goal::Stopped { target }
            | Goal::Uncordoned { target } => match known.id(target) {
                Some(id) => self.next_for(id, target, view),
                None => Next::Fail(format!("{} was never made", target.name())),
            },
            Goal::Cordoned { target, rests_on } => match known.id(target) {
                Some(id) => self
                    .guarded(id, rests_on, view)
                    .unwrap_or_else(|| Next::Call(Call::Cordon { id: id.to_owned(), nonce: known.nonce(id) })),
                None => Next::Done,
            },
            Goal::Destroyed { target, rests_on } => match known.id(target) {
                Some(id) => self.guarded(id, rests_on, view).unwrap_or_else(|| Next::Call(destroy(id, known))),
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

    /// Looks that are too old as soon as they are answered end in giving up.
    fn guarded(&self, id: &str, rests_on: &[Target], view: View<'_>) -> Option<Next> {
        if view.options.has(Flaw::DestroyBlindly) && matches!(self.goal, Goal::Destroyed { .. }) {
            return None;
        }
        match guard::before_it_goes(id, rests_on, view)? {
            Next::Look | Next::Call(_) if self.looks >= OLD_LOOKS => {
                Some(Next::Unsafe("Fly does not say quickly enough whether the greens serve".to_owned()))
            }
            next => Some(next),
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

    /// What a reply to the call that was asked leads to. The view's knowledge holds it already.
    pub(super) fn after(&mut self, call: &Call, reply: &Reply, view: View<'_>) -> Next {
        let kind = Kind::of(call);
        if let (Goal::Ended { .. }, Call::Logs { .. }) = (&self.goal, call) {
            return Next::Fail(self.last_words(reply));
        }
        match then(kind, reply, self.unsure) {
            None => self.accepted(call, reply, view),
            Some(Then::Done) => Next::Done,
            Some(Then::Judge) => self.judge(kind, reply, view),
            Some(Then::Fail) => Next::Fail(report::reply(reply)),
            Some(then) => {
                self.unsure |= *reply == Reply::Unknown && kind.changes();
                self.looking = then == Then::Look && !view.options.has(Flaw::CreateBlindly);
                self.attempt += u32::from(then == Then::Look && !self.looking);
                // Whether it was started shows: a command is not begun twice.
                self.begun &= !matches!(self.goal, Goal::Launched { .. });
                self.failed_once(kind, reply, view)
            }
        }
    }

    fn failed_once(&mut self, kind: Kind, reply: &Reply, view: View<'_>) -> Next {
        let mut least_ms = 0;
        match reply {
            Reply::Refused(Why::RateLimited { retry_after_ms }) => {
                self.rate_limited += 1;
                least_ms = retry_after_ms.unwrap_or(0);
            }
            _ => self.failures += 1,
        }
        // What has a deadline puts up with any number of failures until then.
        let patient = self.deadline_ms(view).is_some();
        let spent = self.failures >= row(kind).tries || self.rate_limited >= RATE_LIMIT_TRIES;
        if spent && kind == Kind::Exec {
            return self.mute(view);
        }
        if spent && !patient {
            return Next::Fail(format!("{}, {} times", report::reply(reply), self.attempts()));
        }
        // A look needs no pause: nothing is repeated by it.
        if self.looking && *reply == Reply::Unknown { self.next(view) } else { Next::Pause { kind, least_ms } }
    }

    fn accepted(&mut self, call: &Call, reply: &Reply, view: View<'_>) -> Next {
        let seen = match reply {
            Reply::Done(Answer::Machine(machine)) => Some(&**machine),
            _ => None,
        };
        match (&self.goal, call, seen) {
            (Goal::Made { .. }, Call::CreateMachine { .. }, _) => Next::Done,
            (Goal::Made { step }, _, _) => {
                let slot = view.plan.steps[*step].slot.as_deref().unwrap_or_default();
                self.looking = false;
                // The list lags behind creations: the taken name will say so if it does here.
                match (view.known.greens.contains_key(slot), self.holder.take(), seen) {
                    (true, ..) => Next::Done,
                    (false, Some(_), Some(holder)) if holder.is_live() => {
                        Next::Fail(format!("{} has its name, and is none of this deploy's", holder.id))
                    }
                    (false, Some(_), _) => self.under_another_name(view),
                    (false, None, _) => Next::Pause { kind: Kind::Create, least_ms: 0 },
                }
            }
            (Goal::Unmade { slot, .. }, Call::ListMachines, _) => {
                self.looks += 1;
                if view.known.greens.contains_key(slot) {
                    self.next(view)
                } else {
                    Next::Sleep { until_ms: view.now_ms + LOOK_AGAIN_MS }
                }
            }
            (Goal::Leased { machine }, _, _) => leased_version(machine, reply, view),
            (Goal::KeptLeased { .. }, _, _) => {
                self.failures = 0;
                self.next(view)
            }
            (Goal::Recorded, Call::CreateRelease { .. }, _) => self.next(view),
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
            (Goal::Healthy { .. }, _, Some(seen)) => self.healthy(seen, view),
            (Goal::Launched { .. }, Call::GetMachine { .. }, Some(seen)) => match watch::command(seen) {
                watch::Command::NeverRan(_) if seen.is_live() => {
                    self.begun = true;
                    self.next(view)
                }
                watch::Command::Running if seen.state == State::Created => {
                    Next::Sleep { until_ms: view.now_ms + PREPARE_AGAIN_MS }
                }
                _ => Next::Done,
            },
            (Goal::Ended { .. }, Call::Wait { .. }, _) => {
                self.looking = true;
                self.next(view)
            }
            (Goal::Ended { .. }, _, Some(seen)) => self.ended(seen, view),
            (Goal::Idle { machine, .. }, _, _) => match (view.known.before.get(machine), reply) {
                (Some(before), Reply::Done(Answer::Executed { exit_code, stdout })) => {
                    let idle = drain::is_idle(&view.plan.policy, before, *exit_code, stdout);
                    self.idle(idle, view)
                }
                _ => self.mute(view),
            },
            (Goal::Probed { .. }, _, _) => self.probed(reply, view),
            (
                Goal::Serving { .. }
                | Goal::Baked { .. }
                | Goal::Cordoned { .. }
                | Goal::Destroyed { .. }
                | Goal::Unmade { .. },
                Call::GetMachine { .. } | Call::ListMachines,
                _,
            ) => {
                self.looks += 1;
                self.failures = 0;
                self.next(view)
            }
            _ => Next::Done,
        }
    }

    /// Replies that mean different things for different goals.
    fn judge(&mut self, kind: Kind, reply: &Reply, view: View<'_>) -> Next {
        match (&self.goal, reply) {
            (Goal::Made { .. }, Reply::Refused(Why::NameTaken { holder, .. })) => {
                self.holder.clone_from(holder);
                self.next(view)
            }
            (Goal::Made { .. }, Reply::Absent) if self.holder.is_some() => self.under_another_name(view),
            // It was still to be destroyed when the run before this one ended.
            (Goal::Leased { .. }, Reply::Absent) if view.resumes => Next::Done,
            (Goal::Leased { .. }, Reply::Absent) => Next::Fail("it is gone".to_owned()),
            (Goal::Idle { .. }, Reply::Absent) => Next::Done,
            (Goal::Idle { .. }, _) => self.mute(view),
            (Goal::Stopped { .. } | Goal::Unmade { .. }, Reply::Absent) if kind == Kind::Wait => Next::Done,
            (Goal::Ended { .. }, Reply::Absent | Reply::Refused(Why::NotYet)) if kind == Kind::Wait => {
                self.looking = true;
                self.next(view)
            }
            (
                Goal::Serving { .. }
                | Goal::Baked { .. }
                | Goal::Cordoned { .. }
                | Goal::Destroyed { .. }
                | Goal::Unmade { .. },
                Reply::Absent,
            ) => self.next(view),
            // A machine just made may not be there yet for everybody.
            (_, Reply::Absent) if view.now_ms.saturating_sub(self.began_ms) < UNSEEN_MS => {
                Next::Pause { kind, least_ms: 0 }
            }
            (Goal::Ended { .. }, Reply::Absent) => {
                Next::Lost("its machine is gone, and nobody knows how its command ended".to_owned())
            }
            (_, Reply::Absent) => Next::Fail("it is gone".to_owned()),
            (Goal::Started { .. }, Reply::Refused(Why::NotYet)) => {
                self.looking = true;
                self.next(view)
            }
            (_, Reply::Refused(Why::NotYet)) => self.next(view),
            (Goal::Leased { .. }, Reply::Refused(Why::LeaseHeld { owner })) => {
                let owner = owner.clone();
                self.held_elsewhere(&owner, view)
            }
            _ => Next::Fail(report::reply(reply)),
        }
    }

    /// Our own acquisition of unknown fate, or that of the run that this one resumes, holds it for
    /// its time at most.
    fn held_elsewhere(&self, owner: &str, view: View<'_>) -> Next {
        let may_be_own = self.unsure || view.resumes;
        let own_ms = if may_be_own { view.options.lease_ttl_s.saturating_mul(1_000) + 1_000 } else { 0 };
        let patience_ms = view.options.lease_wait_ms.max(own_ms);
        if view.now_ms.saturating_sub(self.began_ms) < patience_ms {
            Next::Sleep { until_ms: view.now_ms + LEASE_AGAIN_MS }
        } else {
            Next::Fail(format!("its lease is held by {owner}"))
        }
    }

    fn under_another_name(&mut self, view: View<'_>) -> Next {
        self.holder = None;
        self.attempt += 1;
        self.next(view)
    }

    fn healthy(&mut self, seen: &Machine, view: View<'_>) -> Next {
        self.looks += 1;
        let pause_ms = watch::poll_interval_ms(seen.config.as_ref(), self.looks);
        let progress = watch::healthy(seen);
        if progress != Progress::There {
            self.since_ms = None;
            return self.progress(progress, view.now_ms + pause_ms, view);
        }
        let stable_ms = *self.since_ms.get_or_insert(view.now_ms) + view.plan.policy.stability_ms;
        if view.now_ms >= stable_ms {
            return Next::Done;
        }
        Next::Sleep { until_ms: stable_ms.min(view.now_ms + pause_ms) }
    }

    fn ended(&mut self, seen: &Machine, view: View<'_>) -> Next {
        self.looking = false;
        match watch::command(seen) {
            watch::Command::Running => self.next(view),
            watch::Command::Ended { code: 0, .. } => Next::Done,
            watch::Command::Ended { words, .. } => {
                self.note = Some(words);
                self.next(view)
            }
            watch::Command::NeverRan(why) => Next::Fail(why),
            watch::Command::Untold => Next::Lost(format!("it is {}, and Fly does not say how it ended", seen.state)),
        }
    }

    /// How its command ended, with what it wrote last where that can be had.
    fn last_words(&mut self, reply: &Reply) -> String {
        let ended = self.note.take().unwrap_or_default();
        match reply {
            Reply::Done(Answer::Logs(lines)) if !lines.is_empty() => {
                let tail = lines[lines.len().saturating_sub(LOG_LINES)..].join(" | ");
                format!("{ended}; it wrote: {tail}")
            }
            _ => format!("{ended} (its logs could not be read)"),
        }
    }

    fn idle(&mut self, idle: Option<bool>, view: View<'_>) -> Next {
        self.failures = 0;
        match idle {
            None => return self.mute(view),
            Some(true) => self.looks += 1,
            Some(false) => self.looks = 0,
        }
        if self.looks >= drain::looks_needed(&view.plan.policy) {
            return Next::Done;
        }
        Next::Sleep { until_ms: self.drained_by_ms(view.now_ms + IDLE_AGAIN_MS) }
    }

    fn mute(&mut self, view: View<'_>) -> Next {
        self.note = Some("it cannot be asked whether it is idle: it got all of its time".to_owned());
        self.next(view)
    }

    fn drained_by_ms(&self, at_ms: u64) -> u64 {
        match self.goal {
            Goal::Idle { ms, .. } => at_ms.min(self.began_ms.saturating_add(ms)),
            _ => at_ms,
        }
    }

    fn probed(&mut self, reply: &Reply, view: View<'_>) -> Next {
        match reply {
            Reply::Done(Answer::Probed(sample)) if (200..300).contains(&sample.status) => self.looks += 1,
            Reply::Done(Answer::Probed(sample)) => return Next::Fail(format!("it answered {}", sample.status)),
            _ => {}
        }
        self.failures = 0;
        if self.looks >= SAMPLES { Next::Done } else { Next::Sleep { until_ms: view.now_ms + SAMPLE_AGAIN_MS } }
    }

    fn progress(&mut self, progress: Progress, again_ms: u64, view: View<'_>) -> Next {
        match progress {
            Progress::There => Next::Done,
            Progress::Never(why) => Next::Fail(why),
            Progress::NotYet if again_ms > view.now_ms => Next::Sleep { until_ms: again_ms },
            Progress::NotYet => self.next(view),
        }
    }

    fn revived(&mut self, before: &Machine, now: &Machine, view: View<'_>) -> Next {
        // Whether it is cordoned is another step's business.
        let before = Machine { cordoned: now.cordoned, ..Machine::clone(before) };
        self.looks += 1;
        match watch::difference(&before, now) {
            None => Next::Done,
            Some(_) => Next::Sleep { until_ms: view.now_ms + watch::poll_interval_ms(now.config.as_ref(), self.looks) },
        }
    }

    fn too_late(&self, view: View<'_>) -> String {
        let seen = match &self.goal {
            Goal::Started { target } | Goal::Healthy { target } | Goal::Ended { target } => view.known.id(target),
            Goal::Revived { machine } => Some(machine.as_str()),
            _ => None,
        };
        let last = seen.and_then(|id| view.known.seen(id)).map(|machine| match &self.goal {
            Goal::Ended { .. } => format!(": it is {}", machine.state),
            _ => format!(": it is {}, {}", machine.state, watch::tally(machine)),
        });
        format!("not within {} s{}", self.patience_ms(view) / 1_000, last.unwrap_or_default())
    }

    fn is_overdue(&self, view: View<'_>) -> bool {
        self.deadline_ms(view).is_some_and(|deadline| view.now_ms >= deadline)
    }

    fn deadline_ms(&self, view: View<'_>) -> Option<u64> {
        let waits = matches!(
            self.goal,
            Goal::Started { .. }
                | Goal::Healthy { .. }
                | Goal::Launched { .. }
                | Goal::Ended { .. }
                | Goal::Stopped { .. }
                | Goal::Revived { .. }
        );
        waits.then(|| self.began_ms.saturating_add(self.patience_ms(view)))
    }

    fn patience_ms(&self, view: View<'_>) -> u64 {
        let own = match self.owner {
            Owner::Forward(place) => view.plan.steps[place].timeout_ms,
            _ => None,
        };
        own.unwrap_or(view.plan.policy.wait_ms())
    }
}

/// Renewed when half of its time is over, and again until it is.
fn keep_lease(machine: &str, view: View<'_>) -> Next {
    let Some(held) = view.known.leases.get(machine) else { return Next::Done };
    let renew_at_ms = held.expires_ms.saturating_sub(view.options.lease_ttl_s.saturating_mul(1_000) / 2);
    if view.now_ms >= held.expires_ms {
        Next::Fail(format!("the lease of {machine} ran out before it could be renewed"))
    } else if view.now_ms >= renew_at_ms {
        Next::Call(acquire(machine, Some(held.nonce.clone()), view))
    } else {
        Next::Sleep { until_ms: renew_at_ms }
    }
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

/// A wait that is over soon lets us see a machine that died instead.
const LONGEST_WAIT_S: u64 = 10;

/// How long a machine may be unknown to the API after it was made.
const UNSEEN_MS: u64 = 10_000;

/// How often, and how far apart, to look for a machine that may have been made: lists lag behind.
const LOOKS: u32 = 5;
const LOOK_AGAIN_MS: u64 = 2_000;

/// How many looks may be too old to act on when they are answered.
const OLD_LOOKS: u32 = 10;

const LEASE_AGAIN_MS: u64 = 1_000;

/// Between two looks whether a machine is prepared.
const PREPARE_AGAIN_MS: u64 = 500;

/// Between two looks at the greens while they bake.
const BAKE_LOOK_MS: u64 = 10_000;

/// Between two questions whether a blue is idle.
const IDLE_AGAIN_MS: u64 = 2_000;
const EXEC_TIMEOUT_S: u64 = 10;

/// How many answers of the URL must be good.
const SAMPLES: u32 = 5;
const SAMPLE_AGAIN_MS: u64 = 200;

/// Of what a command wrote last.
const LOG_LINES: usize = 10;
