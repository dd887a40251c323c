//! How many machines serve after each step, per group and region; and the promise that a deploy
//! never makes them fewer than the floor.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::classify::{Placed, Situation};
use super::green::Green;
use super::{Capacity, Desired, Disposition, Floor, Floored, Op, Refusal, Step};

/// A group in a region.
type Place<'a> = (&'a str, &'a str);

/// What serves now, and what must.
pub(super) struct Serving<'a> {
    before: BTreeMap<Place<'a>, u64>,
    /// Less the blues that have a successor beside them, from a deploy that did not end.
    lasting: BTreeMap<Place<'a>, u64>,
    floors: BTreeMap<Place<'a>, u64>,
}

impl<'a> Serving<'a> {
    pub(super) fn new(situation: &Situation<'a>, placed: &[Placed<'a>], greens: &[Green<'a>]) -> Self {
        let places = greens.iter().filter(|green| green.serves()).map(|green| ((green.group, green.region), 0));
        let mut before: BTreeMap<Place, u64> = places.collect();
        for blue in placed.iter().filter(|blue| counts(blue)) {
            *before.entry((blue.group, &blue.machine.region)).or_default() += 1;
        }
        let mut lasting = before.clone();
        for blue in placed.iter().filter(|blue| blue.is_superseded(situation) && counts(blue)) {
            lasting.entry((blue.group, &blue.machine.region)).and_modify(|serving| *serving -= 1);
        }
        let place = |blue: &Placed<'a>| (blue.group, blue.machine.region.as_str());
        let going = placed.iter().filter(|blue| blue.is_superseded(situation)).map(place);
        // What goes there has been replaced already: there is no more to be had.
        let floors = going.map(|place| {
            let serving = lasting.get(&place).copied().unwrap_or(0);
            (place, situation.policy.floor.map_or(serving, |floor| floor.of(serving).min(serving)))
        });
        let mut floors: BTreeMap<Place, u64> = floors.collect();
        let changing = placed.iter().filter(|blue| blue.is(Disposition::Replace)).map(place);
        floors.extend(changing.filter(|place| situation.groups.contains(&place.0)).map(|place| {
            let serving = lasting.get(&place).copied().unwrap_or(0);
            // Where nothing serves there is nothing to keep, and a deploy may be the cure.
            let floor = situation.policy.floor.filter(|_| serving > 0);
            (place, floor.map_or(serving, |floor| floor.of(serving)))
        }));
        Self { before, lasting, floors }
    }

    /// When the policy asks for more than what serves now.
    pub(super) fn refusal(&self, floor: Option<Floor>, desired: &Desired) -> Option<Refusal> {
        floor?;
        let above = self.floors.iter().filter_map(|((group, region), floor)| {
            let serving = self.lasting.get(&(*group, *region)).copied().unwrap_or(0);
            (*floor > serving).then(|| format!("{serving} of group `{group}` in {region}, where the floor is {floor}"))
        });
        let above: Vec<_> = above.collect();
        (!above.is_empty()).then(|| Refusal {
            code: "floor-too-high",
            message: format!("fewer machines serve now than the floor asks for: {}", above.join("; ")),
            machines: Vec::new(),
            fix: vec![desired.again("--floor 100%")],
        })
    }

    pub(super) fn floors(&self) -> Vec<Floored> {
        let floored = |((group, region), serving): (&Place, &u64)| Floored {
            group: (*group).into(),
            region: (*region).into(),
            serving: *serving,
        };
        self.floors.iter().map(floored).collect()
    }

    /// What serves before the first step, then a row for each change.
    ///
    /// # Panics
    /// When a step would leave fewer than the floor: that is a fault of the planner.
    pub(super) fn rows(&self, placed: &[Placed<'a>], greens: &[Green<'a>], steps: &[Step]) -> Vec<Capacity> {
        let silent = Silent::new(placed, greens);
        let mut serving: BTreeMap<Place, u64> = self.before.clone();
        let mut rows: Vec<_> = serving.iter().map(|(place, count)| row(None, place, *count)).collect();
        for step in steps {
            let change = silent.change(step);
            if change == 0 {
                continue;
            }
            let place = (step.group.as_deref().unwrap_or(""), step.region.as_deref().unwrap_or(""));
            let count = serving.entry(place).or_default();
            *count = count.checked_add_signed(change).unwrap_or_else(|| unreachable!("more go than there are"));
            assert!(
                *count >= self.floors.get(&place).copied().unwrap_or(0),
                "step {} leaves group {} in {} with {count} serving machines: fewer than its floor",
                step.id,
                place.0,
                place.1,
            );
            rows.push(row(Some(&step.id), &place, *count));
        }
        rows
    }
}

/// What makes no difference to the number of those that serve, whatever is done to it: few, and none in most
/// fleets.
struct Silent<'s> {
    blues: BTreeSet<&'s str>,
    greens: BTreeSet<&'s str>,
}

impl<'s> Silent<'s> {
    fn new(placed: &'s [Placed], greens: &'s [Green]) -> Self {
        let blues = placed.iter().filter(|blue| !counts(blue)).map(|blue| blue.machine.id.as_str());
        let greens = greens.iter().filter(|green| !green.serves()).map(|green| green.slot.as_str());
        Self { blues: blues.collect(), greens: greens.collect() }
    }

    /// What a step does to the number.
    fn change(&self, step: &Step) -> i64 {
        match (step.op, &step.slot, &step.machine) {
            (Op::Uncordon, Some(green), _) if !self.greens.contains(green.as_str()) => 1,
            (Op::Cordon, _, Some(blue)) if !self.blues.contains(blue.as_str()) => -1,
            _ => 0,
        }
    }
}

/// Whether the machine is one that serves its group; one made for a release command does not.
fn counts(blue: &Placed) -> bool {
    !matches!(blue.disposition, Disposition::Leftover | Disposition::Sweep) && blue.machine.is_serving()
}

fn row(after: Option<&str>, (group, region): &Place, serving: u64) -> Capacity {
    Capacity { after: after.map(SmolStr::new), group: (*group).into(), region: (*region).into(), serving }
}
