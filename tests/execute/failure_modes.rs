//! The ways in which deploys on Fly go wrong that an executor can do something about, row by row
//! of `../shared/research/failure-modes.md`, with the test that shows it or the reason why none
//! can.

use std::collections::BTreeMap;

#[test]
fn every_row_about_execution_has_a_test_or_a_reason() {
    let tests = [
        include_str!("../execute.rs"),
        include_str!("operations.rs"),
        include_str!("stale.rs"),
        include_str!("../sim.rs"),
        include_str!("../sim/traffic.rs"),
        include_str!("../endings.rs"),
        include_str!("../http.rs"),
        include_str!("../cli/apply.rs"),
        include_str!("../cli/unfinished.rs"),
        include_str!("../cli/signals.rs"),
    ];
    for (row, proof) in ROWS {
        if let Test(name) = proof {
            assert!(tests.iter().any(|file| file.contains(&format!("fn {name}("))), "{row}: there is no test {name}");
        }
    }
}

#[test]
fn no_row_about_execution_is_missing() {
    let Ok(text) = std::fs::read_to_string("../shared/research/failure-modes.md") else {
        println!("../shared is not here: the table was not compared with its source");
        return;
    };
    let known: BTreeMap<&str, &Proof> = ROWS.iter().map(|(row, proof)| (*row, proof)).collect();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |"));
    let about_us = rows.filter(|(_, rest)| rest.contains("**X**") || rest.contains("**P/X**"));
    let about_us: Vec<&str> = about_us.map(|(row, _)| row).collect();
    let missing: Vec<_> = about_us.iter().filter(|row| !known.contains_key(**row)).collect();
    println!("{} rows about execution, {} in the table", about_us.len(), ROWS.len());
    assert!(missing.is_empty() && !about_us.is_empty(), "{missing:?}");
}

enum Proof {
    Test(&'static str),
    Reason(#[expect(dead_code, reason = "for whoever reads the table")] &'static str),
}

use Proof::{Reason, Test};

const ROWS: &[(&str, Proof)] = &[
    ("A1", Test("every_fault_and_every_intervention_alone_ends_well")),
    ("A2", Test("a_fleet_that_changed_since_the_plan_is_left_alone")),
    ("A4", Reason("cleaning up is planned, and carried out as any plan is")),
    ("A6", Test("a_killed_deploy_is_finished_or_taken_back_by_another_process")),
    ("A7", Test("a_lease_held_by_somebody_else_stops_the_deploy_before_anything_is_made")),
    ("A8", Test("a_destroy_that_fails_is_never_silent")),
    ("A13", Test("a_lease_held_by_somebody_else_can_be_waited_for")),
    ("B1", Test("a_green_that_dies_while_the_blues_stop_brings_them_back")),
    ("B2", Test("a_signal_takes_back_what_was_done")),
    ("B3", Test("a_blue_at_rest_gets_a_green_at_rest")),
    ("B4", Reason("what a green at rest is shown as is the renderer's business: events tell only what was seen")),
    ("B6", Reason("which greens are started is the planner's choice (verify_stopped)")),
    ("B11", Test("one_lost_uncordon_does_not_end_the_deploy")),
    ("B12", Test("a_list_that_lags_behind_makes_no_second_green")),
    ("B13", Test("a_failed_poll_is_no_failed_check")),
    ("B14", Test("a_region_without_room_takes_everything_back")),
    ("B15", Test("a_failure_to_go_back_is_told_beside_the_failure_that_led_to_it")),
    ("B16", Test("an_abort_after_the_first_destroy_finishes_the_deploy")),
    ("B17", Test("a_cordon_that_fails_uncordons_what_was_cordoned")),
    ("B18", Test("where_flyctl_drops_requests_we_drop_fewer_and_elsewhere_none")),
    ("B19", Test("a_url_that_answers_badly_gives_the_traffic_back")),
    ("B20", Test("where_flyctl_drops_requests_we_drop_fewer_and_elsewhere_none")),
    ("B21", Test("b21_a_busy_blue_is_drained_until_it_is_idle_or_its_time_is_over")),
    ("B22", Test("a_machine_that_the_proxy_stopped_since_the_plan_makes_it_not_stale")),
    ("B25", Test("a_green_that_exits_on_boot_fails_fast")),
    ("B27", Test("b27_many_greens_are_created_as_fast_as_fly_lets_them_be")),
    ("B28", Test("b27_many_greens_are_created_as_fast_as_fly_lets_them_be")),
    ("B29", Test("a_region_without_room_takes_everything_back")),
    ("B33", Test("a_machine_on_a_dead_host_stays_and_is_named")),
    ("B34", Test("a_machine_on_a_dead_host_stays_and_is_named")),
    ("B37", Test("b37_a_held_deploy_waits_with_its_greens_and_goes_on_when_promoted_or_back_when_aborted")),
    ("B38", Test("a_green_that_dies_while_it_bakes_gives_its_place_back")),
    ("C1", Test("every_fault_and_every_intervention_alone_ends_well")),
    ("C2", Test("a_lease_held_by_somebody_else_stops_the_deploy_before_anything_is_made")),
    ("C3", Test("a_large_fleet_keeps_its_leases_while_it_is_replaced")),
    ("C6", Test("a_list_that_lags_behind_makes_no_second_green")),
    ("C7", Test("a_destroy_whose_answer_is_lost_is_done_when_the_machine_is_gone")),
    ("C8", Reason("a machine is never updated: greens are made anew")),
    ("C9", Test("too_many_requests_are_waited_out")),
    ("C10", Test("c10_a_release_is_recorded_and_its_failure_is_only_a_warning")),
    ("C11", Test("a_green_that_dies_after_its_checks_passed_never_takes_over")),
    ("C12", Test("a_reply_that_never_comes_counts_as_lost")),
    ("C13", Test("a_second_signal_stops_at_once_and_names_what_is_left")),
    ("D20", Test("d20_a_release_command_runs_once_before_any_green_is_made")),
    (
        "D21",
        Reason("until the blues are destroyed they are the previous config; afterwards nothing is left to go back to"),
    ),
    ("D22", Reason("as D21: going back is `abort`, until the first blue is destroyed")),
    ("E21", Reason("a file that is not there is no plan: the commands refuse it before anything is executed")),
];
