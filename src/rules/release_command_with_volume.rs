//! A release command that looks for a volume.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "release-command-with-volume",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a release command that needs a volume",
    why: "The release command runs on a temporary machine that has no volume. A migration of a database file in the \
          volume finds nothing there, or makes a new file that is thrown away; the deploy goes on.",
    bad: "app = \"shop\"\n\n[deploy]\nrelease_command = \"migrate\"\n\n\
          [env]\nDATABASE_PATH = \"/data/shop.db\"\n\n[[mounts]]\nsource = \"data\"\ndestination = \"/data\"\n",
    good: "app = \"shop\"\n\n[env]\nDATABASE_PATH = \"/data/shop.db\"\n\n\
           [processes]\napp = \"sh -c 'migrate && serve'\"\n\n\
           [[mounts]]\nsource = \"data\"\ndestination = \"/data\"\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: release_command; flyctl internal/appconfig/machines.go: \
             ToReleaseMachineConfig",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let command = config.deploy.as_ref().and_then(|deploy| deploy.release_command.as_ref());
    let Some(command) = command.filter(|command| !command.is_empty()) else { return };
    for mount in &config.mounts {
        let path = mount.destination.as_ref().map(|path| path.trim_end_matches('/'));
        let Some(destination) = path.filter(|path| path.len() > 1) else { continue };
        let database = config.env.values().find(|variable| is_database_in(&variable.value, destination));
        if !is_named(command, destination) && database.is_none() {
            continue;
        }
        let finding = sink
            .report(command.span, format!("the release command runs on a machine without `{destination}`"))
            .label(mount.span, "the volume is mounted on the other machines")
            .help("what needs the volume has to run on the machines themselves, when the app starts");
        if let Some(database) = database {
            finding.label(database.name, "a database in the volume");
        }
    }
}

/// Whether this is the path or URL of a database file in the volume.
fn is_database_in(value: &str, destination: &str) -> bool {
    let is_file = [".db", ".sqlite", ".sqlite3"].iter().any(|ending| value.ends_with(ending));
    is_named(value, destination) && (is_file || value.starts_with("sqlite"))
}

/// Whether the text names the path, and not only one that begins or ends alike: `/data` is not in
/// `packages/database`.
fn is_named(text: &str, path: &str) -> bool {
    let continues = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.match_indices(path)
        .any(|(at, _)| !text[..at].ends_with(continues) && !text[at + path.len()..].starts_with(continues))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_named_whole() {
        for text in ["/data", "cat /data/shop.db", "sqlite:////data/shop.db", "DB=/data"] {
            assert!(is_named(text, "/data"), "{text}");
        }
        for text in ["packages/database", "/database", "/srv/data-old", "app/data"] {
            assert!(!is_named(text, "/data"), "{text}");
        }
    }
}
