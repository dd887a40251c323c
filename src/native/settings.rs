//! Finds cutover.toml and reads it.

use std::path::Path;

use super::error::{Error, Kind};
use super::files;
use crate::lint::{self, Settings};

/// As the cutover.toml beside `file` says, where there is one.
pub(super) fn beside(file: &Path) -> Result<Settings, Error> {
    let path = file.with_file_name(lint::SETTINGS_NAME);
    if path.exists() { read(&path) } else { Ok(Settings::default()) }
}

pub(super) fn read(path: &Path) -> Result<Settings, Error> {
    let text = files::read_config(path)?;
    Settings::read(&text).map_err(|unreadable| {
        let error = Error::new(Kind::Input, format!("{}:{}", path.display(), unreadable.placed(&text)));
        unreadable.help.into_iter().fold(error, Error::hint)
    })
}
