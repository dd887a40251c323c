//! Reading what the user names and writing what the user asked for.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

use super::error::{Error, Kind};

/// Where flyctl looks for an app's config, in this order.
pub(super) const CONFIG_NAMES: [&str; 3] = ["fly.toml", "fly.json", "fly.yaml"];

/// Configs in a folder beside every fly*.toml.
const OTHER_CONFIG_NAMES: [&str; 2] = ["fly.json", "fly.yaml"];

/// Where npm and its like put the packages of others.
const PACKAGES: &str = "node_modules";

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

/// The configs of a folder and of those below it, and what of them cannot be looked into. What
/// .gitignore names, hidden folders and installed packages are not the user's own.
pub(super) fn configs_in(folder: &Path) -> (Vec<PathBuf>, Vec<Error>) {
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    let is_own = |entry: &DirEntry| entry.depth() == 0 || entry.file_name() != PACKAGES;
    for entry in WalkBuilder::new(folder).filter_entry(is_own).build() {
        match entry {
            // `is_file` follows a link to a file; folders are walked only where they stand.
            Ok(entry) if is_config_name(&entry.file_name().to_string_lossy()) && entry.path().is_file() => {
                found.push(entry.path().strip_prefix(".").unwrap_or(entry.path()).to_owned());
            }
            Ok(_) => {}
            Err(error) => errors.push(unwalkable(folder, &error)),
        }
    }
    found.sort();
    if found.is_empty() && errors.is_empty() {
        errors.push(no_config_below(folder));
    }
    (found, errors)
}

/// `fly*.toml`, but for the settings of Flyway, which migrates databases.
fn is_config_name(name: &str) -> bool {
    let is_toml = name.starts_with("fly") && name.ends_with(".toml") && !name.starts_with("flyway");
    is_toml || OTHER_CONFIG_NAMES.contains(&name)
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

/// The error tells the folder or file that it is about somewhere inside.
fn unwalkable(folder: &Path, error: &ignore::Error) -> Error {
    match error {
        ignore::Error::WithPath { path, err } => unwalkable(path, err),
        ignore::Error::WithDepth { err, .. } => unwalkable(folder, err),
        ignore::Error::Io(error) => cannot("read", folder, error),
        other => Error::new(Kind::Input, format!("cannot read {}: {other}", shown(folder))),
    }
}

fn no_config_below(folder: &Path) -> Error {
    Error::new(Kind::Input, format!("there is no fly*.toml, fly.json or fly.yaml in {} or below it", place(folder)))
        .hint("folders that are hidden, or that .gitignore names, are passed over: name a file in them")
}

fn no_config_in(folder: &Path) -> Error {
    Error::new(Kind::Input, format!("there is no fly.toml, fly.json or fly.yaml in {}", place(folder)))
        .hint("name the file, or change to the app's folder")
}

fn place(folder: &Path) -> String {
    if folder == Path::new(".") { "this folder".to_owned() } else { shown(folder) }
}

/// Real ones have a few kB; the largest imaginable one, with files in it, some hundred.
const LARGEST_CONFIG: u64 = 10 << 20;

/// Plans and machine lists grow with the fleet: thousands of machines fit.
const LARGEST_INPUT: u64 = 256 << 20;

/// A path as messages name it.
fn shown(path: &Path) -> String {
    if path == Path::new(STDIN) { "standard input".to_owned() } else { format!("`{}`", path.display()) }
}
