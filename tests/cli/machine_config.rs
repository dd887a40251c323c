//! `machine-config` and `normalize`.

use serde_json::json;

use crate::test::Test;

#[test]
fn every_group_has_its_config() {
    let ran = Test::shop().args(["machine-config", "--image", "shop:v2"]).run();
    let groups = ran.json();
    assert_eq!(groups.as_object().unwrap().keys().collect::<Vec<_>>(), ["app", "worker"]);
    assert_eq!(groups["app"]["image"], "shop:v2");
    assert_eq!(groups["worker"]["metadata"]["fly_process_group"], "worker");
    assert_eq!(groups["app"]["services"][0]["internal_port"], 8080);
}

#[test]
fn one_group_over_an_existing_machine() {
    let existing = json!({"id": "1", "config": {"dns": {"hostname": "kept"}, "env": {"OLD": "gone"}}});
    let ran = Test::shop()
        .file("machine.json", existing.to_string())
        .args(["machine-config", "--group", "app", "--from", "machine.json"])
        .run();
    let app = &ran.json()["app"];
    assert_eq!(app["dns"]["hostname"], "kept");
    assert_eq!(app["env"]["LOG_LEVEL"], "info");
    assert_eq!(app["env"]["OLD"], json!(null));
}

#[test]
fn a_file_that_flyctl_cannot_read_has_no_machine_config() {
    for (path, text) in [("fly.toml", "app = = 1\n"), ("fly.toml", "kill_signal = 1\n"), ("app.yaml", "app: [\n")] {
        let ran = Test::new().file(path, text).args(["machine-config", path]).status(2).run();
        assert_eq!(ran.stdout, "");
        assert!(ran.stderr.contains("so there is no Machine config"), "{}", ran.stderr);
    }
}

#[test]
fn an_unknown_group_is_told_with_those_there_are() {
    Test::shop()
        .args(["machine-config", "--group", "web"])
        .status(2)
        .stderr("error: `fly.toml` has no process group `web`\n  help: it has `app`, `worker`\n")
        .run();
}

#[test]
fn what_is_no_machine_config_is_refused() {
    let ran = Test::shop().file("list.json", "[]").args(["machine-config", "--from", "list.json"]).status(2).run();
    assert_eq!(ran.stderr, "error: `list.json` holds no Machine config: it is not a JSON object\n");
}

#[test]
fn a_group_that_none_can_be_made_for_does_not_hide_the_others() {
    let text = "[processes]\nweb = \"serve\"\nworker = \"it's\"\n";
    let ran = Test::new().file("fly.toml", text).args(["machine-config"]).status(1).run();
    assert_eq!(ran.json().as_object().unwrap().keys().collect::<Vec<_>>(), ["web"]);
    assert!(ran.stderr.contains("`worker`") && ran.stderr.contains("fly.toml:3:10"), "{}", ran.stderr);
}

#[test]
fn files_beside_the_config_are_put_into_it_and_missed_aloud() {
    let text = "[[files]]\nguest_path = \"/motd\"\nlocal_path = \"motd\"\n";
    let with = Test::new().file("fly.toml", text).file("motd", "hello").args(["machine-config"]).run();
    assert_eq!(with.json()["app"]["files"], json!([{"guest_path": "/motd", "raw_value": "aGVsbG8="}]));
    let without = Test::new().file("fly.toml", text).args(["machine-config"]).run();
    assert_eq!(without.json()["app"]["files"], json!(null));
    assert!(without.stderr.contains("`motd` cannot be read"), "{}", without.stderr);
}

#[test]
fn normalize_writes_the_groups_out() {
    let text = "app = \"shop\" # ours\n\n[http_service]\ninternal_port = 8080\n";
    let ran = Test::new().file("fly.toml", text).args(["normalize"]).run();
    assert!(ran.stdout.contains("[processes]") && ran.stdout.contains("# ours"), "{}", ran.stdout);
    assert_eq!(ran.read("fly.toml"), text, "it prints, and changes nothing");
    let again = Test::new().stdin(&ran.stdout).args(["normalize", "-"]).run();
    assert_eq!(again.stdout, ran.stdout);
}

#[test]
fn only_toml_that_flyctl_reads_is_normalized() {
    Test::new()
        .file("fly.toml", "app = \n")
        .args(["normalize"])
        .status(2)
        .stdout("")
        .stderr(
            "error: flyctl could not read `fly.toml`, so there is nothing to normalize\n  \
             help: `cutover check fly.toml` shows why\n",
        )
        .run();
    let ran = Test::new().file("fly.json", "{}").args(["normalize"]).status(2).run();
    assert_eq!(ran.stderr, "error: `fly.json` is not TOML, and only TOML can be normalized\n");
}
