//! `cutover plan`, and the way to a plan that `deploy` shares.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::check::read_fleet;
use super::source::Source;
use super::{given, policy};
use crate::fleet::{self, Fleet};
use crate::native::access::Access;
use crate::native::error::{Error, Kind, Status};
use crate::native::files::{self, STDIN};
use crate::native::live;
use crate::native::terminal::Terminal;
use crate::plan::{Plan, Refusal, shell_word};
use crate::propose::{self, Proposal, Unplanned};
use crate::render;
use crate::units::Duration;

/// Show what a blue-green deploy would do to which machine, in which order, and why
///
/// Needs no account: the machines come from a file. Without --machines they are read from the
/// Machines API with the token in FLY_API_TOKEN; nothing is changed there. When no safe plan can be
/// made, says why and what to do, and exits with 1.
#[derive(Debug, clap::Args)]
pub(in crate::native) struct Args {
    /// A config file, or `-` for standard input [default: fly.toml, fly.json or fly.yaml]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    #[command(flatten)]
    wanted: Wanted,

    /// Also save the plan here, for `cutover apply`. It holds the values of [env]: only you can
    /// read it
    #[arg(long, short, value_name = "PLAN")]
    output: Option<PathBuf>,

    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// What `plan` and `deploy` both ask for.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Wanted {
    #[command(flatten)]
    pub(super) access: Access,

    /// The machines there are: what `fly machine list --json` printed, or `-`
    #[arg(long, value_name = "FILE")]
    pub(super) machines: Option<PathBuf>,

    /// The volumes there are: what `fly volumes list --json` printed
    #[arg(long, value_name = "FILE")]
    volumes: Option<PathBuf>,

    /// The image to deploy [default: `image` in [build]]
    #[arg(long, value_name = "REF")]
    pub(super) image: Option<String>,

    #[command(flatten)]
    policy: policy::Flags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For a reviewer
    Text,
    /// For programs; the values of secret-like keys in [env] are masked
    Json,
    /// For a pull request, with a diagram; masked too
    Markdown,
}

pub(in crate::native) fn run(args: Args, terminal: Terminal) -> Result<Status, Error> {
    let read = [&args.file, &args.wanted.machines, &args.wanted.volumes];
    if read.into_iter().flatten().filter(|path| path.as_os_str() == STDIN).count() > 1 {
        return Err(Error::new(Kind::Usage, "standard input can be read only once, and `-` is named twice"));
    }
    let source = Source::read(args.file)?;
    let fleet = args.wanted.fleet(&source)?;
    let plan = match make(&source, &fleet, &args.wanted)? {
        Ok(plan) => plan,
        Err(refused) => return refuse(&refused, args.format, terminal),
    };
    if let Some(path) = &args.output {
        files::write_private(path, &plan.to_json())?;
    }
    terminal.print(&shown(&plan, args.format, terminal))?;
    if args.format == Format::Text {
        terminal.print(&next_command(args.output.as_deref(), &plan))?;
    }
    Ok(Status::Done)
}

/// The plan for what the file and the arguments want, or why there is none.
pub(super) fn make(source: &Source, fleet: &Fleet, wanted: &Wanted) -> Result<Result<Plan, Vec<Refusal>>, Error> {
    let policy = wanted.policy.policy(Path::new(&source.path))?;
    let app = app_from_environment();
    let proposal = Proposal {
        path: &source.path,
        text: &source.text,
        app: app.as_deref(),
        image: wanted.image.as_deref(),
        contents: &source.contents,
    };
    match propose::propose(&proposal, fleet, &policy) {
        Ok(plan) => Ok(Ok(plan)),
        Err(Unplanned::Refused(refused)) => Ok(Err(refused)),
        Err(Unplanned::NoApp) => Err(no_app(source)),
        Err(Unplanned::NoImage) => Err(no_image(source)),
    }
}

pub(super) fn refuse(refused: &[Refusal], format: Format, terminal: Terminal) -> Result<Status, Error> {
    match format {
        Format::Json => terminal.print(&render::json::refusals(refused))?,
        Format::Markdown => terminal.print(&render::review::refusals(&given::completed(refused)))?,
        Format::Text => terminal.print(&render::text::refusals(&given::completed(refused), terminal.look()))?,
    }
    Ok(Status::No)
}

pub(super) fn shown(plan: &Plan, format: Format, terminal: Terminal) -> String {
    match format {
        Format::Json => render::json::plan(plan),
        Format::Markdown => render::review::plan(plan),
        Format::Text => render::text::plan(plan, terminal.look()),
    }
}

impl Wanted {
    /// The machines there are: pasted, or read from the API.
    pub(super) fn fleet(&self, source: &Source) -> Result<Fleet, Error> {
        let mut fleet = match &self.machines {
            Some(path) => read_fleet(path)?,
            None => self.live_fleet(&app(source)?)?,
        };
        if let Some(path) = &self.volumes {
            let volumes = fleet::volumes(&files::read(path)?);
            fleet.volumes = Some(volumes.map_err(|unreadable| Error::new(Kind::Input, unreadable.message))?);
        }
        Ok(fleet)
    }

    fn live_fleet(&self, app: &str) -> Result<Fleet, Error> {
        let client = self.access.client(app).map_err(|mut error| {
            error.hints.insert(0, LIST_INSTEAD.to_owned());
            error
        })?;
        live::fleet(app, &client)
    }
}

/// The app whose machines are read. The planner refuses two different names.
fn app(source: &Source) -> Result<String, Error> {
    let in_file = || source.config.app.as_ref().map(|app| app.value.clone()).filter(|app| !app.is_empty());
    app_from_environment().or_else(in_file).ok_or_else(|| no_app(source))
}

/// FLY_APP goes before the file, as with flyctl.
pub(super) fn app_from_environment() -> Option<String> {
    std::env::var("FLY_APP").ok().filter(|name| !name.is_empty())
}

fn no_app(source: &Source) -> Error {
    Error::new(Kind::Input, format!("`{}` names no app", source.path))
        .hint("add `app = \"NAME\"` to it, or set FLY_APP")
}

fn no_image(source: &Source) -> Error {
    Error::new(Kind::Usage, format!("no image to deploy: `{}` has no `image` in [build]", source.path))
        .hint("build and push one with `fly deploy --build-only --push`, which prints its name")
        .hint("then pass it: `--image registry.fly.io/APP:TAG`")
}

fn next_command(saved: Option<&Path>, plan: &Plan) -> String {
    match saved {
        _ if plan.steps.is_empty() => String::new(),
        Some(path) => {
            format!("Saved. Carry out exactly this: cutover apply {}\n", shell_word(&path.display().to_string()))
        }
        None => format!(
            "Save it, then carry out exactly that:\n  {}\n  cutover apply plan.json\n",
            given::with("-o plan.json")
        ),
    }
}

pub(super) fn duration_ms(text: &str) -> Result<u64, String> {
    let duration: Duration = text.parse()?;
    if duration.nanos < 0 { Err("it is negative".to_owned()) } else { Ok(duration.as_millis()) }
}

const LIST_INSTEAD: &str = "pass a list: `fly machine list --json > machines.json`, then `--machines machines.json`";
