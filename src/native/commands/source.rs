//! The config file that a command is about, read and understood.

use std::path::PathBuf;

use crate::config::{self, Config};
use crate::native::error::Error;
use crate::native::files;
use crate::syntax::{self, Format};

pub(super) struct Source {
    /// As messages name it.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) config: Config,
}

impl Source {
    /// FILE, or flyctl's default.
    pub(super) fn read(file: Option<PathBuf>) -> Result<Self, Error> {
        let path = files::config_or_default(file)?;
        let text = files::read_config(&path)?;
        // Standard input is taken for TOML.
        let name = if path.as_os_str() == files::STDIN { "fly.toml".to_owned() } else { path.display().to_string() };
        Ok(Self::of(name, text))
    }

    pub(super) fn of(path: String, text: String) -> Self {
        let config = config::read(&syntax::parse(&text, Format::of_path(&path))).config;
        Self { path, text, config }
    }
}
