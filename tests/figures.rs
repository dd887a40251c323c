//! How long deploys take and how often they ask, in virtual time: the same numbers everywhere.
//! `cargo bench --bench deploy` measures them over real sockets.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test tells what it measured, and may fail")]

#[path = "figures/deploy.rs"]
mod deploy;
#[path = "plan/notation.rs"]
#[allow(dead_code)]
mod notation;

use cutover::execute::OutcomeKind;
use cutover::plan::Policy;
use cutover::sim::{Options, Run, Settings};
use deploy::{Calls, FLYCTL, QUICK, critical_path_ms, deploy_of, no_waits, waits_of_flyctl};

struct Figures {
    took_ms: u64,
    critical_path_ms: u64,
    calls: Calls,
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
    let mut calls = Calls::default();
    told.iter().for_each(|(_, event)| calls.see(event));
    let is_refused = |line: &&String| line.contains("RateLimited");
    Figures {
        took_ms: told.last().unwrap().0,
        critical_path_ms,
        calls,
        refused: run.world().trace().iter().filter(is_refused).count(),
    }
}

#[test]
fn a_deploy_takes_what_its_machines_take() {
    let settings = Settings { latency_ms: 2, ..QUICK };
    let found = figures(3, &no_waits(), Options { settings, ..Options::default() });
    println!("{} ms, {} ms at least, {:?}", found.took_ms, found.critical_path_ms, found.calls);
    assert!(found.took_ms * 100 <= found.critical_path_ms * 105);
}

#[test]
fn it_is_quicker_than_flyctl_and_asks_either_api_less() {
    for (name, policy) in [("flyctl's waits", waits_of_flyctl()), ("the defaults", Policy::default())] {
        let settings = Settings { latency_ms: 50, ..QUICK };
        let Figures { took_ms, calls, .. } = figures(3, &policy, Options { settings, ..Options::default() });
        println!("{name}: {took_ms} ms, {calls:?}");
        assert!(took_ms < FLYCTL.took_ms, "{name}: {took_ms} ms");
        assert!(calls.of_machines < FLYCTL.calls.of_machines, "{name}: {calls:?}");
        assert!(calls.of_releases < FLYCTL.calls.of_releases, "{name}: {calls:?}");
    }
}

/// The first three machines are made at once, then one a second: that, and the critical path of the
/// last of them, is the least that a deploy can take.
#[test]
fn a_hundred_machines_are_made_as_quickly_as_fly_allows() {
    for seed in 0..5 {
        let faults = vec!["*=limited".parse().unwrap()];
        let settings = Settings { latency_ms: 50, ..QUICK };
        let found = figures(100, &waits_of_flyctl(), Options { settings, faults, seed, ..Options::default() });
        let least_ms = (100 - 3) * 1_000 + found.critical_path_ms;
        let Figures { took_ms, calls, refused, .. } = found;
        println!("{took_ms} ms, {least_ms} ms at least; {} calls, {refused} refused", calls.all());
        assert!(took_ms * 100 <= least_ms * 108 && refused <= 10);
    }
}
