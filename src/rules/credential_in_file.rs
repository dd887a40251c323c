//! A secret in a file that is committed.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{self, Facts};
use crate::span::Span;

pub(super) const RULE: Rule = Rule {
    id: "credential-in-file",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a value that looks like a password, a key or a token",
    why: "fly.toml is committed, and what stands in `[env]` is shown by `fly config show` and in the config of every \
          machine. Whoever can read either has the credential. Secrets are kept encrypted and reach the app as \
          variables all the same. Build arguments stay in the history of the image.",
    bad: "app = \"shop\"\n\n[env]\nDATABASE_URL = \"postgres://shop:correct-horse@db.internal/shop\"\n",
    good: "app = \"shop\"\n\n[env]\nDATABASE_HOST = \"db.internal\"\n",
    given: Given::NOTHING,
    source: "superfly/docs apps/secrets; libredb/libredb-studio#219",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    for (name, variable) in &config.env {
        if let Some(kind) = credential(name, &variable.value) {
            sink.report(variable.name, format!("`{name}` holds {kind}, for everybody who reads the file"))
                .help(format!("change it, set it with `fly secrets set {name}=...`, and remove it here"));
        }
    }
    let args = config.build.iter().flat_map(|build| &build.args);
    for (name, variable) in args {
        if let Some(kind) = credential(name, &variable.value) {
            sink.report(variable.name, format!("the build argument `{name}` holds {kind}, which stays in the image"))
                .help(format!("change it, and pass it with `fly deploy --build-secret {name}=...`"));
        }
    }
    for file in &config.files {
        let content = file.raw_value.as_ref().filter(|content| facts::credential("", content).is_some());
        if let Some(content) = content {
            sink.report(Span::at(content.span.start), "the content of this file looks like a credential")
                .help("set it with `fly secrets set`, and name it with `secret_name`");
        }
    }
}

/// What only the machine itself can reach is nobody's secret.
fn credential(name: &str, value: &str) -> Option<&'static str> {
    let is_local = value.contains("://") && (value.contains("@localhost") || value.contains("@127.0.0.1"));
    facts::credential(name, value).filter(|_| !is_local)
}
