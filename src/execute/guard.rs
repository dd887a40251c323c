//! What must have been seen to serve before anything that serves now is taken away.

use super::flaw::Flaw;
use super::job::{Next, View};
use super::knowledge::Target;
use super::watch;
use crate::fleet::Machine;

/// A look at what was not seen since then, if there is any.
pub(super) fn look(targets: &[Target], since_ms: u64, view: View<'_>) -> Option<Next> {
    let is_unseen =
        |target: &&Target| view.known.id(target).is_none_or(|id| view.known.seen_since(id, since_ms).is_none());
    let mut unseen = targets.iter().filter(is_unseen);
    let first = unseen.next()?;
    if unseen.next().is_some() && !view.known.is_listed_since(since_ms) {
        return Some(Next::Look);
    }
    // One look is enough for one machine; and a list may lag behind.
    Some(match view.known.id(first) {
        Some(id) => Next::Call(super::Call::GetMachine { id: id.to_owned() }),
        None => Next::Unsafe(format!("{} was never made", first.name())),
    })
}

/// The reason not to rest on one of them, as last seen.
pub(super) fn fault(targets: &[Target], view: View<'_>) -> Option<String> {
    targets.iter().find_map(|target| {
        let seen = view.known.id(target).and_then(|id| view.known.seen(id));
        let fault = fault_of(target, seen, view)?;
        Some(format!("{} does not serve: {fault}", target.name()))
    })
}

/// Before `machine` stops serving for good: what has still to be looked at, or why it must not go;
/// `None` when it may.
pub(super) fn before_it_goes(machine: &str, rests_on: &[Target], view: View<'_>) -> Option<Next> {
    let since_ms = view.now_ms.saturating_sub(FRESH_MS);
    let floor = view.floors.get(machine);
    if floor.is_some() && !view.known.is_listed_since(since_ms) {
        return Some(Next::Look);
    }
    if let Some(look) = look(rests_on, since_ms, view) {
        return Some(look);
    }
    let below = || {
        let floor = floor?;
        let serving = view.known.serving_without(machine, &floor.group, &floor.region);
        let place = format!("{}/{}", floor.group, floor.region);
        (serving < floor.serving).then(|| format!("only {serving} of {} would serve in {place}", floor.serving))
    };
    fault(rests_on, view).or_else(below).map(Next::Unsafe)
}

/// Why the capacity cannot rest on this machine.
fn fault_of(target: &Target, seen: Option<&Machine>, view: View<'_>) -> Option<String> {
    let Some(seen) = seen else { return Some("it is gone".to_owned()) };
    match target {
        Target::Machine(id) => watch::difference(view.known.before.get(id)?, seen),
        Target::Slot(_) if view.options.has(Flaw::TrustOnePass) => None,
        Target::Slot(name) => {
            let slot = view.slots.get(name)?;
            let hidden = (view.traffic.contains(name) && seen.cordoned).then(|| "it is cordoned".to_owned());
            hidden
                .or_else(|| (!view.known.is_waking(seen)).then(|| watch::green_fault(seen, slot.skip_launch)).flatten())
        }
    }
}

/// How old a look may be that a destroy rests on.
const FRESH_MS: u64 = 2_000;
