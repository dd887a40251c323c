//! A sample of the explored runs, told, as one hash: the same native and in Wasm.

use cutover::sim::explore::Explorer;
use sha2::{Digest, Sha256};

/// What the runs below are told as. `UPDATE_TRACES=1 cargo test --test sim traces` writes it anew
/// where the traces were meant to change.
pub(crate) const HASH: &str = include_str!("traces.sha256");

/// How many runs of the small worlds, and of the large ones.
pub(crate) const RUNS: (u64, u64) = (60, 20);

/// Of every line: what happened, in which order and when.
pub(crate) fn hash() -> String {
    let explorer = Explorer::new();
    let (small, large) = (explorer.small_runs(), RUNS.1);
    let spread = usize::try_from(small / RUNS.0).unwrap_or(1);
    let mut hash = Sha256::new();
    for number in (0..small).step_by(spread).chain(small..small + large) {
        let told = explorer.tell(number);
        for line in std::iter::once(&told.case).chain(&told.trace) {
            hash.update(line);
            hash.update("\n");
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n"
}
