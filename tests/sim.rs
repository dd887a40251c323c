//! Deploys in which things go wrong, explored: a sample of the small worlds' runs and of the large
//! ones; `cutover sim explore` goes through all of them.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout)]

#[path = "sim/faults.rs"]
mod faults;
#[path = "sim/flyctl.rs"]
mod flyctl;
#[path = "plan/notation.rs"]
#[allow(dead_code)]
mod notation;
#[path = "sim/recorded.rs"]
mod recorded;
#[path = "sim/sequence.rs"]
mod sequence;
#[path = "sim/traces.rs"]
mod traces;
#[path = "sim/traffic.rs"]
mod traffic;

use cutover::plan::Policy;
use cutover::sim::explore::Explorer;
use cutover::sim::{Options, Run};
use notation::{SHOP, fleet, plan_of};

fn check(numbers: impl Iterator<Item = u64>) {
    let explorer = Explorer::new();
    let mut runs = 0;
    for number in numbers {
        if let Err(failure) = explorer.run(number) {
            let told = explorer.tell(number);
            panic!("{}: {}\n{}\n{}", failure.number, failure.what, told.case, told.trace.join("\n"));
        }
        runs += 1;
    }
    println!("{runs} runs");
}

#[test]
fn every_fault_and_every_intervention_alone_ends_well() {
    check(0..2_400);
}

#[test]
fn every_fault_with_every_intervention_ends_well() {
    let all = Explorer::new().small_runs();
    check((2_400..all).step_by(67));
}

#[test]
fn several_faults_at_once_end_well() {
    let large = Explorer::new().small_runs();
    check(large..large + 400);
}

/// Found among millions of runs: a deploy that is over, resumed; machines at rest that are started; a
/// blue that serves again before its stop; a list refused on the way back; a blue taken before there is
/// a green; requests under way in a green when whoever goes back is killed; a blue that was started again
/// and turned unwell; a green that somebody uncordoned on the way back; a destroy refused for long, and a
/// green that the proxy put to rest before the deploy goes on.
#[test]
fn what_broke_a_promise_once_does_not_again() {
    let early = [141_988, 956_578, 30_318_711, 30_730_670, 1_000_025_344, 1_000_198_207];
    let late = [
        3_000_354_104,
        3_000_466_304,
        5_000_180_560,
        6_000_007_936,
        8_000_063_479,
        20_000_572_573,
        30_000_450_400,
        390_009,
        5_143_430,
    ];
    check(early.into_iter().chain(late));
}

/// `tests/web.rs` holds the same hash against the same runs in Wasm.
#[test]
fn runs_are_told_as_they_were_and_as_in_wasm() {
    let hash = traces::hash();
    if std::env::var_os("UPDATE_TRACES").is_some() {
        std::fs::write("tests/sim/traces.sha256", &hash).unwrap();
    } else {
        assert_eq!(hash, traces::HASH, "the traces changed; if that was meant: UPDATE_TRACES=1");
    }
}

#[test]
fn requests_are_answered_whatever_interrupts_a_deploy() {
    let large = Explorer::new().small_runs();
    check((large..large + 32_000).filter(|number| number.is_multiple_of(32)));
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let fleet = fleet(SHOP, "a1 app iad started v1\na2 app iad started v1\nw1 worker iad started v2");
    let plan = plan_of(SHOP, &fleet, "v2", &Policy::default()).unwrap();
    let trace = |seed| {
        let mut run = Run::new(&plan, &fleet, Options { seed, ..Options::default() });
        run.finish();
        run.world().trace().join("\n")
    };
    assert_eq!(trace(7), trace(7));
    assert_ne!(trace(7), trace(8));
}
