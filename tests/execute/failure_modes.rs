//! The ways in which deploys on Fly go wrong that an executor can do something about, row by row
//! of `../shared/research/failure-modes.md`, with the test that shows it or the reason why none
//! can.

use std::collections::BTreeSet;

#[test]
fn every_row_about_execution_has_a_test_or_a_reason() {
    let tests = [
        include_str!("../execute.rs"),
        include_str!("operations.rs"),
        include_str!("rows.rs"),
        include_str!("stale.rs"),
        include_str!("../sim.rs"),
        include_str!("../sim/traffic.rs"),
        include_str!("../endings.rs"),
        include_str!("../http.rs"),
        include_str!("../cli/apply.rs"),
        include_str!("../cli/unfinished.rs"),
        include_str!("../cli/signals.rs"),
        include_str!("../cli/statuses.rs"),
        include_str!("../../src/render/text/progress.rs"),
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
    let known: BTreeSet<&str> = ROWS.iter().map(|(row, _)| *row).collect();
    let about_us: BTreeSet<&str> = text.lines().filter_map(row_about_execution).collect();
    println!("{} rows about execution", about_us.len());
    let named: BTreeSet<&str> = about_us.iter().copied().chain(UNMARKED).collect();
    assert_eq!(known, named);
}

/// The number of a row whose last column asks something of whoever executes a plan.
fn row_about_execution(line: &str) -> Option<&str> {
    let (row, rest) = line.strip_prefix("| ")?.split_once(" |")?;
    let wanted = rest.trim_end().trim_end_matches('|').rsplit('|').next()?;
    ["**X**", "**P/X**"].iter().any(|mark| wanted.contains(mark)).then_some(row)
}

/// Rows that concern the execution, though their last column bears another mark, or asks for the
/// same as the row above it.
const UNMARKED: [&str; 13] = ["A5", "B5", "B23", "B24", "B31", "B32", "B36", "C4", "C5", "C7", "C14", "D20", "D3"];

enum Proof {
    Test(&'static str),
    Reason(#[expect(dead_code, reason = "for whoever reads the table")] &'static str),
}

use Proof::{Reason, Test};

const ROWS: &[(&str, Proof)] = &[
    ("A1", Test("a1_no_deploy_ends_with_a_second_fleet")),
    ("A2", Test("a_fleet_that_changed_since_the_plan_is_left_alone")),
    ("A4", Test("cleaning_up_after_a_deploy_lets_others_begin")),
    ("A5", Test("a5_nothing_runs_and_nothing_goes_before_every_machine_is_leased")),
    ("A6", Test("a_killed_deploy_is_finished_or_taken_back_by_another_process")),
    ("A7", Test("a_lease_held_by_somebody_else_stops_the_deploy_before_anything_is_made")),
    ("A8", Test("a_destroy_that_fails_is_never_silent")),
    ("A8", Test("every_command_ends_with_the_status_that_says_how_it_went")),
    ("A13", Test("a_lease_held_by_somebody_else_can_be_waited_for")),
    ("B1", Test("a_green_that_dies_while_the_blues_stop_brings_them_back")),
    ("B2", Test("every_command_ends_with_the_status_that_says_how_it_went")),
    ("B3", Test("b3_a_green_in_the_place_of_a_blue_at_rest_is_verified_where_the_policy_wants_it")),
    ("B4", Test("b4_of_a_green_at_rest_no_check_is_told")),
    ("B5", Test("b5_a_standby_is_not_told_to_be_started")),
    ("B6", Test("b6_a_suspended_machine_is_woken_and_checked_where_the_policy_wants_it")),
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
    ("B22", Test("b22_a_blue_that_is_already_stopping_is_waited_for")),
    ("B23", Test("b23_each_machine_that_does_not_stop_is_told_with_its_cause")),
    ("B24", Test("a_green_that_never_gets_healthy_is_taken_back")),
    ("B25", Test("a_green_that_exits_on_boot_fails_fast")),
    ("B25", Test("b25_a_green_that_is_killed_for_its_memory_fails_fast_and_is_told_so")),
    ("B27", Test("b27_many_greens_are_created_as_fast_as_fly_lets_them_be")),
    ("B28", Test("b27_many_greens_are_created_as_fast_as_fly_lets_them_be")),
    ("B28", Test("b28_a_green_whose_host_is_lost_never_takes_over")),
    ("B29", Test("a_region_without_room_takes_everything_back")),
    ("B31", Test("a_standby_stands_by_for_the_new_machine")),
    ("B32", Test("b32_a_machine_check_runs_for_each_green_and_leaves_nothing")),
    ("B33", Test("a_machine_on_a_dead_host_stays_and_is_named")),
    ("B34", Test("a_machine_on_a_dead_host_stays_and_is_named")),
    ("B36", Test("b36_a_blue_that_uses_all_of_its_kill_timeout_fails_nothing_after_the_cut_over")),
    ("B37", Test("b37_a_held_deploy_waits_with_its_greens_and_goes_on_when_promoted_or_back_when_aborted")),
    ("B38", Test("b38_a_green_that_dies_between_batches_stops_the_roll_out")),
    ("C1", Test("c1_only_leases_that_are_held_are_given_back_and_one_that_is_gone_is_no_news")),
    ("C2", Test("a_lease_held_by_somebody_else_stops_the_deploy_before_anything_is_made")),
    ("C3", Test("a_large_fleet_keeps_its_leases_while_it_is_replaced")),
    ("C4", Test("a_run_that_goes_on_is_told_from_one_that_was_killed")),
    ("C5", Reason("`fly machine leases view` is not ours; `status` names who holds leases, and until when")),
    ("C6", Test("c6_a_green_that_fly_does_not_know_yet_is_asked_for_again")),
    ("C7", Test("c7_a_blue_that_fly_has_forgotten_while_it_is_waited_for_has_stopped")),
    ("C7", Test("a_destroy_whose_answer_is_lost_is_done_when_the_machine_is_gone")),
    ("C8", Reason("a machine is never updated: greens are made anew")),
    ("C9", Test("too_many_requests_are_waited_out")),
    ("C10", Test("c10_a_release_is_recorded_and_its_failure_is_only_a_warning")),
    (
        "C11",
        Reason(
            "a green that fails is not restarted: its blue serves all the while, so nothing is out of the proxy that a \
             restart would bring back, and a release that comes up at its second try is none to trust. flyctl restarts \
             nothing either; a machine's own restart policy does, and within the wait for its checks that is enough",
        ),
    ),
    ("C12", Test("a_reply_that_never_comes_counts_as_lost")),
    ("C12", Test("c12_a_log_says_at_least_every_half_minute_that_the_run_goes_on")),
    ("C13", Test("a_second_signal_stops_at_once_and_names_what_is_left")),
    ("C14", Test("the_same_seed_gives_the_same_trace")),
    ("D3", Test("a_removed_group_goes_last")),
    ("D20", Test("d20_a_release_command_runs_once_before_any_green_is_made")),
    (
        "D21",
        Reason("until the blues are destroyed they are the previous config; afterwards nothing is left to go back to"),
    ),
    ("D22", Reason("as D21: going back is `abort`, until the first blue is destroyed")),
    ("E21", Reason("a file that is not there is no plan: the commands refuse it before anything is executed")),
];
