//! Finds cutover.toml and reads what is asked of it.

use std::path::{Path, PathBuf};

use super::error::{Error, Kind};
use super::files;
use crate::settings::{SETTINGS_NAME, Unreadable};

/// What the cutover.toml for the config at `config` says: `given`, else the one beside it, else
/// nothing.
pub(super) fn read<T: Default>(
    config: &Path,
    given: Option<&Path>,
    part: fn(&str) -> Result<T, Unreadable>,
) -> Result<T, Error> {
    let beside = || Some(config.with_file_name(SETTINGS_NAME)).filter(|path| path.exists());
    let Some(path) = given.map(PathBuf::from).or_else(beside) else { return Ok(T::default()) };
    let text = files::read_config(&path)?;
    part(&text).map_err(|unreadable| {
        let error = Error::new(Kind::Input, format!("{}:{}", path.display(), unreadable.placed(&text)));
        unreadable.help.into_iter().fold(error, Error::hint)
    })
}
