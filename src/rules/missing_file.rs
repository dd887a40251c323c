//! A file that fly.toml names and that is not there.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{self, Facts};
use crate::span::Spanned;

pub(super) const RULE: Rule = Rule {
    id: "missing-file",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::FailsDeploy,
    summary: "a file that a deploy needs is missing",
    why: "A deploy reads the Dockerfile, the Compose file, a Machine config and the files of `[[files]]`. A missing \
          one ends it. Only files beside fly.toml are looked for, and only when cutover is given a path. Where none of \
          them is there, not even a `Dockerfile`, the file may stand outside its project, or something makes them \
          before the deploy: then this is a hint.",
    bad: "app = \"shop\"\n\n[build]\ndockerfile = \"Dockerfile.prod\"\n",
    good: "app = \"shop\"\n\n[build]\ndockerfile = \"Dockerfile\"\n",
    given: Given::files(&[("Dockerfile", "FROM scratch\n")]),
    source: "flyctl internal/command/deploy/deploy_build.go: resolveDockerfilePath; internal/appconfig/config.go: \
             toMachineFile",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let Some(files) = facts.files else { return };
    let config = facts.config();
    let asked = facts::paths_beside(config);
    let is_missing = |path: &&Spanned<String>| asked.contains(&path.value) && !files.contains_key(&path.value);
    let build = config.build.as_ref();
    let dockerfile = build.and_then(|build| build.dockerfile.as_ref());
    let compose = build.and_then(|build| build.compose.as_ref()).and_then(|compose| compose.file.as_ref());
    let experimental = config.experimental.as_ref().and_then(|experimental| experimental.machine_config.as_ref());
    let needed = dockerfile.into_iter().chain(compose).chain(experimental).chain(&config.machine_config);
    let severity = if files.is_empty() { Severity::Hint } else { Severity::Error };
    for path in needed.filter(is_missing) {
        sink.report(path.span, format!("there is no file `{}` beside this one", path.value))
            .severity(severity)
            .help("the path is relative to the folder of this file");
    }
    for path in config.files.iter().filter_map(|file| file.local_path.as_ref()).filter(is_missing) {
        sink.report(path.span, format!("there is no file `{}` beside this one", path.value))
            .severity(severity.min(Severity::Warning))
            .help("flyctl looks for it in the folder that it is run in");
    }
}
