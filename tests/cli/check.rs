//! `check` and `explain`.

use serde_json::{Value, json};

use crate::test::{Ran, Test};

const CLEAN: &str = "app = \"shop\"\nprimary_region = \"iad\"\n";
const MISSPELT: &str = "app = \"shop\"\n\n[deploy]\nstrategy = \"Rolling\"\n";
const MENDED: &str = "app = \"shop\"\n\n[deploy]\nstrategy = \"rolling\"\n";
const BROKEN: &str = "app = \n[deploy\n";

#[test]
fn a_clean_file_is_said_to_be_so() {
    Test::new().file("fly.toml", CLEAN).args(["check"]).stdout("ok: nothing found in `fly.toml`\n").stderr("").run();
}

#[test]
fn findings_point_at_the_file_and_fail() {
    let ran = Test::new().file("fly.toml", MISSPELT).args(["check"]).status(1).run();
    insta::assert_snapshot!(ran.stdout, @r#"
    error[unknown-strategy]: there is no strategy `Rolling`
     --> fly.toml:4:12
      |
    4 | strategy = "Rolling"
      |            ^^^^^^^^^
      |
      = help: did you mean `rolling`?
      = fix: write `rolling` (--fix)

    1 error; 1 can be fixed with `--fix`
    `cutover explain unknown-strategy` tells why, the cure, and how to suppress it
    "#);
}

#[test]
fn every_syntax_error_is_found() {
    let ran = Test::new().file("fly.toml", BROKEN).args(["check", "--format", "json"]).status(1).run();
    let file = &ran.json()["files"][0];
    assert_eq!(file["flyctl"], "rejects");
    assert!(file["diagnostics"].as_array().unwrap().len() >= 2, "{file}");
}

#[test]
fn json_has_bytes_for_programs_and_characters_for_people() {
    let text = "app = \"shop\"\nbuild = { args = { CRAB = \"🦀\" }, dokerfile = \"D\" }\n";
    let ran = Test::new().stdin(text).args(["check", "-", "--format", "json"]).run();
    let found = ran.json()["files"][0]["diagnostics"][0].clone();
    let offset = text.find("dokerfile").unwrap();
    let column = text.lines().nth(1).unwrap().chars().position(|c| c == '}').unwrap() + 4;
    assert_eq!(found["start"], json!({"offset": offset, "line": 2, "column": column}));
    assert_eq!(found["end"], json!({"offset": offset + 9, "line": 2, "column": column + 9}));
    assert_eq!(found["rule"], "unknown-key");
    assert_eq!(found["url"], "docs/rules/unknown-key.md");
    assert_eq!(found["labels"], json!([]));
    assert_eq!(found["fix"]["edits"], json!([{"start": offset, "end": offset + 9, "text": "dockerfile"}]));
    assert_eq!(ran.json()["version"], 1);
}

#[test]
fn fix_mends_the_file_and_tells() {
    let ran = Test::new()
        .file("fly.toml", MISSPELT)
        .args(["check", "--fix"])
        .stdout("ok: nothing found in `fly.toml`\n")
        .stderr("applied 1 fix in 1 file\n")
        .run();
    assert_eq!(ran.read("fly.toml"), MENDED);
    assert_eq!(ran.files(), ["fly.toml"], "nothing is left beside it");
}

#[test]
fn fix_leaves_what_needs_a_look() {
    let text = "app = \"shop\"\nkil_signal = \"SIGINT\"\n";
    let ran = Test::new().file("fly.toml", text).args(["check", "--fix"]).run();
    assert_eq!(ran.read("fly.toml"), text);
    assert!(ran.stdout.contains("\n1 warning; 1 can be fixed with `--fix --unsafe-fixes`\n"), "{}", ran.stdout);
    let ran = ran.then(["check", "--fix", "--unsafe-fixes"]).run();
    assert_eq!(ran.read("fly.toml"), text.replace("kil_signal", "kill_signal"));
}

#[test]
fn a_diff_changes_nothing() {
    let ran = Test::new().file("fly.toml", MISSPELT).args(["check", "--diff"]).status(1).run();
    assert_eq!(ran.read("fly.toml"), MISSPELT);
    insta::assert_snapshot!(ran.stdout, @r#"
    --- fly.toml
    +++ fly.toml
    @@ -1,4 +1,4 @@
     app = "shop"
     
     [deploy]
    -strategy = "Rolling"
    +strategy = "rolling"
    "#);
}

#[test]
fn what_comes_from_standard_input_goes_mended_to_standard_output() {
    Test::new().stdin(MISSPELT).args(["check", "--fix", "-"]).stdout(MENDED).run();
}

#[test]
fn several_files_are_mended_and_the_report_is_of_what_is_left() {
    let other = "app = \"shop\"\nkil_signal = \"SIGINT\"\n[deploy]\nstrategy = \"Rolling\"\n";
    let test = || Test::new().file("a/fly.toml", MISSPELT).file("b/fly.toml", other).file("c/fly.json", "{\"app\": 5}");
    let ran = test().args(["check", ".", "--diff", "--unsafe-fixes"]).status(1).run();
    assert_eq!(ran.stdout.matches("\n+++ ").count() + ran.stdout.matches("+kill_signal").count(), 3, "{}", ran.stdout);
    let ran = test().args(["check", ".", "--fix", "--format", "jsonl"]).status(1).run();
    assert_eq!(ran.stderr, "applied 2 fixes in 2 files\n");
    let left: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let left: Vec<_> = left.iter().map(|line| format!("{} {}", line["path"], line["rule"])).collect();
    assert_eq!(left, ["\"b/fly.toml\" \"unknown-key\"", "\"c/fly.json\" \"wrong-type\""]);
    assert_eq!(ran.read("a/fly.toml"), MENDED);
}

#[test]
fn a_diff_of_standard_input_names_the_file_that_it_stands_for() {
    let ran = Test::new()
        .stdin(MISSPELT)
        .file("web/cutover.toml", "[lint.rules]\nunknown-strategy = \"hint\"\n")
        .args(["check", "-", "--diff", "--stdin-filename", "web/fly.toml"])
        .run();
    assert!(ran.stdout.starts_with("--- web/fly.toml\n+++ web/fly.toml\n"), "{}", ran.stdout);
    assert!(ran.stderr.starts_with("hint[unknown-strategy]"), "the settings beside that file: {}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn a_mended_file_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let ran = Test::new().file("fly.toml", MISSPELT).args(["check"]).status(1).run();
    std::fs::set_permissions(ran.path("fly.toml"), std::fs::Permissions::from_mode(0o640)).unwrap();
    let ran = ran.then(["check", "--fix"]).run();
    let mode = std::fs::metadata(ran.path("fly.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn fail_on_says_what_fails() {
    let warning = "app = \"shop\"\nkil_signal = \"SIGINT\"\n";
    for (text, fail_on, status) in [
        (warning, "error", 0),
        (warning, "warning", 1),
        (warning, "never", 0),
        (BROKEN, "error", 1),
        (BROKEN, "never", 0),
        (CLEAN, "warning", 0),
    ] {
        Test::new().file("fly.toml", text).args(["check", "--fail-on", fail_on]).status(status).run();
    }
}

/// The paths that `check --format json` reports on.
fn checked(ran: &Ran) -> Vec<String> {
    let json = ran.json();
    json["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_folder_is_each_config_in_it_and_below_it() {
    let ran = ["fly.toml", "fly.staging.toml", "web/fly.yaml", "web/api/fly.json", "web/api/fly.yaml"]
        .iter()
        .fold(Test::new(), |test, path| {
            test.file(&format!("apps/{path}"), if path.ends_with("toml") { CLEAN } else { "{}" })
        })
        .file("apps/Cargo.toml", "[package]\n")
        .file("apps/flyway.toml", "[flyway]\n")
        // flyctl would read it as TOML, and looks for no such name.
        .file("apps/fly.yml", "{}")
        .file("apps/fly.toml.md", "")
        .file("apps/.hidden/fly.toml", BROKEN)
        .file("apps/web/node_modules/other/fly.toml", BROKEN)
        .args(["check", "apps", "--format", "json"])
        .run();
    let below = ["fly.staging.toml", "fly.toml", "web/api/fly.json", "web/api/fly.yaml", "web/fly.yaml"];
    assert_eq!(checked(&ran), below.map(|path| format!("apps/{path}")));
    let ran = ran.then(["check", "apps/web/fly.yaml", "apps", "apps/fly.toml", "--format", "json"]).run();
    let once = ["web/fly.yaml", "fly.staging.toml", "fly.toml", "web/api/fly.json", "web/api/fly.yaml"];
    assert_eq!(checked(&ran), once.map(|path| format!("apps/{path}")));
    let ran = ran.then(["check", ".", "--format", "json"]).run();
    assert_eq!(checked(&ran), below.map(|path| format!("apps/{path}")));
    assert_eq!(
        checked(&ran.then(["check", "apps/.hidden", "--format", "json"]).status(1).run()),
        ["apps/.hidden/fly.toml"]
    );
}

#[test]
fn what_gitignore_names_is_checked_only_when_it_is_named() {
    let test = Test::new()
        .file(".git/HEAD", "ref: refs/heads/main\n")
        .file(".gitignore", "out/\nfly.local.toml\n")
        .file("fly.toml", CLEAN)
        .file("fly.local.toml", BROKEN)
        .file("out/fly.toml", BROKEN);
    let ran = test.args(["check", ".", "--format", "json"]).run();
    assert_eq!(checked(&ran), ["fly.toml"]);
    ran.then(["check", "fly.local.toml"]).status(1).run();
}

#[test]
fn what_cannot_be_read_hides_nothing_of_the_others() {
    let ran = Test::new()
        .file("a/fly.toml", MISSPELT)
        .file("b/fly.toml", b"app = \"\xff\"")
        .file("c/fly.toml", CLEAN)
        .file("c/cutover.toml", "lnt = 1\n")
        .file("c/fly.two.toml", CLEAN)
        .file("e/fly.toml", "a = 1\n".repeat((11 << 20) / 6))
        .args(["check", "none.toml", ".", "/dev/null", "--format", "json"])
        .status(2)
        .run();
    assert_eq!(checked(&ran), ["a/fly.toml"]);
    assert_eq!(ran.json()["files"][0]["diagnostics"][0]["rule"], "unknown-strategy");
    insta::assert_snapshot!(ran.stderr, @r#"
    error: cannot read `none.toml`: there is no such file
    error: `b/fly.toml` is not UTF-8: the byte at offset 7 begins no character
      help: save it as UTF-8; fly.toml, plans and machine lists are always UTF-8
    error: c/cutover.toml:1:1: there is no key `lnt` at the top
      help: did you mean `lint`?
    error: `e/fly.toml` is larger than 10 MiB, the most that is read
    error: cannot read `/dev/null`: it is a device or a pipe, not a file
      help: pass what it gives to standard input, and name `-`
    "#);
    for format in ["sarif", "junit", "github", "gitlab", "jsonl", "text"] {
        let out = Test::new().args(["check", "none.toml", "--format", format]).status(2).run().stdout;
        match format {
            "sarif" => assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["runs"][0]["results"], json!([])),
            "gitlab" => assert_eq!(out, "[]\n"),
            "junit" => assert!(out.contains("tests=\"0\" failures=\"0\"") && out.ends_with("</testsuites>\n"), "{out}"),
            _ => assert_eq!(out, ""),
        }
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_looked_into_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let ran = Test::new().file("fly.toml", CLEAN).file("closed/fly.toml", CLEAN).args(["check", "fly.toml"]).run();
    let closed = ran.path("closed");
    let permit = |mode| std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(mode)).unwrap();
    permit(0o000);
    // Whoever may look into everything, as root may, sees both.
    let is_open = std::fs::read_dir(&closed).is_ok();
    let ran = ran.then(["check", ".", "--format", "json"]).status(if is_open { 0 } else { 2 }).run();
    permit(0o755);
    assert_eq!(checked(&ran).len(), if is_open { 2 } else { 1 });
    let said = if is_open { "" } else { "error: cannot read `./closed`: permission denied\n" };
    assert_eq!(ran.stderr, said);
}

#[test]
fn without_a_path_flyctls_own_names_are_tried_in_its_order() {
    let first = |names: &[&str]| {
        let with_files = |test: Test, name: &&str| test.file(name, "");
        let test = names.iter().fold(Test::new(), with_files);
        test.args(["check", "--format", "json", "--fail-on", "never"]).run().json()["files"][0]["path"].clone()
    };
    assert_eq!(first(&["fly.yaml"]), "fly.yaml");
    assert_eq!(first(&["fly.yaml", "fly.json"]), "fly.json");
    assert_eq!(first(&["fly.yaml", "fly.json", "fly.toml"]), "fly.toml");
}

#[test]
fn what_cannot_be_read_is_named() {
    Test::new()
        .args(["check"])
        .status(2)
        .stderr("error: there is no fly.toml, fly.json or fly.yaml in this folder\n  help: name the file, or change to the app's folder\n")
        .run();
    let ran = Test::new().file("empty/x", "").args(["check", "empty"]).status(2).run();
    insta::assert_snapshot!(ran.stderr, @r#"
    error: there is no fly*.toml, fly.json or fly.yaml in `empty` or below it
      help: folders that are hidden, or that .gitignore names, are passed over: name a file in them
    "#);
    Test::new()
        .args(["check", "a.toml"])
        .status(2)
        .stderr("error: cannot read `a.toml`: there is no such file\n")
        .run();
    let ran = Test::new().file("fly.toml", b"app = \"\xff\"").args(["check"]).status(2).run();
    assert!(ran.stderr.starts_with("error: `fly.toml` is not UTF-8: the byte at offset 7"), "{}", ran.stderr);
    let ran = Test::new().args(["check", "-", "-"]).status(2).run();
    assert!(ran.stderr.contains("standard input can be read only once"), "{}", ran.stderr);
}

#[test]
fn a_rule_is_explained() {
    let ran = Test::new().args(["explain", "unknown-key"]).run();
    insta::assert_snapshot!(ran.stdout, @r#"
    warning: unknown-key
    a key that flyctl does not know

    Why
      flyctl ignores unknown keys without a word, on deploy too, so a misspelt
      setting silently has no effect. So does one in the wrong table:
      `auto_stop_machines` belongs in a service, not at the top.
      Given such a file, flyctl says nothing.

    Found
        app = "shop"

        [http_service]
        internal_port = 8080
        force_http = true
      cutover says: flyctl knows no `force_http` in `http_service`, and ignores it
      (did you mean `force_https`?)

    Better
        app = "shop"

        [http_service]
        internal_port = 8080
        force_https = true

    Fix
      `cutover check --fix --unsafe-fixes` mends this. It changes what Fly does: see
      it first with `cutover check --diff --unsafe-fixes`.

    Suppress
      At the end of the line or alone above it; anywhere, for the whole file:
        # cutover: ignore[unknown-key] the reason
        # cutover: ignore-file[unknown-key] the reason
      For every config of a folder, in the cutover.toml there (also "hint",
      "warning", "error"):
        [lint.rules]
        unknown-key = "off"

    Source
      flyctl#3544; flyctl internal/appconfig/strict_validate.go
    "#);
    Test::new()
        .args(["explain", "unknown-keys"])
        .status(2)
        .stderr("error: there is no rule `unknown-keys`\n  help: did you mean `unknown-key`?\n")
        .run();
}

#[test]
fn every_page_fits_the_terminal() {
    let ran = Test::new().args(["explain", "--all"]).run();
    let example = |line: &str| line.starts_with("    ");
    for line in ran.stdout.lines().filter(|line| !example(line)) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for rule in cutover::rules::RULES {
        assert!(ran.stdout.contains(&format!("# cutover: ignore[{}] ", rule.id)), "{}", rule.id);
    }
}

#[test]
fn every_rule_is_in_the_table() {
    let table = Test::new().args(["explain", "--all", "--format", "json"]).run().json();
    let rules = table["rules"].as_array().unwrap();
    assert_eq!(rules.len(), cutover::rules::RULES.len());
    for rule in rules {
        assert!(rule["why"].as_str().is_some_and(|why| !why.is_empty()), "{rule}");
        assert_eq!(rule["url"], format!("docs/rules/{}.md", rule["id"].as_str().unwrap()));
        assert!(["safe", "unsafe"].map(Value::from).contains(&rule["fix"]) || rule["fix"].is_null(), "{rule}");
    }
}
