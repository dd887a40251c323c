//! How many machines serve after each step, per group and region; and the promise that a deploy
//! never makes them fewer.

use std::collections::BTreeMap;

use super::classify::{Placed, Situation};
use super::green::Green;
use super::{Capacity, Disposition, Op, Step};

type Place<'a> = (&'a str, &'a str);

/// What serves before the first step, then a row for each change.
///
/// # Panics
/// When a step would leave a group of fly.toml with fewer serving machines in a region than
/// before the deploy: that is a fault of the planner.
pub(super) fn rows<'a>(
    situation: &Situation<'a>,
    placed: &[Placed<'a>],
    greens: &'a [Green<'a>],
    steps: &[Step],
) -> Vec<Capacity> {
    let mut serving = before(placed, greens);
    let floor = serving.clone();
    let mut rows: Vec<_> = serving.iter().map(|(place, count)| row(None, place, *count)).collect();
    for step in steps {
        let Some((place, change)) = change(step, placed, greens) else { continue };
        let count = serving.entry(place).or_default();
        *count = count.checked_add_signed(change).unwrap_or_else(|| unreachable!("more machines go than there are"));
        let is_kept = situation.groups.contains(&place.0);
        assert!(
            !is_kept || *count >= floor.get(&place).copied().unwrap_or(0),
            "step {} leaves group {} in {} with {count} serving machines: fewer than before",
            step.id,
            place.0,
            place.1,
        );
        rows.push(row(Some(&step.id), &place, *count));
    }
    rows
}

fn before<'a>(placed: &[Placed<'a>], greens: &'a [Green<'a>]) -> BTreeMap<Place<'a>, u64> {
    let mut serving: BTreeMap<Place, u64> =
        greens.iter().filter(|green| green.serves()).map(|green| ((green.group, green.region), 0)).collect();
    for blue in placed.iter().filter(|blue| counts(blue)) {
        *serving.entry((blue.group, &blue.machine.region)).or_default() += 1;
    }
    serving
}

/// Whether the machine is one that serves its group; one made for a release command does not.
fn counts(blue: &Placed) -> bool {
    !blue.is(Disposition::Leftover) && blue.machine.is_serving()
}

fn change<'a>(step: &Step, placed: &[Placed<'a>], greens: &'a [Green<'a>]) -> Option<(Place<'a>, i64)> {
    match step.op {
        Op::Uncordon => {
            let green = greens.iter().find(|green| step.slot.as_ref() == Some(&green.slot))?;
            green.serves().then_some(((green.group, green.region), 1))
        }
        Op::Cordon => {
            let blue = placed.iter().find(|blue| step.machine.as_ref() == Some(&blue.machine.id))?;
            counts(blue).then_some(((blue.group, blue.machine.region.as_str()), -1))
        }
        _ => None,
    }
}

fn row(after: Option<&str>, (group, region): &Place, serving: u64) -> Capacity {
    Capacity { after: after.map(str::to_owned), group: (*group).to_owned(), region: (*region).to_owned(), serving }
}
