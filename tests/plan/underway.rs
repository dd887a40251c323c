//! A deploy that did not end, planned anew: what it made and what it left, told by its marks.

use cutover::plan::{Disposition, Op, Plan, Policy};

use crate::notation::{SHOP, fleet, plan_of, plan_with};
use crate::{outcome, steps, text_of};

/// A deploy to v2 with a surge, after its first batch.
const HALF: &str = "
    g1 app iad started v2 made-by=r7/green-app-1/a1/3
    a2 app iad started v1
    a3 app ams started v1
    w1 worker iad started v1
";

#[test]
fn a_deploy_underway_is_planned_from_where_it_stopped() {
    insta::assert_snapshot!(outcome(HALF), @r#"
    a2 replace: it runs shop:v1
    a3 replace: it runs shop:v1
    g1 keep: a deploy that did not end made it, and it runs the image and the config that are wanted
    w1 replace: it runs shop:v1
    warning deploy-underway
    "#);
    let plan = plan_with(SHOP, HALF, "v2", &Policy::default()).unwrap();
    let replaced: Vec<_> = plan.steps.iter().filter_map(|step| step.replaces.as_deref()).collect();
    assert_eq!(replaced, ["a2", "a3", "w1"]);
}

#[test]
fn a_blue_that_has_its_green_goes_without_another() {
    let lines = "
        a1 app iad started v1
        g1 app iad started v2 made-by=r7/green-app-1/a1/2
        a2 app iad stopped v1 cordoned
        g2 app iad started v2 made-by=r7/green-app-2/a2/2
        w1 worker iad started v2
    ";
    insta::assert_snapshot!(outcome(lines), @r#"
    a1 remove: g1 has its place: a deploy that did not end made it
    a2 remove: g2 has its place: a deploy that did not end made it
    g1 keep: a deploy that did not end made it, and it runs the image and the config that are wanted
    g2 keep: a deploy that did not end made it, and it runs the image and the config that are wanted
    w1 keep: it runs the image and the config that are wanted
    warning deploy-underway
    "#);
    let plan = plan_with(SHOP, lines, "v2", &Policy::default()).unwrap();
    insta::assert_snapshot!(steps(&plan), @r#"
    s1 lease a1
    s2 cordon a1 <- s1
    s3 settle <- s2
    s4 lease a2 <- s3
    s5 drain a1 <- s4
    s6 drain a2 <- s4
    s7 stop a1 <- s5
    s8 wait-stopped a1 <- s7
    s9 stop a2 <- s6
    s10 wait-stopped a2 <- s9
    s11 gate <- s8 s10
    s12 destroy a1 <- s11
    s13 destroy a2 <- s11
    "#);
    assert_eq!(floors(&plan), [2], "two places, though three machines serve");
    let whys: Vec<_> = plan.steps.iter().filter(|step| step.op == Op::Destroy).map(|step| &*step.why).collect();
    assert_eq!(whys, ["a green has its place"; 2]);
}

fn floors(plan: &Plan) -> Vec<u64> {
    plan.floors.iter().map(|floor| floor.serving).collect()
}

#[test]
fn a_release_command_that_would_run_again_is_named() {
    let file = format!("{SHOP}\n[deploy]\nrelease_command = \"migrate\"\n");
    let plan = plan_of(&file, &fleet(SHOP, HALF), "v2", &Policy::default()).unwrap();
    let warning = plan.warnings.iter().find(|warning| warning.code == "deploy-underway").unwrap();
    insta::assert_snapshot!(warning.message, @"a deploy by cutover made g1 and did not end: they stay, since they are what is wanted, and `migrate` runs again. `cutover resume --app shop` finishes that deploy instead");
}

#[test]
fn a_standby_follows_to_the_green_that_is_there() {
    let lines = "
        a1 app iad started v2
        x1 worker iad started v2 made-by=r7/green-worker-1/w1/2
        w2 worker iad stopped v1 standby=w1
    ";
    let plan = plan_with(SHOP, lines, "v2", &Policy::default()).unwrap();
    let created: Vec<_> = plan.steps.iter().filter(|step| step.op == Op::Create).collect();
    assert_eq!((created.len(), created[0].standby_for.as_slice()), (1, ["x1".to_owned()].as_slice()));
}

#[test]
fn a_blue_out_of_reach_gets_a_green_unless_it_has_one() {
    let makes = |made_for: &str| {
        let lines = format!(
            "g1 app iad started v2 made-by=r7/green-app-1/{made_for}/2\na2 app iad started v1 unreachable\nw1 worker iad started v2"
        );
        let plan = plan_with(SHOP, &lines, "v2", &Policy::default()).unwrap();
        plan.steps.iter().filter(|step| step.op == Op::Create).count()
    };
    assert_eq!((makes("a1"), makes("a2")), (1, 0));
}

#[test]
fn a_deploy_underway_to_something_else_is_refused_with_the_commands() {
    insta::assert_snapshot!(text_of(SHOP, HALF, "v3", &Policy::default()), @r#"
    mixed-images: group `app` runs 2 images, and blue-green needs one: shop:v1 of release 7 on a2, a3 (serving); shop:v2 of release 7 on g1 (serving). A deploy by cutover did not end: finish it or take it back first [a2 a3 g1]
        cutover status --app shop
        cutover resume --app shop
        cutover abort --app shop
    "#);
}

/// With one machine instead of the first.
fn codes(first: &str) -> Vec<&'static str> {
    let lines = format!("{first}\na2 app iad started v1\nw1 worker iad started v1");
    let refused = plan_with(SHOP, &lines, "v2", &Policy::default()).err().unwrap_or_default();
    refused.iter().map(|refusal| refusal.code).collect()
}

#[test]
fn a_green_is_done_only_when_it_serves_as_wanted_and_says_so_itself() {
    let green = "g1 app iad started v2 made-by=r7/green-app-1/a1/2";
    assert_eq!(codes(green), [""; 0]);
    for (word, why) in
        [("failing", "it does not serve"), ("other-config", "it runs something else"), ("moved", "its tag moved")]
    {
        assert_eq!(codes(&format!("{green} {word}")), ["mixed-images"], "{why}");
    }
    assert_eq!(codes(&green.replace("started", "created")), ["mixed-images"], "it is not ready");
    assert_eq!(codes("g1 app iad started v2 cloned=r7"), ["mixed-images"], "its marks are another's");
    assert_eq!(codes("g1 app iad started v2"), ["mixed-images"], "it has none");
}

#[test]
fn a_second_green_for_one_place_goes() {
    for blue in ["", "a1 app iad started v1\n"] {
        let green = |id: &str| format!("{id} app iad started v2 made-by=r7/green-app-1/a1/2\n");
        let lines = format!("{blue}{}{}w1 worker iad started v2", green("g1"), green("g2"));
        let plan = plan_with(SHOP, &lines, "v2", &Policy::default()).unwrap();
        let of = |id: &str| plan.observed(id).unwrap().disposition;
        assert_eq!((of("g1"), of("g2")), (Disposition::Keep, Disposition::Remove));
        assert_eq!(floors(&plan), [1]);
    }
}

#[test]
fn a_deploy_that_is_held_or_goes_back_is_not_gone_on_with() {
    let green = "g1 app iad started v2 made-by=r7/green-app-1/a1/2";
    for (direction, expected) in [("forward", vec![]), ("held", vec!["mixed-images"]), ("back", vec!["mixed-images"])] {
        assert_eq!(
            codes(&format!("{green}\na1 app iad started v1 cordoned course={direction}/r7")),
            expected,
            "{direction}"
        );
    }
}
