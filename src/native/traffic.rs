//! What became of the requests during a simulated deploy, as text for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::sim::{Loss, Traffic};

/// Lines with their ends.
pub(super) fn text(traffic: &Traffic) -> String {
    let (answered, dropped) = (traffic.answered_in_all(), traffic.dropped.len());
    let versions: Vec<String> =
        traffic.shares.iter().map(|(image, share)| format!("{} by {}", share.answered, image.brief())).collect();
    let mut text = format!("\nRequests meanwhile: {answered} answered, {dropped} dropped\n");
    if !versions.is_empty() {
        let _ = writeln!(text, "  {}", versions.join(", "));
    }
    let mixed = seconds(traffic.mixed_version_ms());
    let waited = seconds(traffic.waited_ms);
    let _ = writeln!(text, "  more than one version for {mixed}; the longest wait for a machine {waited}");
    for (why, (count, line)) in losses(traffic) {
        let _ = writeln!(text, "  {count} dropped, because {}: {line}", why.as_str());
    }
    text
}

/// How many there are for each reason, with the first of them.
fn losses(traffic: &Traffic) -> BTreeMap<Loss, (usize, String)> {
    let mut losses: BTreeMap<Loss, (usize, String)> = BTreeMap::new();
    for one in &traffic.dropped {
        let first = || {
            let machine = one.machine.as_ref().map_or(String::new(), |machine| format!(", {machine}"));
            format!("first after {} in {}{machine}", seconds(one.t_ms), one.region)
        };
        losses.entry(one.why).or_insert_with(|| (0, first())).0 += 1;
    }
    losses
}

fn seconds(ms: u64) -> String {
    format!("{}.{}s", ms / 1_000, ms % 1_000 / 100)
}
