//! Names that an environment variable should not have.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::limits;

pub(super) const RULE: Rule = Rule {
    id: "unusable-variable-name",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "an environment variable with a reserved or impossible name",
    why: "Names that begin with `FLY_` are Fly's own: it sets some of them on every machine, over what the file says. \
          A name that is empty, or has a space or `=` in it, reaches no program.",
    bad: "app = \"shop\"\n\n[env]\nFLY_REGION = \"iad\"\n",
    good: "app = \"shop\"\n\n[env]\nSHOP_REGION = \"iad\"\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: env; POSIX: environment variables",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for (name, variable) in &facts.config().env {
        if limits::RUNTIME_VARIABLES.contains(&name.as_str()) {
            sink.report(variable.name, format!("Fly sets `{name}` on every machine, over this value"))
                .help("remove it, or choose another name");
        } else if name.starts_with("FLY_") {
            sink.report(variable.name, format!("`{name}`: names that begin with `FLY_` are reserved"))
                .severity(Severity::Hint)
                .help("choose another name, unless the image asks for this one");
        } else if name.is_empty() || name.contains(['=', '\0', ' ', '\n']) {
            sink.report(variable.name, "no program can read a variable with this name")
                .help("use letters, digits and `_`");
        }
    }
}
