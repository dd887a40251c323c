//! Why no plan is made, in the words and with the commands that the user gets.

use cutover::plan::Policy;

use crate::notation::{self, SHOP, plan_with};
use crate::{outcome, text_of};

#[test]
fn mixed_images_are_refused_with_the_choice_spelled_out() {
    insta::assert_snapshot!(outcome("
        a1 app iad started v1
        a2 app ams started v0
        a3 app ams started v1
        w1 worker iad started v1
    "), @r#"
    mixed-images: group `app` runs 2 images, and blue-green needs one: shop:v1 of release 7 on a1, a3 (serving); shop:v0 of release 7 on a2 (serving). Which of them is to stay is your choice: run one of these commands, then plan again [a1 a3 a2]
        fly machine destroy --force --app shop a2 # keeps shop:v1
        fly machine destroy --force --app shop a1 a3 # keeps shop:v0
        fly deploy --app shop --strategy rolling --process-groups app --image registry.fly.io/shop:v2@sha256:0000000000000000000000000000000000000000000000000000000000007632 # updates all of them in place
    "#);
}

#[test]
fn machines_of_an_interrupted_deploy_are_those_that_serve_nothing() {
    insta::assert_snapshot!(outcome("
        a1 app iad started v1
        a2 app iad started v2 cordoned
        w1 worker iad started v1
    "), @r#"
    mixed-images: group `app` runs 2 images, and blue-green needs one: shop:v1 of release 7 on a1 (serving); shop:v2 of release 7 on a2 (cordoned) (serving nothing). Only shop:v1 serves; destroying the others takes nothing away [a1 a2]
        fly machine destroy --force --app shop a2
    "#);
}

#[test]
fn what_rests_is_not_taken_for_something_left_over() {
    insta::assert_snapshot!(outcome("
        a1 app iad started v1
        w1 worker iad started v1
        w2 worker iad stopped v0 standby=w1
    "), @r#"
    mixed-images: group `worker` runs 2 images, and blue-green needs one: shop:v1 of release 7 on w1 (serving); shop:v0 of release 7 on w2 (serving nothing). Only shop:v1 serves: destroy the others if nothing needs them, or update all of them in place, then plan again [w1 w2]
        fly machine destroy --force --app shop w2
        fly deploy --app shop --strategy rolling --process-groups worker --image registry.fly.io/shop:v2@sha256:0000000000000000000000000000000000000000000000000000000000007632 # updates all of them in place
    "#);
}

#[test]
fn a_tag_that_moved_is_another_image() {
    let mut fleet = notation::fleet(SHOP, "a1 app iad started v1\na2 app iad started v1\nw1 worker iad started v1");
    fleet.machines[1].image_ref.digest = notation::digest("moved").into();
    let refused = notation::plan_of(SHOP, &fleet, "v2", &Policy::default()).unwrap_err();
    assert_eq!(refused[0].code, "mixed-images");
}

#[test]
fn what_names_no_image_is_refused_before_a_release_command_runs() {
    let config = notation::config_of(SHOP);
    let fleet = notation::fleet(SHOP, "a1 app iad started v1\nw1 worker iad started v1");
    let check = |image: &str, fault: &str| {
        let desired = cutover::plan::Desired { app: "shop", image, path: "fly.toml", text: SHOP, config: &config };
        let refused = cutover::plan::plan(&desired, &fleet, &Policy::default()).unwrap_err();
        assert_eq!((refused.len(), refused[0].code), (1, "odd-image"));
        assert_eq!(refused[0].message, format!("`{image}` is no name of an image: {fault}"));
    };
    check("registry.fly.io/shop v2", "it has blanks or letters that none can have");
    check("registry.fly.io/shop@sha256:zz", "its digest has other letters than hexadecimal digits");
    check("registry.fly.io/shop@sha256:", "its digest has other letters than hexadecimal digits");
    check("registry.fly.io/shop@v2", "what follows `@` is a digest, such as `sha256:` and 64 hexadecimal digits");
}

#[test]
fn volumes_are_refused_with_the_way_around_them() {
    insta::assert_snapshot!(outcome("
        a1 app iad started v1 volume
        w1 worker iad started v1
    "), @r#"
    volumes: group `app` has volumes on a1 (vol_1), though fly.toml mounts none: a volume belongs to one machine at a time, so no green can stand beside its blue [a1]
        fly deploy --app shop --strategy rolling --process-groups app --image registry.fly.io/shop:v2@sha256:0000000000000000000000000000000000000000000000000000000000007632 # detaches the volumes; [mounts] in fly.toml keeps them
        cutover plan --group worker
    "#);
    insta::assert_snapshot!(outcome("
        a1 app iad started v1
        w1 worker iad started v1 volume unreachable
    "), @r#"
    unreachable-volume: the host of w1 does not answer, and its volume vol_1 is there: no other machine can have it. Restore the volume from a snapshot first [w1]
        fly volumes list --app shop
    "#);
}

#[test]
fn a_volume_in_the_file_is_refused_before_anything_is_made() {
    let file = format!("{SHOP}\n[mounts]\nsource = \"data\"\ndestination = \"/data\"\nprocesses = [\"worker\"]\n");
    let refused = plan_with(&file, "a1 app iad started v1", "v2", &Policy::default()).unwrap_err();
    insta::assert_snapshot!(refused[0].message, @"group `worker` mounts volume `data` in fly.toml: a volume belongs to one machine at a time, so no green can stand beside its blue");
    let only_app = Policy { groups: vec!["app".into()], ..Policy::default() };
    assert!(plan_with(&file, "a1 app iad started v1", "v2", &only_app).is_ok(), "the other group has none");
}

#[test]
fn a_group_with_services_needs_a_check_of_its_own() {
    let file =
        file_without(&["[[http_service.checks]]", "interval = \"5s\"", "timeout = \"2s\"", "path = \"/healthz\""]);
    let file = file.replace("interval = \"15s\"", "interval = \"15s\"\ntimeout = \"2s\"");
    let fleet = "a1 app iad started v1\nw1 worker iad started v1";
    insta::assert_snapshot!(text_of(&file, fleet, "v2", &Policy::default()), @r#"
    no-health-checks: no health check tells whether new machines of group `app` work: traffic would move to them unseen. Add a check to fly.toml, such as `[[http_service.checks]]`, `[[services.tcp_checks]]` or `[checks.alive]` [a1]
        cutover plan --allow-unchecked
    "#);
    let allowed = Policy { allow_unchecked: true, ..Policy::default() };
    insta::assert_snapshot!(text_of(&file, fleet, "v2", &allowed), @r#"
    a1 replace: it runs shop:v1
    w1 replace: it runs shop:v1
    warning unchecked-group
    "#);
}

#[test]
fn an_empty_list_is_not_taken_for_a_new_app() {
    insta::assert_snapshot!(outcome(""), @r#"
    empty-fleet: app `shop` has no machines that a deploy manages: either it was never deployed, or the list is not the whole list, and a deploy would make a second fleet []
        fly machine list --json --app shop
        cutover plan --first-deploy
    "#);
    insta::assert_snapshot!(outcome("r1 fly_app_release_command iad stopped v1"), @r#"
    empty-fleet: app `shop` has no machines that a deploy manages: either it was never deployed, or the list is not the whole list, and a deploy would make a second fleet []
        fly machine list --json --app shop
        cutover plan --first-deploy
    "#);
}

#[test]
fn no_second_fleet_is_made_beside_unmanaged_machines() {
    insta::assert_snapshot!(outcome("a1 app iad started v1 unmanaged\nw1 worker iad started v1"), @r#"
    unmanaged-machines: group `app` has no machine that Fly Launch manages, but others work for it (a1): a deploy would make a second fleet beside them. Let Fly Launch manage them, or destroy them; which of the two is your choice [a1]
        fly machine update a1 --app shop --metadata fly_platform_version=v2 --metadata fly_process_group=app
        fly machine destroy --force --app shop a1 # instead, if they are not needed
    "#);
}

#[test]
fn a_fleet_that_nobody_manages_is_refused_once_for_each_group() {
    let refused = plan_with(
        SHOP,
        "a1 app iad started v1 unmanaged\nw1 worker iad started v1 unmanaged",
        "v2",
        &Policy::default(),
    );
    let codes: Vec<_> = refused.unwrap_err().iter().map(|refusal| refusal.code).collect();
    assert_eq!(codes, ["unmanaged-machines"; 2]);
}

#[test]
fn an_app_of_another_name_is_refused() {
    let file = SHOP.replace("\"shop\"", "\"blog\"");
    insta::assert_snapshot!(text_of(&file, "a1 app iad started v1\nw1 worker iad started v1", "v2", &Policy::default()), @r#"
    wrong-app: fly.toml is of app `blog`, and this plan would be for `shop` []
        fly machine list --json --app shop
    "#);
}

#[test]
fn a_policy_that_names_what_is_not_there_is_refused() {
    let policy = Policy { groups: vec!["ap".into()], exclude_machines: vec!["a9".into()], ..Policy::default() };
    insta::assert_snapshot!(text_of(SHOP, "a1 app iad started v1\nw1 worker iad started v1", "v2", &policy), @r#"
    unknown-group: there is no group `ap`, neither in fly.toml nor in the fleet []
        cutover plan --group app,worker
    unknown-machine: there is no machine a9 to exclude []
        fly machine list --json --app shop
    "#);
}

fn file_without(lines: &[&str]) -> String {
    let keeps = |line: &&str| !lines.contains(line);
    SHOP.lines().filter(keeps).map(|line| format!("{line}\n")).collect()
}
