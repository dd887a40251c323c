//! Calls as they are made and answered, and what is learned from each answer.

use super::{Execution, Failure, FailureKind, Fate, Stage};
use crate::execute::flaw::Flaw;
use crate::execute::goal::Goal;
use crate::execute::job::{Asked, Job, Next, Owner};
use crate::execute::operation::{Kind, timeout_ms};
use crate::execute::schedule::JobId;
use crate::execute::{Answer, Call, Event, Phase, Reply, Why, report};
use crate::plan::Op;

impl Execution {
    /// Makes the call, or waits for its turn.
    pub(super) fn ask(&mut self, id: JobId, mut job: Box<Job>, call: Call) {
        let kind = Kind::of(&call);
        if job.turn.take() != Some(kind) {
            let at_ms = self.rates.reserve(&call, self.now_ms);
            if at_ms > self.now_ms {
                job.turn = Some(kind);
                let jitter_ms = self.random.below(LONGEST_JITTER_MS);
                return self.schedule.sleep(id, job, at_ms + jitter_ms);
            }
        }
        if let Owner::Forward(place) = job.owner
            && kind.changes()
        {
            self.touch(place, kind);
        }
        if let (Kind::Cordon | Kind::Stop | Kind::Destroy, Some(machine)) = (kind, call.machine()) {
            self.known.leaves(machine);
        }
        let expires_ms = self.now_ms + timeout_ms(&call);
        let step = self.step_id(job.owner);
        let text = report::call(&call);
        let call_id = self.schedule.ask(id, job, call.clone(), self.now_ms, expires_ms);
        self.out.events.push(Event::Call { id: call_id, step, call: text });
        self.out.calls.push((call_id, call));
    }

    fn touch(&mut self, place: usize, kind: Kind) {
        let progress = &mut self.progress[place];
        if progress.fate == Fate::Untouched {
            progress.fate = Fate::Maybe;
        }
        let step = &self.plan.steps[place];
        if let (Op::Uncordon, Some(slot)) = (step.op, &step.slot) {
            self.traffic.insert(slot.clone());
        }
        let is_last_chance = kind == Kind::Destroy && step.op == Op::Destroy && self.stage == Stage::Forward;
        if is_last_chance && !self.options.has(Flaw::TurnBackTooLate) {
            self.enter(Stage::Finish, Phase::Finish);
        }
    }

    pub(super) fn answered(&mut self, id: JobId, mut job: Box<Job>, asked: &Asked, reply: &Reply) {
        let told = report::reply(Kind::of(&asked.call), reply);
        self.out.events.push(Event::Reply { id: asked.id, step: self.step_id(job.owner), reply: told.clone() });
        self.learn(&job, asked, reply);
        let next = job.after(&asked.call, reply, self.view());
        if let (Owner::Forward(place) | Owner::Back(place), Next::Pause { .. }) = (job.owner, &next)
            && job.attempts() == TOLD_ATTEMPTS
        {
            let message = format!("{}: {told}, {TOLD_ATTEMPTS} times so far; it is tried again", self.describe(place));
            self.out.events.push(Event::Warning { message });
        }
        if let Owner::Forward(place) = job.owner {
            self.settle_fate(place, &job, Kind::of(&asked.call), reply);
            if self.stage == Stage::Turning && !self.must_end(&job) {
                // What was done is known now; it is not repeated.
                return self.schedule.over(id, &job);
            }
        }
        if let (Call::ListMachines, Reply::Done(_)) = (&asked.call, reply) {
            self.schedule.looked(id);
        }
        if let (Owner::Back(_), Call::ListMachines, Next::Fail(why)) = (job.owner, &asked.call, &next) {
            self.fail_sharing(id, why);
        }
        self.follow(id, job, next);
    }

    /// On the way back, whoever waits for the same look gives up with it: one after the other they
    /// would wait for as long again.
    fn fail_sharing(&mut self, looker: JobId, why: &str) {
        for (id, job) in self.schedule.take_sharing(looker) {
            self.over(id, &job, Err(Failure { why: why.to_owned(), kind: FailureKind::Failed }));
        }
    }

    /// A release command that may have begun is waited for: nobody could tell later what it did.
    pub(super) fn must_end(&self, job: &Job) -> bool {
        let is_command = |place: usize| self.plan.steps[place].op == Op::ReleaseCommand;
        matches!(job.owner, Owner::Forward(place) if is_command(place) && self.progress[place].round > 1)
    }

    fn settle_fate(&mut self, place: usize, job: &Job, kind: Kind, reply: &Reply) {
        // A command's step does more than one thing: what began stays begun.
        if !kind.changes() || matches!(self.plan.steps[place].op, Op::ReleaseCommand | Op::MachineCheck) {
            return;
        }
        match reply {
            Reply::Done(_) => self.progress[place].fate = Fate::Changed,
            Reply::Unknown(_) if kind == Kind::Create && self.options.has(Flaw::ForgetUnanswered) => {
                self.progress[place].fate = Fate::Untouched;
            }
            // Who has the name may be the machine that was asked for: something on the way asked twice.
            Reply::Refused(Why::NameTaken { .. }) => {}
            Reply::Refused(_) | Reply::Absent
                if job.unsure_ms.is_none() && self.progress[place].round == 0 && !self.progress[place].is_recalled =>
            {
                self.progress[place].fate = Fate::Untouched;
            }
            _ => {}
        }
    }

    fn learn(&mut self, job: &Job, asked: &Asked, reply: &Reply) {
        self.known.learn(&asked.call, reply, asked.at_ms);
        if let (Call::Cordon { id, .. }, Reply::Refused(_), None) = (&asked.call, reply, job.unsure_ms) {
            self.known.stays(id);
        }
        match (&job.goal, reply) {
            (Goal::ReadFleet { .. }, Reply::Done(Answer::Machines(machines))) => {
                self.known.begin_with(machines);
            }
            (Goal::Made { step }, Reply::Done(Answer::Machine(machine)))
                if matches!(asked.call, Call::CreateMachine { .. }) =>
            {
                let slot = self.plan.steps[*step].slot.clone().unwrap_or_default();
                self.known.made(&slot, machine);
            }
            _ => {}
        }
        self.tell_machine(&asked.call, reply);
    }
}

/// Clients that waited for their turn together do not come together.
const LONGEST_JITTER_MS: u64 = 100;

/// So often may go wrong what others need not hear of: Fly answers badly now and then.
const TOLD_ATTEMPTS: u32 = 4;
