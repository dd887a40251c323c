//! The contents of files that `[[files]]` names. Reads none: somebody hands them over.

use std::collections::BTreeMap;

use super::Config;

/// Contents by the paths that fly.toml gives them.
pub type Contents = BTreeMap<String, Vec<u8>>;

impl Config {
    /// The paths in `[[files]]` whose contents machines are to get, in the order of the file.
    pub fn local_files(&self) -> impl Iterator<Item = &str> {
        let paths = self.files.iter().filter_map(|file| file.local_path.as_ref());
        paths.map(|path| path.value.as_str()).filter(|path| !path.is_empty())
    }

    /// Puts the contents at hand where they belong.
    pub fn supply(&mut self, contents: &Contents) {
        for file in &mut self.files {
            let path = file.local_path.as_ref().map(|path| path.value.as_str());
            file.content = path.and_then(|path| contents.get(path)).cloned();
        }
    }
}
