//! `plan` and `show`.

use serde_json::json;

use crate::test::Test;

const PLAN: [&str; 5] = ["plan", "--machines", "machines.json", "--image", "registry.fly.io/shop:v2"];

#[test]
fn a_plan_to_review() {
    insta::assert_snapshot!(Test::shop().args(PLAN).run().stdout, @r#"
    Blue-green deploy of shop

      image   registry.fly.io/shop:v2
      from    fly.toml (sha256 d734618aa963)
      policy  settle 10s, wait up to 3m for each machine

    app  3 to replace, now on registry.fly.io/shop:v1@sha256:4f1d7c0a9be2…
      2874d0ea5b1938  iad  started  replace  it runs shop:v1
      3d8d74e1b02589  iad  started  replace  it runs shop:v1
      e784966fd25058  ams  started  replace  it runs shop:v1

    worker  2 to replace, now on registry.fly.io/shop:v1@sha256:4f1d7c0a9be2…
      9185e370f63e48  iad  started  replace  it runs shop:v1
      d891204c7e6028  iad  stopped  replace  it runs shop:v1

    Lock the blues
      s1-s4     lease         4 blues: app (ams, iad ×2), worker (iad)

    Make the greens, hidden from the proxy
      s6..s18   create        5 greens: app (ams, iad ×2), worker (iad ×2)
      s7..s16   wait started  4 greens: app (ams, iad ×2), worker (iad)
      s8..s17   wait healthy  4 greens: app (ams, iad ×2), worker (iad)

    Switch the traffic
      s20-s24   uncordon      5 greens: app (ams, iad ×2), worker (iad ×2)
      s25       settle        10s, for every proxy to hear of it
      s26       verify        a green that died meanwhile must not take over
      s27..s32  cordon        5 blues: app (ams, iad ×2), worker (iad ×2)
      s31       lease         1 blue: worker (iad)
      s33       settle        10s, for every proxy to hear of it

    Retire the blues
      s34..s42  stop          5 blues: app (ams, iad ×2), worker (iad ×2)
      s35..s43  wait stopped  5 blues: app (ams, iad ×2), worker (iad ×2)
      s44       verify        after this there is no way back: the greens must hold

    ── point of no return: s45 ──

    Retire the blues
      s45-s49   destroy       5 blues: app (ams, iad ×2), worker (iad ×2)

    The way back
      Aborted before s45, it takes back what was done: lease by release, create by
      destroy, uncordon by cordon, cordon by uncordon and stop by start. Aborted
      later, it finishes forward.

    Serving
      app     ams  1 now, 2 after uncordon, 1 after cordon; never below 1
      app     iad  2 now, 4 after uncordon, 2 after cordon; never below 2
      worker  iad  1 now, 2 after uncordon, 1 after cordon; never below 1

    warning[image-not-pinned]
      `registry.fly.io/shop:v2` is a tag, and tags can move: name it with its digest
      (`registry.fly.io/shop:v2@sha256:...`) to deploy what was reviewed

    49 steps: 5 to create, 5 to destroy.
    digest sha256:ee35af21f23ee07336b36111c33c08a926fffabbaf29bd58b81668cdb84afe98
    Save it with `-o plan.json`, then carry out exactly that: cutover apply plan.json
    "#);
}

#[test]
fn a_saved_plan_is_shown_as_it_was_made() {
    let made = Test::shop().args(PLAN).args(["-o", "plan.json", "--format", "json"]).run();
    let json = made.stdout.clone();
    let shown = made.then(["show", "plan.json", "--format", "json"]).stdout(&json).run();
    let text = shown.then(["show", "plan.json"]).run();
    assert!(text.stdout.starts_with("Blue-green deploy of shop\n"), "{}", text.stdout);
    assert_eq!(text.files(), ["fly.toml", "machines.json", "plan.json"]);
}

#[test]
fn the_same_inputs_make_the_same_plan() {
    let make = || Test::shop().args(PLAN).args(["-o", "plan.json"]).run().read("plan.json");
    assert_eq!(make(), make());
}

#[cfg(unix)]
#[test]
fn a_saved_plan_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let ran = Test::shop().file("plan.json", "older").args(PLAN).args(["-o", "plan.json"]).run();
    let mode = std::fs::metadata(ran.path("plan.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn secrets_are_masked_everywhere_but_in_the_saved_plan() {
    let toml = "app = \"shop\"\n[env]\nSECRET_KEY = \"hunter2\"\n[http_service]\ninternal_port = 8080\n";
    let wanted = ["plan", "--machines", "machines.json", "--image", "shop:v2", "--first-deploy", "--allow-unchecked"];
    let test = || Test::new().file("fly.toml", toml).file("machines.json", "[]");
    let text = test().args(wanted).args(["-o", "plan.json"]).run();
    assert!(text.read("plan.json").contains("hunter2"), "apply needs it");
    assert!(!text.stdout.contains("hunter2"));
    let json = test().args(wanted).args(["--format", "json"]).run();
    assert!(json.stdout.contains("SECRET_KEY") && !json.stdout.contains("hunter2"), "{}", json.stdout);
}

#[test]
fn an_altered_plan_is_refused() {
    let made = Test::shop().args(PLAN).args(["-o", "plan.json"]).run();
    let altered = made.read("plan.json").replace("shop:v2", "shop:v3");
    let ran = Test::new().file("plan.json", altered).args(["show", "plan.json"]).status(2).run();
    assert!(ran.stderr.contains("the plan was changed after it was made"), "{}", ran.stderr);
}

#[test]
fn a_refusal_says_what_to_do() {
    let ran = Test::shop().file("none.json", "[]").args(["plan", "--machines", "none.json", "--image", "shop:v2"]);
    insta::assert_snapshot!(ran.status(1).run().stdout, @r#"
    refused[empty-fleet]: app `shop` has no machines that a deploy manages: either
      it was never deployed, or the list is not the whole list, and a deploy would
      make a second fleet
      try       fly machine list --json --app shop
                cutover plan --first-deploy

    Nothing was touched.
    "#);
    let ran = Test::shop().file("none.json", "[]").args(["plan", "--machines", "none.json", "--image", "shop:v2"]);
    let json = ran.args(["--format", "json"]).status(1).run().json();
    assert_eq!(json["version"], 1);
    assert!(json["refused"][0]["code"].is_string(), "{json}");
}

#[test]
fn a_file_that_flyctl_rejects_is_refused_with_its_fault() {
    let test = Test::shop().file("fly.toml", "app = \"shop\"\n[deploy\n");
    let json = test.args(PLAN).args(["--format", "json"]).status(1).run().json();
    assert_eq!(json["refused"][0]["code"], "config-rejected");
    assert_eq!(json["refused"][0]["fix"], json!(["cutover check fly.toml"]));
}

#[test]
fn without_an_image_the_command_that_builds_one_is_named() {
    Test::shop()
        .args(["plan", "--machines", "machines.json"])
        .status(2)
        .stderr(
            "error: no image to deploy: `fly.toml` has no `image` in [build]\n  \
             help: build and push one with `fly deploy --build-only --push`, which prints its name\n  \
             help: then pass it: `--image registry.fly.io/APP:TAG`\n",
        )
        .run();
}

#[test]
fn the_image_may_be_in_the_file() {
    let toml = Test::shop().folder_text("fly.toml") + "[build]\nimage = \"shop:v9\"\n";
    let ran = Test::shop().file("fly.toml", toml).args(["plan", "--machines", "machines.json", "--format", "json"]);
    assert_eq!(ran.run().json()["image"], "shop:v9");
}

#[test]
fn the_app_is_named_by_the_file_or_by_fly_app() {
    let nameless = || {
        let toml = Test::shop().folder_text("fly.toml").replace("app = \"shop\"\n", "");
        Test::shop().file("fly.toml", toml).args(PLAN).args(["--format", "json"])
    };
    assert_eq!(nameless().env("FLY_APP", "shop").run().json()["app"], "shop");
    let ran = nameless().status(2).run();
    assert_eq!(ran.stderr, "error: `fly.toml` names no app\n  help: add `app = \"NAME\"` to it, or set FLY_APP\n");
    let other = Test::shop().args(PLAN).args(["--format", "json"]).env("FLY_APP", "other").status(1).run();
    assert_eq!(other.json()["refused"][0]["code"], "wrong-app");
}

#[test]
fn the_policy_is_saved_in_the_plan() {
    let args = ["--settle", "1500ms", "--wait-timeout", "1m", "--group", "app", "--no-ha", "--format", "json"];
    let policy = Test::shop().args(PLAN).args(args).run().json()["policy"].clone();
    assert_eq!((&policy["settle_ms"], &policy["wait_timeout_ms"]), (&json!(1500), &json!(60_000)));
    assert_eq!((&policy["groups"], &policy["high_availability"]), (&json!(["app"]), &json!(false)));
}

#[test]
fn without_a_list_and_a_token_both_ways_are_named() {
    let ran = Test::shop().args(["plan", "--image", "shop:v2"]).status(2).run();
    insta::assert_snapshot!(ran.stderr, @r#"
    error: no token for the Machines API: neither FLY_API_TOKEN nor FLY_ACCESS_TOKEN is set
      help: pass a list: `fly machine list --json > machines.json`, then `--machines machines.json`
      help: make a token for this app: `fly tokens create deploy`, then `export FLY_API_TOKEN=...`
    "#);
}

#[test]
fn machines_may_come_from_standard_input() {
    let machines = Test::shop().folder_text("machines.json");
    let args = ["plan", "--machines", "-", "--image", "registry.fly.io/shop:v2", "--format", "json"];
    assert_eq!(Test::shop().stdin(machines).args(args).run().json()["machines"].as_array().unwrap().len(), 5);
}
