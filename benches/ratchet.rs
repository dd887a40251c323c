//! What checking costs, counted and not timed, so that it says the same on a busy machine:
//! `cargo bench --bench ratchet`, with `valgrind` installed, on Linux. That takes a minute or two and
//! looks at [`TELLING`] shapes; with `-- --all` it looks at every one.
//!
//! - **cost**: instructions of a check over those that the `toml` crate takes to parse the same
//!   text. Compilers and processors change both alike, so the table holds on other machines too. A
//!   cost may not exceed that of `ratchet.txt` by more than [`TOLERANCE`]; a better one is written
//!   there with `cargo bench --bench ratchet -- --write`.
//! - **growth**: instructions a byte of a text over those of one a quarter as long: at most
//!   [`MOST_GROWTH`], whoever wrote the file.
//! - **memory**: peak memory of a process that checks a shape of [`LARGE`] bytes, or reads the list of
//!   [`WATCHED`] machines as a deploy does, without valgrind.
//!
//! What is done with a plan of [`MACHINES`] machines has a cost, too: over the instructions that
//! `serde_json` takes to parse their list; and a growth: over those of a quarter as many.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a benchmark runs programs, reads files and talks"
)]

mod app;
mod shapes;

use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};

use cutover::config;
use cutover::fleet::{self, Machine};
use cutover::lint::{self, Input, Settings};
use cutover::render::text::Look;
use cutover::render::{self, Checked};
use shapes::{APP, HOSTILE, Shape};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).filter(|arg| *arg != "--bench").collect();
    match args.as_slice() {
        [] => status(report(&TELLING)),
        ["--all"] => status(report(&names())),
        ["--write"] => status(write()),
        ["cost", at, work] => {
            let works: &[Work] = if *work == "parse" { &[Work::Parse] } else { &[Work::Check] };
            check(works, "fly.toml", &texts()[number(at)].1);
            ExitCode::SUCCESS
        }
        ["plan", work, machines] => {
            counted(app::Work::named(work).of(number(machines)));
            ExitCode::SUCCESS
        }
        ["growth", name, bytes] => {
            let shape = shape(name);
            let works: &[Work] =
                if shape.path == "fly.toml" { &[Work::Check, Work::Mend, Work::Normalize] } else { &[Work::Check] };
            check(works, shape.path, &shape.text(number(bytes)));
            ExitCode::SUCCESS
        }
        ["memory", name] => {
            let shape = shape(name);
            check(&[Work::Check], shape.path, &shape.text(LARGE));
            println!("{}", peak_kb());
            ExitCode::SUCCESS
        }
        ["watched"] => {
            let list = app::told_list(WATCHED);
            black_box(fleet::list(list.as_bytes(), Machine::watched).expect("it is a list"));
            println!("{}", ((peak_kb() << 10) - list.len()) / WATCHED);
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("usage: cargo bench --bench ratchet [-- --all | --write]");
            ExitCode::from(2)
        }
    }
}

fn number(text: &str) -> usize {
    text.parse().expect("it is called with numbers")
}

fn status(is_good: bool) -> ExitCode {
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[derive(Debug, Clone, Copy)]
enum Work {
    /// What checking is compared with.
    Parse,
    Check,
    Mend,
    Normalize,
}

fn check(works: &[Work], path: &str, text: &str) {
    let input = Input::new(path, text);
    let work = |work: &Work| match work {
        Work::Parse => drop(black_box(toml::de::DeTable::parse(text))),
        Work::Check => {
            let mut report = lint::check(&input, &Settings::default());
            report.limit(MOST_FINDINGS);
            let checked = [Checked { path, text, report: &report }];
            black_box(render::text::check(&checked, false, Look::default()));
        }
        Work::Mend => drop(black_box(lint::mend(&input, &Settings::pedantic(), true))),
        Work::Normalize => drop(black_box(config::normalize(text))),
    };
    counted(|| works.iter().for_each(work));
}

/// Its call is what callgrind counts.
#[inline(never)]
fn counted(work: impl FnOnce()) {
    work();
}

/// What the costs are of, with names for the table.
fn texts() -> [(&'static str, String); 4] {
    [
        ("the example app", include_str!("../examples/shop/fly.toml").to_owned()),
        ("500 lines", APP.of_lines(500)),
        ("100 KB", APP.text(100_000)),
        ("100 KB of variables", HOSTILE[0].text(100_000)),
    ]
}

fn names() -> Vec<&'static str> {
    [&APP].into_iter().chain(HOSTILE).map(|shape| shape.name).collect()
}

fn shape(name: &str) -> &'static Shape {
    [&APP].into_iter().chain(HOSTILE).find(|shape| shape.name == name).expect("shapes are named as they are called")
}

/// Of this process, so far.
fn peak_kb() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    peak.map_or(usize::MAX >> 10, number)
}

/// Whether everything is within its bounds.
fn report(names: &[&str]) -> bool {
    if !has_valgrind() {
        return true;
    }
    // Each says everything that is wrong, before it is said that something is.
    let reports = [report_costs(&costs()), report_growth(names), report_growth_of_plans(), report_memory()];
    reports.into_iter().all(|is_good| is_good)
}

fn write() -> bool {
    let is_measured = has_valgrind();
    if is_measured {
        fs::write(TABLE, table(&costs())).expect("the table can be written");
    }
    is_measured
}

fn has_valgrind() -> bool {
    let is_there = Command::new("valgrind").arg("--version").output().is_ok();
    if !is_there {
        eprintln!("NOT MEASURED: the ratchet needs Linux and `valgrind`");
    }
    is_there
}

/// By text or work, its instructions and what they are over those of parsing.
fn costs() -> Vec<(&'static str, u64, f64)> {
    let texts = texts();
    let runs =
        (0..texts.len()).flat_map(|at| ["parse", "check"].map(|work| vec!["cost".into(), at.to_string(), work.into()]));
    let counts = count(runs.collect());
    let row = |name, count: u64, parse: u64| (name, count, count as f64 / parse as f64);
    let checks = texts.iter().zip(counts.chunks(2)).map(|((name, _), counts)| row(*name, counts[1], counts[0]));
    let [parse, plans @ ..] = app::Work::ALL;
    let parse = count(vec![plan_run(parse, MACHINES)])[0];
    let counts = count(plans.map(|work| plan_run(work, MACHINES)).into());
    checks.chain(plans.iter().zip(counts).map(|(work, count)| row(work.name(), count, parse))).collect()
}

fn plan_run(work: app::Work, machines: usize) -> Vec<String> {
    vec!["plan".into(), work.name().into(), machines.to_string()]
}

fn table(costs: &[(&str, u64, f64)]) -> String {
    let rows = costs.iter().map(|(name, _, cost)| format!("{name}: {cost:.2}\n"));
    "# Written by `cargo bench --bench ratchet -- --write`.\n".to_owned() + &rows.collect::<String>()
}

fn report_costs(costs: &[(&str, u64, f64)]) -> bool {
    println!("instructions, and how often those of parsing alone: at most {TOLERANCE} as before");
    let table = fs::read_to_string(TABLE).unwrap_or_default();
    let mut good = true;
    for (name, instructions, cost) in costs {
        let before = table.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")?.parse::<f64>().ok());
        let is_good = before.is_some_and(|before| *cost <= before * TOLERANCE);
        good &= is_good;
        let before = before.map_or("nothing".to_owned(), |before| before.to_string());
        println!("  {}{name}: {instructions}, {cost:.2} ({before} before)", mark(is_good));
    }
    good
}

fn report_growth(names: &[&str]) -> bool {
    println!("instructions a byte, of {} bytes over {SMALL}: at most {MOST_GROWTH}", 4 * SMALL);
    let mut good = true;
    for name in names {
        let sizes = [SMALL, 4 * SMALL];
        let counts = count(sizes.map(|bytes| vec!["growth".into(), (*name).into(), bytes.to_string()]).into());
        let a_byte = |at: usize| counts[at] as f64 / shape(name).text(sizes[at]).len() as f64;
        let (large, growth) = (a_byte(1), a_byte(1) / a_byte(0));
        good &= growth <= MOST_GROWTH;
        println!("  {}{name}: {growth:.2}, {large:.0} a byte", mark(growth <= MOST_GROWTH));
    }
    good
}

fn report_growth_of_plans() -> bool {
    println!("instructions a machine, of {MACHINES} machines over {}: at most {MOST_GROWTH}", MACHINES / 4);
    let mut good = true;
    for work in app::Work::ALL {
        let counts = count([MACHINES / 4, MACHINES].map(|machines| plan_run(work, machines)).into());
        let growth = counts[1] as f64 / counts[0] as f64 / 4.0;
        good &= growth <= MOST_GROWTH;
        println!("  {}{}: {growth:.2}", mark(growth <= MOST_GROWTH), work.name());
    }
    good
}

fn report_memory() -> bool {
    println!("peak memory of a process that checks {LARGE} bytes, in bytes a byte: at most {MOST_MEMORY}");
    let mut good = true;
    for name in [APP.name, "broken lines", "ports of one service of many groups"] {
        let output = Command::new(this()).args(["memory", name]).output().expect("this program runs");
        let peak_kb = number(String::from_utf8_lossy(&output.stdout).trim());
        let a_byte = (peak_kb << 10) / LARGE;
        good &= a_byte <= MOST_MEMORY;
        println!("  {}{name}: {a_byte}", mark(a_byte <= MOST_MEMORY));
    }
    good & report_memory_of_watching()
}

fn report_memory_of_watching() -> bool {
    println!(
        "the same of one that reads {WATCHED} machines to watch them, in bytes a machine besides their list: at most {MOST_WATCHED}"
    );
    let output = Command::new(this()).arg("watched").output().expect("this program runs");
    let a_machine = number(String::from_utf8_lossy(&output.stdout).trim());
    println!("  {}machines of fifty groups: {a_machine}", mark(a_machine <= MOST_WATCHED));
    a_machine <= MOST_WATCHED
}

fn mark(is_good: bool) -> &'static str {
    if is_good { "" } else { "TOO MUCH " }
}

/// The instructions of [`counted`] in each run of this program, two at a time.
fn count(runs: Vec<Vec<String>>) -> Vec<u64> {
    let counting = |run: &Vec<String>| {
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"]);
        command.arg("--toggle-collect=*ratchet*counted*").arg(this()).args(run);
        command.stderr(Stdio::piped()).spawn().expect("valgrind runs")
    };
    let counted = |child: Child| {
        let output = child.wait_with_output().expect("valgrind ends");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let total = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
        total.filter(|total| *total > 0).unwrap_or_else(|| panic!("nothing was counted: {said}"))
    };
    let two = |runs: &[Vec<String>]| {
        runs.iter().map(counting).collect::<Vec<_>>().into_iter().map(counted).collect::<Vec<u64>>()
    };
    runs.chunks(2).flat_map(two).collect()
}

fn this() -> PathBuf {
    std::env::current_exe().expect("a program knows where it is")
}

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/ratchet.txt");

/// What can be looked through once too often, and what whole layers work at.
const TELLING: [&str; 12] = [
    "an app",
    "unknown keys",
    "broken lines",
    "suppressions above",
    "services, checked, of their own group",
    "groups of one service",
    "machine sizes of their own group",
    "unknown groups among many",
    "ports of one service of many groups",
    "findings on one line",
    "JSON: services",
    "YAML: anchors",
];

/// How much more a cost may be before it is too much. Another compiler inlines differently.
const TOLERANCE: f64 = 1.25;

const MOST_GROWTH: f64 = 1.3;

/// As `cutover check` lists them.
const MOST_FINDINGS: usize = 1_000;

/// Of fifty groups. Ten thousand take callgrind minutes.
const MACHINES: usize = 2_000;

/// In bytes.
const SMALL: usize = 5_000;
const LARGE: usize = 2_000_000;

/// Half of what the deploy of a thousand machines has before it when both colours are there.
const WATCHED: usize = 1_000;

/// In bytes a machine, of which the config of a machine with marks of its own is most.
const MOST_WATCHED: usize = 15_000;

/// A real file takes a third of it; one of which every byte is a finding comes close.
const MOST_MEMORY: usize = 200;
