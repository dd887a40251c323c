//! What deploys and commands left behind: named by a plan, swept by a cleanup once it is proved to be left over.

use cutover::plan::{Disposition, Policy};

use crate::notation::{SHOP, fleet, plan_of};
use crate::{outcome, text_of};

fn cleanup(lines: &str) -> String {
    text_of(SHOP, lines, "v2", &Policy { cleanup: true, ..Policy::default() })
}

#[test]
fn leftovers_are_named_by_a_plan_and_swept_by_a_cleanup() {
    let lines = "
        a1 app iad started v1
        a2 app iad started v1
        g1 app iad started v2 cordoned made-by=r7/green-app-1/a1
        g2 app iad stopped v2 cordoned tag=1763
        g3 app iad started v0 cordoned tag=safe_to_destroy
        r1 fly_app_release_command iad stopped v1
        r2 fly_app_console iad started v1
        w1 worker iad started v1
    ";
    insta::assert_snapshot!(outcome(lines), @r#"
    a1 replace: it runs shop:v1
    a2 replace: it runs shop:v1
    g1 leftover: run r7 of cutover made it, did not end and never gave it traffic; it is cordoned, and a1 and 1 more serve
    g2 leftover: a deploy of flyctl broke off and left it with shop:v2; it is cordoned, and a1 and 1 more serve
    g3 leftover: flyctl replaced it and did not destroy it; it runs shop:v0; it is cordoned, and a1 and 1 more serve
    r1 leftover: it was made for a release command and serves nothing; it is stopped, so that its command is not running
    r2 leftover: it was made for a console and serves nothing; it is started: its command may be running
    w1 replace: it runs shop:v1
    warning leftovers
    warning deploy-unfinished
    "#);
    insta::assert_snapshot!(cleanup(lines), @r#"
    a1 ignore: this plan only removes what is left over
    a2 ignore: this plan only removes what is left over
    g1 sweep: run r7 of cutover made it, did not end and never gave it traffic; it is cordoned, and a1 and 1 more serve
    g2 sweep: a deploy of flyctl broke off and left it with shop:v2; it is cordoned, and a1 and 1 more serve
    g3 sweep: flyctl replaced it and did not destroy it; it runs shop:v0; it is cordoned, and a1 and 1 more serve
    r1 sweep: it was made for a release command and serves nothing; it is stopped, so that its command is not running
    r2 leftover: it was made for a console and serves nothing; it is started: its command may be running
    w1 ignore: this plan only removes what is left over
    warning leftovers
    warning deploy-unfinished
    "#);
}

#[test]
fn leftovers_are_not_proved_by_a_tag_alone() {
    // Each of these has a tag, and is not left over for another reason.
    for (line, disposition) in [
        ("g1 app iad started v0 tag=safe_to_destroy", "it serves"),
        ("g1 app iad started v1 cordoned tag=safe_to_destroy", "it runs what serves"),
        ("g1 app iad started v2 cordoned tag=1763", "what serves has its tag"),
        ("g1 app iad started v2 cordoned", "it has none"),
        ("g1 app iad started v2 cordoned cloned=r7", "its marks are another's"),
        ("g1 app iad started v2 cordoned unmanaged tag=1763", "no deploy manages it"),
    ] {
        let lines =
            format!("a1 app iad started v1 tag=1763\na2 app iad started v1 tag=1763\n{line}\nw1 worker iad started v1");
        assert!(!cleanup(&lines).contains("g1 sweep"), "{disposition}: {}", cleanup(&lines));
    }
}

#[test]
fn leftovers_in_flight_leased_or_without_another_that_serves_stay() {
    let check = |lines: &str, why: &str| {
        let found = cleanup(lines);
        assert!(
            found.starts_with("unproven-leftovers: nothing proves that these can go: g1 (") && found.contains(why),
            "{found}"
        );
    };
    for state in ["created", "starting", "replacing", "updating"] {
        let green = format!("g1 app iad {state} v2 cordoned made-by=r7/green-app-1/a1");
        check(&format!("a1 app iad started v1\n{green}"), &format!("it is {state}: a deploy may be under way"));
        // Another run acted since: that one is over.
        let later = cleanup(&format!("a1 app iad started v1 course=back/r8\n{green}"));
        assert!(later.contains("g1 sweep"), "{later}");
    }
    let green = "g1 app iad started v2 cordoned made-by=r7/green-app-1/a1";
    check(&format!("a1 app iad started v1 leased\n{green}"), "ada@example.com holds a lease on a1");
    check(&format!("a1 app iad started v1 cordoned\n{green}"), "no other machine of its group serves");
    check(&format!("a1 app iad started v1 failing\n{green}"), "no other machine of its group serves");
    check(&format!("a1 app iad started v1\n{green} unreachable"), "its host does not answer");
    check("g1 fly_app_release_command iad started v1\na1 app iad started v1", "its command may be running");
}

#[test]
fn leftovers_are_not_what_a_held_deploy_waits_with() {
    let before = "a1 app iad started v1 course=held/r7\ng1 app iad started v2 cordoned made-by=r7/green-app-1/a1";
    let found = cleanup(before);
    assert!(found.contains("g1 (") && found.contains("run r7 is held until somebody promotes or aborts it"), "{found}");
    // Another run acted since: nobody holds it any more.
    let later = cleanup(&before.replace("held/r7", "back/r8"));
    assert!(later.contains("g1 sweep"), "{later}");
    // Blues that are kept, with the tag of the deploy of flyctl that made them.
    let kept =
        "a1 app iad started v1 cordoned tag=17 course=forward/r7\ng1 app iad started v2 made-by=r7/green-app-1/a1";
    assert!(!cleanup(kept).contains("sweep"), "{}", cleanup(kept));
    assert!(cleanup(&kept.replace(" course=forward/r7", "")).contains("a1 sweep"), "without our mark it is flyctl's");
}

#[test]
fn leftovers_that_nothing_proves_are_refused_with_the_commands() {
    insta::assert_snapshot!(cleanup("a1 app iad started v1\na2 app iad started v0\nw1 worker iad started v1"), @r#"
    mixed-images: group `app` runs 2 images, and blue-green needs one: shop:v1 of release 7 on a1 (serving); shop:v0 of release 7 on a2 (serving). Which of them is to stay is your choice: run one of these commands, then plan again [a1 a2]
        fly machine destroy --force --app shop a2 # keeps shop:v1
        fly machine destroy --force --app shop a1 # keeps shop:v0
        fly deploy --app shop --strategy rolling --process-groups app --image registry.fly.io/shop:v2@sha256:0000000000000000000000000000000000000000000000000000000000007632 # updates all of them in place
    "#);
    let other = text_of(
        SHOP,
        "a1 app iad started v1\ng1 app iad started v2 made-by=r7/green-app-1/a1\nw1 worker iad started v1",
        "v3",
        &Policy::default(),
    );
    insta::assert_snapshot!(other, @r#"
    mixed-images: group `app` runs 2 images, and blue-green needs one: shop:v1 of release 7 on a1 (serving); shop:v2 of release 7 on g1 (serving). A deploy by cutover did not end: finish it or take it back first [a1 g1]
        cutover status --app shop
        cutover resume --app shop
        cutover abort --app shop
    "#);
    assert_eq!(
        cleanup("a1 app iad started v1\nw1 worker iad started v1").matches("ignore").count(),
        2,
        "nothing to do"
    );
    assert!(
        cleanup("a1 app iad started v1\na2 app iad started v0 unreachable").starts_with("a1 ignore"),
        "out of reach"
    );
}

/// Every fleet of two machines of a group, of all kinds that bear on the question.
#[test]
fn leftovers_are_swept_only_beside_a_machine_that_serves_and_stays() {
    let kinds = [
        "",
        "cordoned",
        "cordoned tag=17",
        "tag=17",
        "cordoned tag=safe_to_destroy",
        "tag=safe_to_destroy",
        "cordoned made-by=r7/green-app-1/a1",
        "made-by=r7/green-app-1/a1",
        "failing",
        "cordoned unreachable tag=17",
    ];
    let states = ["started v1", "started v2", "stopped v1", "created v2"];
    let of = |id: &str| -> Vec<String> {
        let kinds = kinds.iter().flat_map(|kind| states.iter().map(move |state| (kind, state)));
        kinds.map(|(kind, state)| format!("{id} app iad {state} {kind}")).collect()
    };
    let policy = Policy { cleanup: true, ..Policy::default() };
    let mut swept = 0;
    for (one, other) in of("m1").iter().flat_map(|one| of("m2").into_iter().map(move |other| (one.clone(), other))) {
        let fleet = fleet(SHOP, &format!("{one}\n{other}"));
        let Ok(plan) = plan_of(SHOP, &fleet, "v2", &policy) else { continue };
        let goes = |id: &str| plan.machines.iter().any(|it| it.id == id && it.disposition == Disposition::Sweep);
        for machine in fleet.machines.iter().filter(|machine| goes(&machine.id)) {
            let stays = fleet.machines.iter().any(|other| other.is_serving() && !goes(&other.id));
            assert!(stays && !machine.is_serving(), "{} goes from\n{one}\n{other}", machine.id);
            swept += 1;
        }
    }
    assert!(swept > 100, "the fleets give too few leftovers: {swept}");
}
