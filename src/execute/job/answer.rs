//! What a reply to a job's call leads to: the operation's row says what it means, the goal whether
//! that is enough.

use super::{Job, Next, Owner, View};
use crate::execute::flaw::Flaw;
use crate::execute::goal::Goal;
use crate::execute::operation::{Kind, RATE_LIMIT_TRIES, Then, row, then};
use crate::execute::watch::{self, Progress};
use crate::execute::{Answer, Call, Reply, Why, drain, report};
use crate::fleet::{Machine, State};

impl Job {
    /// What a reply to the call that was asked leads to. The view's knowledge holds it already.
    pub(in crate::execute) fn after(&mut self, call: &Call, reply: &Reply, view: View<'_>) -> Next {
        let kind = Kind::of(call);
        if let (Goal::Ended { .. }, Call::Logs { .. }) = (&self.goal, call) {
            return Next::Fail(self.last_words(reply));
        }
        match then(kind, reply, self.unsure_ms.is_some()) {
            None => self.accepted(call, reply, view),
            _ if self.is_moot(kind, reply) => Next::Done,
            Some(Then::Done) if kind == Kind::ReleaseLease => self.released_before(),
            Some(Then::Done) => Next::Done,
            Some(Then::Judge) => self.judge(kind, reply, view),
            Some(Then::Fail) if !self.must_see(kind, reply) => Next::Fail(report::reply(kind, reply)),
            Some(then) => {
                if matches!(reply, Reply::Unknown(_)) && kind.changes() {
                    self.unsure_ms = Some(view.now_ms);
                }
                self.looking = then == Then::Look && !view.options.has(Flaw::CreateBlindly);
                self.attempt += u32::from(then == Then::Look && !self.looking);
                // Whether it was started shows: a command is not begun twice.
                self.begun &= !matches!(self.goal, Goal::Launched { .. });
                // What was seen before was enough to ask for the change.
                if kind.changes() {
                    self.looks = 0;
                }
                self.failed_once(kind, reply, view)
            }
        }
    }

    /// What was to be taken back is gone.
    fn is_moot(&self, kind: Kind, reply: &Reply) -> bool {
        let is_of_green = matches!(self.goal, Goal::Cordoned { .. } | Goal::Stopping { .. } | Goal::Stopped { .. });
        matches!(self.owner, Owner::Back(_)) && is_of_green && kind.changes() && *reply == Reply::Absent
    }

    /// On the way back a look is not given up for one refusal: what may have been made is found by it.
    fn must_see(&self, kind: Kind, reply: &Reply) -> bool {
        let is_look = matches!(kind, Kind::List | Kind::Get);
        is_look && matches!(self.owner, Owner::Back(_)) && matches!(reply, Reply::Refused(_))
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
        let spent = self.failures >= row(kind).tries
            || self.rate_limited >= RATE_LIMIT_TRIES
            || self.is_first_read() && view.now_ms.saturating_sub(self.began_ms) >= FIRST_READ_MS;
        if spent && kind == Kind::Exec {
            return self.mute(view);
        }
        if spent && !patient {
            let often = if self.attempts() > 1 { format!(", {} times", self.attempts()) } else { String::new() };
            return Next::Fail(report::reply(kind, reply) + &often);
        }
        // A look needs no pause: nothing is repeated by it.
        if self.looking && matches!(reply, Reply::Unknown(_)) {
            self.next(view)
        } else {
            Next::Pause { kind, least_ms }
        }
    }

    /// Nothing was done yet: who waits for an API that is gone may as well begin again later.
    const fn is_first_read(&self) -> bool {
        matches!(self.goal, Goal::ReadFleet { since_ms: 0 })
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
                    (false, None, _) if self.unsure_ms.is_none() => self.next(view),
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
            (goal, Call::GetMachine { .. } | Call::ListMachines, _) if goal.is_watched() => {
                self.failures = 0;
                self.next(view)
            }
            (goal, Call::GetMachine { .. } | Call::ListMachines, _) if goal.is_guarded() => {
                self.looks += 1;
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
            // A machine that does not run has no connections.
            (Goal::Idle { .. }, Reply::Absent | Reply::Refused(Why::WrongState { .. })) => Next::Done,
            (Goal::Idle { .. }, _) => self.mute(view),
            (Goal::Stopped { .. } | Goal::Unmade { .. }, Reply::Absent) if kind == Kind::Wait => Next::Done,
            (Goal::Ended { .. }, Reply::Absent | Reply::Refused(Why::NotYet)) if kind == Kind::Wait => {
                self.looking = true;
                self.next(view)
            }
            (goal, Reply::Absent) if goal.is_watched() || goal.is_guarded() => self.next(view),
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
            _ => Next::Fail(report::reply(kind, reply)),
        }
    }

    /// Our own acquisition of unknown fate, or that of the run that this one resumes, holds it for
    /// its time at most: a refusal does not tell whose it is.
    fn held_elsewhere(&self, owner: &str, view: View<'_>) -> Next {
        let may_be_own_since_ms = self.unsure_ms.or_else(|| view.resumes.then_some(self.began_ms));
        let own_ms = may_be_own_since_ms.map(|ms| ms + view.options.lease_ttl_s.saturating_mul(1_000) + 1_000);
        let until_ms = own_ms.unwrap_or(0).max(self.began_ms.saturating_add(view.options.lease_wait_ms));
        if view.now_ms < until_ms {
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
        let pause_ms = watch::poll_interval_ms(seen.config.as_deref(), self.looks);
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
            Some(_) => {
                Next::Sleep { until_ms: view.now_ms + watch::poll_interval_ms(now.config.as_deref(), self.looks) }
            }
        }
    }
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

/// How long a machine may be unknown to the API after it was made.
const UNSEEN_MS: u64 = 10_000;

const LEASE_AGAIN_MS: u64 = 1_000;

/// When the first read of the fleet failed for so long, it is given up.
const FIRST_READ_MS: u64 = 15_000;

/// Between two looks whether a machine is prepared.
const PREPARE_AGAIN_MS: u64 = 500;

/// How many answers of the URL must be good.
const SAMPLES: u32 = 5;
const SAMPLE_AGAIN_MS: u64 = 200;

/// Of what a command wrote last.
const LOG_LINES: usize = 10;

/// Between two looks for a machine that may have been made.
const LOOK_AGAIN_MS: u64 = 2_000;

/// Between two questions whether a blue is idle.
const IDLE_AGAIN_MS: u64 = 2_000;
