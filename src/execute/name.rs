//! The names of the machines that a run makes, and the bodies that only a run can complete.

use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::job::View;
use super::knowledge::Release;
use crate::fleet::{Machine, MachineConfig};
use crate::plan::CreateRequest;
use crate::plan::mark::{Marks, name_prefix};

/// `cutover-RUN-SLOT`, from the second attempt on `cutover-RUN-ATTEMPT-SLOT`: unique in the app, so that creating it twice is refused and one whose
/// creation went unanswered can be found. A name that does not fit as it is gets a hash instead of
/// its end.
pub(super) fn machine_name(run: &str, slot: &str, attempt: u32) -> String {
    let run = if attempt > 1 { format!("{run}-{attempt}") } else { run.to_owned() };
    let plain = name_prefix(&run) + slot;
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
    let config = Arc::make_mut(&mut request.config).fields_mut();
    config.insert("standbys".to_owned(), json!(ids));
    let env = config.entry("env").or_insert_with(|| json!({}));
    if let Value::Object(env) = env {
        env.insert("FLY_STANDBY_FOR".to_owned(), ids.join(",").into());
    }
    request
}

/// Notes on the new machine what it is for, so that another run can go on with it.
pub(super) fn mark(config: &mut MachineConfig, name: &str, slot: &str, replaces: Option<&String>, view: View<'_>) {
    let marks = Marks {
        plan: view.known.deploy.clone(),
        run: view.options.run.clone(),
        slot: slot.to_owned(),
        replaces: replaces.cloned(),
        greens: view.slots.count(),
        phase: view.slots.phase(),
    };
    for (key, value) in marks.entries(name) {
        config.set_metadata(key, &value);
    }
}

/// Says which release it belongs to, as flyctl does; where none was recorded, to that of the
/// machine that it replaces, so that Fly's own records stay right.
pub(super) fn stamp(config: &mut MachineConfig, release: Option<&Release>, blue: Option<&Machine>) {
    match release {
        Some(release) => {
            config.set_metadata(RELEASE_ID, &release.id);
            config.set_metadata(RELEASE_VERSION, &release.version);
            config.set_metadata(CLIENT_VERSION, concat!("cutover-", env!("CARGO_PKG_VERSION")));
        }
        None => {
            for key in [RELEASE_ID, RELEASE_VERSION, CLIENT_VERSION] {
                if let Some(value) = blue.and_then(|blue| blue.metadata(key)) {
                    config.set_metadata(key, value);
                }
            }
        }
    }
}

/// The release that a machine of this deploy was stamped with.
pub(super) fn release_of(green: &Machine) -> Option<Release> {
    let text = |key| green.metadata(key).map(str::to_owned);
    let is_ours = green.metadata(CLIENT_VERSION)?.starts_with(PREFIX);
    is_ours.then_some(Release { id: text(RELEASE_ID)?, version: text(RELEASE_VERSION)? })
}

const RELEASE_ID: &str = "fly_release_id";
const RELEASE_VERSION: &str = "fly_release_version";
const CLIENT_VERSION: &str = "fly_flyctl_version";

/// What the names of all our machines begin with.
pub(super) const PREFIX: &str = "cutover";

/// A label of a DNS name may have 63 bytes; short names also read better in listings.
const LONGEST: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_and_stay_apart() {
        assert_eq!(machine_name("r1", "app-1", 1), "cutover-r1-app-1");
        assert_eq!(machine_name("r1", "app-1", 2), "cutover-r1-2-app-1");
        let long = "x".repeat(80);
        let names = [
            machine_name("r1", &format!("{long}1"), 1),
            machine_name("r1", &format!("{long}2"), 1),
            machine_name("R_1", "App", 1),
        ];
        for name in &names {
            assert!(name.len() <= LONGEST && name.bytes().all(is_allowed), "{name}");
        }
        assert_ne!(names[0], names[1]);
    }
}
