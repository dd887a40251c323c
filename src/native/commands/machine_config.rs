//! `cutover machine-config`.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::source::{self, Source};
use crate::fleet::MachineConfig;
use crate::machine::{self, Conversion};
use crate::native::error::{Error, Kind, Status};
use crate::native::files;
use crate::native::terminal::Terminal;
use crate::render;
use crate::span::LineIndex;

/// Print the Machine config that Fly would receive for each process group, as JSON
///
/// Metadata that only a deploy knows (release id and version, flyctl's version) is left out. Values
/// of `[env]` are printed as they are.
#[derive(Debug, clap::Args)]
pub(in crate::native) struct Args {
    /// A config file, or `-` for standard input [default: fly.toml, fly.json or fly.yaml]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Only this process group
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,

    /// The image that the machines are to run
    #[arg(long, value_name = "REF")]
    image: Option<String>,

    /// Merge over this machine's config, as a deploy does when it replaces the machine: a Machine
    /// config, or a machine as `fly machine status --json` prints it
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

pub(in crate::native) fn run(args: Args, terminal: Terminal) -> Result<Status, Error> {
    let source = Source::read(args.file)?;
    source::refuse_unreadable(Path::new(&source.path), &source.text, "there is no Machine config")?;
    let existing = args.from.as_deref().map(read_machine_config).transpose()?;
    let known = source.config.group_names();
    let groups = match &args.group {
        Some(group) if known.contains(&group.as_str()) => vec![group.as_str()],
        Some(group) => return Err(unknown_group(group, &known, &source.path)),
        None => known,
    };
    let mut out = Map::new();
    for group in groups {
        let image = args.image.as_deref();
        let config = machine::machine_config(&source.config, group, image, existing.as_ref());
        out.insert(group.to_owned(), Value::Object(config.map_err(|error| no_config(&source, group, &error))?.0));
    }
    terminal.print(&render::json::pretty(&Value::Object(out)))?;
    Ok(Status::Done)
}

fn read_machine_config(path: &Path) -> Result<MachineConfig, Error> {
    let bad = |why: String| Error::new(Kind::Input, format!("`{}` holds no Machine config: {why}", path.display()));
    let value: Value = serde_json::from_str(&files::read(path)?).map_err(|error| bad(error.to_string()))?;
    match value {
        // A whole machine has its config in it.
        Value::Object(mut machine) => match machine.remove("config") {
            Some(Value::Object(config)) if machine.contains_key("id") => Ok(MachineConfig(config)),
            None => Ok(MachineConfig(machine)),
            Some(_) => Err(bad("its `config` is not an object".to_owned())),
        },
        _ => Err(bad("it is not a JSON object".to_owned())),
    }
}

fn unknown_group(group: &str, known: &[&str], path: &str) -> Error {
    Error::new(Kind::Input, format!("`{path}` has no process group `{group}`"))
        .hint(format!("it has {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")))
}

fn no_config(source: &Source, group: &str, error: &Conversion) -> Error {
    let at = LineIndex::new(&source.text).position(&source.text, error.span.start);
    let place = format!("{}:{}:{}", source.path, at.line, at.column);
    Error::new(Kind::Refused, format!("no Machine config can be made for `{group}`: {} ({place})", error.message))
}
