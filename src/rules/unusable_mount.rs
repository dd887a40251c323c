//! A volume that cannot be mounted as it is written.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "unusable-mount",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::FailsDeploy,
    summary: "a mount without a source, a destination, or an absolute path",
    why: "A mount needs the name of a volume and an absolute path other than `/`, where the root file system is. \
          flyctl validates neither: without a source it looks for a volume without a name and finds none; without a \
          path, or with one that does not work, the deploy fails later.",
    bad: "app = \"shop\"\n\n[[mounts]]\nsource = \"data\"\n",
    good: "app = \"shop\"\n\n[[mounts]]\nsource = \"data\"\ndestination = \"/data\"\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: mounts; flyctl internal/command/deploy/machines_launchinput.go: \
             launchInputForLaunch",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for mount in &facts.config().mounts {
        if mount.source.as_ref().is_none_or(|source| source.is_empty()) {
            sink.report(mount.span, "this mount names no volume: no machine can be made with it")
                .help("name one: `source = \"data\"`");
        }
        match mount.destination.as_ref().filter(|path| !path.is_empty()) {
            None => {
                sink.report(mount.span, "this mount does not say where the volume goes")
                    .help("say it: `destination = \"/data\"`");
            }
            Some(path) if path.trim_matches('/').is_empty() => {
                sink.report(path.span, "the root file system is at `/`: no volume can be mounted there")
                    .help("mount it in a directory of its own, such as `/data`");
            }
            Some(path) if !path.starts_with('/') => {
                sink.report(path.span, format!("`{}` is not an absolute path", path.value))
                    .help(format!("write `/{}`", path.value));
            }
            Some(_) => {}
        }
    }
}
