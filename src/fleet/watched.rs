//! What of a machine is kept while it is only watched: a thousand are read again and again, and most of
//! what Fly tells of them is for people.

use serde_json::{Map, Value, json};

use super::Machine;

impl Machine {
    /// Without what only planning asks for, and with no more of its history than tells how its process
    /// began or ended last. All that this layer and the executor say of it stays the same.
    #[must_use]
    pub fn watched(mut self) -> Self {
        self.other.retain(|key, _| key == EVENTS || key == INCOMPLETE_CONFIG);
        if let Some(Value::Array(events)) = self.other.get_mut(EVENTS) {
            *events = runs(std::mem::take(events));
        }
        for check in &mut self.checks {
            check.other = Map::new();
        }
        self
    }
}

/// The newest end of its process, and the beginnings after it. Events come newest first.
fn runs(events: Vec<Value>) -> Vec<Value> {
    let mut runs = Vec::new();
    for event in events {
        match event.get("type").and_then(Value::as_str) {
            Some("start") => runs.push(json!({"type": "start"})),
            Some("exit") => {
                runs.push(exit(&event));
                break;
            }
            _ => {}
        }
    }
    runs
}

fn exit(event: &Value) -> Value {
    match event.pointer("/request/exit_event") {
        Some(exit) => json!({"type": "exit", "request": {"exit_event": exit}}),
        None => json!({"type": "exit"}),
    }
}

const EVENTS: &str = "events";
const INCOMPLETE_CONFIG: &str = "incomplete_config";

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(fields: &Value) -> Value {
        let mut machine = json!({"id": "a", "state": "stopped"});
        machine.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let machine: Machine = serde_json::from_value(machine).unwrap();
        json!(machine.watched())
    }

    #[test]
    fn what_only_people_read_is_let_go() {
        let told = watched(&json!({
            "private_ip": "fdaa::3", "created_at": "2026-01-01T00:00:00Z", "cordoned": true,
            "incomplete_config": {"metadata": {"fly_process_group": "app"}},
            "checks": [{"name": "alive", "status": "passing", "output": "200 OK", "updated_at": "2026-01-01T00:00:00Z"}],
        }));
        assert_eq!(told["checks"], json!([{"name": "alive", "status": "passing"}]));
        assert_eq!(told["incomplete_config"]["metadata"]["fly_process_group"], "app");
        assert_eq!((&told["cordoned"], told.get("private_ip"), told.get("created_at")), (&json!(true), None, None));
    }

    #[test]
    fn of_its_history_the_last_run_stays() {
        let exit = |code: u64| json!({"exit_event": {"exit_code": code, "requested_stop": false}});
        let event =
            |kind: &str, request: Value| json!({"type": kind, "status": "x", "source": "flyd", "request": request});
        let events = json!([
            event("update", json!({})),
            event("start", json!({"a": 1})),
            event("exit", exit(2)),
            event("start", json!({})),
            event("exit", exit(1)),
            event("launch", json!({}))
        ]);
        let kept = json!([{"type": "start"}, {"type": "exit", "request": exit(2)}]);
        assert_eq!(watched(&json!({"events": events}))["events"], kept);
        for odd in [json!(null), json!("none"), json!([])] {
            assert_eq!(watched(&json!({"events": odd}))["events"], odd);
        }
        assert_eq!(watched(&json!({"events": [7, {"type": "exit"}]}))["events"], json!([{"type": "exit"}]));
    }
}
