//! Shows a run while it goes: lines that are drawn over on a terminal, a log elsewhere, or events
//! for a program.

use super::terminal::Terminal;
use super::traffic;
use crate::execute::{Event, Outcome};
use crate::plan::Plan;
use crate::render;
use crate::render::text::{Board, Log, Times};
use crate::sim::Traffic;

/// What watches a run. Output that cannot be written must not end a deploy half way: that is said
/// once, and the report goes to standard error.
pub(super) struct Watch<'a> {
    plan: &'a Plan,
    terminal: Terminal,
    form: Form,
    times: Times,
    is_lost: bool,
}

enum Form {
    /// `drawn`: how many lines of the terminal are ours.
    Live {
        board: Board,
        drawn: usize,
    },
    Log(Log),
    Jsonl,
}

impl<'a> Watch<'a> {
    pub(super) fn new(plan: &'a Plan, jsonl: bool, terminal: Terminal) -> Self {
        let form = match jsonl {
            true => Form::Jsonl,
            false if terminal.is_live() => Form::Live { board: Board::new(plan), drawn: 0 },
            false => Form::Log(Log::new(plan)),
        };
        Self { plan, terminal, form, times: Times::default(), is_lost: false }
    }

    /// Somebody looks on: time should pass as time does.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.form, Form::Live { .. })
    }

    pub(super) fn event(&mut self, t_ms: u64, event: &Event) {
        self.times.update(self.plan, t_ms, event);
        match &mut self.form {
            Form::Live { board, .. } => {
                board.update(t_ms, event);
                let warned = matches!(event, Event::Warning { .. } | Event::Change { .. });
                let above = warned.then(|| render::text::event(self.plan, t_ms, event, self.terminal.look()));
                self.draw(t_ms, &above.unwrap_or_default());
            }
            Form::Log(log) => {
                let line = log.event(self.plan, t_ms, event, self.terminal.look());
                self.print(&line);
            }
            Form::Jsonl => self.print(&(render::json::event(t_ms, event) + "\n")),
        }
    }

    /// Somebody asked the run to end.
    pub(super) fn asked_to_end(&mut self, t_ms: u64) {
        match self.form {
            Form::Live { .. } => self.draw(t_ms, &self.terminal.look().line("", ASKED_TO_END)),
            Form::Log(_) | Form::Jsonl => self.terminal.tell(ASKED_TO_END),
        }
    }

    /// Draws the time that has passed; a log has a line where nothing happens for long.
    pub(super) fn tick(&mut self, t_ms: u64) {
        if let Form::Log(log) = &mut self.form {
            let silence = log.silence(t_ms, self.terminal.look());
            if !silence.is_empty() {
                self.print(&silence);
            }
        }
        self.draw(t_ms, "");
    }

    /// What is `above` stays there: lines, each ended.
    fn draw(&mut self, t_ms: u64, above: &str) {
        let Form::Live { board, drawn } = &mut self.form else { return };
        let lines = board.lines(t_ms, self.terminal.height().saturating_sub(1), self.terminal.look());
        // The terminal echoes `^C`: the cursor need not be where the line begins.
        let mut text = if *drawn > 0 { format!("\r\u{1b}[{drawn}A") } else { String::new() };
        if !above.is_empty() {
            text.push_str(&format!("\u{1b}[0J{}\n", above.trim_end()));
        }
        for line in &lines {
            text.push_str(&format!("\u{1b}[2K{line}\n"));
        }
        // A terminal that became lower shows fewer lines than before.
        text.push_str("\u{1b}[0J");
        *drawn = lines.len();
        self.print(&text);
    }

    fn print(&mut self, text: &str) {
        if self.is_lost {
            return;
        }
        if let Err(error) = self.terminal.print(text) {
            self.is_lost = true;
            self.terminal.say(&format!("warning: {}; what was begun goes on\n", error.message));
        }
    }

    /// What is no part of the run, before it or after it, and must not end it. Whether it went well.
    pub(super) fn hear(&self, side: Result<(), String>) -> bool {
        if let Err(why) = &side {
            self.terminal.tell(&format!("warning: {why}"));
        }
        side.is_ok()
    }

    pub(super) fn end(&mut self, t_ms: u64, outcome: &Outcome) {
        self.draw(t_ms, "");
        if !matches!(self.form, Form::Jsonl) {
            let text = render::text::outcome(outcome, t_ms, &self.times, self.terminal.look());
            self.print(&format!("\n{text}"));
        }
        if self.is_lost || matches!(self.form, Form::Jsonl) {
            self.terminal.say(&render::text::outcome(outcome, t_ms, &self.times, self.terminal.error_look()));
        }
    }

    /// What users noticed of a simulated deploy.
    pub(super) fn traffic(&mut self, traffic: &Traffic) {
        let text = traffic::text(traffic);
        match self.form {
            Form::Jsonl => self.terminal.say(&text),
            Form::Live { .. } | Form::Log(_) => self.print(&text),
        }
    }
}

const ASKED_TO_END: &str = "Stopping safely; a second signal stops at once, as it is.";
