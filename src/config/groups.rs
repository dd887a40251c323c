//! Which process groups there are, and which a section is for.

use std::collections::BTreeMap;

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

    /// The groups that a section with these `processes` is for, each once; also those that there
    /// are not.
    pub fn groups_of<'a>(&'a self, processes: &'a Groups) -> Vec<&'a str> {
        let default = self.default_group();
        let named = processes.iter().map(|name| if name.is_empty() { default } else { name.value.as_str() });
        let mut groups: Vec<&str> = if processes.is_empty() { vec![default] } else { named.collect() };
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// By group, the sections that are for it, in order: there may be many of both.
    pub fn by_group<'a, T: Clone>(
        &'a self,
        sections: impl IntoIterator<Item = (&'a Groups, T)>,
    ) -> BTreeMap<&'a str, Vec<T>> {
        let mut out: BTreeMap<&str, Vec<T>> = BTreeMap::new();
        for (processes, section) in sections {
            for group in self.groups_of(processes) {
                out.entry(group).or_default().push(section.clone());
            }
        }
        out
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
