//! Sizes and times of a volume that Fly does not take.

use super::{Given, Persona, Rule, Sink};
use crate::config::{Field, Mount};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::limits;
use crate::units::parse_gigabytes;

pub(super) const RULE: Rule = Rule {
    id: "volume-setting-out-of-range",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Rejects,
    summary: "a volume's size, retention or growth is out of range",
    why: "flyctl rejects volumes under 1 GB, snapshots kept for other than 1 to 60 days, and automatic growth whose \
          threshold, increment and limit are not all there and sensible.",
    bad: "app = \"shop\"\n\n[[mounts]]\nsource = \"data\"\ndestination = \"/data\"\nsnapshot_retention = 90\n",
    good: "app = \"shop\"\n\n[[mounts]]\nsource = \"data\"\ndestination = \"/data\"\nsnapshot_retention = 60\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/validation.go: validateMounts",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for mount in &facts.config().mounts {
        size(sink, &mount.initial_size, "initial_size", None);
        if let Some(days) = mount
            .snapshot_retention
            .as_ref()
            .filter(|days| !limits::is_within(limits::SNAPSHOT_RETENTION_DAYS, days.value))
        {
            sink.report(days.span, format!("snapshots are kept for 1 to 60 days, not {}", days.value))
                .help("write a number from 1 to 60");
        }
        growth(sink, mount);
    }
}

/// The three keys of automatic growth, which need each other.
fn growth(sink: &mut Sink, mount: &Mount) {
    let increment = size(
        sink,
        &mount.auto_extend_size_increment,
        "auto_extend_size_increment",
        Some(limits::AUTO_EXTEND_INCREMENT_GB),
    );
    let limit = size(sink, &mount.auto_extend_size_limit, "auto_extend_size_limit", Some(limits::AUTO_EXTEND_LIMIT_GB));
    let threshold = mount.auto_extend_size_threshold.as_ref().map(|threshold| (threshold.value, threshold.span));
    if threshold.is_none_or(|(percent, _)| percent == 0) && increment == 0 && limit == 0 {
        return;
    }
    let (percent, span) = threshold.unwrap_or((0, mount.span));
    if !limits::is_within(limits::AUTO_EXTEND_PERCENT, percent) {
        sink.report(span, format!("`auto_extend_size_threshold` is a percentage from 50 to 99, not {percent}"))
            .help("say from which use on the volume grows: `auto_extend_size_threshold = 80`");
    }
    if increment == 0 && mount.auto_extend_size_increment.is_none() {
        sink.report(span, "automatic growth needs `auto_extend_size_increment`, from 1GB to 100GB")
            .label(mount.span, "of this volume")
            .help("say by how much it grows: `auto_extend_size_increment = \"1GB\"`");
    }
}

/// The size in whole gigabytes (0: unset or not a size); reports one that is out of `range`.
fn size(sink: &mut Sink, field: &Field<String>, key: &str, range_gb: Option<(i64, i64)>) -> i64 {
    let Some(written) = field.as_ref().filter(|written| !written.value.is_empty()) else { return 0 };
    match parse_gigabytes(&written.value) {
        Err(why) => {
            sink.report(written.span, why).help("write it as in \"10gb\"");
            0
        }
        Ok(gigabytes) => {
            if !limits::is_within(range_gb.unwrap_or((1, i64::MAX)), gigabytes) {
                let most = range_gb.map(|(_, most)| format!(" and at most {most}GB")).unwrap_or_default();
                sink.report(written.span, format!("`{key}` is at least 1GB{most}, not {}", written.value))
                    .help("write it in whole gigabytes, as in \"1gb\"");
            }
            gigabytes
        }
    }
}
