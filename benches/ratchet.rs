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

use std::fmt::Write;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use cutover::config;
use cutover::lint::{self, Input, Settings};
use cutover::render::text::Look;
use cutover::render::{self, Checked};
use shapes::{APP, HOSTILE, Shape};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).filter(|arg| *arg != "--bench").collect();
    match args.as_slice() {
        ["costs"] => costs().iter().for_each(Measured::run),
        ["growth"] => growth().iter().for_each(Measured::run),
        ["memory", name] => measure_memory(name),
        ["--write"] => return status(report(true)),
        [] => return status(report(false)),
        _ => {
            eprintln!("usage: cargo bench --bench ratchet [-- --write]");
            return ExitCode::from(2);
        }
    };
    ExitCode::SUCCESS
}

fn status(is_good: bool) -> ExitCode {
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One thing done to one text.
struct Measured {
    work: Work,
    name: String,
    path: &'static str,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// What everything else is compared with.
    Parse,
    Check,
    Mend,
    Normalize,
}

impl Measured {
    fn new(work: Work, shape: &Shape, bytes: usize) -> Self {
        Self { work, name: format!("{work:?} {}", shape.name), path: shape.path, text: shape.text(bytes) }
    }

    fn run(&self) {
        counted(self.work, self.path, &self.text);
    }
}

/// Its calls are what callgrind counts.
#[inline(never)]
fn counted(work: Work, path: &str, text: &str) {
    let input = Input::new(path, text);
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

/// Each text first parsed, then checked.
fn costs() -> Vec<Measured> {
    let example = include_str!("../examples/shop/fly.toml").to_owned();
    let texts = [
        ("the example app", example),
        ("500 lines", APP.of_lines(500)),
        ("100 KB", APP.text(100_000)),
        ("100 KB of variables", HOSTILE[0].text(100_000)),
    ];
    let both = |(name, text): (&str, String)| {
        [Work::Parse, Work::Check].map(|work| Measured {
            work,
            name: name.to_owned(),
            path: "fly.toml",
            text: text.clone(),
        })
    };
    texts.into_iter().flat_map(both).collect()
}

/// Each thing done to each shape first small, then four times as large.
fn growth() -> Vec<Measured> {
    let shapes = [&APP].into_iter().chain(HOSTILE);
    let works = |shape: &'static Shape| {
        let works = [Work::Check, Work::Mend, Work::Normalize];
        works.into_iter().filter(|work| *work == Work::Check || shape.path == "fly.toml").map(move |work| (work, shape))
    };
    let sizes = |(work, shape)| [SMALL, 4 * SMALL].map(|bytes| Measured::new(work, shape, bytes));
    shapes.flat_map(works).flat_map(sizes).collect()
}

/// Prints this process's peak of memory in kB after a check.
fn measure_memory(name: &str) {
    let shape = HOSTILE.iter().find(|shape| shape.name == name).unwrap_or(&APP);
    Measured::new(Work::Check, shape, LARGE).run();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    println!("{}", peak.trim().trim_end_matches(" kB"));
}

/// Whether everything is within its bounds.
fn report(write: bool) -> bool {
    let Some(counts) = count("costs") else {
        eprintln!("NOT MEASURED: the ratchet needs Linux and `valgrind`");
        return true;
    };
    let mut good = true;
    let table = fs::read_to_string(TABLE).unwrap_or_default();
    let mut new = String::from("# Written by `cargo bench --bench ratchet -- --write`.\n");
    println!("instructions of a check, and over those of parsing alone");
    for (measured, counts) in costs().chunks(2).zip(counts.chunks(2)) {
        let name = &measured[0].name;
        let cost = counts[1] as f64 / counts[0] as f64;
        let known = table.lines().find_map(|line| line.strip_prefix(name.as_str())?.strip_prefix(": "));
        let limit = known.and_then(|known| known.parse::<f64>().ok()).map(|known| known * TOLERANCE);
        let is_good = limit.is_some_and(|limit| cost <= limit);
        good &= is_good || write;
        let known = known.unwrap_or("nothing");
        println!("  {}{name}: {} instructions, {cost:.2} ({known} before)", mark(is_good), counts[1]);
        writeln!(new, "{name}: {cost:.2}").expect("a String takes everything");
    }
    if write {
        fs::write(TABLE, new).expect("the table can be written");
        return true;
    }
    good & report_growth() & report_memory()
}

fn report_growth() -> bool {
    println!("instructions a byte, {} over {SMALL} bytes: at most {MOST_GROWTH}", 4 * SMALL);
    let counts = count("growth").unwrap_or_default();
    let mut good = true;
    for (measured, counts) in growth().chunks(2).zip(counts.chunks(2)) {
        let a_byte = |at: usize| counts[at] as f64 / measured[at].text.len() as f64;
        let growth = a_byte(1) / a_byte(0);
        good &= growth <= MOST_GROWTH;
        println!("  {}{}: {growth:.2}, {:.0} a byte", mark(growth <= MOST_GROWTH), measured[0].name, a_byte(1));
    }
    good
}

fn report_memory() -> bool {
    println!("peak memory for {LARGE} bytes, in bytes a byte: at most {MOST_MEMORY}");
    let mut good = true;
    for shape in [&APP].into_iter().chain(HOSTILE) {
        let output = Command::new(this()).args(["memory", shape.name]).output().expect("this program runs");
        let peak_kb: usize = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or(usize::MAX >> 10);
        let a_byte = (peak_kb << 10) / LARGE;
        good &= a_byte <= MOST_MEMORY;
        println!("  {}{}: {a_byte}", mark(a_byte <= MOST_MEMORY), shape.name);
    }
    good
}

fn mark(is_good: bool) -> &'static str {
    if is_good { "" } else { "TOO MUCH " }
}

/// The instructions of each call of [`counted`] that this program makes with `argument`.
fn count(argument: &str) -> Option<Vec<u64>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("ratchet-{argument}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).ok()?;
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*ratchet*counted*"])
        .arg("--dump-after=*ratchet*counted*")
        .arg(format!("--callgrind-out-file={}", folder.join("out").display()))
        .arg(this())
        .arg(argument)
        .output()
        .ok()?;
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let total = |dump: PathBuf| {
        let text = fs::read_to_string(dump).ok()?;
        text.lines().find_map(|line| line.strip_prefix("summary:")?.trim().parse().ok())
    };
    (1..).map(|at| folder.join(format!("out.{at}"))).take_while(|dump| dump.exists()).map(total).collect()
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
