//! Carries out a plan in the simulator, at a pace that can be watched.

use std::time::Duration;

use tokio::time;

use super::error::Error;
use super::signals::Signals;
use super::watch::Watch;
use crate::execute::Outcome;
use crate::fleet::Fleet;
use crate::plan::Plan;
use crate::sim::{Options, Run};

/// Runs to the end; simulated time passes at once, or [`SPEEDUP`] times as fast as real time where
/// somebody watches. Ctrl-C takes back what was done, as it would on Fly.
pub(super) fn run(plan: &Plan, fleet: &Fleet, options: Options, watch: &mut Watch) -> Result<Outcome, Error> {
    super::block_on(drive(Run::new(plan, fleet, options), watch))?
}

async fn drive(mut run: Run, watch: &mut Watch<'_>) -> Result<Outcome, Error> {
    let mut signals = Signals::listen()?;
    let mut now_ms = 0;
    let mut is_aborting = false;
    while let Some(moment) = run.next() {
        let (t_ms, events) = (moment.t_ms, moment.events);
        while watch.is_live() && now_ms < t_ms {
            let frame_ms = (t_ms - now_ms).min(FRAME_MS * SPEEDUP);
            tokio::select! {
                () = signals.next() => is_aborting = true,
                () = time::sleep(Duration::from_millis(frame_ms / SPEEDUP)) => now_ms += frame_ms,
            }
            watch.tick(now_ms);
        }
        now_ms = t_ms;
        for event in &events {
            watch.event(now_ms, event);
        }
        if std::mem::take(&mut is_aborting) {
            run.abort();
        }
    }
    let Some(outcome) = run.outcome().cloned() else { unreachable!("a run that has no next moment has ended") };
    watch.end(now_ms, &outcome);
    if let Some(traffic) = run.end_traffic() {
        watch.traffic(traffic);
    }
    Ok(outcome)
}

pub(super) const SPEEDUP: u64 = 8;

/// Of real time, between two drawings.
const FRAME_MS: u64 = 50;
