//! `cutover normalize`.

use std::path::{Path, PathBuf};

use super::source::Source;
use crate::config;
use crate::native::error::{Error, Kind, Status};
use crate::native::files;
use crate::native::terminal::Terminal;
use crate::syntax::Format;

/// Print the same config with its process groups written out, comments kept
///
/// Every service, check and machine setting names the groups it is for, and `[processes]` is there
/// even for a single group. No Machine config changes by it.
#[derive(Debug, clap::Args)]
pub(in crate::native) struct Args {
    /// A fly.toml, or `-` for standard input [default: fly.toml]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(in crate::native) fn run(args: Args, terminal: Terminal) -> Result<Status, Error> {
    let path = files::config_or_default(args.file)?;
    let text = files::read(&path)?;
    refuse_other_formats(&path)?;
    let source = Source::of(path.display().to_string(), text);
    source.refuse_unreadable("there is nothing to normalize")?;
    terminal.print(&config::normalize(&source.text))?;
    Ok(Status::Done)
}

fn refuse_other_formats(path: &Path) -> Result<(), Error> {
    if Format::of_path(&path.to_string_lossy()) == Format::Toml {
        return Ok(());
    }
    Err(Error::new(Kind::Input, format!("`{}` is not TOML, and only TOML can be normalized", path.display())))
}
