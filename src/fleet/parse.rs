//! A pasted list of machines as a fleet. What the list leaves out is tolerated where something safe
//! can be assumed, and noted.

use serde_json::{Map, Value, json};

use super::paste::{self, MACHINES, Unreadable};
use super::shared::Shared;
use super::{Fleet, Gap, Machine};

/// The machines in `text`: what `fly machine list --json` or `GET /v1/apps/APP/machines` gives.
///
/// # Errors
/// When it is something else, is cut off, names a machine twice, or a machine lacks its id or has
/// a field of another type.
pub fn parse(text: &str) -> Result<Fleet, Unreadable> {
    let mut fleet = Fleet::default();
    let mut configs = Shared::default();
    for (index, mut fields) in paste::list(text, &MACHINES)?.into_iter().enumerate() {
        fleet.gaps.extend(fill(&mut fields, index + 1));
        let mut machine = machine(text, fields)?;
        machine.config = machine.config.map(|config| configs.one(config));
        fleet.machines.push(machine);
    }
    fleet.machines.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(fleet)
}

fn machine(text: &str, fields: Map<String, Value>) -> Result<Machine, Unreadable> {
    if let Some(config) = fields.get("config").filter(|config| !config.is_object() && !config.is_null()) {
        let id = fields.get("id").and_then(Value::as_str).unwrap_or("");
        let what = format!("its `config` is {}, not an object", paste::type_of(config));
        return Err(paste::wrong(text, &MACHINES, id, &what));
    }
    paste::read(text, &MACHINES, fields)
}

/// Puts what is assumed in the place of what is missing, and says so.
fn fill(fields: &mut Map<String, Value>, entry: usize) -> Vec<Gap> {
    let id = fields.get("id").and_then(Value::as_str).unwrap_or("").to_owned();
    let mut gaps = Vec::new();
    for (field, assumed) in EXPECTED {
        let is_missing = fields.get(field).is_none_or(|value| value.is_null() || *value == json!(""));
        if is_missing {
            gaps.push(Gap { machine: id.clone(), entry, field, assumed });
        }
    }
    if gaps.iter().any(|gap| gap.field == "state") {
        fields.insert("state".to_owned(), "started".into());
    }
    gaps
}

/// What every client prints today, and what is assumed where it is missing: what leads to the more
/// careful deploy.
const EXPECTED: [(&str, &str); 5] = [
    ("state", "it is started"),
    ("region", "its successor may stand anywhere"),
    ("image_ref", "it runs the image that its config names"),
    ("instance_id", "a change of it is noticed by its config and image alone"),
    ("host_status", "its host answers"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::HostStatus;

    #[track_caller]
    fn check(text: &str, message: &str) {
        let what_to_paste = "paste what `fly machine list --json` prints, from `[` to `]`";
        let found = parse(text).map_err(|unreadable| unreadable.message.replace(what_to_paste, "PASTE"));
        assert_eq!(found, Err(message.to_owned()));
    }

    #[test]
    fn what_is_missing_or_null_is_tolerated_and_the_unknown_kept() {
        let text = r#"[
            {"id": "b", "state": "napping", "config": null, "checks": null, "image_ref": null, "region": null, "name": null,
             "host_status": null, "cordoned": null, "lease": null, "instance_id": null, "nonce": null, "new_field": {"a": [1]}},
            {"id": "a", "state": "started", "host_status": "confused", "image_ref": {"tag": null, "labels": null},
             "checks": [{"name": null, "status": "passing"}]}
        ]"#;
        let fleet = parse(text).unwrap();
        let [a, b] = fleet.machines.as_slice() else { panic!("{fleet:?}") };
        assert_eq!((a.id.as_str(), b.id.as_str()), ("a", "b"), "sorted by id");
        assert_eq!((a.host_status, b.host_status), (HostStatus::Unknown, HostStatus::Ok));
        assert_eq!((b.state.as_str(), &b.config), ("napping", &None));
        let again = serde_json::to_value(b).unwrap();
        assert_eq!((&again["new_field"]["a"][0], &again["nonce"]), (&1.into(), &Value::Null));
        assert_eq!(parse(&serde_json::to_string(&fleet.machines).unwrap()).unwrap().machines, fleet.machines);
    }

    #[test]
    fn what_is_missing_is_noted_with_its_place_and_what_is_assumed() {
        let fleet = parse(
            r#"[{"id": "b", "region": "iad", "image_ref": {}, "instance_id": "01B", "host_status": "ok"},
                             {"id": "a", "state": "stopped", "region": "", "image_ref": {}, "host_status": null}]"#,
        );
        let fleet = fleet.unwrap();
        let gaps: Vec<_> = fleet
            .gaps
            .iter()
            .map(|gap| format!("{} {} {}: {}", gap.entry, gap.machine, gap.field, gap.assumed))
            .collect();
        assert_eq!(
            gaps,
            [
                "1 b state: it is started",
                "2 a region: its successor may stand anywhere",
                "2 a instance_id: a change of it is noticed by its config and image alone",
                "2 a host_status: its host answers",
            ]
        );
        assert_eq!(fleet.machines[1].state.as_str(), "started");
    }

    #[test]
    fn an_app_tells_what_its_list_must_agree_with() {
        let app = |text: &str| serde_json::from_str::<crate::fleet::App>(text).unwrap();
        let known =
            app(r#"{"id": "a", "name": "shop", "machine_count": 4, "status": "suspended", "organization": {}}"#);
        assert_eq!((known.machine_count, known.was_deployed()), (4, true));
        assert_eq!(
            app(r#"{"machine_count": null, "status": "pending"}"#),
            crate::fleet::App { machine_count: 0, status: "pending".into() }
        );
        assert!(!app("{}").was_deployed());
    }

    #[test]
    fn a_list_is_read_pretty_or_on_one_line() {
        let list = json!([{"id": "a", "state": "started", "config": {"env": {"A": "1"}}}]);
        let (line, pretty) = (list.to_string(), serde_json::to_string_pretty(&list).unwrap());
        assert_eq!(parse(&line), parse(&pretty.replace('\n', "\r\n")));
    }

    #[test]
    fn an_empty_list_may_be_printed_as_null() {
        assert_eq!(parse("null"), Ok(Fleet::default()));
        assert_eq!(parse("\u{feff}[]\n"), Ok(Fleet::default()));
    }

    #[test]
    fn what_was_pasted_instead_is_named() {
        check(" \n", "there is nothing in it; PASTE");
        check("<!DOCTYPE html><title>Sign in</title>", "this is an HTML page, perhaps of a login or an error; PASTE");
        check(
            "2 machines have been retrieved from app shop.\n",
            "this is the table that `fly machine list` prints for people; PASTE",
        );
        check(
            "[{\"id\": \"a\",\n \"state\": \"star",
            "the text ends in the middle of the list, at line 2, column 15; PASTE",
        );
        check("[\n  {id: 1}]", "this is not JSON: key must be a string at line 2 column 4; PASTE");
        check(
            "{\"machines\": [{\"id\": \"a\"}]}",
            "this is an object, not a list: paste only the list under its key `machines`",
        );
        check(
            "{\"id\": \"a\", \"state\": \"started\", \"checks\": []}",
            "this is one machine, not the list of all; PASTE",
        );
        check(
            "{\"error\": \"unauthorized\"}",
            "this is an error answer (`unauthorized`), not a list of machines; PASTE",
        );
        check("\"a\"", "this is a text, not a list of machines; PASTE");
        check(
            "[{\"id\": \"a\", \"state\": \"star\nted\"}]",
            "there is a line break inside a text, at line 2, column 0: perhaps a terminal wrapped the lines; PASTE",
        );
        check("[]\n$ exit\n", "there is more behind the list, at line 2, column 1; PASTE");
        check(
            "{\"id\": \"a\"}\n{\"id\": \"b\"}\n",
            "these are machines one after the other, not a list (`jq -s .` makes one); PASTE",
        );
        check(
            "Waiting for depot builder to start\n[]",
            "this is not JSON: it begins with `Waiting for depot builde...`; PASTE",
        );
        check("Error: no token\n", "this is not JSON: it begins with `Error: no token`; PASTE");
        check("[{\"id\": \"vol_1\", \"size_gb\": 1}]", "this is a list of volumes; PASTE");
    }

    #[test]
    fn what_is_too_long_for_a_list_is_not_even_read() {
        let text = " ".repeat(200 * 1024 * 1024);
        check(&text, "these are 200 MB, and no list is longer than 128 MB; PASTE");
    }

    #[test]
    fn a_machine_that_is_none_is_named_with_its_place() {
        check("[7]", "entry 1 of the list: it is a number, not a machine; PASTE");
        check("[{\"id\": \"a; reboot\"}]", "entry 1 of the list: its `id` is \"a; reboot\", which none is; PASTE");
        check("[{\"state\": \"started\"}]", "entry 1 of the list: it has no `id`; PASTE");
        check(
            "[{\"id\": \"a\", \"region\": 7}]",
            "machine a (line 1, column 9): invalid type: integer `7`, expected a string; PASTE",
        );
        check(
            "[\n {\"id\": \"a\", \"state\": \"started\", \"config\": []}]",
            "machine a (line 2, column 9): its `config` is a list, not an object; PASTE",
        );
        check(
            "[{\"id\": \"a\", \"state\": \"started\"},\n {\"id\": \"a\", \"state\": \"started\"}]",
            "machine a is listed twice (line 2, column 9): paste one list only",
        );
    }

    #[test]
    fn serving_is_what_the_proxy_would_use() {
        let serving = |fields: &str| {
            let text = format!("[{{\"id\": \"a\", {fields}}}]");
            parse(&text).unwrap().machines[0].is_serving()
        };
        let stopped = r#""state": "stopped", "config": {"services": [{"autostop": "suspend", "autostart": true}]}"#;
        assert!(serving(r#""state": "started""#));
        assert!(serving(r#""state": "started", "checks": [{"name": "bg_deployments_compat", "status": "critical"}]"#));
        assert!(serving(stopped), "the proxy starts it");
        assert!(!serving(r#""state": "started", "checks": [{"name": "a", "status": "warning"}]"#));
        assert!(!serving(r#""state": "started", "cordoned": true"#));
        assert!(!serving(r#""state": "started", "host_status": "unreachable""#));
        assert!(!serving(r#""state": "stopped", "config": {"services": [{"autostart": true}]}"#));
        let crashed = r#""events": [{"type": "exit", "request": {"exit_event": {"requested_stop": false}}}]"#;
        assert!(!serving(&format!("{stopped}, {crashed}")), "it stopped by itself");
    }
}
