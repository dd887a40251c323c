//! cutover.toml, personas and suppressions.

use crate::test::Test;

const MISSPELT: &str = "app = \"shop\"\nkil_signal = \"SIGINT\"\n";

#[test]
fn settings_beside_the_file_say_what_is_reported() {
    let run = |settings: &str, status: i32| {
        Test::new()
            .file("apps/fly.toml", MISSPELT)
            .file("apps/cutover.toml", settings)
            .args(["check", "apps"])
            .status(status)
            .run()
            .stdout
    };
    assert_eq!(run("[lint.rules]\nunknown-key = \"off\"\n", 0), "ok: nothing found in `apps/fly.toml`\n");
    assert!(run("[lint.rules]\nunknown-key = \"error\"\n", 1).starts_with("error[unknown-key]"));
}

#[test]
fn settings_can_be_named() {
    let test = || Test::new().file("fly.toml", MISSPELT).file("ci/lint.toml", "[lint.rules]\nunknown-key = \"off\"\n");
    test().args(["check", "--config", "ci/lint.toml", "--fail-on", "warning"]).run();
    test().args(["check", "--fail-on", "warning"]).status(1).run();
    test().stdin(MISSPELT).args(["check", "-", "--config", "ci/lint.toml", "--fail-on", "warning"]).run();
}

#[test]
fn settings_that_are_not_understood_are_refused() {
    Test::new()
        .file("fly.toml", MISSPELT)
        .file("cutover.toml", "[lint.rules]\nunknown-keys = \"off\"\n")
        .args(["check"])
        .status(2)
        .stderr("error: cutover.toml:2:1: there is no rule `unknown-keys`\n  help: did you mean `unknown-key`?\n")
        .run();
    Test::new().file("fly.toml", MISSPELT).args(["check", "--config", "none.toml"]).status(2).run();
}

#[test]
fn what_is_suppressed_is_counted_and_fails_nothing() {
    let text = "app = 5 # cutover: ignore[wrong-type] for a test\n";
    let ran = Test::new().file("fly.toml", text).args(["check"]).run();
    assert_eq!(ran.stdout, "ok: nothing found in `fly.toml`; 1 suppressed\n");
    let file = ran.then(["check", "--format", "json"]).run().json()["files"][0].clone();
    assert_eq!(file["flyctl"], "rejects", "what flyctl does is no matter of comments");
}

#[test]
fn a_suppression_without_use_is_removed() {
    let text = "app = \"shop\" # cutover: ignore[unknown-key]\n# cutover: ignore-file\n";
    let ran = Test::new().file("fly.toml", text).args(["check", "--fix"]).run();
    assert_eq!(ran.read("fly.toml"), "app = \"shop\"\n");
}
