//! Which machines are left over from something that ended before, and what proves it. A tag proves
//! nothing by itself: flyctl's stay on machines for good, and are cloned with them. What serves is
//! never left over.

use std::collections::{BTreeMap, BTreeSet};

use super::mark::{Course, Direction, Marks};
use crate::facts::purpose;
use crate::fleet::{HostStatus, Image, Machine, State};

/// What is left over in a fleet, by id.
pub(super) struct Leftovers<'a>(BTreeMap<&'a str, Leftover>);

pub(super) struct Leftover {
    /// Where it comes from.
    pub(super) origin: String,
    /// Why it can be destroyed, or why nobody can tell.
    pub(super) proof: Result<String, String>,
    /// It was made for one command, and belongs to no group of fly.toml.
    pub(super) is_orphan: bool,
    /// Somebody may be about to use it.
    pub(super) is_in_use: bool,
}

impl<'a> Leftovers<'a> {
    /// Of `machines`, each with its group.
    pub(super) fn of(machines: impl Iterator<Item = (&'a str, &'a Machine)> + Clone) -> Self {
        let mut groups: BTreeMap<&str, Others> = BTreeMap::new();
        for (group, machine) in machines.clone().filter(|(_, machine)| machine.is_live()) {
            groups.entry(group).or_default().see(machine);
        }
        let courses = machines.clone().filter_map(|(_, machine)| Course::of(machine));
        let held: BTreeSet<String> =
            courses.filter(|course| course.direction == Direction::Held).map(|course| course.run).collect();
        let live = machines.filter(|(_, machine)| machine.is_live() && machine.config.is_some());
        let left = |(group, machine): (&str, &'a Machine)| {
            Some((machine.id.as_str(), leftover(machine, &groups[group], &held)?))
        };
        Self(live.filter_map(left).collect())
    }

    pub(super) fn get(&self, machine: &Machine) -> Option<&Leftover> {
        self.0.get(machine.id.as_str())
    }
}

/// The machines of one group, as far as they tell what the others are.
#[derive(Default)]
struct Others<'a> {
    serving: Vec<&'a str>,
    images: BTreeSet<Image>,
    /// flyctl's tags on those that serve.
    tags: BTreeSet<&'a str>,
    /// The machine and who holds its lease.
    leased: Option<(&'a str, &'a str)>,
    /// The runs of ours that acted last.
    runs: BTreeSet<String>,
}

impl<'a> Others<'a> {
    fn see(&mut self, machine: &'a Machine) {
        if machine.is_serving() {
            self.serving.push(&machine.id);
            self.images.extend(machine.image());
            self.tags.extend(machine.metadata(TAG));
        }
        if let Some(lease) = &machine.lease {
            self.leased = Some((&machine.id, &lease.owner));
        }
        self.runs.extend(Course::of(machine).map(|course| course.run));
    }

    /// Whether each of those that serve is known to run another image.
    fn run_another(&self, image: &Image) -> bool {
        !self.images.is_empty() && self.images.iter().all(|other| !other.is_same(image))
    }
}

/// `held`: the runs that wait for somebody.
fn leftover(machine: &Machine, others: &Others, held: &BTreeSet<String>) -> Option<Leftover> {
    if let Some(purpose) = purpose(machine) {
        let origin = format!("it was made for {purpose} and serves nothing");
        let proof = orphan_proof(machine);
        return Some(Leftover { origin, is_in_use: proof.is_err(), proof, is_orphan: true });
    }
    if !machine.is_managed() || !machine.cordoned {
        return None;
    }
    let marks = Marks::of(machine);
    let origin = match &marks {
        Some(marks) => format!("run {} of cutover made it, did not end and never gave it traffic", marks.run),
        None => flyctl_origin(machine, others)?,
    };
    let is_over = marks.as_ref().is_some_and(|marks| others.runs.iter().any(|run| *run != marks.run));
    let doubt = match marks {
        Some(Marks { run, .. }) if held.contains(&run) && !is_over => {
            Some(format!("run {run} is held until somebody promotes or aborts it"))
        }
        _ => doubt(machine, others, is_over),
    };
    let is_in_use = doubt.is_some();
    Some(Leftover { origin, proof: doubt.map_or_else(|| green_proof(others), Err), is_orphan: false, is_in_use })
}

/// flyctl tags every machine of a blue-green deploy, and those that it is about to destroy. With
/// another image than all that serve, and without traffic, the tag tells of a deploy that broke off.
fn flyctl_origin(machine: &Machine, others: &Others) -> Option<String> {
    let tag = machine.metadata(TAG).filter(|tag| !tag.is_empty())?;
    let image = machine.image()?;
    // A run of ours cordoned it: that one is to be promoted, resumed or aborted.
    if Course::of(machine).is_some() || !others.run_another(&image) {
        return None;
    }
    match tag {
        "safe_to_destroy" => Some(format!("flyctl replaced it and did not destroy it; it runs {}", image.brief())),
        _ if others.tags.contains(tag) => None,
        _ => Some(format!("a deploy of flyctl broke off and left it with {}", image.brief())),
    }
}

fn orphan_proof(machine: &Machine) -> Result<String, String> {
    reachable(machine)?;
    if let Some(lease) = &machine.lease {
        return Err(format!("{} holds a lease on it", lease.owner));
    }
    match machine.state {
        State::Stopped | State::Suspended | State::Failed | State::LaunchFailed => {
            Ok(format!("it is {}, so that its command is not running", machine.state))
        }
        _ => Err(format!("it is {}: its command may be running", machine.state)),
    }
}

/// What suggests that a deploy is at work. `is_over`: another run of ours acted on the group since.
fn doubt(machine: &Machine, others: &Others, is_over: bool) -> Option<String> {
    if let Err(doubt) = reachable(machine) {
        return Some(doubt);
    }
    if let Some((id, owner)) = others.leased {
        return Some(format!("{owner} holds a lease on {id}: a deploy may be under way"));
    }
    (is_in_flight(machine) && !is_over).then(|| format!("it is {}: a deploy may be under way", machine.state))
}

fn green_proof(others: &Others) -> Result<String, String> {
    match others.serving.as_slice() {
        [] => Err("no other machine of its group serves".to_owned()),
        [one] => Ok(format!("it is cordoned, and {one} serves")),
        [first, rest @ ..] => Ok(format!("it is cordoned, and {first} and {} more serve", rest.len())),
    }
}

fn reachable(machine: &Machine) -> Result<(), String> {
    match machine.host_status {
        HostStatus::Ok => Ok(()),
        HostStatus::Unreachable | HostStatus::Unknown => Err("its host does not answer".to_owned()),
    }
}

const fn is_in_flight(machine: &Machine) -> bool {
    !matches!(machine.state, State::Started | State::Stopped | State::Suspended | State::Failed | State::LaunchFailed)
}

/// What flyctl marks the machines of a blue-green deploy with.
const TAG: &str = "fly_bluegreen_deployment_tag";
