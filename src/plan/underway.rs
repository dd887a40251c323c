//! How far a deploy came that did not end: which of its greens are what is wanted already, and
//! which blues have their successor. Told from the marks of the greens; of a deploy that somebody
//! has to decide about, or that is being taken back, nothing is.

use std::collections::{BTreeMap, BTreeSet};

use super::mark::{Course, Marks};
use crate::fleet::Machine;

/// What marks explain, by the ids of machines.
#[derive(Default)]
pub(super) struct Underway<'a> {
    /// Greens that stay.
    greens: BTreeSet<&'a str>,
    /// Blues, and second greens, whose place such a green has, with it.
    successors: BTreeMap<&'a str, &'a str>,
}

impl<'a> Underway<'a> {
    /// Of `machines`, each with its group. `is_wanted`: whether the one in this place runs exactly
    /// what is wanted.
    pub(super) fn of(machines: &[(&'a str, &'a Machine)], is_wanted: impl Fn(usize) -> bool) -> Self {
        let marked = machines.iter().enumerate().filter_map(|(at, (group, green))| {
            let marks = Marks::of(green).filter(|_| is_wanted(at))?;
            Some((*group, *green, marks))
        });
        let marked: Vec<_> = marked.collect();
        let mut underway = Self::default();
        if marked.is_empty() {
            return underway;
        }
        let undecided = undecided(machines);
        let by_id: BTreeMap<&str, (&str, &Machine)> =
            machines.iter().map(|(group, machine)| (machine.id.as_str(), (*group, *machine))).collect();
        let mut places: BTreeMap<(&str, Option<String>, String), &Machine> = BTreeMap::new();
        for (group, green, marks) in marked.into_iter().filter(|(.., marks)| !undecided.contains(&marks.plan)) {
            let blue = marks.replaces.as_deref().and_then(|id| by_id.get(id)).filter(|(_, blue)| blue.is_live());
            let blue = blue.map(|(of, blue)| (*of == group).then_some(*blue));
            if blue == Some(None) || !has_taken_over(green, blue.flatten()) {
                continue;
            }
            let slot = if marks.replaces.is_some() { String::new() } else { marks.slot };
            let first = places.entry((group, marks.replaces, slot)).or_insert(green);
            underway.add(green, first, blue.flatten());
        }
        underway
    }

    pub(super) fn is_empty(&self) -> bool {
        self.greens.is_empty()
    }

    pub(super) fn keeps(&self, machine: &Machine) -> bool {
        self.greens.contains(machine.id.as_str())
    }

    /// The green that has the place of this machine.
    pub(super) fn successor_of(&self, machine: &Machine) -> Option<&'a str> {
        self.successors.get(machine.id.as_str()).copied()
    }

    /// `first`: of the greens for this place.
    fn add(&mut self, green: &'a Machine, first: &'a Machine, blue: Option<&'a Machine>) {
        if green.id == first.id {
            self.greens.insert(&green.id);
            self.successors.extend(blue.map(|blue| (blue.id.as_str(), green.id.as_str())));
        } else {
            self.successors.insert(&green.id, &first.id);
        }
    }
}

/// The deploys that are held, or on their way back.
fn undecided(machines: &[(&str, &Machine)]) -> BTreeSet<String> {
    let courses = machines.iter().filter_map(|(_, machine)| Course::of(machine));
    courses.filter(|course| !course.direction.is_forward()).map(|course| course.plan).collect()
}

/// It serves, or rests in the place of a blue that serves nothing, either.
fn has_taken_over(green: &Machine, blue: Option<&Machine>) -> bool {
    green.is_serving() || green.is_at_rest() && !blue.is_some_and(Machine::is_serving)
}
