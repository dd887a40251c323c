//! The live view of a run: one line per machine, told anew whenever something happens. Knows
//! nothing of cursors; who shows it overwrites the lines.

use std::collections::BTreeSet;

use anstyle::Style;

use super::look::{BLUE, BOLD, DIM, GREEN, Look, NORMAL, RED, YELLOW};
use super::progress::{phase_name, words};
use crate::execute::{Event, StepState};
use crate::plan::{Op, Plan, Step};
use crate::render::told::subject::{Subject, subjects, widest};
use crate::render::told::words::{cut, seconds, whole_seconds};

/// What is known of each machine that the plan touches.
#[derive(Debug, Clone)]
pub struct Board {
    phase: &'static str,
    /// What is about no machine, and until when nothing else is done.
    waiting: Option<(&'static str, Option<u64>)>,
    rows: Vec<Row>,
    /// Without those that only join others.
    steps: Vec<Step>,
    /// Their ids.
    done: BTreeSet<String>,
}

#[derive(Debug, Clone)]
struct Row {
    /// The slot of a green, the id of a blue.
    name: String,
    is_green: bool,
    label: String,
    place: String,
    mark: Mark,
    doing: String,
    since_ms: u64,
    /// Nothing is done before.
    until_ms: Option<u64>,
    checks: Option<(u64, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Idle,
    Busy,
    Done,
    Gone,
    Back,
    Failed,
}

impl Board {
    pub fn new(plan: &Plan) -> Self {
        let rows = subjects(plan).into_iter().map(row).collect();
        let steps = plan.steps.iter().filter(|step| step.op != Op::Gate).cloned().collect();
        Self { phase: "", waiting: None, rows, steps, done: BTreeSet::new() }
    }

    pub fn update(&mut self, t_ms: u64, event: &Event) {
        match event {
            Event::Phase { phase } => self.phase = phase_name(*phase),
            Event::Step { step, state, message, .. } => self.step(t_ms, step, *state, message.as_deref()),
            Event::Wait { step, until_ms } => self.wait(step, *until_ms),
            Event::Machine { id, slot, checks_passing, checks_total, .. } => {
                let name = slot.as_ref().unwrap_or(id);
                let row = self.rows.iter_mut().find(|row| row.name == *name && row.is_green == slot.is_some());
                if let Some(row) = row.filter(|_| *checks_total > 0) {
                    row.checks = Some((*checks_passing, *checks_total));
                }
            }
            Event::Done { .. } => self.end(),
            Event::Call { .. } | Event::Reply { .. } | Event::Warning { .. } | Event::Change { .. } => {}
        }
    }

    /// A line for the whole, then one per machine; at most `height` of them. None is longer than
    /// the look is wide.
    pub fn lines(&self, t_ms: u64, height: usize, look: Look) -> Vec<String> {
        let waiting =
            self.waiting.map_or(String::new(), |(what, until_ms)| format!(" ({what}{})", rest(t_ms, until_ms)));
        let head = format!("{}  {}{waiting}", seconds(t_ms), self.standing());
        let mut lines = vec![look.paint(BOLD, cut(&head, look.width))];
        let room = height.saturating_sub(2);
        let name_width = widest(self.rows.iter().map(|row| row.label.clone()));
        let place_width = widest(self.rows.iter().map(|row| row.place.clone()));
        lines.extend(self.rows.iter().take(room).map(|row| row.line(t_ms, name_width, place_width, look)));
        if self.rows.len() > room {
            lines.push(look.paint(DIM, format!("  and {} more", self.rows.len() - room)));
        }
        lines
    }

    /// A line for who sees no other: how far it is, and one thing that goes on.
    pub fn line(&self, t_ms: u64) -> String {
        let busy = self.rows.iter().find(|row| row.mark == Mark::Busy);
        let on_a_machine = busy.map(|row| (format!("{}: {}", row.label, row.doing), row.until_ms));
        let waiting = self.waiting.map(|(what, until_ms)| (what.to_owned(), until_ms)).or(on_a_machine);
        let waiting = waiting.map_or(String::new(), |(what, until_ms)| format!(" ({what}{})", rest(t_ms, until_ms)));
        format!("still {}{waiting}", self.standing())
    }

    fn standing(&self) -> String {
        format!("{}, {} of {} steps", self.phase, self.done.len(), self.steps.len())
    }

    fn step(&mut self, t_ms: u64, id: &str, state: StepState, message: Option<&str>) {
        let Some(step) = self.steps.iter().find(|step| step.id == id) else { return };
        match state {
            StepState::Done => drop(self.done.insert(id.to_owned())),
            StepState::Running | StepState::Failed | StepState::TakenBack => drop(self.done.remove(id)),
        }
        // A lease that is given back changes nothing that one would look at.
        if step.op == Op::Release && state != StepState::Failed {
            return;
        }
        let words = words(step.op);
        let Some(row) = self.rows.iter_mut().find(|row| row.is_of(step)) else {
            self.waiting = (state == StepState::Running).then_some((words.running, None));
            return;
        };
        (row.since_ms, row.until_ms) = (t_ms, None);
        (row.mark, row.doing) = match state {
            StepState::Running => (Mark::Busy, words.running.to_owned()),
            StepState::Done if step.op == Op::Destroy => (Mark::Gone, words.done.to_owned()),
            StepState::Done => (Mark::Done, words.done.to_owned()),
            StepState::Failed => {
                (Mark::Failed, format!("{} failed: {}", words.running, message.unwrap_or("no reason given")))
            }
            StepState::TakenBack => (Mark::Back, message.unwrap_or(words.undone).to_owned()),
        };
    }

    /// Nothing is under way any more: what was, was given up.
    fn end(&mut self) {
        self.waiting = None;
        for row in self.rows.iter_mut().filter(|row| row.mark == Mark::Busy) {
            (row.mark, row.doing) = (Mark::Idle, "not done".to_owned());
        }
    }

    fn wait(&mut self, id: &str, until_ms: u64) {
        let Some(step) = self.steps.iter().find(|step| step.id == id) else { return };
        match self.rows.iter_mut().find(|row| row.is_of(step)) {
            Some(row) => row.until_ms = Some(until_ms),
            None => self.waiting = Some((words(step.op).running, Some(until_ms))),
        }
    }
}

impl Row {
    fn is_of(&self, step: &Step) -> bool {
        match (&step.slot, &step.machine) {
            (Some(slot), _) => self.is_green && self.name == *slot,
            (None, Some(machine)) => !self.is_green && self.name == *machine,
            (None, None) => false,
        }
    }

    fn line(&self, t_ms: u64, name_width: usize, place_width: usize, look: Look) -> String {
        let (symbol, style) = symbol(self.mark);
        let color = if self.is_green { GREEN } else { BLUE };
        let checks = self.checks.filter(|_| self.mark != Mark::Gone);
        let checks = checks.map_or(String::new(), |(passing, total)| format!("  {passing}/{total} checks"));
        let time = match self.until_ms {
            _ if self.mark != Mark::Busy => String::new(),
            Some(until_ms) => format!("  {}", left(t_ms, until_ms)),
            None => format!("  {}", seconds(t_ms.saturating_sub(self.since_ms))),
        };
        let head = format!("  {:<name_width$}  {:<place_width$}", self.label, self.place);
        let head = cut(&head, look.width.saturating_sub(4));
        let room = look.width.saturating_sub(head.chars().count() + 4);
        let facts = format!("{checks}{time}");
        let words = cut(&self.doing, room.saturating_sub(facts.chars().count()).max(LEAST_WORDS));
        let tail = cut(&(words + &facts), room);
        let line = format!("{}  {} {}", look.paint(color, head), look.paint(style, symbol), look.paint(style, tail));
        line.trim_end().to_owned()
    }
}

fn row(subject: Subject) -> Row {
    Row {
        name: subject.name.to_owned(),
        is_green: subject.is_green,
        label: subject.label(),
        place: subject.place(),
        mark: Mark::Idle,
        doing: String::new(),
        since_ms: 0,
        until_ms: None,
        checks: None,
    }
}

fn rest(t_ms: u64, until_ms: Option<u64>) -> String {
    until_ms.map_or(String::new(), |until_ms| format!(", {}", left(t_ms, until_ms)))
}

/// In whole seconds: it is drawn anew all the time.
fn left(t_ms: u64, until_ms: u64) -> String {
    format!("{} left", whole_seconds(until_ms.saturating_sub(t_ms).div_ceil(1_000) * 1_000))
}

fn symbol(mark: Mark) -> (&'static str, Style) {
    match mark {
        Mark::Idle => ("·", DIM),
        Mark::Busy => ("▸", NORMAL),
        Mark::Done => ("✓", GREEN),
        Mark::Gone => ("✓", DIM),
        Mark::Back => ("↩", YELLOW),
        Mark::Failed => ("✗", RED),
    }
}

/// Of what is done to a machine, however narrow the terminal.
const LEAST_WORDS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::Phase;
    use crate::fleet::State;
    use crate::render::text::sample;

    fn step(step: &str, state: StepState, message: Option<&str>) -> Event {
        Event::Step { step: step.into(), state, message: message.map(Into::into), by_earlier_run: false }
    }

    #[test]
    fn each_machine_has_a_line_that_says_where_it_is() {
        let mut board = Board::new(&sample::plan());
        for event in [
            Event::Phase { phase: Phase::Forward },
            step("s1", StepState::Done, None),
            step("s3", StepState::Done, None),
            step("s4", StepState::Failed, Some("no host in fra has room for it, and none will have soon")),
            step("s7", StepState::Running, None),
            Event::Machine {
                id: "new".into(),
                slot: Some("app-1".into()),
                state: State::Started,
                checks_passing: 1,
                checks_total: 2,
            },
            step("s12", StepState::Running, None),
            Event::Wait { step: "s12".into(), until_ms: 19_100 },
        ] {
            board.update(9_000, &event);
        }
        insta::assert_snapshot!(board.lines(12_300, 24, Look::default()).join("\n"), @r#"
        12.3s  deploying, 2 of 17 steps (settling, 7s left)
          blue 3d8d7dc0b62e89  app fra  ·
          blue 148e2d3f7b1c89  app iad  ✓ leased
          green app-2          app fra  ✗ creating failed: no host in fra has room for …
          green app-1          app iad  ▸ waiting for its checks  1/2 checks  3.3s
        "#);
    }

    #[test]
    fn a_low_terminal_shows_the_first_machines_and_counts_the_rest() {
        let lines = Board::new(&sample::plan()).lines(0, 4, Look { width: 40, ..Look::default() });
        assert_eq!(lines.len(), 4, "{lines:#?}");
        assert!(lines[3].ends_with("and 2 more"), "{lines:#?}");
        assert!(lines.iter().all(|line| line.chars().count() <= 40), "{lines:#?}");
    }

    #[test]
    fn a_narrow_terminal_cuts_words_before_checks_and_times() {
        let mut board = Board::new(&sample::plan());
        board.update(1_000, &step("s7", StepState::Running, None));
        let (id, slot) = ("new".into(), Some("app-1".into()));
        board.update(1_000, &Event::Machine { id, slot, state: State::Started, checks_passing: 1, checks_total: 2 });
        let lines = board.lines(4_300, 24, Look { width: 62, ..Look::default() });
        let line = lines.iter().find(|line| line.contains("app-1")).unwrap();
        assert!(line.ends_with("…  1/2 checks  3.3s") && line.chars().count() <= 62, "{line}");
    }
}
