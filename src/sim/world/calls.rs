//! What is asked of machines beside changing their state: metadata, commands, logs; and of the
//! services around them: releases, and the URL of the app.

use serde_json::{Value, json};

use super::{Answered, World, now};
use crate::execute::{Answer, Call, ReleaseStatus, Reply, Sample, Why};
use crate::fleet::State;
use crate::sim::fault::Behaviour;

/// A release as the API keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    pub version: u64,
    pub image: String,
    pub definition: Value,
    /// `None` until it is told.
    pub status: Option<ReleaseStatus>,
}

impl World {
    pub(super) fn ask(&mut self, call: &Call) -> Answered {
        match call {
            Call::SetMetadata { id, key, value } => self.on(id, |world, place| {
                world.set_metadata(place, key, Some(value));
                Reply::Done(Answer::Ok)
            }),
            Call::ClearMetadata { id, keys } => self.on(id, |world, place| {
                keys.iter().for_each(|key| world.set_metadata(place, key, None));
                Reply::Done(Answer::Ok)
            }),
            Call::Exec { id, command, .. } => self.on(id, |world, place| world.exec(place, command)),
            Call::Logs { id } => now(Reply::Done(Answer::Logs(vec![format!("{id} says hello")]))),
            Call::CreateRelease { image, definition } => now(self.create_release(image, definition)),
            Call::UpdateRelease { id, status, .. } => now(self.update_release(id, *status)),
            _ => now(Reply::Done(Answer::Probed(self.probe()))),
        }
    }

    /// The releases that were recorded, oldest first.
    pub fn releases(&self) -> &[Release] {
        &self.releases
    }

    fn set_metadata(&mut self, place: usize, key: &str, value: Option<&String>) {
        let Some(config) = self.machine_mut(place).config_mut() else { return };
        match value {
            Some(value) => config.set_metadata(key, value),
            None => config.retain_metadata(|other| other != key),
        }
        self.changes += 1;
    }

    /// The tables of sockets, whatever the command: with a connection for as long as it is busy.
    fn exec(&self, place: usize, command: &[String]) -> Reply {
        if self.machines[place].state != State::Started {
            let message = "failed_precondition: machine not running".to_owned();
            return Reply::Refused(Why::WrongState { message });
        }
        let quiet_ms = self.lives[place].cordoned_ms.map_or(0, |at_ms| self.now_ms - at_ms);
        let is_busy = |behaviour: &Behaviour| matches!(behaviour, Behaviour::Busy { ms } if quiet_ms < *ms);
        let is_busy = self.behaviours(place).iter().any(is_busy);
        let is_table = command.iter().any(|word| word.starts_with("/proc/net/"));
        let config = self.machines[place].config.as_deref();
        let ports = config.map(crate::fleet::MachineConfig::internal_ports).unwrap_or_default();
        let line = |port: &u64| format!("   0: 0100007F:{port:04X} 0100007F:C000 01 00000000:00000000\n");
        let connections: String = ports.iter().filter(|_| is_busy).map(line).collect();
        let stdout = format!("  sl  local_address rem_address   st tx_queue rx_queue\n{connections}");
        let exit_code = i64::from(is_busy && !is_table);
        Reply::Done(Answer::Executed { exit_code, stdout: if is_table { stdout } else { String::new() } })
    }

    fn create_release(&mut self, image: &str, definition: &Value) -> Reply {
        let version = self.releases.len() as u64 + FIRST_RELEASE;
        let release = Release { version, image: image.to_owned(), definition: definition.clone(), status: None };
        self.releases.push(release);
        Reply::Done(Answer::Release { id: format!("release-{version}"), version: version.to_string() })
    }

    fn update_release(&mut self, id: &str, status: ReleaseStatus) -> Reply {
        let known = self.releases.iter_mut().find(|release| id == format!("release-{}", release.version));
        match known {
            None => Reply::Absent,
            Some(release) => {
                release.status = Some(status);
                Reply::Done(Answer::Ok)
            }
        }
    }

    /// The app answers when anything serves it.
    fn probe(&self) -> Sample {
        let is_up = self.machines.iter().any(|machine| machine.is_serving());
        let body = json!({ "ok": is_up }).to_string();
        Sample { status: if is_up { 200 } else { 503 }, headers: Vec::new(), body }
    }
}

const FIRST_RELEASE: u64 = 8;
