//! What planning costs inside one process: `cargo bench --bench plan`. The two sizes of fleet tell
//! whether the cost is linear in the number of machines. With a number of machines, a work and how
//! often (`cargo bench --bench plan -- --once 10000 plan 5`), nothing is measured here: for `perf`,
//! and for the memory that it takes. No times are what comes before the work.

#![allow(clippy::disallowed_methods, clippy::expect_used, reason = "a benchmark reads its arguments")]

mod app;

use app::Work;
use criterion::Criterion;

/// As the program does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--once") {
        let number = |after: usize| arguments[at + after].parse::<usize>().expect("a number");
        let work = Work::named(&arguments[at + 2]).of(number(1));
        return (0..number(3)).for_each(|_| work());
    }
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    for work in Work::ALL {
        for machines in [1_000, 10_000] {
            let name = format!("{} {machines}", work.name());
            criterion.bench_function(&name, |bencher| bencher.iter(work.of(machines)));
        }
    }
}
