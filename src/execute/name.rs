//! The names of the machines that a run makes, and the bodies that only a run can complete.

use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::plan::CreateRequest;

/// `cutover-RUN-SLOT`: unique in the app, so that creating it twice is refused and one whose
/// creation went unanswered can be found. A name that does not fit as it is gets a hash instead of
/// its end.
pub(super) fn machine_name(run: &str, slot: &str) -> String {
    let plain = format!("{PREFIX}-{run}-{slot}");
    let fits = plain.len() <= LONGEST && !plain.ends_with('-') && plain.bytes().all(is_allowed);
    if fits {
        return plain;
    }
    let digest = Sha256::digest(format!("{run}\0{slot}"));
    let hash = digest.iter().take(6).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let clean: String = plain
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(LONGEST - 13)
        .collect();
    format!("{clean}-{hash}")
}

const fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

/// The request with the ids of the machines that the new one stands by for.
pub(super) fn standing_by(request: &CreateRequest, ids: &[String]) -> CreateRequest {
    let mut request = request.clone();
    if ids.is_empty() {
        return request;
    }
    let config = &mut Arc::make_mut(&mut request.config).0;
    config.insert("standbys".to_owned(), json!(ids));
    let env = config.entry("env").or_insert_with(|| json!({}));
    if let Value::Object(env) = env {
        env.insert("FLY_STANDBY_FOR".to_owned(), ids.join(",").into());
    }
    request
}

const PREFIX: &str = "cutover";

/// A label of a DNS name may have 63 bytes; short names also read better in listings.
const LONGEST: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_and_stay_apart() {
        assert_eq!(machine_name("r1", "app-1"), "cutover-r1-app-1");
        let long = "x".repeat(80);
        let names = [
            machine_name("r1", &format!("{long}1")),
            machine_name("r1", &format!("{long}2")),
            machine_name("R_1", "App"),
        ];
        for name in &names {
            assert!(name.len() <= LONGEST && name.bytes().all(is_allowed), "{name}");
        }
        assert_ne!(names[0], names[1]);
    }
}
