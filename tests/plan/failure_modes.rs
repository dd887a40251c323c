//! Ways in which deploys were seen to go wrong that a plan has to prevent or to show, by their
//! numbers in the research on failure modes: each with a situation and what comes of it, or with
//! the reason why no situation shows it.

use std::collections::BTreeSet;

use cutover::plan::Policy;

use crate::notation::SHOP;
use crate::text_of;

/// What is expected of a situation.
enum Expected {
    /// The code of a refusal.
    Refused(&'static str),
    /// The code of a warning.
    Warned(&'static str),
    /// A machine and its disposition.
    Placed(&'static str),
    /// Planned without a warning or refusal.
    Fine,
}

struct Row {
    id: &'static str,
    /// Added to fly.toml, or all of it when it names the app.
    file: &'static str,
    fleet: &'static str,
    cleanup: bool,
    expected: Expected,
}

const fn row(id: &'static str, fleet: &'static str, expected: Expected) -> Row {
    Row { id, file: "", fleet, cleanup: false, expected }
}

const fn cleanup(id: &'static str, fleet: &'static str, expected: Expected) -> Row {
    Row { id, file: "", fleet, cleanup: true, expected }
}

const fn with_file(id: &'static str, file: &'static str, fleet: &'static str, expected: Expected) -> Row {
    Row { id, file, fleet, cleanup: false, expected }
}

use Expected::{Fine, Placed, Refused, Warned};

const ROWS: &[Row] = &[
    row("A1", "a1 app iad started v1 unmanaged\nw1 worker iad started v1", Refused("unmanaged-machines")),
    row("A1", "a1 app iad started v1\na2 app iad started v1\nw1 worker iad started v1", Fine),
    row("A2", "", Refused("empty-fleet")),
    row(
        "A3",
        "a1 app iad started v0\na2 app iad started v1\na3 app iad started v3\nw1 worker iad started v1",
        Refused("mixed-images"),
    ),
    row("A4", "a1 app iad started v1\na2 app iad started v0\nw1 worker iad started v1", Refused("mixed-images")),
    cleanup(
        "A4",
        "a1 app iad started v1\ng1 app iad started v2 cordoned tag=17\nw1 worker iad started v1",
        Placed("g1 sweep"),
    ),
    with_file(
        "A5",
        "[deploy]\nrelease_command = \"migrate\"",
        "a1 app iad started v1\na2 app iad started v0\nz1 gone iad started v1\nw1 worker iad started v1",
        Refused("mixed-images"),
    ),
    row(
        "A7",
        "a1 app iad started v2 tag=17\nb1 app iad stopped v1 cordoned tag=safe_to_destroy\nw1 worker iad started v1",
        Warned("leftovers"),
    ),
    cleanup(
        "A7",
        "a1 app iad started v2 tag=17\nb1 app iad stopped v1 cordoned tag=safe_to_destroy\nw1 worker iad started v1",
        Placed("b1 sweep"),
    ),
    row(
        "A9",
        "a1 app iad started v1 tag=safe_to_destroy\na2 app iad started v1\nw1 worker iad started v1",
        Placed("a1 replace"),
    ),
    cleanup(
        "A9",
        "a1 app iad started v1 tag=safe_to_destroy\na2 app iad started v1\nw1 worker iad started v1",
        Placed("a1 ignore"),
    ),
    cleanup(
        "A10",
        "a1 app iad started v1\ng1 app iad started v2 tag=17\nw1 worker iad started v1",
        Refused("mixed-images"),
    ),
    cleanup(
        "A10",
        "a1 app iad started v2 tag=17\nb1 app iad started v1 cordoned\nw1 worker iad started v1",
        Refused("mixed-images"),
    ),
    row("A11", "a1 app iad replacing v1\nw1 worker iad started v1", Warned("in-flight")),
    cleanup(
        "A11",
        "a1 app iad replacing v1\na2 app iad created v1\na3 app iad started v1\nw1 worker iad started v1",
        Placed("a1 ignore"),
    ),
    cleanup(
        "A11",
        "a1 app iad started v1\ng1 app iad created v2 cordoned tag=17\nw1 worker iad started v1",
        Refused("unproven-leftovers"),
    ),
    row("A12", "a1 app iad started v0\na2 app iad started v1\nw1 worker iad started v1", Refused("mixed-images")),
    row("A13", "a1 app iad started v0\na2 app iad started v1\nw1 worker iad started v1", Refused("mixed-images")),
    row("A14", "a1 app iad started v1\nw1 worker iad started v0", Warned("images-differ")),
    row("A15", "a1 app iad started v1\na2 app iad started v1 moved\nw1 worker iad started v1", Refused("mixed-images")),
    row("A16", "a1 app iad started v2 other-config\nw1 worker iad started v2", Warned("image-not-new")),
    row(
        "A17",
        "a1 app iad started v1\nc1 fly_app_console iad stopped v1\nw1 worker iad started v1",
        Warned("leftovers"),
    ),
    row(
        "A18",
        "a1 app iad started v1\nr1 fly_app_release_command iad stopped v1\nw1 worker iad started v1",
        Placed("r1 leftover"),
    ),
    row("B3", "a1 app iad stopped v1\na2 app iad stopped v1\nw1 worker iad started v1", Warned("unverified-greens")),
    with_file("B8", "app = \"shop\"", "a1 app iad started v1", Refused("no-health-checks")),
    row("B9", "a1 app iad started v1 volume\nw1 worker iad started v1", Refused("volumes")),
    row("B10", "a1 app iad started v1 volume\nw1 worker iad started v1", Refused("volumes")),
    with_file(
        "B18",
        "[deploy]\nrelease_command = \"migrate\"",
        "a1 app iad started v1\nw1 worker iad started v1",
        Warned("release-command"),
    ),
    with_file(
        "B30",
        "[env]\nPRIMARY = \"a1\"",
        "a1 app iad started v1\nw1 worker iad started v1",
        Warned("machine-named"),
    ),
    row("B31", "a1 app iad started v1\nw1 worker iad started v1\nw2 worker iad stopped v1 standby=w1", Fine),
    row(
        "B33",
        "a1 app iad started v1\na2 app iad started v1 unreachable\nw1 worker iad started v1",
        Warned("unreachable-stays"),
    ),
    row("B35", "a1 app iad started v1\nw1 worker iad started v1 volume unreachable", Refused("unreachable-volume")),
    row("C3", "a1 app iad started v1 leased\nw1 worker iad started v1", Warned("leased")),
    row("D3", "a1 app iad started v1\nw1 worker iad started v1\nz1 gone iad started v1", Warned("group-removed")),
    row("D3", "a1 app iad started v1\nz1 gone iad started v1", Warned("group-renamed")),
    with_file(
        "D7",
        "[[vm]]\nsize = \"shared-cpu-1x\"",
        "a1 app iad started v1 memory=1024\nw1 worker iad started v1",
        Warned("size-changes"),
    ),
    row("D12", "a1 app iad started v1\nw1 worker iad started v1\nw2 worker iad stopped v1 standby=w1", Fine),
    row("D13", "a1 - iad started v1\na2 app iad started v1\nw1 worker iad started v1", Fine),
    row(
        "D14",
        "a1 app iad started v1\na2 app iad started v1 unmanaged\nw1 worker iad started v1",
        Warned("unmanaged-ignored"),
    ),
    row("D14", "a1 app iad started v1 unmanaged\nw1 worker iad started v1 unmanaged", Refused("unmanaged-machines")),
    with_file(
        "D20",
        "[deploy]\nrelease_command = \"migrate\"",
        "a1 app iad started v1\nw1 worker iad started v1",
        Warned("release-command"),
    ),
    with_file(
        "D24",
        "[mounts]\nsource = \"data\"\ndestination = \"/data\"\nprocesses = [\"worker\"]",
        "a1 app iad started v1",
        Refused("volumes"),
    ),
    with_file("E27", "", "a1 app iad started v1 of-another-app\nw1 worker iad started v1", Refused("wrong-app")),
];

/// Rows that ask something of the plan that no single situation shows.
const ELSEWHERE: &[(&str, &str)] = &[
    ("B6", "the policy's verify_stopped: machine_kinds_at_rest_are_followed_by_machines_at_rest"),
    ("B20", "the settle time between cordon and stop is a step of every plan"),
    ("B26", "the plan's estimate has the peak; Fly's API does not say what the organization may have"),
    ("B27", "the plan's estimate counts the calls and their rate"),
    ("B28", "the API does not say which host a machine is on before it is made"),
    ("B29", "the API does not promise capacity: a create that fails is taken back"),
    ("C16", "the plan's steps, with their preconditions, are the runbook"),
    ("D5", "a_new_group_gets_two_machines_or_one_and_a_standby"),
    ("D6", "a group without machines is created, as flyctl does; `--group` leaves it out"),
    ("D15", "blue-green has no batches unless the policy's surge makes some, and the steps show them"),
    ("D19", "the plan's estimate counts the machine of the release command"),
    ("D23", "a volume is refused before anything is replaced or detached"),
    ("D26", "the plan's changes show what differs from blue to green"),
];

#[test]
fn every_failure_mode_of_a_plan_is_met() {
    for row in ROWS {
        let found = outcome(row);
        let is_met = match row.expected {
            Refused(code) => found.lines().any(|line| line.starts_with(&format!("{code}: "))),
            Warned(code) => found.lines().any(|line| line == format!("warning {code}")),
            Placed(start) => found.lines().any(|line| line.starts_with(&format!("{start}: "))),
            Fine => found.lines().all(|line| line.contains(" replace: ")),
        };
        assert!(is_met, "{} with\n{}\ngives\n{found}", row.id, row.fleet);
    }
}

#[test]
fn no_failure_mode_of_a_plan_is_forgotten() {
    let Ok(text) = std::fs::read_to_string("../shared/research/failure-modes.md") else {
        println!("../shared is not here: its rows were not counted");
        return;
    };
    let met: BTreeSet<&str> = ROWS
        .iter()
        .map(|row| row.id)
        .chain(ELSEWHERE.iter().map(|(id, reason)| {
            assert!(!reason.is_empty());
            *id
        }))
        .collect();
    let listed: BTreeSet<&str> = text.lines().filter_map(row_about_a_plan).collect();
    println!("{} failure modes are about plans", listed.len());
    assert_eq!(met, listed);
}

/// The number of a row whose last column asks something of a plan.
fn row_about_a_plan(line: &str) -> Option<&str> {
    let cells: Vec<_> = line.split(" | ").collect();
    let id = cells.first()?.strip_prefix("| ")?;
    let is_number =
        id.len() >= 2 && id.starts_with(char::is_uppercase) && id[1..].bytes().all(|byte| byte.is_ascii_digit());
    let wanted = cells.last()?;
    (is_number && ["**P**", "**P/X**", "**L/P**"].iter().any(|mark| wanted.contains(mark))).then_some(id)
}

fn outcome(row: &Row) -> String {
    let file = match row.file {
        whole if whole.starts_with("app =") => whole.to_owned(),
        more => format!("{SHOP}\n{more}\n"),
    };
    text_of(&file, row.fleet, "v2", &Policy { cleanup: row.cleanup, ..Policy::default() })
}
