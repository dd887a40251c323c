//! `cutover check`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::diagnostic::Severity;
use crate::fleet::{self, Fleet};
use crate::lint::{self, Input, Report, Settings};
use crate::native::error::{Error, Kind, Status};
use crate::native::files::{self, STDIN};
use crate::native::settings;
use crate::native::terminal::Terminal;
use crate::render::{self, Checked};
use crate::rules;

/// Lint fly.toml: what flyctl rejects, what fails at deploy, what does not do what it says
///
/// Without a path it checks the fly.toml, fly.json or fly.yaml of this folder. A folder stands for
/// every fly*.toml, fly.json and fly.yaml in it and below it, `-` for standard input.
#[derive(Debug, clap::Args)]
pub(in crate::native) struct Args {
    /// Files, folders, or `-` for standard input
    #[arg(value_name = "FILE|DIR|-")]
    paths: Vec<PathBuf>,

    /// How to print what is found
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    /// Apply every fix after which Fly does the same, or what the file plainly says, then report what
    /// is left. What came from standard input goes, mended, to standard output
    #[arg(long)]
    fix: bool,

    /// With --fix or --diff: also apply fixes that change what Fly does
    #[arg(long)]
    unsafe_fixes: bool,

    /// Print what --fix would change, as a patch, and change nothing
    #[arg(long)]
    diff: bool,

    /// The least severity that makes the exit status 1
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    fail_on: FailOn,

    /// Check against these machines too: what `fly machine list --json` printed, or `-`
    #[arg(long, value_name = "FILE")]
    machines: Option<PathBuf>,

    /// Who is asking: `regular` hears of what is wrong, or very likely so; `pedantic` of every advice
    #[arg(long, value_name = "PERSONA")]
    persona: Option<Persona>,

    /// Settings for every file, in place of the cutover.toml beside it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The name under which standard input is reported; its ending tells TOML, JSON or YAML
    #[arg(long, value_name = "PATH", default_value = "fly.toml")]
    stdin_filename: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, with the lines of the file
    Text,
    /// One JSON document for all files
    Json,
    /// One JSON object a line for each finding
    Jsonl,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of a GitHub Actions workflow
    Github,
    /// A code quality report of GitLab CI
    Gitlab,
    /// JUnit XML, for whatever shows tests
    Junit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Persona {
    Regular,
    Pedantic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    /// Findings never fail
    Never,
}

/// A text under check.
struct File {
    /// `None` for standard input.
    path: Option<PathBuf>,
    /// As it is reported.
    name: String,
    text: String,
    settings: Settings,
    /// What it names beside it; `None` for standard input, which stands nowhere.
    beside: Option<BTreeMap<String, String>>,
    report: Report,
}

impl File {
    fn input<'a>(&'a self, fleet: Option<&'a Fleet>) -> Input<'a> {
        Input { path: &self.name, text: &self.text, fleet, files: self.beside.as_ref() }
    }
}

pub(in crate::native) fn run(args: &Args, terminal: Terminal) -> Result<Status, Error> {
    let fleet = args.machines.as_deref().map(read_fleet).transpose()?;
    let (mut files, mut errors) = read_all(args, fleet.as_ref())?;
    if args.diff {
        print_diffs(&files, args, fleet.as_ref(), terminal)?;
    } else if args.fix {
        errors.extend(mend_all(&mut files, args, fleet.as_ref(), terminal)?);
    }
    let worst = files.iter().flat_map(|file| &file.report.diagnostics).map(|found| found.severity).max();
    files.iter_mut().for_each(|file| file.report.limit(MOST_FINDINGS));
    // Programs are given a whole document even where there was nothing to read.
    if !files.is_empty() || args.format != Format::Text {
        report(&files, args, terminal)?;
    }
    errors.iter().for_each(|error| terminal.report(error));
    if let Some(error) = errors.first() {
        return Ok(error.status());
    }
    Ok(if args.fail_on.is_reached(worst) { Status::No } else { Status::Done })
}

pub(super) fn read_fleet(path: &Path) -> Result<Fleet, Error> {
    let text = files::read(path)?;
    fleet::parse(&text).map_err(|unreadable| Error::new(Kind::Input, unreadable.message))
}

/// What can be read, and why the rest cannot: one bad file hides nothing of the others.
fn read_all(args: &Args, fleet: Option<&Fleet>) -> Result<(Vec<File>, Vec<Error>), Error> {
    let (paths, mut errors) = paths(args)?;
    if paths.iter().chain(&args.machines).filter(|path| path.as_os_str() == STDIN).count() > 1 {
        return Err(Error::new(Kind::Usage, "standard input can be read only once, and `-` is named twice"));
    }
    let mut files = Vec::new();
    for path in paths {
        match read_one(path, args, fleet) {
            Ok(file) => files.push(file),
            // The settings of a folder are wrong once, however many files they are for.
            Err(error) if errors.contains(&error) => {}
            Err(error) => errors.push(error),
        }
    }
    Ok((files, errors))
}

/// Every file once, in the order of the arguments.
fn paths(args: &Args) -> Result<(Vec<PathBuf>, Vec<Error>), Error> {
    let (mut paths, mut errors) = (Vec::new(), Vec::new());
    if args.paths.is_empty() {
        paths.push(files::config_or_default(None)?);
    }
    for path in &args.paths {
        if path.is_dir() {
            let (found, unreadable) = files::configs_in(path);
            paths.extend(found);
            errors.extend(unreadable);
        } else {
            paths.push(path.clone());
        }
    }
    let mut seen = BTreeSet::new();
    paths.retain(|path| path.as_os_str() == STDIN || seen.insert(path.clone()));
    Ok((paths, errors))
}

fn read_one(path: PathBuf, args: &Args, fleet: Option<&Fleet>) -> Result<File, Error> {
    let text = files::read_config(&path)?;
    let is_stdin = path.as_os_str() == STDIN;
    let name = if is_stdin { args.stdin_filename.clone() } else { path.display().to_string() };
    let settings = settings(Path::new(&name), args)?;
    let input = Input { fleet, ..Input::new(&name, &text) };
    let (report, beside) = if is_stdin {
        (lint::check(&input, &settings), None)
    } else {
        let (report, files) = lint::check_beside(&input, &settings, |names| present(&path, names));
        (report, Some(files))
    };
    Ok(File { path: (!is_stdin).then_some(path), name, text, settings, beside, report })
}

/// Of the files that the rules ask for, those that are there; what cannot be read counts as empty.
fn present(path: &Path, names: BTreeSet<String>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for name in names {
        let place = path.with_file_name(&name);
        if place.exists() {
            found.insert(name, files::read_config(&place).unwrap_or_default());
        }
    }
    found
}

fn settings(file: &Path, args: &Args) -> Result<Settings, Error> {
    let mut settings = settings::read(file, args.config.as_deref(), Settings::read)?;
    if let Some(persona) = args.persona {
        settings.persona = match persona {
            Persona::Regular => rules::Persona::Regular,
            Persona::Pedantic => rules::Persona::Pedantic,
        };
    }
    Ok(settings)
}

fn report(files: &[File], args: &Args, terminal: Terminal) -> Result<(), Error> {
    let checked: Vec<Checked> =
        files.iter().map(|file| Checked { path: &file.name, text: &file.text, report: &file.report }).collect();
    // Standard output belongs to the patch, or to the mended text.
    let is_taken = args.diff || args.fix && files.iter().any(|file| file.path.is_none());
    let look = if is_taken { terminal.error_look() } else { terminal.look() };
    let text = match args.format {
        Format::Text => render::text::check(&checked, args.unsafe_fixes, look),
        Format::Json => render::json::check(&checked),
        Format::Jsonl => render::json::check_lines(&checked),
        Format::Sarif => render::sarif::check(&checked),
        Format::Github => render::github::check(&checked),
        Format::Gitlab => render::gitlab::check(&checked),
        Format::Junit => render::junit::check(&checked),
    };
    if is_taken {
        terminal.say(&text);
        return Ok(());
    }
    terminal.print(&text)
}

fn print_diffs(files: &[File], args: &Args, fleet: Option<&Fleet>, terminal: Terminal) -> Result<(), Error> {
    for file in files {
        let mended = lint::mend(&file.input(fleet), &file.settings, args.unsafe_fixes);
        terminal.print(&render::text::diff(&file.name, &file.text, &mended.text, terminal.look()))?;
    }
    Ok(())
}

/// Gives what could not be written; such a file is reported as it still is.
fn mend_all(files: &mut [File], args: &Args, fleet: Option<&Fleet>, terminal: Terminal) -> Result<Vec<Error>, Error> {
    let (mut fixes, mut changed, mut errors) = (0, 0, Vec::new());
    for file in files {
        let mended = lint::mend(&file.input(fleet), &file.settings, args.unsafe_fixes);
        let written = match &file.path {
            Some(path) if mended.fixes > 0 => files::replace(path, &mended.text),
            Some(_) => Ok(()),
            None => Ok(terminal.print(&mended.text)?),
        };
        if let Err(error) = written {
            errors.push(error);
            continue;
        }
        fixes += mended.fixes;
        changed += usize::from(mended.fixes > 0);
        (file.text, file.report) = (mended.text, mended.report);
    }
    if fixes > 0 {
        let plural = |number: usize| if number == 1 { "" } else { "s" };
        terminal.say(&format!(
            "applied {fixes} fix{} in {changed} file{}\n",
            if fixes == 1 { "" } else { "es" },
            plural(changed)
        ));
    }
    Ok(errors)
}

impl FailOn {
    fn is_reached(self, worst: Option<Severity>) -> bool {
        match self {
            Self::Error => worst >= Some(Severity::Error),
            Self::Warning => worst >= Some(Severity::Warning),
            Self::Never => false,
        }
    }
}

/// Of one file, in a report: a person reads a few, a program a few hundred.
const MOST_FINDINGS: usize = 1_000;
