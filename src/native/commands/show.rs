//! `cutover show`.

use std::path::{Path, PathBuf};

use super::plan::{Format, shown};
use crate::execute::Handle;
use crate::native::error::{Error, Kind, Status};
use crate::native::files;
use crate::native::terminal::Terminal;
use crate::plan::{self, Plan};
use crate::render;

/// Show a saved plan
///
/// Refuses a plan that was changed after it was made.
#[derive(Debug, clap::Args)]
pub(in crate::native) struct Args {
    /// What `cutover plan -o PLAN` wrote, or `-` for standard input
    #[arg(value_name = "PLAN")]
    plan: PathBuf,

    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(in crate::native) fn run(args: &Args, terminal: Terminal) -> Result<Status, Error> {
    let plan = read_plan(&args.plan)?;
    terminal.print(&shown(&plan, args.format, terminal))?;
    Ok(Status::Done)
}

pub(super) fn read_plan(path: &Path) -> Result<Plan, Error> {
    let text = files::read(path)?;
    plan::read(&text).map_err(|unreadable| {
        let error = Error::new(Kind::Input, format!("`{}`: {unreadable}", path.display()));
        match text.contains(render::MASK) {
            true => {
                error.hint("what `--format json` prints hides secrets, and is only to be read: save a plan with `-o`")
            }
            false => error,
        }
    })
}

/// How commands name the deploy of the plan that is saved there.
pub(super) fn handle(path: &Path) -> Handle {
    let named = shlex::try_quote(&path.to_string_lossy()).map(|path| Handle::Plan(path.into_owned()));
    // What was read from standard input nobody reads again.
    named.ok().filter(|_| path != Path::new(files::STDIN)).unwrap_or(Handle::App)
}
