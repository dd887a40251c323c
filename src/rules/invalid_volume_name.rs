//! Names that no volume can have.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::Facts;
use crate::limits;

pub(super) const RULE: Rule = Rule {
    id: "invalid-volume-name",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::FailsDeploy,
    summary: "a volume name with other than lower-case letters, digits and `_`",
    why: "Fly makes volumes with names of lower-case letters, digits and underscores, 30 characters at most. A mount \
          with another name never finds its volume.",
    bad: "app = \"shop\"\n\n[[mounts]]\nsource = \"shop-data\"\ndestination = \"/data\"\n",
    good: "app = \"shop\"\n\n[[mounts]]\nsource = \"shop_data\"\ndestination = \"/data\"\n",
    given: Given::NOTHING,
    source: "CurateLabs/graphforge#884: what the API answers to other names",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let sources = facts.config().mounts.iter().filter_map(|mount| mount.source.as_ref());
    for source in sources.filter(|source| !source.is_empty()) {
        let fits = source.chars().count() <= limits::VOLUME_NAME_MAX;
        if fits && source.chars().all(is_allowed) {
            continue;
        }
        let finding = sink
            .report(source.span, format!("no volume can be called `{}`", source.value))
            .help(format!("use lower-case letters, digits and `_`, {} at most", limits::VOLUME_NAME_MAX));
        let meant: String = source.to_lowercase().chars().map(|c| if is_allowed(c) { c } else { '_' }).collect();
        if fits {
            let edit = Edit { span: source.span, text: format!("\"{meant}\"") };
            finding.fix(Safety::Unsafe, format!("write `{meant}`"), vec![edit]);
        }
    }
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
}
