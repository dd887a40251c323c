//! What must have been seen to serve before anything that serves now is taken away.

use super::flaw::Flaw;
use super::job::{Next, View};
use super::knowledge::Target;
use super::watch;
use crate::fleet::Machine;
use crate::plan::Floored;

/// Why a machine must not go now.
#[derive(Debug, PartialEq)]
pub(super) enum Doubt {
    /// What it depends on was not seen lately: a look, or why there is none.
    Unseen(Next),
    /// What would serve without it is just being started.
    Waking,
    /// Too few would serve without it.
    Missed(String),
}

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

/// Before a machine stops serving for good, a blue on the way forward or a green on the way back:
/// why it must not go, as far as that is known; `None` when it may.
pub(super) fn before_it_goes(target: &Target, rests_on: &[Target], view: View<'_>) -> Option<Doubt> {
    let since_ms = view.now_ms.saturating_sub(FRESH_MS);
    let floor = view.floors.get(target.name()).filter(|_| !view.options.has(Flaw::TrustOnePass));
    let unseen = floor.and_then(|floor| look_around(target, floor, since_ms, view));
    if let Some(look) = unseen.or_else(|| look(rests_on, since_ms, view)) {
        return Some(Doubt::Unseen(look));
    }
    let below = floor.and_then(|floor| below(target, floor, view));
    match (fault(rests_on, view), below) {
        (Some(why), _) | (_, Some(Doubt::Missed(why))) => Some(Doubt::Missed(why)),
        (None, below) => below.or_else(|| rests_on.iter().any(|it| is_waking(it, view)).then_some(Doubt::Waking)),
    }
}

/// A look at whatever counts where this machine is, it itself included.
fn look_around(target: &Target, floor: &Floored, since_ms: u64, view: View<'_>) -> Option<Next> {
    if !view.known.is_listed_since(since_ms) {
        return Some(Next::Look);
    }
    let get = |id: &str| Next::Call(super::Call::GetMachine { id: id.to_owned() });
    view.known.doubtful(floor, since_ms).map(get).or_else(|| look(std::slice::from_ref(target), since_ms, view))
}

/// Why the place could not do without the machine. A green that serves nothing is not missed; a
/// blue that does not is what could still take its place back.
fn below(target: &Target, floor: &Floored, view: View<'_>) -> Option<Doubt> {
    let id = view.known.id(target)?;
    let is_missed =
        matches!(target, Target::Machine(_)) || is_waking(target, view) || view.known.serves_still(id, floor);
    let serving = view.known.serving_without(id, floor);
    if !is_missed || serving >= floor.serving {
        return None;
    }
    if serving + view.known.waking_without(id, floor, view.now_ms) >= floor.serving {
        return Some(Doubt::Waking);
    }
    let Floored { serving: wanted, group, region, .. } = floor;
    Some(Doubt::Missed(format!("only {serving} of {wanted} would serve in {group}/{region}")))
}

fn is_waking(target: &Target, view: View<'_>) -> bool {
    let seen = view.known.id(target).and_then(|id| view.known.seen(id));
    seen.is_some_and(|machine| view.known.is_waking(machine, view.now_ms))
}

/// Why the capacity cannot rest on this machine.
fn fault_of(target: &Target, seen: Option<&Machine>, view: View<'_>) -> Option<String> {
    let Some(seen) = seen else { return Some("it is gone".to_owned()) };
    match target {
        Target::Machine(_) if view.known.is_waking(seen, view.now_ms) => None,
        Target::Machine(id) => watch::difference(view.known.before.get(id)?, seen),
        Target::Slot(_) if view.options.has(Flaw::TrustOnePass) => None,
        Target::Slot(name) => {
            let slot = view.slots.get(name)?;
            let hidden = (view.traffic.contains(name) && seen.cordoned).then(|| "it is cordoned".to_owned());
            hidden.or_else(|| {
                (!view.known.is_waking(seen, view.now_ms)).then(|| watch::green_fault(seen, slot.skip_launch)).flatten()
            })
        }
    }
}

/// How old a look may be that a destroy rests on.
const FRESH_MS: u64 = 2_000;
