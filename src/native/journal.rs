//! What was run from this computer: one file per app, a line when a run begins and one when it
//! ends. A convenience: where a deploy stands is read from its machines, never from here.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::error::Status;
use crate::execute::{Handle, Intent, OutcomeKind};
use crate::plan::Plan;
use crate::render::text::seconds;

/// The runs of one app.
pub(super) struct Journal {
    /// Absent: this computer has no place for it.
    path: Option<PathBuf>,
}

/// A command that begins a deploy, or goes on with one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) command: &'a str,
    /// As in the options of the execution: a deploy keeps it, whoever goes on with it.
    pub(super) run: &'a str,
    /// How commands name the deploy.
    pub(super) handle: &'a Handle,
    /// The digest of the plan.
    pub(super) plan: &'a str,
    pub(super) intent: Intent,
}

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    at: String,
    /// Two may be about the same run, one beside the other.
    attempt: String,
    #[serde(flatten)]
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum What {
    Started { command: String, direction: String, run: String, plan: String, image: String },
    Ended { outcome: String, exit_status: u8, duration_ms: u64 },
}

impl Journal {
    pub(super) fn of(app: &str) -> Self {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        let name: String = app.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
        Self { path: state_folder().map(|folder| folder.join("cutover").join(format!("{name}.jsonl"))) }
    }

    /// Beside it, the plan of a run that nobody saved.
    pub(super) fn plan_of(&self, run: &str) -> Option<PathBuf> {
        Some(self.path.as_ref()?.with_extension(format!("{run}.json")))
    }

    /// # Errors
    /// Why it could not be noted, in words.
    pub(super) fn begin(&self, id: &str, attempt: &Attempt, plan: &Plan) -> Result<(), String> {
        let direction = match attempt.intent {
            Intent::Forward => "forward",
            Intent::Back => "back",
        };
        let what = What::Started {
            command: attempt.command.to_owned(),
            direction: direction.to_owned(),
            run: attempt.run.to_owned(),
            plan: attempt.plan.to_owned(),
            image: plan.image.clone(),
        };
        self.note(id, what)
    }

    /// # Errors
    /// Why it could not be noted, in words.
    pub(super) fn end(&self, id: &str, outcome: OutcomeKind, status: Status, took: Duration) -> Result<(), String> {
        let outcome = serde_json::to_value(outcome).ok().and_then(|name| name.as_str().map(str::to_owned));
        let what = What::Ended {
            outcome: outcome.unwrap_or_default(),
            exit_status: status.code(),
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        };
        self.note(id, what)
    }

    /// The last runs, oldest first, a line each; empty when there are none, or none can be read.
    pub(super) fn told(&self) -> String {
        let Some(path) = &self.path else { return String::new() };
        let runs = runs(&tail(path).unwrap_or_default());
        if runs.is_empty() {
            return String::new();
        }
        let runs: String = runs[runs.len().saturating_sub(MOST_TOLD)..].concat();
        format!("\nLast runs from this computer ({}):\n{runs}", path.display())
    }

    fn note(&self, id: &str, what: What) -> Result<(), String> {
        let Some(path) = &self.path else { return Ok(()) };
        let at = utc(OffsetDateTime::now_utc().unix_timestamp());
        let line = serde_json::to_string(&Line { at, attempt: id.to_owned(), what }).unwrap_or_default();
        append(path, &(line + "\n"))
            .map_err(|error| format!("the journal of runs, {}, cannot be written: {error}", path.display()))
    }
}

/// A time as RFC 3339 writes it.
pub(super) fn utc(since_epoch_s: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(since_epoch_s).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(&Rfc3339).unwrap_or_default()
}

/// In one write, so that two runs do not mix their lines.
fn append(path: &PathBuf, line: &str) -> io::Result<()> {
    fs::create_dir_all(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(line.as_bytes())
}

/// The end of the file; a line that is cut there reads as none.
fn tail(path: &PathBuf) -> io::Result<String> {
    let mut file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A line per attempt that began, with how it ended.
fn runs(text: &str) -> Vec<String> {
    let lines: Vec<Line> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let told = lines.iter().enumerate().filter_map(|(place, line)| {
        let What::Started { command, image, .. } = &line.what else { return None };
        let mut later = lines[place + 1..].iter().filter(|later| later.attempt == line.attempt);
        let end = match later.next().map(|later| &later.what) {
            Some(What::Ended { outcome, exit_status, duration_ms }) => {
                format!("{} after {} (exit {exit_status})", outcome.replace('-', " "), seconds(*duration_ms))
            }
            Some(What::Started { .. }) | None => "no end is known".to_owned(),
        };
        let image = image.rsplit('/').next().unwrap_or_default();
        Some(format!("  {}  {command:<7}  {image}  {end}\n", line.at))
    });
    told.collect()
}

/// Where a program keeps what it would be a pity to lose.
fn state_folder() -> Option<PathBuf> {
    let given = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(windows) {
        return given("LOCALAPPDATA");
    }
    given("XDG_STATE_HOME").or_else(|| Some(std::env::home_dir()?.join(".local/state")))
}

const MOST_TOLD: usize = 5;

/// Hundreds of runs.
const TAIL: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_attempt_has_its_own_end() {
        let started = |at: &str, attempt: &str, command: &str, run: &str| {
            format!(
                r#"{{"at":"{at}","attempt":"{attempt}","event":"started","command":"{command}","direction":"forward","run":"{run}","plan":"sha256:aa","image":"registry.fly.io/shop:v2"}}"#
            )
        };
        let ended = |at: &str, attempt: &str, outcome: &str, exit_status: u8| {
            format!(
                r#"{{"at":"{at}","attempt":"{attempt}","event":"ended","outcome":"{outcome}","exit_status":{exit_status},"duration_ms":9300}}"#
            )
        };
        let lines = [
            r#"cut","attempt":"t0","event":"ended"}"#.to_owned(),
            started("2026-11-21T10:00:00Z", "t1", "apply", "r1"),
            started("2026-11-21T10:00:01Z", "t2", "abort", "r1"),
            started("2026-11-21T10:00:02Z", "t3", "apply", "r3"),
            ended("2026-11-21T10:00:09Z", "t2", "needs-attention", 4),
            ended("2026-11-21T10:05:00Z", "t1", "completed", 0),
        ];
        insta::assert_snapshot!(runs(&lines.join("\n")).concat(), @r"
          2026-11-21T10:00:00Z  apply    shop:v2  completed after 9.3s (exit 0)
          2026-11-21T10:00:01Z  abort    shop:v2  needs attention after 9.3s (exit 4)
          2026-11-21T10:00:02Z  apply    shop:v2  no end is known
        ");
    }

    #[test]
    fn a_time_is_told_as_rfc_3339() {
        assert_eq!(utc(1_767_225_613), "2026-01-01T00:00:13Z");
    }
}
