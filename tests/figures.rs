//! How long deploys take and how often they ask, in virtual time: the same numbers everywhere.
//! `cargo bench --bench deploy` measures them over real sockets.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test tells what it measured, and may fail")]

#[path = "figures/deploy.rs"]
mod deploy;
#[path = "plan/notation.rs"]
#[allow(dead_code)]
mod notation;

use cutover::execute::{Event, OutcomeKind};
use cutover::plan::Policy;
use cutover::sim::{Options, Run, Settings};
use deploy::{FLYCTL, QUICK, critical_path_ms, deploy_of};

struct Figures {
    took_ms: u64,
    critical_path_ms: u64,
    calls: usize,
    /// How often Fly said that it was asked too often.
    refused: usize,
}

fn figures(machines: usize, policy: &Policy, options: Options) -> Figures {
    let (fleet, plan) = deploy_of(machines, policy);
    let critical_path_ms = critical_path_ms(&plan, &options.settings);
    let mut run = Run::new(plan, &fleet, options);
    let told = run.finish();
    let outcome = run.outcome().unwrap();
    assert_eq!(outcome.kind, OutcomeKind::Completed, "{outcome:?}");
    let is_refused = |line: &&String| line.contains("RateLimited");
    Figures {
        took_ms: told.last().unwrap().0,
        critical_path_ms,
        calls: told.iter().filter(|(_, event)| matches!(event, Event::Call { .. })).count(),
        refused: run.world().trace().iter().filter(is_refused).count(),
    }
}

#[test]
fn a_deploy_takes_what_its_machines_take() {
    let policy = Policy { settle_ms: 0, ..Policy::default() };
    let settings = Settings { latency_ms: 2, ..QUICK };
    let found = figures(3, &policy, Options { settings, ..Options::default() });
    println!("{} ms, {} ms at least, {} calls", found.took_ms, found.critical_path_ms, found.calls);
    assert!(found.took_ms * 100 <= found.critical_path_ms * 105);
}

#[test]
fn with_the_waits_of_flyctl_it_is_quicker_and_asks_less() {
    let policy = Policy { settle_ms: 10_000, ..Policy::default() };
    let found = figures(3, &policy, Options { settings: Settings { latency_ms: 50, ..QUICK }, ..Options::default() });
    println!("{} ms, {} calls", found.took_ms, found.calls);
    assert!(found.took_ms <= FLYCTL.took_ms && found.calls < FLYCTL.calls);
}

/// The first three machines are made at once, then one a second: that, and the critical path of the
/// last of them, is the least that a deploy can take.
#[test]
fn a_hundred_machines_are_made_as_quickly_as_fly_allows() {
    let policy = Policy { settle_ms: 10_000, ..Policy::default() };
    for seed in 0..5 {
        let faults = vec!["*=limited".parse().unwrap()];
        let settings = Settings { latency_ms: 50, ..QUICK };
        let found = figures(100, &policy, Options { settings, faults, seed, ..Options::default() });
        let least_ms = (100 - 3) * 1_000 + found.critical_path_ms;
        let Figures { took_ms, calls, refused, .. } = found;
        println!("{took_ms} ms, {least_ms} ms at least; {calls} calls, {refused} refused");
        assert!(took_ms * 100 <= least_ms * 108 && refused <= 10);
    }
}
