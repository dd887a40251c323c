//! Explores on every core, for so many runs or so long: clock and threads around
//! [`crate::sim::explore`].

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::sim::explore::{Explorer, Failure};

/// When to stop; the first that comes true.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub runs: u64,
    pub time: Duration,
    pub threads: Option<NonZero<usize>>,
}

#[derive(Debug)]
pub struct Explored {
    pub runs: u64,
    pub took: Duration,
    /// The first ones, by their number.
    pub failures: Vec<Failure>,
    pub failed: u64,
}

/// Runs with these numbers, from `first` on.
pub fn explore(explorer: &Explorer, first: u64, limits: Limits) -> Explored {
    let threads = limits.threads.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZero::get);
    let (begin, next, failed) = (Instant::now(), AtomicU64::new(0), AtomicU64::new(0));
    let failures = Mutex::new(Vec::new());
    let work = || {
        while begin.elapsed() < limits.time {
            let batch = next.fetch_add(BATCH, Ordering::Relaxed);
            if batch >= limits.runs {
                return;
            }
            for number in batch..(batch + BATCH).min(limits.runs) {
                if let Err(failure) = run(explorer, first + number) {
                    failed.fetch_add(1, Ordering::Relaxed);
                    let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                    if failures.len() < MOST_FAILURES {
                        failures.push(failure);
                    }
                }
            }
        }
    };
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let mut failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    failures.sort_by_key(|failure| failure.number);
    let runs = next.into_inner().min(limits.runs);
    Explored { runs, took: begin.elapsed(), failures, failed: failed.into_inner() }
}

/// A panic is a failure like any other.
fn run(explorer: &Explorer, number: u64) -> Result<(), Failure> {
    let panicked = |_| Err(Failure { number, what: "it panicked".to_owned() });
    catch_unwind(AssertUnwindSafe(|| explorer.run(number))).unwrap_or_else(panicked)
}

/// Runs that a thread takes at once.
const BATCH: u64 = 64;

const MOST_FAILURES: usize = 20;
