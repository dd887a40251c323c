//! What a plan must cope with. Each name begins with the kind of thing that is met: what was observed, process
//! groups, kinds of machines, images, volumes, the empty list, health, the release command, marks. Leftovers,
//! deploys under way and policies have files of their own.

use cutover::fleet::{self, App, Fleet, volumes};
use cutover::plan::{Op, Plan, Policy};

use crate::notation::{self, SHOP, fleet, plan_of, plan_with};
use crate::{outcome, steps, text_of};

/// How many machines a plan of `v2` makes and destroys.
#[track_caller]
fn check_counts(file: &str, lines: &str, expected: (usize, usize)) {
    let plan = plan_with(file, lines, "v2", &Policy::default()).unwrap_or_else(|refused| panic!("{refused:?}"));
    let count = |op| plan.steps.iter().filter(|step| step.op == op).count();
    assert_eq!((count(Op::Create), count(Op::Destroy)), expected, "{lines}");
}

fn warnings(plan: &Plan) -> String {
    plan.warnings.iter().map(|warning| format!("{}: {}\n", warning.code, warning.message)).collect()
}

fn warnings_of(file: &str, lines: &str) -> String {
    warnings(&plan_with(file, lines, "v2", &Policy::default()).unwrap_or_else(|refused| panic!("{refused:?}")))
}

#[test]
fn process_groups_implicit_and_explicit_are_replaced_never_doubled() {
    // flyctl#4886: the file names its group nowhere but in the service.
    let implicit = IMPLICIT;
    let explicit = format!("{implicit}\n[processes]\napp = \"\"\n");
    for file in [implicit, &explicit] {
        for lines in [
            "a1 app iad started v1\na2 app iad started v1",
            "a1 - iad started v1\na2 app iad started v1",
            "a1 app iad stopped v1\na2 app iad suspended v1",
        ] {
            check_counts(file, lines, (2, 2));
        }
        let first = plan_with(file, "", "v1", &Policy { first_deploy: true, ..Policy::default() }).unwrap();
        assert_eq!(first.steps.iter().filter(|step| step.op == Op::Create).count(), 2);
        // What the report says: unmanaged machines serve, and a deploy makes others beside them.
        let detached = text_of(file, "a1 app iad started v1 unmanaged", "v2", &Policy::default());
        assert!(detached.contains("unmanaged-machines: group `app`"), "{detached}");
        // And what it leads to: twice the machines, of two images.
        let doubled = "a1 app iad started v0\na2 app iad started v0\nb1 app iad started v1\nb2 app iad started v1";
        assert!(text_of(file, doubled, "v2", &Policy::default()).starts_with("mixed-images: group `app`"));
    }
}

#[test]
fn process_groups_added_removed_and_renamed() {
    // Added: two where there are services, else one and a standby.
    check_counts(SHOP, "w1 worker iad started v2", (2, 0));
    check_counts(SHOP, "a1 app iad started v2", (2, 0));
    let renamed = "
        a1 app iad started v2
        j1 jobs iad started v1
        j2 jobs ams started v1
        j3 jobs ams started v1
    ";
    insta::assert_snapshot!(warnings_of(SHOP, renamed), @r#"
    group-removed: fly.toml does not name group jobs: its machines are destroyed, last of all
    group-renamed: group `jobs` goes and `worker` comes: if it was renamed, note that `worker` begins with 2 machines in iad, where `jobs` has 3 machines in ams, iad
    "#);
    // By what it does, where several come and go.
    let file = SHOP.replace("worker = \"work\"", "worker = \"work\"\nextra = \"more\"");
    let mut several = fleet(&file, "a1 app iad started v2\nj1 jobs iad started v1\nz1 gone iad started v1");
    several.machines[1].config_mut().unwrap().fields_mut().insert("init".into(), serde_json::json!({"cmd": ["work"]}));
    let of_several = warnings(&plan_of(&file, &several, "v2", &Policy::default()).unwrap());
    assert!(
        of_several.contains("group `jobs` goes and `worker` comes") && !of_several.contains("`gone` goes"),
        "{of_several}"
    );
    // Removed: the last of all.
    let plan = plan_with(SHOP, renamed, "v2", &Policy::default()).unwrap();
    let first_of_the_removed =
        plan.steps.iter().position(|step| step.machine.as_deref() == Some("j1") && step.op == Op::Cordon);
    let last_green = plan.steps.iter().rposition(|step| step.op == Op::Verify && step.machine.is_none());
    assert!(last_green < first_of_the_removed, "{}", steps(&plan));
}

#[test]
fn machine_kinds_are_each_told_apart() {
    insta::assert_snapshot!(outcome("
        a1 app iad started v1
        a2 app iad stopped v1
        a3 app iad suspended v1
        a4 app iad created v1
        a5 app iad failed v1
        a6 app iad replacing v1
        a7 app iad updating v1
        a8 app iad destroying v1
        a9 app iad started v1 cordoned
        b1 app iad started v1 unmanaged
        b2 app iad started v1 unreachable
        b3 app iad started v1 leased
        b4 app iad started v1 scheduled
        b5 app iad started v1 auto-destroy
        b6 - iad started v1
        r1 fly_app_release_command iad stopped v1
        r2 fly_app_test_machine_command iad started v1
        r3 fly_app_console iad created v1
        w1 worker iad started v1
        w2 worker iad stopped v1 standby=w1
    "), @r#"
    a1 replace: it runs shop:v1
    a2 replace: it runs shop:v1
    a3 replace: it runs shop:v1
    a4 replace: it runs shop:v1
    a5 replace: it runs shop:v1
    a6 replace: it runs shop:v1
    a7 replace: it runs shop:v1
    a8 leftover: it is destroying already
    a9 replace: it runs shop:v1
    b1 ignore: Fly Launch does not manage it: it has no `fly_platform_version` of `v2`
    b2 unreachable: its host does not answer: it cannot be cordoned, stopped or destroyed now
    b3 replace: it runs shop:v1
    b4 replace: it runs shop:v1
    b5 replace: it runs shop:v1
    b6 replace: it runs shop:v1
    r1 leftover: it was made for a release command and serves nothing; it is stopped, so that its command is not running
    r2 leftover: it was made for a machine check and serves nothing; it is started: its command may be running
    r3 leftover: it was made for a console and serves nothing; it is created: its command may be running
    w1 replace: it runs shop:v1
    w2 replace: it runs shop:v1
    warning unreachable-stays
    warning unmanaged-ignored
    warning in-flight
    warning cordoned-replaced
    warning job-replaced
    warning leased
    warning leftovers
    warning unverified-greens
    "#);
}

#[test]
fn machine_kinds_at_rest_are_followed_by_machines_at_rest() {
    let asleep = |lines: &str, policy: &Policy| -> Vec<String> {
        let plan = plan_with(SHOP, lines, "v2", policy).unwrap();
        let asleep = plan.steps.iter().filter(|step| step.request.as_ref().is_some_and(|request| request.skip_launch));
        asleep.filter_map(|step| step.replaces.clone()).collect()
    };
    let lines =
        "a1 app iad started v1\na2 app iad stopped v1\na3 app iad suspended v1\nw1 worker iad stopped v1 scheduled";
    assert_eq!(asleep(lines, &Policy::default()), ["a2", "a3", "w1"]);
    // Started once for verification when the policy says so; a job is never run for that.
    assert_eq!(asleep(lines, &Policy { verify_stopped: true, ..Policy::default() }), ["w1"]);
    insta::assert_snapshot!(warnings_of(SHOP, lines), @r#"
    job-replaced: w1 runs a job (a schedule, or destroyed when it ends): what it does when it is stopped breaks off, and its green, where it is started, does it again
    unverified-greens: what takes the place of a2, a3 is not started and not checked, since what it replaces is not running; `--verify-stopped` has it started and checked, too
    unverified-greens: what takes the place of w1 is not started and not checked, since a job at rest is not run
    "#);
}

#[test]
fn machine_kinds_keep_their_regions_sizes_and_metadata() {
    let mut fleet =
        fleet(SHOP, "a1 app iad started v1 memory=512\na2 app ams started v1 memory=2048\nw1 worker syd started v1");
    fleet.machines[1].config_mut().unwrap().set_metadata("team", "payments");
    let plan = plan_of(SHOP, &fleet, "v2", &Policy::default()).unwrap();
    let made = plan.steps.iter().filter_map(|step| Some((step.replaces.as_deref()?, step.request.as_ref()?)));
    let made: String = made
        .map(|(blue, request)| {
            let memory = &request.config.get("guest").unwrap()["memory_mb"];
            format!("{blue} {} {memory} {:?}\n", request.region, request.config.metadata("team"))
        })
        .collect();
    insta::assert_snapshot!(made, @r#"
    a1 iad 512 None
    a2 ams 2048 Some("payments")
    w1 syd 256 None
    "#);
    // Unless the file says something else: then the reviewer is told.
    let file = format!("{SHOP}\n[[vm]]\nsize = \"shared-cpu-1x\"\nprocesses = [\"app\"]\n");
    insta::assert_snapshot!(warnings(&plan_of(&file, &fleet, "v2", &Policy::default()).unwrap()), @r#"
    size-changes: group `app`: a2 has 1 shared CPU and 2048 MB, its green 1 shared CPU and 256 MB
    size-changes: group `app`: a1 has 1 shared CPU and 512 MB, its green 1 shared CPU and 256 MB
    "#);
}

#[test]
fn images_are_compared_by_digest_within_a_group_and_named_across() {
    // By digest, whatever the tags are.
    let mut same = fleet(SHOP, "a1 app iad started v1\na2 app iad started v0\nw1 worker iad started v1");
    same.machines[1].image_ref.digest = notation::digest("v1").into();
    assert!(plan_of(SHOP, &same, "v2", &Policy::default()).is_ok());
    // By repository and tag where a digest is not known.
    same.machines[1].image_ref.digest = String::new().into();
    assert_eq!(plan_of(SHOP, &same, "v2", &Policy::default()).unwrap_err()[0].code, "mixed-images");
    // Also where all of them run what is wanted, by its name: what it is, nobody can tell.
    let moved = fleet(SHOP, "a1 app iad started v2\na2 app iad started v2 moved\nw1 worker iad started v2");
    let config = notation::config_of(SHOP);
    let tag = cutover::plan::Desired {
        app: "shop",
        image: "registry.fly.io/shop:v2",
        path: "fly.toml",
        text: SHOP,
        config: &config,
    };
    let code = |fleet: &Fleet| cutover::plan::plan(&tag, fleet, &Policy::default()).unwrap_err()[0].code;
    assert_eq!(code(&moved), "mixed-images");
    // And where one without a digest, of the same name, stands between them.
    let mut between = fleet(
        SHOP,
        "a0 app iad started v2\na1 app iad started v2\na2 app iad started v2 moved\nw1 worker iad started v2",
    );
    between.machines[0].image_ref.digest = "".into();
    assert_eq!(code(&between), "mixed-images");
    insta::assert_snapshot!(warnings_of(SHOP, "a1 app iad started v1\nw1 worker iad started v0"), @"images-differ: the groups run different images now: shop:v0, shop:v1");
}

#[test]
fn images_that_move_come_from_elsewhere_or_run_already_are_named() {
    let of = |image: &str, lines: &str| {
        let config = notation::config_of(SHOP);
        let desired = cutover::plan::Desired { app: "shop", image, path: "fly.toml", text: SHOP, config: &config };
        warnings(&cutover::plan::plan(&desired, &fleet(SHOP, lines), &Policy::default()).unwrap())
    };
    let lines = "a1 app iad started v1\nw1 worker iad started v1";
    insta::assert_snapshot!(of("registry.fly.io/shop:v2", lines), @"image-not-pinned: `registry.fly.io/shop:v2` is a tag, and tags can move: name it with its digest (`registry.fly.io/shop:v2@sha256:...`) to deploy what was reviewed");
    insta::assert_snapshot!(of(&format!("registry.fly.io/blog@{DIGEST}"), lines), @"foreign-image: `registry.fly.io/blog@sha256:4f1d7c0a9be24f1d7c0a9be24f1d7c0a9be24f1d7c0a9be24f1d7c0a9be24f1d` is in the registry of another app, not of `shop`");
    insta::assert_snapshot!(of(&format!("ghcr.io/ada/shop@{DIGEST}"), lines), @"foreign-image: `ghcr.io/ada/shop@sha256:4f1d7c0a9be24f1d7c0a9be24f1d7c0a9be24f1d7c0a9be24f1d7c0a9be24f1d` is not from where the running one is: registry.fly.io/shop");
    insta::assert_snapshot!(of("registry.fly.io/shop:v1", lines), @"kept-by-tag: a1, w1 stay because they run `registry.fly.io/shop:v1`, which is a tag, and tags can move: if it moved since they were made, name the image with its digest (`registry.fly.io/shop:v1@sha256:...`)");
    let old = "a1 app iad started v1 other-config\nw1 worker iad started v1";
    insta::assert_snapshot!(of(&format!("registry.fly.io/shop:v1@{}", notation::digest("v1")), old), @"image-not-new: `registry.fly.io/shop:v1@sha256:0000000000000000000000000000000000000000000000000000000000007631` runs already: the machines are replaced for their config alone, and no new code is deployed");
}

#[test]
fn volumes_are_named_with_their_machines_and_the_rest_goes_blue_green() {
    let mut fleet = fleet(SHOP, "a1 app iad started v1\na2 app iad started v1\nw1 worker iad started v1");
    let volumes = r#"[{"id": "vol_1", "name": "data", "attached_machine_id": "a1"}, {"id": "vol_2", "name": "data"}]"#;
    fleet.volumes = Some(fleet::volumes(volumes).unwrap());
    let refused = plan_of(SHOP, &fleet, "v2", &Policy::default()).unwrap_err();
    insta::assert_snapshot!(format!("{}\n{}", refused[0].message, refused[0].fix.join("\n")), @r#"
    group `app` has volumes on a1 (vol_1), though fly.toml mounts none: a volume belongs to one machine at a time, so no green can stand beside its blue
    fly deploy --app shop --strategy rolling --process-groups app --image registry.fly.io/shop:v2@sha256:0000000000000000000000000000000000000000000000000000000000007632 # detaches the volumes; [mounts] in fly.toml keeps them
    cutover plan --group worker
    "#);
    assert!(plan_of(SHOP, &fleet, "v2", &Policy { groups: vec!["worker".into()], ..Policy::default() }).is_ok());
}

#[test]
fn volumes_that_a_new_group_lacks_are_named() {
    let file = format!("{SHOP}\n[mounts]\nsource = \"data\"\ndestination = \"/data\"\nprocesses = [\"worker\"]\n");
    let mut fleet = fleet(SHOP, "a1 app iad started v1");
    fleet.volumes = Some(Vec::new());
    let refused = plan_of(&file, &fleet, "v2", &Policy::default()).unwrap_err();
    insta::assert_snapshot!(format!("{}\n{}", refused[0].message, refused[0].fix.join("\n")), @r#"
    group `worker` mounts volume `data` in fly.toml, and no volume of that name is free: a volume belongs to one machine at a time, so no green can stand beside its blue
    fly volumes create data --region iad --app shop
    fly deploy --app shop --strategy rolling --process-groups worker --image registry.fly.io/shop:v2@sha256:0000000000000000000000000000000000000000000000000000000000007632
    cutover plan --group app
    "#);
}

#[test]
fn volumes_that_machines_lack_are_named_where_they_stand() {
    let file = format!("{SHOP}\n[mounts]\nsource = \"data\"\ndestination = \"/data\"\nprocesses = [\"app\"]\n");
    let mut fleet = fleet(SHOP, "a1 app iad started v1\na2 app iad started v1\na3 app fra started v1");
    fleet.volumes = Some(Vec::new());
    let refused = plan_of(&file, &fleet, "v2", &Policy::default()).unwrap_err();
    insta::assert_snapshot!(refused[0].fix[..2].join("\n"), @r#"
    fly volumes create data --region fra --app shop
    fly volumes create data --region iad --count 2 --app shop
    "#);
    fleet.volumes = Some(volumes(r#"[{"id": "vol_1", "name": "data", "region": "iad", "state": "created"}]"#).unwrap());
    let refused = plan_of(&file, &fleet, "v2", &Policy::default()).unwrap_err();
    insta::assert_snapshot!(refused[0].fix[..2].join("\n"), @r#"
    fly volumes create data --region fra --app shop
    fly volumes create data --region iad --app shop
    "#);
}

#[test]
fn empty_list_is_refused_even_as_a_first_deploy_where_the_app_is_known() {
    let first = Policy { first_deploy: true, ..Policy::default() };
    let with = |app: App, policy: &Policy| {
        let fleet = Fleet { app: Some(app), ..Fleet::default() };
        plan_of(SHOP, &fleet, "v1", policy).map_err(|refused| refused[0].message.clone())
    };
    let app = |machine_count, status: &str| App { machine_count, status: status.to_owned() };
    assert!(with(app(0, "pending"), &first).is_ok());
    assert!(with(app(0, "pending"), &Policy::default()).is_err());
    insta::assert_snapshot!(with(app(4, "deployed"), &first).unwrap_err(), @"the list of machines of app `shop` is empty, but Fly knows of 4 machines: a deploy could make a second fleet. `--first-deploy` counts only for a list that you vouch for");
    insta::assert_snapshot!(with(app(0, "suspended"), &first).unwrap_err(), @"the list of machines of app `shop` is empty, but Fly knows that it was deployed before: a deploy could make a second fleet. `--first-deploy` counts only for a list that you vouch for");
    let mut short = fleet(SHOP, "a1 app iad started v1\nw1 worker iad started v1");
    short.app = Some(app(4, "deployed"));
    insta::assert_snapshot!(warnings(&plan_of(SHOP, &short, "v2", &Policy::default()).unwrap()), @"list-too-short: Fly counts 4 machines, and the list has 2: what is not listed stays as it is");
    // What seems to be new may be what is missing.
    let mut without = fleet(SHOP, "a1 app iad started v1");
    without.app = Some(app(3, "deployed"));
    let refused = plan_of(SHOP, &without, "v2", &Policy::default()).unwrap_err();
    insta::assert_snapshot!(refused[0].message, @"Fly counts 3 machines of app `shop`, and the list has fewer, and none of group worker: the list may lag behind, and the deploy would make a second group. Try again in a minute, or paste a list that you vouch for");
    without.app = Some(app(1, "deployed"));
    assert!(plan_of(SHOP, &without, "v2", &Policy::default()).is_ok(), "it is new");
}

#[test]
fn machine_kinds_in_flight_are_told_with_when_to_plan_again() {
    for state in ["creating", "restarting", "updating", "replacing", "migrating"] {
        let told =
            warnings_of(SHOP, &format!("a1 app iad {state} v1\na2 app iad started v1\nw1 worker iad started v1"));
        assert!(told.starts_with("in-flight: somebody is at work on a1 ("), "{state}: {told}");
    }
    insta::assert_snapshot!(warnings_of(SHOP, "a1 app iad updating v1\nw1 worker iad started v1"), @"in-flight: somebody is at work on a1 (neither started nor at rest): it is not counted as serving, and once its config or version changes `apply` refuses the plan as stale. Plan again when it has settled; Fly calls it stuck after 10 minutes");
    for state in ["starting", "stopping", "suspending"] {
        let told = warnings_of(SHOP, &format!("a1 app iad {state} v1\nw1 worker iad started v1"));
        assert!(!told.contains("in-flight"), "the proxy does so all the time: {told}");
    }
}

#[test]
fn observed_fields_that_a_list_leaves_out_are_told_with_their_entry() {
    let text =
        r#"[{"id": "a1", "config": {"metadata": {"fly_platform_version": "v2"}, "image": "registry.fly.io/shop:v1"}}]"#;
    let policy = Policy { groups: vec!["app".into()], ..Policy::default() };
    let plan = plan_of(SHOP, &fleet::parse(text).unwrap(), "v2", &policy).unwrap();
    insta::assert_snapshot!(warnings(&plan), @r#"
    list-incomplete: the list of machines has no `host_status` for a1 (entry 1): assumed that its host answers
    list-incomplete: the list of machines has no `image_ref` for a1 (entry 1): assumed that it runs the image that its config names
    list-incomplete: the list of machines has no `instance_id` for a1 (entry 1): assumed that a change of it is noticed by its config and image alone
    list-incomplete: the list of machines has no `region` for a1 (entry 1): assumed that its successor may stand anywhere
    list-incomplete: the list of machines has no `state` for a1 (entry 1): assumed that it is started
    "#);
}

#[test]
fn health_each_green_says_which_checks_let_it_have_traffic() {
    let plan = plan_with(SHOP, "a1 app iad started v1\nw1 worker iad started v1", "v2", &Policy::default()).unwrap();
    let waits = plan.steps.iter().filter(|step| step.op == Op::WaitHealthy);
    let gates: String = waits.map(|step| format!("{}: {}\n", step.slot.as_deref().unwrap_or(""), step.why)).collect();
    insta::assert_snapshot!(gates, @r#"
    green-app-1: before it gets traffic, this must pass: the check of its service on port 8080
    green-worker-1: before it gets traffic, this must pass: the check `alive`
    "#);
}

#[test]
fn health_no_green_without_a_gate_unless_asked_for() {
    let bare = "app = \"shop\"\n[processes]\nworker = \"work\"\nother = \"work\"\n";
    let lines = "w1 worker iad started v1\no1 other iad started v1";
    let refused = plan_with(bare, lines, "v2", &Policy::default()).unwrap_err();
    assert_eq!(refused[0].code, "no-health-checks");
    let allowed = Policy { allow_unchecked: true, ..Policy::default() };
    insta::assert_snapshot!(warnings(&plan_with(bare, lines, "v2", &allowed).unwrap()), @r#"unchecked-group: no service check and no top-level check for group other, worker: its greens get traffic once they are started, and what machine checks there are have passed"#);
}

#[test]
fn release_command_is_announced_with_its_consequence() {
    let file = format!("{SHOP}\n[deploy]\nrelease_command = \"migrate\"\n");
    insta::assert_snapshot!(warnings_of(&file, "a1 app iad started v1\nw1 worker iad started v1"), @"release-command: `migrate` runs once, before any green is made, and has no undo: the old version works with what it did until the last blue is stopped, and for good when the deploy is taken back");
    assert_eq!(warnings_of(&file, "a1 app iad started v2\nw1 worker iad started v2"), "", "it does not run");
}

#[test]
fn marks_are_believed_only_where_they_were_written_and_never_handed_on() {
    let lines = "a1 app iad started v1 cloned=r7 course=forward/r7\nw1 worker iad started v1";
    let plan = plan_with(SHOP, lines, "v2", &Policy::default()).unwrap();
    let requests = plan.steps.iter().filter_map(|step| step.request.as_ref());
    assert!(
        requests.clone().count() == 2 && requests.clone().all(|request| !format!("{request:?}").contains("cutover_"))
    );
    let without = plan_with(SHOP, "a1 app iad started v1\nw1 worker iad started v1", "v2", &Policy::default()).unwrap();
    assert_eq!(plan.fleet, without.fleet, "marks make no plan stale");
}

#[test]
fn machine_kinds_that_fly_toml_names_are_told_since_their_ids_change() {
    let file = format!("{SHOP}\n[env]\nPRIMARY = \"a1\"\n");
    insta::assert_snapshot!(warnings_of(&file, "a1 app iad started v1\nw1 worker iad started v1"), @"machine-named: fly.toml names a1 by id or address, and both change: the green is another machine");
}

#[test]
fn a_plain_deploy_of_a_good_app_has_no_warning() {
    assert_eq!(
        warnings_of(
            SHOP,
            "a1 app iad started v1\na2 app iad started v1\nw1 worker iad started v1\nw2 worker iad stopped v1 standby=w1"
        ),
        ""
    );
}

const DIGEST: &str = "sha256:4f1d7c0a9be24f1d7c0a9be24f1d7c0a9be24f1d7c0a9be24f1d7c0a9be24f1d";

const IMPLICIT: &str = r#"
app = "shop"
primary_region = "iad"

[http_service]
internal_port = 8080
auto_stop_machines = "stop"
auto_start_machines = true
processes = ["app"]

[[http_service.checks]]
interval = "5s"
timeout = "2s"
path = "/healthz"
"#;
