//! What is left of a deploy, told from the marks that it left.

use cutover::plan::mark::Direction;
use cutover::plan::{Disposition, reconstruct};

use crate::notation::{PLAN, SHOP, fleet};
use crate::steps;

/// The steps that are left and whether every green is there, or why nothing can be told.
fn left_of(lines: &str) -> String {
    match reconstruct("shop", &fleet(SHOP, lines)) {
        Err(refusal) => format!("{}: {} [{}]", refusal.code, refusal.message, refusal.machines.join(" ")),
        Ok(left) => {
            let (plan, complete) = (&left.plan, left.is_complete);
            let placed = plan.machines.iter().map(|machine| format!("{} {:?}\n", machine.id, machine.disposition));
            format!(
                "complete: {complete}, {:?}, run {}\n{}{}",
                left.direction,
                left.run,
                placed.collect::<String>(),
                steps(plan)
            )
        }
    }
}

#[test]
fn an_interrupted_deploy_is_told_from_its_marks() {
    insta::assert_snapshot!(left_of("
        a1 app iad started v1 course=forward/r1
        g1 app iad started v2 cordoned made-by=r1/green-app-1/a1/3
        r1 fly_app_console iad stopped v1
        w1 worker iad started v1 course=forward/r1
        w2 worker iad stopped v1 standby=w1 course=forward/r1
        x1 worker iad started v2 cordoned made-by=r1/green-worker-1/w1
        x2 worker iad stopped v2 cordoned standby=x1 made-by=r1/green-worker-2/w2
    "), @r#"
    complete: true, Some(Forward), run r1
    a1 Replace
    r1 Leftover
    w1 Replace
    w2 Replace
    s1 lease a1
    s2 lease w1
    s3 gate <- s1 s2
    s4 create green-app-1 <- s3
    s5 wait-started green-app-1 <- s4
    s6 wait-healthy green-app-1 <- s5
    s7 create green-worker-1 <- s3
    s8 wait-started green-worker-1 <- s7
    s9 wait-healthy green-worker-1 <- s8
    s10 create green-worker-2 (not started) <- s3 s7
    s11 gate <- s6 s9 s10
    s12 uncordon green-app-1 <- s11
    s13 uncordon green-worker-1 <- s11
    s14 uncordon green-worker-2 <- s11
    s15 settle <- s12 s13 s14
    s16 verify <- s15
    s17 cordon a1 <- s16
    s18 cordon w1 <- s16
    s19 cordon w2 <- s16
    s20 settle <- s17 s18 s19
    s21 lease w2 <- s20
    s22 drain a1 <- s21
    s23 drain w1 <- s21
    s24 stop a1 <- s22
    s25 wait-stopped a1 <- s24
    s26 stop w1 <- s23
    s27 wait-stopped w1 <- s26
    s28 stop w2 <- s21
    s29 wait-stopped w2 <- s28
    s30 verify <- s25 s27 s29
    s31 destroy a1 <- s30
    s32 destroy w1 <- s30
    s33 destroy w2 <- s30
    "#);
}

#[test]
fn an_interrupted_deploy_goes_forward_only_when_marks_tell_all_that_is_left() {
    let is_complete = |lines: &str| reconstruct("shop", &fleet(SHOP, lines)).unwrap().is_complete;
    let two = "a1 app iad started v1\na2 app iad started v1";
    let green = |marks: &str| format!("{two}\ng1 app iad started v2 {marks}");
    assert!(is_complete(&green("cordoned made-by=r1/green-app-1/a1/1")));
    assert!(!is_complete(&green("cordoned made-by=r1/green-app-1/a1/2")), "one is missing");
    assert!(
        !is_complete(&green("cordoned made-by=r1/green-app-1/a1/1/to-check")),
        "its machine checks may not have run"
    );
    assert!(is_complete(&green("made-by=r1/green-app-1/a1/1/to-check")), "they did, before it got its traffic");
    assert!(!is_complete(&green("made-by=r1/green-app-1/a1/1/to-remove")), "nothing tells of what is to go");
    assert!(!is_complete("a1 app iad started v1 course=forward/r1"), "nothing was made");
}

#[test]
fn an_interrupted_deploy_that_can_be_finished_only_may_need_its_plan() {
    let left = |marks: &str| {
        left_of(&format!(
            "a2 app iad started v1\ng1 app iad started v2 course=past/r1 made-by=r1/green-app-1/a1/{marks}"
        ))
    };
    assert!(left("1").starts_with("complete: true"));
    assert!(left("2").starts_with("plan-needed: "), "a1 is gone, and another green was to be made");
    assert!(left("1/to-remove").starts_with("plan-needed: "));
}

#[test]
fn a_machine_that_runs_one_command_is_no_green() {
    let left = left_of(
        "
        a1 app iad started v1 course=forward/r1
        c1 fly_app_release_command iad started v2 made-by=r1/release-command/-/2
    ",
    );
    assert!(
        left.starts_with("complete: false") && left.ends_with("s1 lease a1\ns2 release-command release-command\n"),
        "{left}"
    );
}

#[test]
fn a_held_deploy_is_held_where_it_was() {
    let of = |lines: &str| reconstruct("shop", &fleet(SHOP, lines)).unwrap().plan.policy;
    let held = "a1 app iad started v1 course=held/r1\ng1 app iad started v2";
    let (before, after) =
        (of(&format!("{held} cordoned made-by=r1/green-app-1/a1")), of(&format!("{held} made-by=r1/green-app-1/a1")));
    assert_eq!((before.hold, before.keep_blue, after.hold, after.keep_blue), (true, false, false, true));
}

#[test]
fn an_interrupted_deploy_is_told_even_when_blues_are_gone_already() {
    let left = reconstruct("shop", &fleet(SHOP, "g1 app iad started v2 made-by=r2/green-app-1/a1/2\na2 app iad started v1 cordoned course=back/r2\ng2 app iad started v2 made-by=r2/green-app-2/a2/2")).unwrap();
    assert_eq!((left.marked.as_str(), left.run.as_str(), left.direction), (PLAN, "r2", Some(Direction::Back)));
    assert_eq!(left.plan.machines.len(), 1, "greens are slots, not machines of the plan");
    assert_eq!(left.plan.machines[0].disposition, Disposition::Replace);
    let replaces: Vec<_> = left.plan.steps.iter().filter_map(|step| step.replaces.as_deref()).collect();
    assert_eq!(replaces, ["a2"]);
}

#[test]
fn an_interrupted_deploy_is_taken_back_to_what_was_before_it() {
    let left = |lines: &str| steps(&reconstruct("shop", &fleet(SHOP, lines)).unwrap().plan);
    let green = "g1 app iad started v2 made-by=r1/green-app-1/a1";
    let stopped = left(&format!("a1 app iad stopped v1 cordoned course=forward/r1\n{green}"));
    assert_eq!(stopped, left(&format!("a1 app iad started v1\n{green}")), "it ran and had traffic");
    let at_rest = left("a1 app iad stopped v1 cordoned\ng1 app iad stopped v2 made-by=r1/green-app-1/a1");
    assert!(at_rest.starts_with("s1 create green-app-1 (not started)\n"), "it was at rest: {at_rest}");
    assert!(at_rest.contains("cordon a1"), "{at_rest}");
}

#[test]
fn nothing_is_told_without_marks_or_from_cloned_ones() {
    insta::assert_snapshot!(left_of("a1 app iad started v1"), @"nothing-interrupted: no machine of app `shop` carries the marks of a deploy that did not end []");
    insta::assert_snapshot!(left_of("a1 app iad started v1 cloned=r1"), @"nothing-interrupted: no machine of app `shop` carries the marks of a deploy that did not end []");
}
