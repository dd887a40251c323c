//! A code quality report as GitLab CI reads it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Checked, json, level};
use crate::diagnostic::Diagnostic;
use crate::span::LineIndex;

/// `check --format gitlab`.
pub fn check(files: &[Checked]) -> String {
    let mut entries: Vec<Value> = Vec::new();
    for checked in files {
        let lines = LineIndex::new(checked.text);
        for (found, fingerprint) in checked.report.diagnostics.iter().zip(fingerprints(checked)) {
            let at = |offset| lines.position(checked.text, offset).line;
            entries.push(json!({
                "description": found.message,
                "check_name": found.rule,
                "fingerprint": fingerprint,
                "severity": level(found.severity).gitlab,
                "location": {
                    "path": checked.path.trim_start_matches("./"),
                    "lines": {"begin": at(found.span.start), "end": at(found.span.end)},
                },
            }));
        }
    }
    json::pretty(&Value::Array(entries))
}

/// One for each finding, the same while the finding is, wherever in the file it moves: of the
/// path, the rule, the message, and how many such findings came before; of the suppressed ones last.
pub(super) fn fingerprints<'a>(checked: &Checked<'a>) -> Vec<String> {
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let fingerprint = |found: &'a Diagnostic| {
        let above = seen.entry((found.rule, &found.message)).or_default();
        let parts = [checked.path.trim_start_matches("./"), found.rule, &found.message, &above.to_string()];
        *above += 1;
        let digest = Sha256::digest(parts.join("\0"));
        digest.iter().take(FINGERPRINT_BYTES).map(|byte| format!("{byte:02x}")).collect()
    };
    checked.report.all().map(fingerprint).collect()
}

/// Enough that no two findings meet.
const FINGERPRINT_BYTES: usize = 16;
