//! What each observed machine is to the deploy, by one ordered table: the first row that fits
//! decides, and gives the reason.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use smol_str::SmolStr;

use super::leftover::{Leftover, Leftovers};
use super::underway::Underway;
use super::wanted::{Seen, Successor, SuccessorAt, Wanted, wanted};
use super::{Desired, Disposition, Observed, PlannedMachine, Policy, green};
use crate::fleet::{Fleet, HostStatus, Image, Machine, MachineConfig, State, Volume, by_image};

/// All that planning looks at.
pub(super) struct Situation<'a> {
    pub(super) desired: Desired<'a>,
    pub(super) policy: &'a Policy,
    pub(super) fleet: &'a Fleet,
    /// Sorted by id, whatever order they came in.
    pub(super) machines: Vec<&'a Machine>,
    /// The process groups of fly.toml.
    pub(super) groups: Vec<&'a str>,
    pub(super) image: Image,
    pub(super) leftovers: Leftovers<'a>,
    /// The volumes that are known to hang on a machine, by its id.
    volumes: BTreeMap<&'a str, Vec<&'a Volume>>,
}

/// A machine and what becomes of it.
pub(super) struct Placed<'a> {
    pub(super) machine: &'a Machine,
    pub(super) observed: Observed,
    pub(super) group: &'a str,
    pub(super) disposition: Disposition,
    pub(super) why: Cow<'static, str>,
    pub(super) successor: Option<SuccessorAt>,
}

impl<'a> Situation<'a> {
    pub(super) fn new(desired: &Desired<'a>, fleet: &'a Fleet, policy: &'a Policy) -> Self {
        let mut machines: Vec<_> = fleet.machines.iter().collect();
        machines.sort_by(|a, b| a.id.cmp(&b.id));
        let grouped = machines.iter().map(|machine| (group_of(desired, machine), *machine));
        let leftovers = Leftovers::of(grouped);
        let mut volumes: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for volume in fleet.volumes.iter().flatten() {
            if let Some(machine) = &volume.attached_machine_id {
                volumes.entry(machine).or_default().push(volume);
            }
        }
        let (groups, image) = (desired.config.group_names(), Image::named(desired.image));
        Self { desired: *desired, policy, fleet, machines, groups, image, leftovers, volumes }
    }

    pub(super) fn group_of(&self, machine: &'a Machine) -> &'a str {
        group_of(&self.desired, machine)
    }

    /// What hangs on a machine: by its config, and by the list of volumes where it is known.
    pub(super) fn volumes_of(&self, machine: &'a Machine) -> BTreeSet<&'a str> {
        let mounted = machine.config.iter().flat_map(|config| config.volumes());
        let attached = self.volumes.get(machine.id.as_str()).into_iter().flatten();
        mounted.chain(attached.map(|volume| volume.id.as_str())).collect()
    }

    /// Where machines go that take nobody's place; empty: wherever Fly likes.
    pub(super) fn region(&self) -> &'a str {
        self.desired.config.primary_region.as_ref().map_or("", |region| &region.value)
    }

    /// How many machines Fly counts, where that is more than the list has.
    pub(super) fn known_beyond_the_list(&self) -> Option<u64> {
        let listed = self.machines.iter().filter(|machine| machine.is_live()).count() as u64;
        let known = self.fleet.app.as_ref()?.machine_count;
        (listed > 0 && known > listed).then_some(known)
    }

    pub(super) fn is_selected(&self, group: &str) -> bool {
        self.policy.groups.is_empty() || self.policy.groups.iter().any(|selected| selected == group)
    }
}

/// A machine that names no group is of the default one, as flyctl has it.
fn group_of<'a>(desired: &Desired<'a>, machine: &'a Machine) -> &'a str {
    machine.group().unwrap_or(desired.config.default_group())
}

impl Placed<'_> {
    pub(super) fn is(&self, disposition: Disposition) -> bool {
        self.disposition == disposition
    }

    /// It goes, but its group stays: a green has its place already.
    pub(super) fn is_superseded(&self, situation: &Situation) -> bool {
        self.is(Disposition::Remove) && situation.groups.contains(&self.group)
    }

    pub(super) fn planned(self) -> PlannedMachine {
        PlannedMachine {
            disposition: self.disposition,
            group: self.group.into(),
            id: self.machine.id.clone(),
            observed: self.observed,
            region: SmolStr::new(&self.machine.region),
            why: self.why,
        }
    }
}

/// The machine with this id.
pub(super) fn find<'p, 'a>(placed: &'p [Placed<'a>], id: &str) -> Option<&'p Placed<'a>> {
    let at = placed.binary_search_by(|placed| placed.machine.id.as_str().cmp(id)).ok()?;
    placed.get(at)
}

/// Every machine of the fleet, sorted by id; and what is to come after those of its groups.
pub(super) fn classify<'a>(situation: &Situation<'a>) -> (Vec<Placed<'a>>, Wanted) {
    let (fleet, wanted) = wanted(situation);
    let first: Vec<_> = fleet.iter().map(|seen| place(&Case::new(situation, &wanted, seen, None))).collect();
    let done = Done::new(situation, &wanted, &fleet, &first);
    let rows = match done.is_empty() {
        true => first,
        false => fleet.iter().map(|seen| place(&Case::new(situation, &wanted, seen, Some(&done)))).collect(),
    };
    let placed = fleet.into_iter().zip(rows).map(|(seen, (disposition, why))| {
        let Seen { machine, observed, group, successor } = seen;
        Placed { machine, observed, group, disposition, why, successor }
    });
    (placed.collect(), wanted)
}

/// One machine before it is placed.
struct Case<'s, 'a> {
    machine: &'a Machine,
    group: &'a str,
    /// Its group is one of fly.toml.
    is_wanted: bool,
    /// `None` when no such machine can be made, or its group is not one of fly.toml.
    successor: Option<&'s Successor>,
    situation: &'s Situation<'a>,
    /// `None`: not known yet.
    done: Option<&'s Done<'a>>,
}

/// What is as wanted before anything is done.
struct Done<'a> {
    /// Groups all of whose machines are.
    groups: BTreeSet<&'a str>,
    underway: Underway<'a>,
}

struct Row {
    when: fn(&Case) -> bool,
    disposition: Disposition,
    why: fn(&Case) -> Cow<'static, str>,
}

const TABLE: [Row; 16] = [
    Row {
        when: |case| !case.machine.is_live(),
        disposition: Disposition::Leftover,
        why: |case| format!("it is {} already", case.machine.state).into(),
    },
    Row {
        when: |case| case.situation.policy.exclude_machines.contains(&case.machine.id),
        disposition: Disposition::Ignore,
        why: |_| "it is excluded from this deploy".into(),
    },
    Row {
        when: |case| case.is_cleanup() && case.leftover().is_some_and(|leftover| leftover.proof.is_ok()),
        disposition: Disposition::Sweep,
        why: |case| case.leftover_of().into(),
    },
    Row {
        when: |case| case.leftover().is_some_and(|it| case.is_cleanup() || it.is_orphan || !it.is_in_use),
        disposition: Disposition::Leftover,
        why: |case| case.leftover_of().into(),
    },
    Row {
        when: |case| case.is_cleanup(),
        disposition: Disposition::Ignore,
        why: |_| "this plan only removes what is left over".into(),
    },
    // Before the question whose group it is: without a config nobody can tell.
    Row {
        when: |case| case.machine.config.is_none() && !case.machine.other.contains_key("incomplete_config"),
        disposition: Disposition::Ignore,
        why: |_| "Fly does not say what it runs, so nobody can tell whether the deploy manages it".into(),
    },
    Row {
        when: |case| !case.machine.is_managed(),
        disposition: Disposition::Ignore,
        why: |_| "Fly Launch does not manage it: it has no `fly_platform_version` of `v2`".into(),
    },
    Row {
        when: |case| !case.situation.is_selected(case.group),
        disposition: Disposition::Ignore,
        why: |case| format!("this deploy is not for group `{}`", case.group).into(),
    },
    Row {
        when: |case| case.is_out_of_reach() && !case.is_wanted,
        disposition: Disposition::Unreachable,
        why: |case| {
            format!("fly.toml has no group `{}`, but its host does not answer: it cannot be destroyed now", case.group)
                .into()
        },
    },
    Row {
        when: |case| !case.is_wanted,
        disposition: Disposition::Remove,
        why: |case| format!("fly.toml has no group `{}`", case.group).into(),
    },
    Row {
        when: |case| case.is_out_of_reach(),
        disposition: Disposition::Unreachable,
        why: |_| "its host does not answer: it cannot be cordoned, stopped or destroyed now".into(),
    },
    Row {
        when: |case| case.successor_underway().is_some(),
        disposition: Disposition::Remove,
        why: |case| {
            format!(
                "{} has its place: a deploy that did not end made it",
                case.successor_underway().unwrap_or_default()
            )
            .into()
        },
    },
    Row {
        when: |case| case.done.is_some_and(|done| done.underway.keeps(case.machine)),
        disposition: Disposition::Keep,
        why: |_| "a deploy that did not end made it, and it runs the image and the config that are wanted".into(),
    },
    Row {
        when: |case| case.done.is_some_and(|done| done.groups.contains(case.group)),
        disposition: Disposition::Keep,
        why: |_| "it runs the image and the config that are wanted".into(),
    },
    Row {
        when: |case| !case.runs_the_image(),
        disposition: Disposition::Replace,
        why: |case| match case.machine.image() {
            Some(image) if image.brief() == case.situation.image.brief() => {
                format!("it runs {image}: the tag moved").into()
            }
            Some(image) => format!("it runs {}", image.brief()).into(),
            None => "Fly does not say which image it runs".into(),
        },
    },
    Row {
        when: |_| true,
        disposition: Disposition::Replace,
        why: |case| match case.is_as_wanted() {
            true => format!("another machine of group `{}` is replaced: all of them change at once", case.group).into(),
            false if case.machine.cordoned => "it runs the image, but is cordoned".into(),
            false => "it runs the image, but with another config".into(),
        },
    },
];

fn place(case: &Case) -> (Disposition, Cow<'static, str>) {
    let row = TABLE.iter().find(|row| (row.when)(case));
    let row = row.unwrap_or_else(|| unreachable!("the last row fits every machine"));
    (row.disposition, (row.why)(case))
}

impl<'a> Done<'a> {
    fn new(
        situation: &Situation<'a>,
        wanted: &Wanted,
        fleet: &[Seen<'a>],
        placed: &[(Disposition, Cow<'static, str>)],
    ) -> Self {
        let is_replaced = |at: usize| placed[at].0 == Disposition::Replace;
        let is_as_wanted = |at: usize| Case::new(situation, wanted, &fleet[at], None).is_as_wanted();
        let machines: Vec<_> = fleet.iter().map(|seen| (seen.group, seen.machine)).collect();
        let underway = Underway::of(&machines, |at| is_replaced(at) && is_as_wanted(at));
        let stays = |at: &usize| is_replaced(*at) && underway.successor_of(fleet[*at].machine).is_none();
        let groups = groups_that_are_done(fleet, (0..fleet.len()).filter(stays), is_as_wanted);
        Self { groups, underway }
    }

    fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.underway.is_empty()
    }
}

/// A group is kept whole or replaced whole: half a fleet on each side is no blue-green deploy.
fn groups_that_are_done<'a>(
    fleet: &[Seen<'a>],
    replaced: impl Iterator<Item = usize>,
    is_as_wanted: impl Fn(usize) -> bool,
) -> BTreeSet<&'a str> {
    let mut groups: BTreeMap<&str, (bool, BTreeSet<Image>)> = BTreeMap::new();
    for at in replaced {
        let (is_done, images) = groups.entry(fleet[at].group).or_insert((true, BTreeSet::new()));
        *is_done = *is_done && is_as_wanted(at);
        images.extend(fleet[at].machine.image().filter(|_| *is_done));
    }
    // A tag that moved: each machine may run what is wanted, by its name, and yet not what the others run.
    let is_one = |images: BTreeSet<Image>| by_image(images.into_iter().map(|image| (image, ()))).len() <= 1;
    groups.into_iter().filter_map(|(group, (is_done, images))| (is_done && is_one(images)).then_some(group)).collect()
}

impl<'s, 'a> Case<'s, 'a> {
    fn new(situation: &'s Situation<'a>, wanted: &'s Wanted, seen: &Seen<'a>, done: Option<&'s Done<'a>>) -> Self {
        let successor = seen.successor.map(|at| wanted.get(at));
        Self {
            machine: seen.machine,
            group: seen.group,
            is_wanted: successor.is_some(),
            successor: successor.and_then(|made| made.as_ref().ok()),
            situation,
            done,
        }
    }

    fn is_cleanup(&self) -> bool {
        self.situation.policy.cleanup
    }

    fn successor_underway(&self) -> Option<&'a str> {
        self.done?.underway.successor_of(self.machine)
    }

    /// Of a group that the deploy is for: another's are not its business.
    fn leftover(&self) -> Option<&Leftover> {
        let leftover = self.situation.leftovers.get(self.machine)?;
        let is_selected = self.situation.is_selected(self.group);
        (is_selected || leftover.is_orphan && !self.is_cleanup()).then_some(leftover)
    }

    fn leftover_of(&self) -> String {
        match self.leftover().map(|leftover| (&leftover.origin, &leftover.proof)) {
            Some((origin, Ok(proof) | Err(proof))) => format!("{origin}; {proof}"),
            None => String::new(),
        }
    }

    /// flyctl, too, trusts no host but one that is said to be well.
    fn is_out_of_reach(&self) -> bool {
        self.machine.host_status != HostStatus::Ok
    }

    fn runs_the_image(&self) -> bool {
        self.machine.image().is_some_and(|image| image.is_same(&self.situation.image))
    }

    fn is_as_wanted(&self) -> bool {
        let failed = matches!(self.machine.state, State::Failed | State::LaunchFailed);
        if failed || self.machine.cordoned || !self.runs_the_image() {
            return false;
        }
        self.successor.is_some_and(|successor| successor.is_alike)
    }
}

/// What a config says, less what differs from one deploy to the next without meaning anything:
/// the API gives back fields in other spellings than it was sent.
pub(super) fn settings(config: &MachineConfig) -> Value {
    let mut config = config.clone();
    green::take_standbys(&mut config);
    green::strip_markers(&mut config);
    config.fields_mut().remove("image");
    let mut value = Value::Object(config.into());
    for service in value.get_mut("services").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(autostop) = service.get_mut("autostop") {
            *autostop = match autostop.as_str() {
                Some("off") => false.into(),
                Some("stop") => true.into(),
                _ => autostop.take(),
            };
        }
    }
    prune(&mut value);
    value
}

/// Removes null and empty texts, lists and objects, which count as missing.
fn prune(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(prune);
            fields.retain(|_, field| !is_empty(field));
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
