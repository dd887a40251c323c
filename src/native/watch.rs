//! Shows a run while it goes: lines that are drawn over on a terminal, a log elsewhere, or events
//! for a program.

use super::terminal::Terminal;
use super::traffic;
use crate::execute::{Event, Outcome};
use crate::plan::Plan;
use crate::render;
use crate::render::text::Board;
use crate::sim::Traffic;

/// What watches a run. Output that fails is dropped: a closed pipe must not end a deploy half way.
pub(super) struct Watch<'a> {
    plan: &'a Plan,
    terminal: Terminal,
    form: Form,
}

enum Form {
    /// `drawn`: how many lines of the terminal are ours.
    Live {
        board: Board,
        drawn: usize,
    },
    Log,
    Jsonl,
}

impl<'a> Watch<'a> {
    pub(super) fn new(plan: &'a Plan, jsonl: bool, terminal: Terminal) -> Self {
        let form = match jsonl {
            true => Form::Jsonl,
            false if terminal.is_live() => Form::Live { board: Board::new(plan), drawn: 0 },
            false => Form::Log,
        };
        Self { plan, terminal, form }
    }

    /// Somebody looks on: time should pass as time does.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.form, Form::Live { .. })
    }

    pub(super) fn event(&mut self, t_ms: u64, event: &Event) {
        match &mut self.form {
            Form::Live { board, .. } => {
                board.update(event);
                self.tick(t_ms);
            }
            Form::Log => {
                let _ = self.terminal.print(&render::text::event(self.plan, t_ms, event, self.terminal.look()));
            }
            Form::Jsonl => {
                let _ = self.terminal.print(&(render::json::event(t_ms, event) + "\n"));
            }
        }
    }

    /// Draws the time that has passed.
    pub(super) fn tick(&mut self, t_ms: u64) {
        let Form::Live { board, drawn } = &mut self.form else { return };
        let lines = board.lines(t_ms, self.terminal.height().saturating_sub(1), self.terminal.look());
        let mut text = if *drawn > 0 { format!("\u{1b}[{drawn}A") } else { String::new() };
        for line in &lines {
            text.push_str(&format!("\u{1b}[2K{line}\n"));
        }
        // A terminal that became lower shows fewer lines than before.
        text.push_str("\u{1b}[0J");
        *drawn = lines.len();
        let _ = self.terminal.print(&text);
    }

    pub(super) fn end(&mut self, t_ms: u64, outcome: &Outcome) {
        self.tick(t_ms);
        match self.form {
            Form::Jsonl => self.terminal.say(&render::text::outcome(outcome, t_ms, self.terminal.error_look())),
            Form::Live { .. } | Form::Log => {
                let text = render::text::outcome(outcome, t_ms, self.terminal.look());
                let _ = self.terminal.print(&format!("\n{text}"));
            }
        }
    }

    /// What users noticed of a simulated deploy.
    pub(super) fn traffic(&self, traffic: &Traffic) {
        let text = traffic::text(traffic);
        match self.form {
            Form::Jsonl => self.terminal.say(&text),
            Form::Live { .. } | Form::Log => drop(self.terminal.print(&text)),
        }
    }
}
