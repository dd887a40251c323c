//! `cutover machine-config`.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::source::Source;
use crate::config::File;
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
    let mut source = Source::read(args.file)?;
    source.refuse_unreadable("there is no Machine config")?;
    leave_out_missing_files(&mut source, terminal);
    let existing = args.from.as_deref().map(read_machine_config).transpose()?;
    let known = source.config.group_names();
    let groups = match &args.group {
        Some(group) if known.contains(&group.as_str()) => vec![group.as_str()],
        Some(group) => return Err(unknown_group(group, &known, &source.path)),
        None => known,
    };
    let (mut made, mut failed) = (Map::new(), None);
    for group in groups {
        match machine::machine_config(&source.config, group, args.image.as_deref(), existing.as_ref()) {
            Ok(config) => {
                made.insert(group.to_owned(), Value::Object(config.into()));
            }
            Err(error) => failed = failed.or(Some(no_config(&source, group, &error))),
        }
    }
    terminal.print(&render::json::pretty(&Value::Object(made)))?;
    // Last, so that it is not lost above what could be made.
    failed.map_or(Ok(Status::Done), Err)
}

/// A deploy would fail over them; the rest of the config is worth seeing all the same.
fn leave_out_missing_files(source: &mut Source, terminal: Terminal) {
    let missing = |file: &File| file.content.is_none() && file.local_path.as_ref().is_some_and(|path| !path.is_empty());
    for file in source.config.files.iter().filter(|file| missing(file)) {
        let path = file.local_path.as_ref().map_or("", |path| &path.value);
        terminal.say(&format!("warning: `{path}` cannot be read: left out of `files`, and a deploy would fail\n"));
    }
    source.config.files.retain(|file| !missing(file));
}

fn read_machine_config(path: &Path) -> Result<MachineConfig, Error> {
    let bad = |why: String| Error::new(Kind::Input, format!("`{}` holds no Machine config: {why}", path.display()));
    let value: Value = serde_json::from_str(&files::read(path)?).map_err(|error| bad(error.to_string()))?;
    match value {
        // A whole machine has its config in it.
        Value::Object(mut machine) => match machine.remove("config") {
            Some(Value::Object(config)) if machine.contains_key("id") => Ok(config.into()),
            None => Ok(machine.into()),
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
