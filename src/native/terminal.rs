//! Where text goes: width, colour, broken pipes, questions.

use std::io::{self, BufRead, IsTerminal, Write};

use anstyle_query::{clicolor, no_color, term_supports_color};

use super::error::{Error, Kind};
use crate::render::text::Look;

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Color {
    /// Where the output is a terminal, and as NO_COLOR, CLICOLOR, CLICOLOR_FORCE and FORCE_COLOR say.
    #[default]
    Auto,
    Always,
    Never,
}

/// Standard output and standard error of this process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terminal {
    color: Color,
}

impl Terminal {
    pub(super) fn new(color: Color) -> Self {
        // Older consoles print escape sequences unless they are asked to follow them.
        #[cfg(windows)]
        anstyle_query::windows::enable_ansi_colors();
        Self { color }
    }

    /// How text for standard output is to look.
    pub(super) fn look(self) -> Look {
        self.look_of(&io::stdout())
    }

    /// How text for standard error is to look.
    pub(super) fn error_look(self) -> Look {
        self.look_of(&io::stderr())
    }

    /// The output can be drawn over: standard output is a terminal that understands it.
    pub(super) fn is_live(self) -> bool {
        io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// Lines that fit on the screen.
    pub(super) fn height(self) -> usize {
        terminal_size::terminal_size().map_or(DEFAULT_HEIGHT, |(_, height)| height.0.into())
    }

    pub(super) fn print(self, text: &str) -> Result<(), Error> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| output_error(&error))
    }

    /// To standard error. Nobody can be told when that fails.
    pub(super) fn say(self, text: &str) {
        let mut out = io::stderr().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// A few sentences, on standard error.
    pub(super) fn tell(self, text: &str) {
        self.say(&self.error_look().line("", text));
    }

    /// An error with its hints, in the style of the findings.
    pub(super) fn report(self, error: &Error) {
        if error.kind == Kind::BrokenPipe {
            return;
        }
        let look = self.error_look();
        let red = anstyle::AnsiColor::BrightRed.on_default().bold();
        let mut text = look.line(&format!("{}: ", look.paint(red, "error")), &error.message);
        for hint in &error.hints {
            text.push_str(&format!("  {}: {hint}\n", look.paint(anstyle::Style::new().bold(), "help")));
        }
        self.say(&text);
    }

    /// Asks on the terminal; anything but yes is no.
    pub(super) fn confirm(self, question: &str) -> Result<bool, Error> {
        if !io::stdin().is_terminal() {
            return Err(Error::new(Kind::Usage, "there is nobody to ask: standard input is not a terminal")
                .hint("pass `--yes` to go on without being asked"));
        }
        self.say(&format!("{question} [y/N] "));
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        read.map_err(|error| Error::new(Kind::Input, format!("cannot read the answer: {error}")))?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes" | "YES"))
    }

    fn look_of(self, stream: &impl IsTerminal) -> Look {
        let is_terminal = stream.is_terminal();
        let color = match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_wanted_by_environment().unwrap_or_else(|| is_terminal && term_supports_color()),
        };
        let measured = terminal_size::terminal_size().filter(|_| is_terminal);
        let width = measured.map_or(DEFAULT_WIDTH, |(width, _)| usize::from(width.0).clamp(MIN_WIDTH, MAX_WIDTH));
        let links = is_terminal && self.color != Color::Never && follows_links();
        Look { width, color, links, is_terminal: measured.is_some() }
    }
}

/// What NO_COLOR and its kin ask for; no colour goes first.
fn is_wanted_by_environment() -> Option<bool> {
    let is_on = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    let is_forced = is_on("CLICOLOR_FORCE") || is_on("FORCE_COLOR");
    if no_color() || clicolor() == Some(false) && !is_forced {
        return Some(false);
    }
    is_forced.then_some(true)
}

/// Whether the terminal is one of those that are known to make links of OSC 8; others may print it.
fn follows_links() -> bool {
    let get = |name: &str| std::env::var(name).unwrap_or_default();
    if let Ok(forced) = std::env::var("FORCE_HYPERLINK") {
        return forced != "0";
    }
    let is_modern_vte = get("VTE_VERSION").parse::<u32>().is_ok_and(|version| version >= 5000);
    let is_known_program =
        ["iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper"].contains(&get("TERM_PROGRAM").as_str());
    let is_known_terminal = ["xterm-kitty", "alacritty", "foot", "xterm-ghostty"].contains(&get("TERM").as_str());
    let is_windows_terminal = !get("WT_SESSION").is_empty();
    let is_ci = !get("CI").is_empty();
    !is_ci && (is_modern_vte || is_known_program || is_known_terminal || is_windows_terminal)
}

fn output_error(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Error::new(Kind::BrokenPipe, "nobody reads the output"),
        _ => Error::new(Kind::Output, format!("cannot write to standard output: {error}")),
    }
}

const DEFAULT_WIDTH: usize = 80;
const DEFAULT_HEIGHT: usize = 24;
const MIN_WIDTH: usize = 40;
/// Longer lines are hard to read.
const MAX_WIDTH: usize = 120;
