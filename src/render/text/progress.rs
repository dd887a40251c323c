//! A run as it goes: one line per event for logs, and the report at the end.

use std::collections::BTreeMap;

use anstyle::Style;

use super::board::Board;
use super::look::{BOLD, DIM, GREEN, Look, NORMAL, RED, YELLOW};
use crate::execute::{Event, Outcome, OutcomeKind, Phase, StepState};
use crate::plan::{self, Op, Plan};
use crate::render::told::subject::{Subject, subject, subjects, widest};
use crate::render::told::words::seconds;

/// A run as a log: what happens, and from time to time that nothing does. Whoever reads it, a person
/// or a service that ends what is silent, sees that the run goes on.
#[derive(Debug, Clone)]
pub struct Log {
    board: Board,
    told_ms: u64,
}

impl Log {
    pub fn new(plan: &Plan) -> Self {
        Self { board: Board::new(plan), told_ms: 0 }
    }

    /// The line of an event, ended; empty for what only `--events jsonl` tells.
    pub fn event(&mut self, plan: &Plan, t_ms: u64, told: &Event, look: Look) -> String {
        self.board.update(t_ms, told);
        let line = event(plan, t_ms, told, look);
        if !line.is_empty() {
            self.told_ms = t_ms;
        }
        line
    }

    /// How far it is, where nothing was told for long; else empty.
    pub fn silence(&mut self, t_ms: u64, look: Look) -> String {
        if t_ms < self.told_ms + LONGEST_SILENCE_MS {
            return String::new();
        }
        self.told_ms = t_ms;
        line(t_ms, "", DIM, &self.board.line(t_ms), look)
    }
}

/// A line for a log, ended; empty for what only `--events jsonl` tells.
pub fn event(plan: &Plan, t_ms: u64, event: &Event, look: Look) -> String {
    let plain = |style: Style, text: String| Some((String::new(), style, text));
    let told = match event {
        Event::Phase { phase } => plain(BOLD, phase_name(*phase).to_owned()),
        Event::Step { step, by_earlier_run: true, .. } => {
            let line = step_line(plan, step, StepState::Done, Some("before this run"));
            line.map(|(who, _, text)| (who, DIM, text))
        }
        Event::Step { step, state, message, .. } => step_line(plan, step, *state, message.as_deref()),
        Event::Warning { message } => plain(YELLOW, format!("warning: {message}")),
        // What matters is in the report at the end.
        Event::Change { machine, what, matters: false, why } => {
            plain(DIM, format!("{machine}: {what}, which does not matter: {why}"))
        }
        Event::Change { .. } => None,
        Event::Machine { .. } | Event::Call { .. } | Event::Reply { .. } => None,
        Event::Wait { .. } | Event::Done { .. } => None,
    };
    told.map_or(String::new(), |(who, style, text)| line(t_ms, &who, style, &text, look))
}

fn line(t_ms: u64, who: &str, style: Style, text: &str, look: Look) -> String {
    let time = look.paint(DIM, format!("{:>7}", seconds(t_ms)));
    look.painted_line(&format!("{time} {who}"), style, text)
}

/// When a run was done with each kind of step for the last time.
#[derive(Debug, Clone, Default)]
pub struct Times {
    at_ms: BTreeMap<&'static str, u64>,
    /// What an earlier run did, in its order.
    before: Vec<&'static str>,
}

impl Times {
    pub fn update(&mut self, plan: &Plan, t_ms: u64, event: &Event) {
        let Event::Step { step, state, by_earlier_run, .. } = event else { return };
        let is_told = |step: &&plan::Step| !matches!(step.op, Op::Lease | Op::Gate | Op::Release);
        let Some(step) = plan.steps.iter().find(|planned| planned.id == *step).filter(is_told) else { return };
        let words = words(step.op);
        match state {
            StepState::Done if *by_earlier_run && self.before.contains(&words.done) => {}
            StepState::Done if *by_earlier_run => self.before.push(words.done),
            StepState::Done => drop(self.at_ms.insert(words.done, t_ms)),
            StepState::TakenBack if step.undo.is_some() => drop(self.at_ms.insert(words.undone, t_ms)),
            StepState::Running | StepState::Failed | StepState::TakenBack => {}
        }
    }

    fn told(&self, look: Look) -> String {
        let before: Vec<&str> = self.before.iter().copied().filter(|what| !self.at_ms.contains_key(what)).collect();
        let mut times: Vec<(u64, &str)> = self.at_ms.iter().map(|(what, t_ms)| (*t_ms, *what)).collect();
        times.sort_unstable();
        let times: Vec<String> = times.into_iter().map(|(t_ms, what)| format!("{what} {}", seconds(t_ms))).collect();
        let lines = [("  before this run: ", before.join(" · ")), ("  ", times.join(" · "))];
        let told = lines.iter().filter(|(_, what)| !what.is_empty());
        told.map(|(head, what)| look.hang(head, 2, what)).collect()
    }
}

/// How the run ended, when it was how far, and what is left to do.
pub fn outcome(outcome: &Outcome, t_ms: u64, times: &Times, look: Look) -> String {
    let (name, style) = outcome_name(outcome.kind);
    let head = format!("{} after {}\n", look.paint(style.bold(), name), seconds(t_ms));
    let mut out = head + &look.wrap("  ", &outcome.message);
    out.push_str(&times.told(look));
    if !outcome.left.is_empty() {
        out.push_str(&format!("\n{}\n", look.paint(BOLD, "Left to do")));
    }
    out.push_str(&super::left::left(&outcome.left, look));
    out
}

pub(super) fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Check => "comparing the fleet with the plan",
        Phase::Forward => "deploying",
        Phase::Back => "taking back what was done",
        Phase::Finish => "past the point of no return: finishing",
    }
}

/// Who it is about, and what is said of it.
fn step_line(plan: &Plan, step: &str, state: StepState, message: Option<&str>) -> Option<(String, Style, String)> {
    let planned = plan.steps.iter().find(|planned| planned.id == step)?;
    if planned.op == Op::Gate {
        return None;
    }
    let words = words(planned.op);
    let because = message.map_or(String::new(), |message| format!(": {message}"));
    let (what, style) = match state {
        // The start of any other step says nothing that the end of one does not.
        StepState::Running if !matches!(planned.op, Op::WaitHealthy | Op::Settle) => return None,
        StepState::Running => (words.running.to_owned(), NORMAL),
        StepState::Done => (words.done.to_owned() + &because, GREEN),
        StepState::Failed => (format!("{} failed{because}", words.running), RED),
        StepState::TakenBack => (message.unwrap_or(words.undone).to_owned(), YELLOW),
    };
    let who = subject(plan, planned).map_or(String::new(), |subject| {
        let names = widest(subjects(plan).iter().map(Subject::label));
        let places = widest(subjects(plan).iter().map(Subject::place));
        format!("{:<names$}  {:<places$}  ", subject.label(), subject.place())
    });
    Some((who, style, what))
}

/// What is said of a machine while a step is done to it, afterwards, and when it was taken back.
pub(super) struct Words {
    pub(super) running: &'static str,
    pub(super) done: &'static str,
    pub(super) undone: &'static str,
}

pub(super) fn words(op: Op) -> Words {
    let (running, done, undone) = match op {
        Op::Lease => ("taking the lease", "leased", "lease given back"),
        Op::Create => ("creating", "created, hidden", "destroyed again"),
        Op::WaitStarted => ("starting", "started", "no longer waited for"),
        Op::WaitHealthy => ("waiting for its checks", "healthy", "no longer waited for"),
        Op::ReleaseCommand => ("running the release command", "release command done", "removed; what it did stays"),
        Op::MachineCheck => ("running its machine check", "machine check passed", "removed"),
        Op::Hold => ("held", "promoted", "no longer held"),
        Op::VerifyUrl => ("asking the URL", "the URL answers as it should", "no longer asked"),
        Op::Bake => ("baking", "baked", "no longer baking"),
        Op::Drain => ("draining", "drained", "no longer drained"),
        Op::Gate => ("joining", "joined", "parted"),
        Op::Uncordon => ("opening to traffic", "open to traffic", "closed to traffic again"),
        Op::Settle => ("settling", "settled", "settling ended"),
        Op::Verify => ("verifying the greens", "the greens still pass", "no longer verified"),
        Op::Cordon => ("closing to traffic", "cordoned", "open to traffic again"),
        Op::Stop => ("stopping", "asked to stop", "started again"),
        Op::WaitStopped => ("stopping", "stopped", "no longer waited for"),
        Op::Destroy => ("destroying", "destroyed", "made again"),
        Op::Release => ("giving back the lease", "released", "leased again"),
    };
    Words { running, done, undone }
}

fn outcome_name(kind: OutcomeKind) -> (&'static str, Style) {
    match kind {
        OutcomeKind::Completed => ("Completed", GREEN),
        OutcomeKind::Held => ("Held", YELLOW),
        OutcomeKind::Restored => ("Taken back", YELLOW),
        OutcomeKind::NeedsAttention => ("Needs attention", RED),
        OutcomeKind::Stale => ("The plan is stale", YELLOW),
        OutcomeKind::Refused => ("Refused", RED),
    }
}

const LONGEST_SILENCE_MS: u64 = 30_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::Leftover;
    use crate::render::text::sample;

    fn step(step: &str, state: StepState) -> Event {
        Event::Step { step: step.into(), state, message: None, by_earlier_run: false }
    }

    #[test]
    fn what_another_run_did_has_no_time_of_this_one() {
        let plan = sample::plan();
        let before =
            |step: &str| Event::Step { step: step.into(), state: StepState::Done, message: None, by_earlier_run: true };
        let mut times = Times::default();
        let events =
            [before("s3"), before("s4"), before("s7"), step("s8", StepState::Done), step("s10", StepState::Done)];
        events.iter().for_each(|event| times.update(&plan, 400, event));
        let ended = Outcome { kind: OutcomeKind::Completed, message: "Every step was done.".into(), left: Vec::new() };
        let told = event(&plan, 300, &events[0], Look::default()) + &outcome(&ended, 900, &times, Look::default());
        insta::assert_snapshot!(told, @r#"
           0.3s green app-1          app iad  created, hidden: before this run
        Completed after 0.9s
          Every step was done.
          before this run: created, hidden
          healthy 0.4s · open to traffic 0.4s
        "#);
    }

    #[test]
    fn a_log_has_a_line_for_what_changed() {
        let done = |id: &str| step(id, StepState::Done);
        let running = |id: &str| step(id, StepState::Running);
        let message = Some("1 of 2 checks fails".into());
        let failed = Event::Step { step: "s8".into(), state: StepState::Failed, message, by_earlier_run: false };
        let taken_back = step("s3", StepState::TakenBack);
        let events = [
            (0, Event::Phase { phase: Phase::Forward }),
            (0, running("s1")),
            (120, done("s1")),
            (900, done("s3")),
            (1_000, running("s7")),
            (9_000, done("s9")),
            (61_000, failed),
            (61_000, Event::Phase { phase: Phase::Back }),
            (62_500, taken_back),
        ];
        let plan = sample::plan();
        let log: String = events.iter().map(|(t_ms, told)| event(&plan, *t_ms, told, Look::default())).collect();
        insta::assert_snapshot!(log, @r#"
         0.0s deploying
         0.1s blue 148e2d3f7b1c89  app iad  leased
         0.9s green app-1          app iad  created, hidden
         1.0s green app-1          app iad  waiting for its checks
        1m01s green app-2          app fra  waiting for its checks failed: 1 of 2 checks fails
        1m01s taking back what was done
        1m02s green app-1          app iad  destroyed again
        "#);
    }

    #[test]
    fn a_terminal_breaks_no_word_of_a_warning() {
        let warning = Event::Warning { message: "the release could not be recorded: the API does not answer".into() };
        let told = |look| event(&sample::plan(), 61_000, &warning, look);
        let narrow = Look { width: 40, is_terminal: true, ..Look::default() };
        insta::assert_snapshot!(told(narrow), @r#"
        1m01s warning: the release could not
              be recorded: the API does not
              answer
        "#);
        assert_eq!(told(Look::default()).lines().count(), 1, "a log has a line for each event");
    }

    #[test]
    fn c12_a_log_says_at_least_every_half_minute_that_the_run_goes_on() {
        let plan = sample::plan();
        let mut log = Log::new(&plan);
        let running = |id: &str| step(id, StepState::Running);
        let mut told = String::new();
        for t_ms in (0..=130_000).step_by(100) {
            let event = match t_ms {
                1_000 => Some(Event::Phase { phase: Phase::Forward }),
                2_000 => Some(running("s3")),
                70_000 => Some(running("s12")),
                70_100 => Some(Event::Wait { step: "s12".into(), until_ms: 190_000 }),
                _ => None,
            };
            told += &event.map_or(String::new(), |event| log.event(&plan, t_ms, &event, Look::default()));
            told += &log.silence(t_ms, Look::default());
        }
        insta::assert_snapshot!(told, @r#"
           1.0s deploying
          31.0s still deploying, 0 of 17 steps (green app-1: creating)
          1m01s still deploying, 0 of 17 steps (green app-1: creating)
          1m10s settling
          1m40s still deploying, 0 of 17 steps (settling, 1m30s left)
          2m10s still deploying, 0 of 17 steps (settling, 1m left)
        "#);
    }

    #[test]
    fn the_report_names_what_is_left_and_the_command_for_it() {
        let ended = Outcome {
            kind: OutcomeKind::NeedsAttention,
            message: "The greens serve; one blue could not be destroyed.".into(),
            left: vec![Leftover {
                machine: "148e2d3f7b1c89".into(),
                why: "its host does not answer".into(),
                command: "fly machine destroy --force 148e2d3f7b1c89".into(),
            }],
        };
        let plan = sample::plan();
        let mut times = Times::default();
        for (t_ms, step) in [(300, "s1"), (1_900, "s3"), (2_100, "s4"), (9_400, "s7"), (14_000, "s10"), (80_000, "s18")]
        {
            times.update(&plan, t_ms, &self::step(step, StepState::Done));
        }
        insta::assert_snapshot!(outcome(&ended, 84_000, &times, Look::default()), @r#"
        Needs attention after 1m24s
          The greens serve; one blue could not be destroyed.
          created, hidden 2.1s · healthy 9.4s · open to traffic 14.0s · destroyed 1m20s

        Left to do
          148e2d3f7b1c89  its host does not answer
              fly machine destroy --force 148e2d3f7b1c89
        "#);
    }
}
