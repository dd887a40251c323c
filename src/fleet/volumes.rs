//! A pasted list of volumes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::paste::{self, Unreadable, VOLUMES};
use super::{HostStatus, null_as_default};

/// A volume as the Machines API describes it. Unknown fields are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Volume {
    pub id: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub state: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub region: String,
    /// A volume belongs to one machine at a time.
    #[serde(default)]
    pub attached_machine_id: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub host_status: HostStatus,
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Volume {
    /// A new machine in its region could have it.
    pub fn is_free(&self) -> bool {
        let is_attached = |id: &Option<String>| id.as_deref().is_some_and(|id| !id.is_empty());
        let is_allocated = self.other.get("attached_alloc_id").is_some_and(|id| !id.is_null() && *id != *"");
        !is_attached(&self.attached_machine_id) && !is_allocated && self.host_status == HostStatus::Ok
    }

    /// flyctl does not list it any more.
    fn is_going(&self) -> bool {
        GOING.contains(&self.state.as_str())
    }
}

/// The volumes in `text`: what `fly volumes list --json` or `GET /v1/apps/APP/volumes` gives,
/// sorted by id, less those about to be destroyed.
///
/// # Errors
/// As [`super::parse`].
pub fn volumes(text: &str) -> Result<Vec<Volume>, Unreadable> {
    let items = paste::list(text, &VOLUMES)?.into_iter();
    let mut volumes: Vec<Volume> = items.map(|fields| paste::read(text, &VOLUMES, fields)).collect::<Result<_, _>>()?;
    volumes.retain(|volume| !volume.is_going());
    volumes.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(volumes)
}

/// Source: fly-go `flaps/flaps_volumes.go`, 2026-08-21.
const GOING: [&str; 5] = ["scheduling_destroy", "fork_cleanup", "waiting_for_detach", "pending_destroy", "destroying"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_are_read_with_what_they_hang_on() {
        let text = r#"[{"id": "vol_2", "name": "data", "state": "created", "region": "iad", "size_gb": 1,
                        "attached_machine_id": "a1", "attached_alloc_id": null},
                       {"id": "vol_1", "name": "data", "state": "created", "size_gb": 1, "attached_machine_id": null},
                       {"id": "vol_3", "name": "data", "state": "created", "host_status": "unreachable"},
                       {"id": "vol_4", "name": "data", "state": "pending_destroy"}]"#;
        let read = volumes(text).unwrap();
        let brief: Vec<_> = read.iter().map(|volume| (volume.id.as_str(), volume.is_free())).collect();
        assert_eq!(brief, [("vol_1", true), ("vol_2", false), ("vol_3", false)]);
        assert_eq!(read[1].attached_machine_id.as_deref(), Some("a1"));
        assert_eq!(volumes("null"), Ok(Vec::new()));
    }

    #[test]
    fn what_was_pasted_instead_is_named() {
        let check = |text: &str, message: &str| {
            let found = volumes(text).map_err(|unreadable| unreadable.message);
            let paste = "paste what `fly volumes list --json` prints, from `[` to `]`";
            assert_eq!(found, Err(message.replace("PASTE", paste)));
        };
        check(
            "ID     \tSTATE  \tNAME\tSIZE\tREGION\nvol_1  \tcreated\tdata\t1GB \tiad\n",
            "this is the table that `fly volumes list` prints for people; PASTE",
        );
        check("<html>", "this is an HTML page, perhaps of a login or an error; PASTE");
        check(r#"[{"id": "a1", "config": {}}]"#, "this is a list of machines; PASTE");
        check(r#"[{"name": "data"}]"#, "entry 1 of the list: it has no `id`; PASTE");
        check(
            r#"[{"id": "vol_1"}, {"id": "vol_1"}]"#,
            "volume vol_1 is listed twice (line 1, column 26): paste one list only",
        );
    }
}
