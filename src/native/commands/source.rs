//! The config file that a command is about, read and understood.

use std::path::{Path, PathBuf};

use crate::config::{self, Config, Contents, Problem};
use crate::native::error::{Error, Kind};
use crate::native::files;
use crate::syntax::{self, Format};

pub(super) struct Source {
    /// As messages name it.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) config: Config,
    /// Whether flyctl can read it.
    is_readable: bool,
    /// Of the files that `[[files]]` names and that are there.
    pub(super) contents: Contents,
}

impl Source {
    /// FILE, or flyctl's default.
    pub(super) fn read(file: Option<PathBuf>) -> Result<Self, Error> {
        let path = files::config_or_default(file)?;
        let text = files::read_config(&path)?;
        // Standard input is taken for TOML.
        let name = if path.as_os_str() == files::STDIN { "fly.toml".to_owned() } else { path.display().to_string() };
        let mut source = Self::of(name, text);
        source.read_contents(path.parent().unwrap_or(Path::new("")));
        Ok(source)
    }

    pub(super) fn of(path: String, text: String) -> Self {
        let reading = config::read(&syntax::parse(&text, Format::of_path(&path)));
        let is_readable = !reading.problems.iter().any(Problem::is_fatal);
        Self { path, text, config: reading.config, is_readable, contents: Contents::new() }
    }

    /// As far as the files are there: what needs one that is not says so.
    fn read_contents(&mut self, folder: &Path) {
        let read = |path: &str| Some((path.to_owned(), std::fs::read(folder.join(path)).ok()?));
        self.contents = self.config.local_files().filter_map(read).collect();
        self.config.supply(&self.contents);
    }
    /// What flyctl cannot read says nothing about machines. `so`: what follows from that.
    pub(super) fn refuse_unreadable(&self, so: &str) -> Result<(), Error> {
        if self.is_readable {
            return Ok(());
        }
        let path = &self.path;
        Err(Error::new(Kind::Input, format!("flyctl could not read `{path}`, so {so}"))
            .hint(format!("`cutover check {path}` shows why")))
    }
}
