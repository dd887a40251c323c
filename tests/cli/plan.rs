//! `plan` and `show`.

use serde_json::json;

use crate::test::Test;

const PLAN: [&str; 5] = ["plan", "--machines", "machines.json", "--image", "registry.fly.io/shop:v2"];

#[test]
fn a_plan_to_review() {
    insta::assert_snapshot!(without_digest(&Test::shop().args(PLAN).run().stdout), @r#"
    Blue-green deploy of shop

    A new machine (green) is made and checked beside each one that is replaced
    (blue), without traffic. Then the traffic moves to the greens, and only then the
    blues are destroyed.

      image     registry.fly.io/shop:v2
      from      fly.toml (sha256 d734618aa963)
      machines  5 now, at most 10 at once, 5 afterwards
      extra     up to 5 machines more than now (5 CPUs and 2.5 GB), for 9m26s at
                most: billed while running, and counted by the organization's limit
      time      about 48s; 9m26s if every wait lasts as long as it may
      calls     45 to the Machines API
      policy    wait up to 3m for each machine
      defaults  settle 10s; never fewer machines serving than now; 8 calls at once;
                drain 0.5s

    app  3 to replace, now on registry.fly.io/shop:v1@sha256:4f1d7c0a9be2…
      2874d0ea5b1938  iad  started  replace  it runs shop:v1
      3d8d74e1b02589  iad  started  replace  it runs shop:v1
      e784966fd25058  ams  started  replace  it runs shop:v1

    worker  2 to replace, now on registry.fly.io/shop:v1@sha256:4f1d7c0a9be2…
      9185e370f63e48  iad  started  replace  it runs shop:v1
      d891204c7e6028  iad  stopped  replace  it runs shop:v1

    What changes from blue to green
      app
        ~ image  registry.fly.io/shop:v1@sha256:4f1d7c0a9be2… →
                 registry.fly.io/shop:v2
      worker
        ~ image  registry.fly.io/shop:v1@sha256:4f1d7c0a9be2… →
                 registry.fly.io/shop:v2

    What must pass before a green gets traffic
      app     the check of its service on port 8080
      worker  the check `alive`

    Lock the blues
      s1-s4     lease         4 blues: app (ams, iad×2), worker (iad)

    Make the greens, hidden from the proxy
      s6..s18   create        5 greens: app (ams, iad×2), worker (iad×2), 1 of them
                              not started, 1 a standby
      s7..s16   wait started  4 greens: app (ams, iad×2), worker (iad), at most 3m
      s8..s17   wait healthy  4 greens: app (ams, iad×2), worker (iad), at most 3m

    Switch the traffic
      s20-s24   uncordon      5 greens: app (ams, iad×2), worker (iad×2)
      s25       settle        10s, for every proxy to hear of it
      s26       verify        a green that died meanwhile must not take over
      s27-s31   cordon        5 blues: app (ams, iad×2), worker (iad×2)
      s32       settle        10s, for every proxy to hear of it
      s33       lease         1 blue: worker (iad)

    Retire the blues
      s34-s37   drain         4 blues: app (ams, iad×2), worker (iad), 0.5s
      s38..s46  stop          5 blues: app (ams, iad×2), worker (iad×2)
      s39..s47  wait stopped  5 blues: app (ams, iad×2), worker (iad×2), at most 3m
      s48       verify        after this there is no way back: the greens must hold

    ── point of no return: s49 ──

      s49-s53   destroy       5 blues: app (ams, iad×2), worker (iad×2)

    The way back
      Before s49, an abort (Ctrl-C) or a failure starts the blues again, gives the
      blues their traffic back, takes it from the greens, destroys the greens and
      releases the leases. From s49 on, it finishes forward.

    Machines serving
      app     ams  1 now, 2 after uncordon, 1 after cordon; never below 1
      app     iad  2 now, 4 after uncordon, 2 after cordon; never below 2
      worker  iad  1 now, 2 after uncordon, 1 after cordon; never below 1

    warning[image-not-pinned]
      `registry.fly.io/shop:v2` is a tag, and tags can move: name it with its digest
      (`registry.fly.io/shop:v2@sha256:...`) to deploy what was reviewed

    53 steps: 5 machines to create, 5 to destroy.
    digest sha256:...
    Save it, then carry out exactly that:
      cutover plan --machines machines.json --image registry.fly.io/shop:v2 -o plan.json
      cutover apply plan.json
    "#);
}

#[test]
fn a_plan_of_three_groups_to_review() {
    let args = ["plan", "--machines", "machines.json", "--image", "registry.fly.io/bazaar:v8"];
    let policy = ["--drain", "until-idle", "--bake", "5m", "--hold", "--group-order", "api"];
    let ran = Test::bazaar().args(args).args(policy).run();
    insta::assert_snapshot!(without_digest(&ran.stdout), @r#"
    Blue-green deploy of bazaar

    A new machine (green) is made and checked beside each one that is replaced
    (blue), without traffic. Then the traffic moves to the greens, and only then the
    blues are destroyed.

      image     registry.fly.io/bazaar:v8
      from      fly.toml (sha256 aa4e233c50b7)
      machines  8 now, at most 16 at once, 8 afterwards
      extra     up to 8 machines more than now (11 CPUs and 5.5 GB), until the
                deploy is promoted or aborted: billed while running, and counted by
                the organization's limit
      time      about 6m33s; 32m51s if every wait lasts as long as it may
      calls     83 to the Machines API
      policy    wait up to 4m for each machine; hold before the traffic moves;
                traffic moves in this order: api; bake 5m; drain until idle, at most
                5m
      defaults  settle 10s; never fewer machines serving than now; 8 calls at once

    api  3 to replace, now on registry.fly.io/bazaar:v7@sha256:9a3f0c7e51d2…
      3d8d7dc0b62e89  iad  started  replace  it runs bazaar:v7
      48ed713b024a68  iad  started  replace  it runs bazaar:v7
      5683d97ec14518  fra  started  replace  it runs bazaar:v7

    web  3 to replace, now on registry.fly.io/bazaar:v7@sha256:9a3f0c7e51d2…
      1781e5a0b2d048  iad  started  replace  it runs bazaar:v7
      286ed6df9c2e78  iad  stopped  replace  it runs bazaar:v7
      3287d05f4b1e89  fra  started  replace  it runs bazaar:v7

    worker  2 to replace, now on registry.fly.io/bazaar:v7@sha256:9a3f0c7e51d2…
      6e82dd7ef10287  iad  started  replace  it runs bazaar:v7
      7811ee5b7d2908  iad  stopped  replace  it runs bazaar:v7

    What changes from blue to green
      api
        ~ env.RAILS_MAX_THREADS  3 → 5
        ~ guest.memory_mb        512 → 1024 (on 1 of 3 machines)
        ~ image                  registry.fly.io/bazaar:v7@sha256:9a3f0c7e51d2… →
                                 registry.fly.io/bazaar:v8
      web
        ~ env.RAILS_MAX_THREADS  3 → 5
        ~ image                  registry.fly.io/bazaar:v7@sha256:9a3f0c7e51d2… →
                                 registry.fly.io/bazaar:v8
      worker
        ~ env.RAILS_MAX_THREADS  3 → 5
        ~ image                  registry.fly.io/bazaar:v7@sha256:9a3f0c7e51d2… →
                                 registry.fly.io/bazaar:v8

    What must pass before a green gets traffic
      api     the check of its service on port 4000
      web     the check of its service on port 3000
      worker  the check `busy`

    Lock the blues, run the release command
      s1-s6     lease            6 blues: api (fra, iad×2), web (fra, iad), worker
                                 (iad)
      s8        release command  `bin/rails db:migrate`, at most 10m; nothing takes
                                 it back

    Make the greens, hidden from the proxy
      s9..s28   create           8 greens: api (fra, iad×2), web (fra, iad×2),
                                 worker (iad×2), 2 of them not started, 1 a standby
      s10..s26  wait started     6 greens: api (fra, iad×2), web (fra, iad), worker
                                 (iad), at most 4m
      s11..s27  wait healthy     6 greens: api (fra, iad×2), web (fra, iad), worker
                                 (iad), at most 4m
      s30       hold             ends here: `cutover promote` goes on, `cutover
                                 abort` goes back

    Switch the traffic
      s31-s33   uncordon         3 greens: api (fra, iad×2)
      s34       settle           10s, for every proxy to hear of it
      s35       verify           a green that died meanwhile must not take over
      s36-s38   cordon           3 blues: api (fra, iad×2)
      s39       settle           10s, for every proxy to hear of it
      s40-s44   uncordon         5 greens: web (fra, iad×2), worker (iad×2)
      s45       settle           10s, for every proxy to hear of it
      s46       verify           a green that died meanwhile must not take over
      s47-s51   cordon           5 blues: web (fra, iad×2), worker (iad×2)
      s52       settle           10s, for every proxy to hear of it
      s53-s54   lease            2 blues: web (iad), worker (iad)
      s56       bake             5m: the blues run on, without traffic

    Retire the blues
      s57-s63   drain            7 blues: api (fra, iad×2), web (fra, iad×2), worker
                                 (iad), until idle, at most 5m
      s64..s78  stop             8 blues: api (fra, iad×2), web (fra, iad×2), worker
                                 (iad×2)
      s65..s79  wait stopped     8 blues: api (fra, iad×2), web (fra, iad×2), worker
                                 (iad×2), at most 4m
      s80       verify           after this there is no way back: the greens must
                                 hold

    ── point of no return: s81 ──

      s81-s88   destroy          8 blues: api (fra, iad×2), web (fra, iad×2), worker
                                 (iad×2)

    The way back
      Before s81, an abort (Ctrl-C) or a failure starts the blues again, gives the
      blues their traffic back, takes it from the greens, destroys the greens and
      releases the leases. From s81 on, it finishes forward. What `bin/rails
      db:migrate` did stays done in any case: the blues must be able to live with
      it.

    Machines serving
      api     fra  1 now, 2 after uncordon, 1 after cordon; never below 1
      api     iad  2 now, 4 after uncordon, 2 after cordon; never below 2
      web     fra  1 now, 2 after uncordon, 1 after cordon; never below 1
      web     iad  2 now, 4 after uncordon, 2 after cordon; never below 2
      worker  iad  1 now, 2 after uncordon, 1 after cordon; never below 1

    warning[release-command]
      `bin/rails db:migrate` runs once, before any green is made, and has no undo:
      the old version works with what it did until the last blue is stopped, and for
      good when the deploy is taken back

    warning[image-not-pinned]
      `registry.fly.io/bazaar:v8` is a tag, and tags can move: name it with its
      digest (`registry.fly.io/bazaar:v8@sha256:...`) to deploy what was reviewed

    warning[unverified-greens]
      what takes the place of 286ed6df9c2e78 is not started and not checked, since
      what it replaces is not running; `--verify-stopped` has it started and
      checked, too

    warning[size-changes]
      group `api`: 5683d97ec14518 has 2 shared CPU and 512 MB, its green 2 shared
      CPU and 1024 MB

    88 steps: 8 machines to create, 8 to destroy.
    digest sha256:...
    Save it, then carry out exactly that:
      cutover plan --machines machines.json --image registry.fly.io/bazaar:v8 --drain until-idle --bake 5m --hold --group-order api -o plan.json
      cutover apply plan.json
    "#);
}

/// The digest hangs on every field; what it is is tested where it is made.
fn without_digest(text: &str) -> String {
    let lines = text.lines().map(|line| if line.starts_with("digest sha256:") { "digest sha256:..." } else { line });
    lines.collect::<Vec<_>>().join("\n")
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
    let read = Test::new().file("plan.json", json.stdout).args(["apply", "plan.json"]).status(2).run();
    assert!(read.stderr.contains("save a plan with `-o`"), "{}", read.stderr);
}

#[test]
fn a_plan_for_a_pull_request() {
    let made = Test::shop().args(PLAN).args(["-o", "plan.json", "--format", "markdown"]).run();
    for told in ["## Blue-green deploy of shop\n", "\n```mermaid\nflowchart TB\n", "<details>", "`2874d0ea5b1938`"] {
        assert!(made.stdout.contains(told), "{told:?} is not in {}", made.stdout);
    }
    let markdown = made.stdout.clone();
    made.then(["show", "plan.json", "--format", "markdown"]).stdout(&markdown).run();
    let refused = Test::shop().file("none.json", "[]").args(["plan", "--machines", "none.json", "--image", "shop:v2"]);
    let refused = refused.args(["--format", "markdown"]).status(1).run();
    assert!(refused.stdout.starts_with("## No plan for this deploy\n"), "{}", refused.stdout);
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
                cutover plan --machines none.json --image shop:v2 --first-deploy

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
fn the_policy_may_stand_beside_the_file_and_flags_win() {
    let policy = |args: &[&str]| {
        let test = Test::shop()
            .file("cutover.toml", "[policy]\nsettle = \"20s\"\nhold = true\nfloor = \"50%\"\n")
            .file("ci/soak.toml", "[policy]\nbake = \"10m\"\n");
        let ran = test.args(PLAN).args(args.iter().copied()).args(["--format", "json"]).run();
        ran.json()["policy"].clone()
    };
    let beside = policy(&[]);
    assert_eq!((&beside["settle_ms"], &beside["hold"]), (&json!(20_000), &json!(true)));
    assert_eq!(beside["floor"], json!({"percent": 50}));
    let flags = policy(&["--hold=false", "--settle", "1s", "--floor", "1"]);
    assert_eq!((&flags["settle_ms"], &flags["hold"]), (&json!(1_000), &json!(false)));
    let named = policy(&["--policy", "ci/soak.toml"]);
    assert_eq!((&named["bake_ms"], &named["settle_ms"]), (&json!(600_000), &json!(10_000)));
}

#[test]
fn a_policy_that_is_not_understood_is_refused_before_anything_is_read() {
    Test::shop()
        .file("cutover.toml", "[policy]\nsettel = \"20s\"\n")
        .args(PLAN)
        .status(2)
        .stderr("error: cutover.toml:2:1: there is no key `settel` in `[policy]`\n  help: did you mean `settle`?\n")
        .run();
    Test::shop()
        .args(PLAN)
        .args(["--idle-command", "true", "--drain", "fixed"])
        .status(2)
        .stderr(
            "error: `--idle-command` and `--drain` contradict each other: a fixed drain lasts as long as it lasts, \
             and asks no command\n  help: add `--drain until-idle`\n",
        )
        .run();
    let ran = Test::shop().args(PLAN).args(["--floor", "120%"]).status(2).run();
    assert!(ran.stderr.contains("'120%' for '--floor <N|PERCENT>': 120% is more than all of them"), "{}", ran.stderr);
}

#[test]
fn without_a_list_and_a_token_both_ways_are_named() {
    let ran = Test::shop().args(["plan", "--image", "shop:v2"]).status(2).run();
    insta::assert_snapshot!(ran.stderr, @r#"
    error: no token for the Machines API: neither FLY_API_TOKEN nor FLY_ACCESS_TOKEN is set
      help: pass a list: `fly machine list --json > machines.json`, then `--machines machines.json`
      help: make a token for this app: `fly tokens create deploy`, then `export FLY_API_TOKEN=...`
      help: or use flyctl's own: `--flyctl-config`
    "#);
}

#[test]
fn machines_may_come_from_standard_input() {
    let machines = Test::shop().folder_text("machines.json");
    let args = ["plan", "--machines", "-", "--image", "registry.fly.io/shop:v2", "--format", "json"];
    assert_eq!(Test::shop().stdin(machines).args(args).run().json()["machines"].as_array().unwrap().len(), 5);
}

#[test]
fn commands_name_the_file_that_was_named() {
    let test = Test::shop();
    let text = test.folder_text("fly.toml");
    let named = ["plan", "my app/fly.toml", "--machines", "machines.json", "--image", "registry.fly.io/shop:v2"];
    let ran = test.file("my app/fly.toml", text).args(named).run();
    let again = "cutover plan 'my app/fly.toml' --machines machines.json --image registry.fly.io/shop:v2";
    assert!(ran.stdout.contains(&format!("\n  {again} -o plan.json\n")), "{}", ran.stdout);
    let saved = ran.then(named).args(["-o", "my plan.json"]).run();
    assert!(saved.stdout.contains("Carry out exactly this: cutover apply 'my plan.json'\n"), "{}", saved.stdout);
    let refused = saved.then(named).args(["--group", "wbe"]).status(1).run();
    assert!(refused.stdout.contains(&format!("{again} --group app,worker\n")), "{}", refused.stdout);
    let refused = refused.then(named).args(["--group", "wbe", "--format", "json"]).status(1).run();
    assert!(refused.stdout.contains("cutover plan 'my app/fly.toml' --group app,worker"), "{}", refused.stdout);
}
