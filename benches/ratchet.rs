//! What checking costs, counted and not timed, so that it says the same on a busy machine:
//! `cargo bench --bench ratchet`, with `valgrind` installed, on Linux.
//!
//! - **cost**: instructions of a check over those that the `toml` crate takes to parse the same
//!   text. Compilers and processors change both alike, so the table holds on other machines too. A
//!   cost may not exceed that of `ratchet.txt` by more than [`TOLERANCE`]; a better one is written
//!   there with `cargo bench --bench ratchet -- --write`.
//! - **growth**: instructions a byte of a text over those of one a quarter as long, for every shape:
//!   at most [`MOST_GROWTH`], whoever wrote the file.
//! - **memory**: peak memory of a process that checks a shape of [`LARGE`] bytes.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a benchmark runs programs, reads files and talks"
)]

mod shapes;

use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};

use cutover::config;
use cutover::lint::{self, Input, Settings};
use cutover::render::text::Look;
use cutover::render::{self, Checked};
use shapes::{APP, HOSTILE, Shape};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).filter(|arg| *arg != "--bench").collect();
    match args.as_slice() {
        [] => status(report(false)),
        ["--write"] => status(report(true)),
        ["cost", at, work] => {
            let works: &[Work] = if *work == "parse" { &[Work::Parse] } else { &[Work::Check] };
            counted(works, "fly.toml", &texts()[number(at)].1);
            ExitCode::SUCCESS
        }
        ["growth", at, bytes] => {
            let shape = shapes().nth(number(at)).expect("it is asked for one that there is");
            let works: &[Work] =
                if shape.path == "fly.toml" { &[Work::Check, Work::Mend, Work::Normalize] } else { &[Work::Check] };
            counted(works, shape.path, &shape.text(number(bytes)));
            ExitCode::SUCCESS
        }
        ["memory", at] => {
            let shape = shapes().nth(number(at)).expect("it is asked for one that there is");
            counted(&[Work::Check], shape.path, &shape.text(LARGE));
            println!("{}", peak_kb());
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("usage: cargo bench --bench ratchet [-- --write]");
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

/// Its call is what callgrind counts.
#[inline(never)]
fn counted(works: &[Work], path: &str, text: &str) {
    let input = Input::new(path, text);
    for work in works {
        match work {
            Work::Parse => drop(black_box(toml::de::DeTable::parse(text))),
            Work::Check => {
                let mut report = lint::check(&input, &Settings::default());
                report.limit(MOST_FINDINGS);
                let checked = [Checked { path, text, report: &report }];
                black_box(render::text::check(&checked, false, Look::default()));
            }
            Work::Mend => drop(black_box(lint::mend(&input, &Settings::pedantic(), true))),
            Work::Normalize => drop(black_box(config::normalize(text))),
        }
    }
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

fn shapes() -> impl Iterator<Item = &'static Shape> {
    [&APP].into_iter().chain(HOSTILE)
}

/// Of this process, so far.
fn peak_kb() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    peak.map_or(usize::MAX >> 10, number)
}

/// Whether everything is within its bounds.
fn report(write: bool) -> bool {
    if Command::new("valgrind").arg("--version").output().is_err() {
        eprintln!("NOT MEASURED: the ratchet needs Linux and `valgrind`");
        return true;
    }
    if write {
        fs::write(TABLE, table(&costs())).expect("the table can be written");
    }
    // Each says everything that is wrong, before it is said that something is.
    let reports = [report_costs(), report_growth(), report_memory()];
    reports.into_iter().all(|is_good| is_good)
}

/// By text, the instructions of a check and what they are over those of parsing.
fn costs() -> Vec<(&'static str, u64, f64)> {
    let texts = texts();
    let runs =
        (0..texts.len()).flat_map(|at| ["parse", "check"].map(|work| vec!["cost".into(), at.to_string(), work.into()]));
    let counts = count(runs.collect());
    let row = |((name, _), counts): (&(&'static str, String), &[u64])| {
        (*name, counts[1], counts[1] as f64 / counts[0] as f64)
    };
    texts.iter().zip(counts.chunks(2)).map(row).collect()
}

fn table(costs: &[(&str, u64, f64)]) -> String {
    let rows = costs.iter().map(|(name, _, cost)| format!("{name}: {cost:.2}\n"));
    "# Written by `cargo bench --bench ratchet -- --write`.\n".to_owned() + &rows.collect::<String>()
}

fn report_costs() -> bool {
    println!("instructions of a check, and how often those of parsing alone: at most {TOLERANCE} as before");
    let table = fs::read_to_string(TABLE).unwrap_or_default();
    let mut good = true;
    for (name, instructions, cost) in costs() {
        let before = table.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")?.parse::<f64>().ok());
        let is_good = before.is_some_and(|before| cost <= before * TOLERANCE);
        good &= is_good;
        let before = before.map_or("nothing".to_owned(), |before| before.to_string());
        println!("  {}{name}: {instructions}, {cost:.2} ({before} before)", mark(is_good));
    }
    good
}

fn report_growth() -> bool {
    println!("instructions a byte, of {} bytes over {SMALL}: at most {MOST_GROWTH}", 4 * SMALL);
    let sizes = |at: usize| [SMALL, 4 * SMALL].map(|bytes| vec!["growth".into(), at.to_string(), bytes.to_string()]);
    let counts = count((0..shapes().count()).flat_map(sizes).collect());
    let mut good = true;
    for (shape, counts) in shapes().zip(counts.chunks(2)) {
        let [small, large] = [(counts[0], SMALL), (counts[1], 4 * SMALL)]
            .map(|(count, bytes)| count as f64 / shape.text(bytes).len() as f64);
        let growth = large / small;
        good &= growth <= MOST_GROWTH;
        println!("  {}{}: {growth:.2}, {large:.0} a byte", mark(growth <= MOST_GROWTH), shape.name);
    }
    good
}

fn report_memory() -> bool {
    println!("peak memory of a process that checks {LARGE} bytes, in bytes a byte: at most {MOST_MEMORY}");
    let mut good = true;
    for (at, shape) in shapes().enumerate() {
        let output = Command::new(this()).args(["memory", &at.to_string()]).output().expect("this program runs");
        let peak_kb = number(String::from_utf8_lossy(&output.stdout).trim());
        let a_byte = (peak_kb << 10) / LARGE;
        good &= a_byte <= MOST_MEMORY;
        println!("  {}{}: {a_byte}", mark(a_byte <= MOST_MEMORY), shape.name);
    }
    good
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

/// How much more a cost may be before it is too much.
const TOLERANCE: f64 = 1.1;

const MOST_GROWTH: f64 = 1.3;

/// As `cutover check` lists them.
const MOST_FINDINGS: usize = 1_000;

/// In bytes.
const SMALL: usize = 8_000;
const LARGE: usize = 2_000_000;

/// A real file takes a third of it; one of which every byte is a finding comes close.
const MOST_MEMORY: usize = 200;
