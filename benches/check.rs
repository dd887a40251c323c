//! What `cutover check` costs inside one process: `cargo bench --bench check`. The throughput of the
//! large files tells whether the cost is linear in the length of the text; `ratchet` counts that.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a benchmark reads files and talks"
)]

mod shapes;

use std::fs;
use std::hint::black_box;
use std::path::Path;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use cutover::lint::{self, Input, Settings};
use shapes::APP;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus");

fn check(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("check");
    bench(&mut group, "the example app", &[include_str!("../examples/shop/fly.toml").to_owned()]);
    bench(&mut group, "500 lines", &[APP.of_lines(500)]);
    group.sample_size(10);
    bench(&mut group, "1 MB", &[APP.text(1_000_000)]);
    bench(&mut group, "10 MB", &[APP.text(10_000_000)]);
    match corpus() {
        Some(texts) => bench(&mut group, &format!("the corpus of {} files", texts.len()), &texts),
        None => eprintln!("there is no corpus at {CORPUS}: nothing to measure"),
    }
    group.finish();
}

fn bench(group: &mut BenchmarkGroup<WallTime>, name: &str, texts: &[String]) {
    let bytes: usize = texts.iter().map(String::len).sum();
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            for text in texts {
                black_box(lint::check(&Input::new("fly.toml", black_box(text)), &Settings::default()));
            }
        });
    });
}

fn corpus() -> Option<Vec<String>> {
    let entries = fs::read_dir(Path::new(CORPUS)).ok()?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    Some(
        paths
            .filter(|path| path.extension().is_some_and(|end| end == "toml"))
            .filter_map(|path| fs::read_to_string(path).ok())
            .collect(),
    )
}

criterion_group!(benches, check);
criterion_main!(benches);
