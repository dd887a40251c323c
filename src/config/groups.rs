//! Which process groups there are, and which a section is for.

use super::{Config, Groups};

impl Config {
    /// The process groups, sorted; one of them when the file names none.
    pub fn group_names(&self) -> Vec<&str> {
        match &self.processes {
            Some(processes) if !processes.groups.is_empty() => processes.groups.keys().map(String::as_str).collect(),
            _ => vec![IMPLICIT_GROUP],
        }
    }

    /// The group that sections without `processes` are for: `app` where there is one, else the
    /// first.
    pub fn default_group(&self) -> &str {
        let groups = self.processes.as_ref().map(|processes| &processes.groups);
        let first =
            groups.filter(|groups| !groups.contains_key(IMPLICIT_GROUP)).and_then(|groups| groups.keys().next());
        first.map_or(IMPLICIT_GROUP, String::as_str)
    }

    /// Whether a section with these `processes` is for `group`.
    pub fn is_for(&self, processes: &Groups, group: &str) -> bool {
        match processes.as_slice() {
            [] => group == self.default_group(),
            listed => {
                listed.iter().any(|name| name.value == group || name.value.is_empty() && group == self.default_group())
            }
        }
    }
}

/// The group of a file without `[processes]`.
pub const IMPLICIT_GROUP: &str = "app";
