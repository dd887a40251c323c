//! The jobs of a run: which may go on, which wait for an answer, which for a time. Takes jobs out
//! and puts them back; knows nothing of what they are about.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::job::{Asked, Job, Owner};
use super::operation::Kind;
use super::{Call, CallId};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct JobId(usize);

/// Whose jobs are asked about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Busy {
    /// The steps of the plan, forward.
    Steps,
    /// What is written down, read or taken back.
    Others,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Schedule {
    /// By their ids; none where a job is over, or taken out. Boxed: a long run has far more jobs behind it
    /// than it has open.
    jobs: Vec<Option<Box<Job>>>,
    ready: VecDeque<JobId>,
    alarms: BTreeSet<(u64, JobId)>,
    calls: BTreeMap<CallId, JobId>,
    calls_made: u64,
    /// Calls under way that count against the limit; held-open waits do not.
    short_calls: usize,
    /// Jobs that wait for somebody else's look at the fleet.
    parked: Vec<JobId>,
    looker: Option<JobId>,
    /// How many jobs are not over, by [`Busy`].
    open: [usize; 2],
}

impl Schedule {
    /// A job that may begin when others before it did.
    pub(super) fn add(&mut self, job: Job) {
        self.count(&job, |count| count + 1);
        self.ready.push_back(JobId(self.jobs.len()));
        self.jobs.push(Some(Box::new(job)));
    }

    /// The next job that may go on, while fewer than `limit` calls are under way.
    pub(super) fn take_ready(&mut self, limit: usize) -> Option<(JobId, Box<Job>)> {
        while self.short_calls < limit {
            let id = self.ready.pop_front()?;
            if let Some(job) = self.jobs[id.0].take() {
                return Some((id, job));
            }
        }
        None
    }

    /// The job whose call this answers, unless nobody waits for it any more.
    pub(super) fn take_asking(&mut self, call: CallId) -> Option<(JobId, Box<Job>, Asked)> {
        let id = *self.calls.get(&call)?;
        self.take_with_call(id)
    }

    /// A job whose answer did not come in time.
    pub(super) fn take_overdue(&mut self, now_ms: u64) -> Option<(JobId, Box<Job>, Asked)> {
        let due = self.alarms.iter().take_while(|(at_ms, _)| *at_ms <= now_ms);
        let id = due.map(|(_, id)| *id).find(|id| self.jobs[id.0].as_ref().is_some_and(|job| job.asked.is_some()))?;
        self.take_with_call(id)
    }

    /// Jobs that waited for a time that has come may go on, before those that have not begun: what
    /// they saw last would only get older.
    pub(super) fn wake(&mut self, now_ms: u64) {
        while let Some((at_ms, id)) = self.alarms.first().copied().filter(|(at_ms, _)| *at_ms <= now_ms) {
            self.alarms.remove(&(at_ms, id));
            if let Some(job) = &mut self.jobs[id.0] {
                job.alarm_ms = None;
                self.ready.push_front(id);
            }
        }
    }

    pub(super) fn wake_at_ms(&self) -> Option<u64> {
        self.alarms.first().map(|(at_ms, _)| *at_ms)
    }

    pub(super) fn ask(&mut self, id: JobId, mut job: Box<Job>, call: Call, at_ms: u64, expires_ms: u64) -> CallId {
        self.calls_made += 1;
        let call_id = CallId(self.calls_made);
        self.calls.insert(call_id, id);
        self.short_calls += usize::from(Kind::of(&call) != Kind::Wait);
        job.asked = Some(Asked { id: call_id, call, at_ms });
        self.sleep(id, job, expires_ms);
        call_id
    }

    /// The fleet is being read for one job: whoever else wants to know waits for the same answer.
    /// The job comes back where nobody reads it, so that this one has to.
    pub(super) fn shares_look(&mut self, id: JobId, job: Box<Job>) -> Option<Box<Job>> {
        if self.looker.is_none_or(|looker| looker == id) {
            self.looker = Some(id);
            return Some(job);
        }
        self.jobs[id.0] = Some(job);
        self.parked.push(id);
        None
    }

    /// The fleet was read, or whoever read it gave up.
    pub(super) fn looked(&mut self, id: JobId) {
        if self.looker == Some(id) {
            self.looker = None;
            self.parked.drain(..).rev().for_each(|id| self.ready.push_front(id));
        }
    }

    /// The jobs that wait for this one's look at the fleet, taken out.
    pub(super) fn take_sharing(&mut self, id: JobId) -> Vec<(JobId, Box<Job>)> {
        if self.looker != Some(id) {
            return Vec::new();
        }
        let parked = std::mem::take(&mut self.parked);
        parked.into_iter().filter_map(|id| Some((id, self.take(id)?))).collect()
    }

    /// A job that was taken out does not come back.
    pub(super) fn over(&mut self, id: JobId, job: &Job) {
        self.count(job, |count| count - 1);
        self.looked(id);
    }

    pub(super) fn sleep(&mut self, id: JobId, mut job: Box<Job>, until_ms: u64) {
        job.alarm_ms = Some(until_ms);
        self.alarms.insert((until_ms, id));
        self.jobs[id.0] = Some(job);
    }

    /// Forgets the jobs that `is_over` names; answers to their calls are ignored from now on.
    pub(super) fn forget(&mut self, is_over: impl Fn(&Job) -> bool) {
        let over: Vec<JobId> = self
            .jobs
            .iter()
            .enumerate()
            .filter(|(_, job)| job.as_ref().is_some_and(|job| is_over(job)))
            .map(|(id, _)| JobId(id))
            .collect();
        for id in over {
            let job = self.take_with_call(id).map(|(_, job, _)| job).or_else(|| self.take(id));
            if let Some(job) = job {
                self.over(id, &job);
            }
        }
    }

    /// Some job of these is not over.
    pub(super) const fn is_busy(&self, kind: Busy) -> bool {
        self.open[kind as usize] > 0
    }

    fn count(&mut self, job: &Job, change: impl Fn(usize) -> usize) {
        let counter = match job.owner {
            Owner::Forward(_) => Busy::Steps,
            Owner::Lease => return,
            _ => Busy::Others,
        };
        let count = &mut self.open[counter as usize];
        *count = change(*count);
    }

    fn take_with_call(&mut self, id: JobId) -> Option<(JobId, Box<Job>, Asked)> {
        let asked = self.jobs[id.0].as_mut()?.asked.take()?;
        self.calls.remove(&asked.id);
        self.short_calls -= usize::from(Kind::of(&asked.call) != Kind::Wait);
        Some((id, self.take(id)?, asked))
    }

    fn take(&mut self, id: JobId) -> Option<Box<Job>> {
        let mut job = self.jobs[id.0].take()?;
        if let Some(at_ms) = job.alarm_ms.take() {
            self.alarms.remove(&(at_ms, id));
        }
        Some(job)
    }
}
