//! Automatic growth that never happens.

use super::{Given, Persona, Rule, Sink};
use crate::config::Field;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::units::parse_gigabytes;

pub(super) const RULE: Rule = Rule {
    id: "volume-that-cannot-grow",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "automatic growth of a volume that has no room to grow",
    why: "A volume is extended by the increment when it is as full as the threshold says, unless it would then be \
          larger than the limit. Without a limit, or with one that leaves no room for one increment, it is never \
          extended, and the app runs out of disk.",
    bad: "app = \"shop\"\n\n\
          [[mounts]]\nsource = \"data\"\ndestination = \"/data\"\ninitial_size = \"10gb\"\nauto_extend_size_threshold = 80\nauto_extend_size_increment = \"1GB\"\nauto_extend_size_limit = \"10GB\"\n",
    good: "app = \"shop\"\n\n\
           [[mounts]]\nsource = \"data\"\ndestination = \"/data\"\ninitial_size = \"10gb\"\nauto_extend_size_threshold = 80\nauto_extend_size_increment = \"1GB\"\nauto_extend_size_limit = \"50GB\"\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: auto_extend_size_threshold, auto_extend_size_limit",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for mount in &facts.config().mounts {
        let Some(threshold) = mount.auto_extend_size_threshold.as_ref().filter(|percent| percent.value > 0) else {
            continue;
        };
        let Some(increment_gb) = gigabytes(&mount.auto_extend_size_increment) else { continue };
        let Some(limit) = mount.auto_extend_size_limit.as_ref().filter(|limit| !limit.is_empty()) else {
            sink.report(threshold.span, "the volume does not grow without `auto_extend_size_limit`")
                .help("say how large it may become: `auto_extend_size_limit = \"50GB\"`");
            continue;
        };
        let initial_gb = gigabytes(&mount.initial_size).unwrap_or(DEFAULT_SIZE_GB);
        let Ok(limit_gb) = parse_gigabytes(limit) else { continue };
        if limit_gb > 0 && initial_gb + increment_gb > limit_gb {
            let message = format!("a volume of {initial_gb}GB never grows: {increment_gb}GB more is over {limit_gb}GB");
            let finding = sink.report(limit.span, message).help("raise the limit, or begin smaller");
            if let Some(initial) = &mount.initial_size {
                finding.label(initial.span, "its first size");
            }
        }
    }
}

/// `None`: unset or not a size.
fn gigabytes(size: &Field<String>) -> Option<i64> {
    parse_gigabytes(size.as_ref()?).ok().filter(|gigabytes| *gigabytes > 0)
}

/// Of a volume whose size the file does not say.
const DEFAULT_SIZE_GB: i64 = 1;
