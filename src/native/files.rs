//! Reading what the user names and writing what the user asked for.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::error::{Error, Kind};

/// Where flyctl looks for an app's config, in this order.
pub(super) const CONFIG_NAMES: [&str; 3] = ["fly.toml", "fly.json", "fly.yaml"];

/// Stands for standard input.
pub(super) const STDIN: &str = "-";

/// The config that a command without FILE is about.
pub(super) fn default_config() -> Option<PathBuf> {
    CONFIG_NAMES.iter().map(PathBuf::from).find(|path| path.is_file())
}

/// `given`, else what [`default_config`] finds.
pub(super) fn config_or_default(given: Option<PathBuf>) -> Result<PathBuf, Error> {
    given.or_else(default_config).ok_or_else(|| no_config_in(Path::new(".")))
}

/// The configs of a folder: every `fly*.toml`, else the first of flyctl's other names.
pub(super) fn configs_in(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = fs::read_dir(folder).map_err(|error| cannot("read", folder, &error))?;
    let is_config = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
        name.starts_with("fly") && name.ends_with(".toml") && path.is_file()
    };
    let mut found: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_config).collect();
    found.sort();
    if found.is_empty() {
        found.extend(CONFIG_NAMES.iter().map(|name| folder.join(name)).find(|path| path.is_file()));
    }
    if found.is_empty() { Err(no_config_in(folder)) } else { Ok(found) }
}

/// The cutover.toml for the config at `config`, with its name for messages: `given`, else the one
/// beside it.
pub(super) fn settings(config: &Path, given: Option<&Path>) -> Result<Option<(String, String)>, Error> {
    let beside = || Some(config.with_file_name(SETTINGS_NAME)).filter(|path| path.exists());
    let Some(path) = given.map(PathBuf::from).or_else(beside) else { return Ok(None) };
    Ok(Some((path.display().to_string(), read_config(&path)?)))
}

/// The text of a plan or a machine list, or of standard input for `-`.
pub(super) fn read(path: &Path) -> Result<String, Error> {
    read_up_to(path, LARGEST_INPUT)
}

/// The text of a config, or of standard input for `-`.
pub(super) fn read_config(path: &Path) -> Result<String, Error> {
    read_up_to(path, LARGEST_CONFIG)
}

fn read_up_to(path: &Path, most: u64) -> Result<String, Error> {
    let mut bytes = Vec::new();
    // One byte more tells a larger file, however large it is, and a device that never ends.
    let read = if path == Path::new(STDIN) {
        io::stdin().lock().take(most + 1).read_to_end(&mut bytes)
    } else {
        open(path)?.take(most + 1).read_to_end(&mut bytes)
    };
    read.map_err(|error| cannot("read", path, &error))?;
    if bytes.len() as u64 > most {
        let mib = most >> 20;
        return Err(Error::new(
            Kind::Input,
            format!("{} is larger than {mib} MiB, the most that is read", shown(path)),
        ));
    }
    text(path, bytes)
}

/// Refuses what would block or never end: a named pipe that nobody writes to, a device. What a
/// shell makes for `<(command)` is a pipe too, with a writer.
fn open(path: &Path) -> Result<fs::File, Error> {
    let failed = |error| cannot("read", path, &error);
    let kind = fs::metadata(path).map_err(failed)?;
    let is_given_open = ["/dev/fd", "/dev/stdin", "/proc/self/fd"].iter().any(|folder| path.starts_with(folder));
    if !kind.is_file() && !kind.is_dir() && !is_given_open {
        let message = format!("cannot read {}: it is a device or a pipe, not a file", shown(path));
        return Err(Error::new(Kind::Input, message).hint("pass what it gives to standard input, and name `-`"));
    }
    fs::File::open(path).map_err(failed)
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        Error::new(
            Kind::Input,
            format!("{} is not UTF-8: the byte at offset {offset} begins no character", shown(path)),
        )
        .hint("save it as UTF-8; fly.toml, plans and machine lists are always UTF-8")
    })
}

/// Puts `text` in place of a file, whole or not at all. The file keeps its permissions.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), Error> {
    // The file that a link points to, not the link.
    let target = fs::canonicalize(path).map_err(|error| cannot("write", path, &error))?;
    let permissions = fs::metadata(&target).map_err(|error| cannot("write", path, &error))?.permissions();
    let written = write_beside(&target, text, Some(permissions));
    written.map_err(|error| cannot("write", path, &error))
}

/// Writes a file that only its owner can read, whole or not at all.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), Error> {
    write_beside(path, text, None).map_err(|error| cannot("write", path, &error))
}

fn write_beside(path: &Path, text: &str, permissions: Option<fs::Permissions>) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = |mut file: fs::File| {
        file.write_all(text.as_bytes())?;
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    options.open(&beside).and_then(write).inspect_err(|_| {
        // Best effort: the error that matters is the one being returned.
        let _ = fs::remove_file(&beside);
    })
}

fn cannot(verb: &str, path: &Path, error: &io::Error) -> Error {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    };
    let kind = if verb == "write" { Kind::Output } else { Kind::Input };
    Error::new(kind, format!("cannot {verb} {}: {why}", shown(path)))
}

fn no_config_in(folder: &Path) -> Error {
    let place = if folder == Path::new(".") { "this folder".to_owned() } else { shown(folder) };
    Error::new(Kind::Input, format!("there is no fly.toml, fly.json or fly.yaml in {place}"))
        .hint("name the file, or change to the app's folder")
}

/// Beside fly.toml.
const SETTINGS_NAME: &str = "cutover.toml";

/// Real ones have a few kB; the largest imaginable one, with files in it, some hundred.
const LARGEST_CONFIG: u64 = 10 << 20;

/// Plans and machine lists grow with the fleet: thousands of machines fit.
const LARGEST_INPUT: u64 = 256 << 20;

/// A path as messages name it.
fn shown(path: &Path) -> String {
    if path == Path::new(STDIN) { "standard input".to_owned() } else { format!("`{}`", path.display()) }
}
