//! Carries out a plan in the simulator, at a pace that can be watched.

use std::thread;
use std::time::Duration;

use super::watch::Watch;
use crate::execute::Outcome;
use crate::fleet::Fleet;
use crate::plan::Plan;
use crate::sim;

/// Runs to the end; simulated time passes at once, or [`SPEEDUP`] times as fast as real time where
/// somebody watches.
pub(super) fn run(plan: &Plan, fleet: Fleet, seed: u64, watch: &mut Watch) -> Outcome {
    let mut run = sim::Run::new(plan, fleet, sim::Options { seed, ..sim::Options::default() });
    let mut now_ms = 0;
    while let Some(moment) = run.next() {
        while watch.is_live() && now_ms < moment.t_ms {
            let frame_ms = (moment.t_ms - now_ms).min(FRAME_MS * SPEEDUP);
            thread::sleep(Duration::from_millis(frame_ms / SPEEDUP));
            now_ms += frame_ms;
            watch.tick(now_ms);
        }
        now_ms = moment.t_ms;
        for event in &moment.events {
            watch.event(now_ms, event);
        }
    }
    let outcome = run.outcome();
    watch.end(now_ms, &outcome);
    outcome
}

const SPEEDUP: u64 = 8;

/// Of real time.
const FRAME_MS: u64 = 50;
