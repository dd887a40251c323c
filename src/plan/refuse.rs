//! Why no plan can be made: found as facts, then put into words with the commands that help.

use std::collections::{BTreeMap, BTreeSet};

use super::classify::{Placed, Situation};
use super::green::{Green, Greens};
use super::{Disposition, Refusal};
use crate::fleet::{HostStatus, Image, Machine};
use crate::machine::Conversion;

/// Every reason not to deploy; none when a plan can be made.
pub(super) fn refusals(situation: &Situation, placed: &[Placed], greens: &Greens) -> Vec<Refusal> {
    let mut facts = Vec::new();
    facts.extend(wrong_app(situation));
    facts.extend(unknown_selection(situation, placed));
    facts.extend(empty_fleet(situation, placed));
    facts.extend(unmanaged(situation, placed));
    facts.extend(greens.failed.iter().map(|(group, conversion)| Fact::NoMachineConfig { group, conversion }));
    facts.extend(mixed_images(placed));
    facts.extend(lost_volumes(placed));
    facts.extend(volumes(situation, placed, greens));
    facts.extend(unchecked(situation, &greens.made));
    facts.iter().map(|fact| fact.refusal(situation)).collect()
}

/// What was found.
enum Fact<'a> {
    WrongApp { named_by: String, other: &'a str },
    UnknownGroup { group: &'a str },
    UnknownMachine { id: &'a str },
    EmptyFleet,
    Unmanaged { group: &'a str, machines: Vec<&'a Machine> },
    NoMachineConfig { group: &'a str, conversion: &'a Conversion },
    MixedImages { group: &'a str, images: Vec<Running<'a>> },
    LostVolume { machine: &'a Machine },
    Volumes { group: &'a str, named: bool, machines: Vec<&'a Machine> },
    Unchecked { groups: Vec<&'a str>, machines: Vec<&'a Machine> },
}

/// The machines of a group that run one image.
struct Running<'a> {
    image: Image,
    machines: Vec<&'a Machine>,
}

fn wrong_app<'a>(situation: &Situation<'a>) -> Option<Fact<'a>> {
    let app = situation.desired.app;
    let file = situation.desired.config.app.as_ref().map(|name| ("fly.toml".to_owned(), name.value.as_str()));
    let observed = situation
        .machines
        .iter()
        .filter_map(|machine| Some((format!("machine {}", machine.id), machine.other.get("app_name")?.as_str()?)));
    let named = file.into_iter().chain(observed).find(|(_, name)| !name.is_empty() && *name != app);
    named.map(|(named_by, other)| Fact::WrongApp { named_by, other })
}

/// A name in the policy that is nobody's is a typing error: the deploy would do what it was told
/// not to.
fn unknown_selection<'a>(situation: &Situation<'a>, placed: &[Placed]) -> Vec<Fact<'a>> {
    let policy = situation.policy;
    let groups = policy.groups.iter().chain(&policy.group_order).map(String::as_str);
    let unknown_group =
        groups.filter(|group| !situation.groups.contains(group) && placed.iter().all(|other| other.group != *group));
    let machines = situation.policy.exclude_machines.iter().map(String::as_str);
    let unknown_machine = machines.filter(|id| situation.machines.iter().all(|machine| machine.id != *id));
    let groups = unknown_group.map(|group| Fact::UnknownGroup { group });
    groups.chain(unknown_machine.map(|id| Fact::UnknownMachine { id })).collect()
}

/// No machine that a deploy manages: a new app, or a list that went missing on the way.
fn empty_fleet<'a>(situation: &Situation, placed: &[Placed]) -> Option<Fact<'a>> {
    let managed = placed.iter().any(|other| !other.is(Disposition::Leftover) && other.machine.is_managed());
    (!managed && !situation.policy.first_deploy).then_some(Fact::EmptyFleet)
}

/// A group would get new machines beside those that serve it already, unmanaged.
fn unmanaged<'a>(situation: &Situation<'a>, placed: &[Placed<'a>]) -> Vec<Fact<'a>> {
    let of = |group: &'a str| {
        let live = placed.iter().filter(move |other| other.group == group && !other.is(Disposition::Leftover));
        live.map(|other| other.machine)
    };
    let is_managed = |group: &'a str| of(group).any(Machine::is_managed);
    // Without a config nobody can tell whose it is; what is excluded is left alone on purpose.
    let is_foreign =
        |machine: &Machine| machine.config.is_some() && !situation.policy.exclude_machines.contains(&machine.id);
    situation
        .groups
        .iter()
        .filter(|group| situation.is_selected(group) && !is_managed(group))
        .map(|group| (*group, of(group).filter(|machine| is_foreign(machine)).collect::<Vec<_>>()))
        .filter(|(_, machines)| !machines.is_empty())
        .map(|(group, machines)| Fact::Unmanaged { group, machines })
        .collect()
}

fn mixed_images<'a>(placed: &[Placed<'a>]) -> Vec<Fact<'a>> {
    let mut groups: BTreeMap<&str, Vec<Running>> = BTreeMap::new();
    for blue in placed.iter().filter(|blue| blue.is(Disposition::Replace)) {
        let Some(image) = blue.machine.image() else { continue };
        let images = groups.entry(blue.group).or_default();
        match images.iter_mut().find(|running| running.image.is_same(&image)) {
            Some(running) => running.machines.push(blue.machine),
            None => images.push(Running { image, machines: vec![blue.machine] }),
        }
    }
    groups.retain(|_, images| images.len() > 1);
    groups.into_iter().map(|(group, images)| Fact::MixedImages { group, images }).collect()
}

fn lost_volumes<'a>(placed: &[Placed<'a>]) -> Vec<Fact<'a>> {
    let lost = placed.iter().filter(|blue| blue.is(Disposition::Unreachable) && has_volume(blue.machine));
    lost.map(|blue| Fact::LostVolume { machine: blue.machine }).collect()
}

/// A volume is attached to one machine at a time: a green cannot have the one of its blue.
fn volumes<'a>(situation: &Situation<'a>, placed: &[Placed<'a>], greens: &Greens<'a>) -> Vec<Fact<'a>> {
    let config = situation.desired.config;
    let groups: BTreeSet<&str> =
        greens.made.iter().map(|green| green.group).chain(greens.failed.keys().copied()).collect();
    groups
        .into_iter()
        .filter_map(|group| {
            let named = config.mounts.iter().any(|mount| config.is_for(&mount.processes, group));
            let blues = placed.iter().filter(|blue| blue.group == group && blue.is(Disposition::Replace));
            let machines: Vec<_> = blues.map(|blue| blue.machine).filter(|machine| has_volume(machine)).collect();
            (named || !machines.is_empty()).then_some(Fact::Volumes { group, named, machines })
        })
        .collect()
}

fn has_volume(machine: &Machine) -> bool {
    machine.config.as_ref().is_some_and(|config| config.volumes().next().is_some())
}

/// flyctl asks for one checked machine in the whole app. A group that the proxy routes to needs
/// one of its own, or its greens take traffic unseen.
fn unchecked<'a>(situation: &Situation, greens: &[Green<'a>]) -> Option<Fact<'a>> {
    if situation.policy.allow_unchecked {
        return None;
    }
    let checked: BTreeSet<&str> = greens.iter().filter(|green| green.has_checks()).map(|green| green.group).collect();
    let replaces = greens.iter().any(|green| green.replaces.is_some());
    let none_at_all = replaces && checked.is_empty();
    let groups: BTreeSet<&str> = greens
        .iter()
        .filter(|green| !checked.contains(green.group) && (none_at_all || green.config.has_services()))
        .map(|green| green.group)
        .collect();
    let machines =
        greens.iter().filter(|green| groups.contains(green.group)).filter_map(|green| green.replaces).collect();
    (!groups.is_empty()).then(|| Fact::Unchecked { groups: groups.into_iter().collect(), machines })
}

impl Fact<'_> {
    fn refusal(&self, situation: &Situation) -> Refusal {
        let app = situation.desired.app;
        let (code, message) = (self.code(), self.message(app));
        Refusal { code, message, machines: ids(&self.machines()), fix: self.fix(situation) }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::WrongApp { .. } => "wrong-app",
            Self::UnknownGroup { .. } => "unknown-group",
            Self::UnknownMachine { .. } => "unknown-machine",
            Self::EmptyFleet => "empty-fleet",
            Self::Unmanaged { .. } => "unmanaged-machines",
            Self::NoMachineConfig { .. } => "no-machine-config",
            Self::MixedImages { .. } => "mixed-images",
            Self::LostVolume { .. } => "unreachable-volume",
            Self::Volumes { .. } => "volumes",
            Self::Unchecked { .. } => "no-health-checks",
        }
    }

    fn machines(&self) -> Vec<&Machine> {
        match self {
            Self::WrongApp { .. } | Self::UnknownGroup { .. } | Self::UnknownMachine { .. } => Vec::new(),
            Self::EmptyFleet | Self::NoMachineConfig { .. } => Vec::new(),
            Self::Unmanaged { machines, .. } | Self::Volumes { machines, .. } | Self::Unchecked { machines, .. } => {
                machines.clone()
            }
            Self::MixedImages { images, .. } => images.iter().flat_map(|running| running.machines.clone()).collect(),
            Self::LostVolume { machine } => vec![machine],
        }
    }

    fn message(&self, app: &str) -> String {
        match self {
            Self::WrongApp { named_by, other } => {
                format!("{named_by} is of app `{other}`, and this plan would be for `{app}`")
            }
            Self::UnknownGroup { group } => {
                format!("there is no group `{group}`, neither in fly.toml nor in the fleet")
            }
            Self::UnknownMachine { id } => format!("there is no machine {id} to exclude"),
            Self::EmptyFleet => format!(
                "app `{app}` has no machines that a deploy manages: either it was never deployed, or the list is not the whole list, and a deploy would make a second fleet"
            ),
            Self::Unmanaged { group, machines } => format!(
                "group `{group}` has no machine that Fly Launch manages, but others work for it ({}): a deploy would make a second fleet beside them. Let Fly Launch manage them, or destroy them; which of the two is your choice",
                names(machines)
            ),
            Self::NoMachineConfig { group, conversion } => {
                format!("fly.toml gives no Machine config for group `{group}`: {}", conversion.message)
            }
            Self::MixedImages { group, images } => mixed_message(group, images),
            Self::LostVolume { machine } => format!(
                "the host of {} does not answer, and its volume is there: no other machine can have it. Restore the volume from a snapshot first",
                machine.id
            ),
            Self::Volumes { group, named, machines } => format!(
                "group `{group}` {}: a volume belongs to one machine at a time, so no green can stand beside its blue",
                match (named, machines.is_empty()) {
                    (true, true) => "mounts a volume in fly.toml".to_owned(),
                    (true, false) => format!("mounts a volume, in fly.toml and on {}", names(machines)),
                    (false, _) => format!("has volumes on {}, though fly.toml mounts none", names(machines)),
                }
            ),
            Self::Unchecked { groups, .. } => format!(
                "no health check tells whether new machines of group {} work: traffic would move to them unseen. Add a check to fly.toml, such as `[[http_service.checks]]`, `[[services.tcp_checks]]` or `[checks.alive]`",
                groups.iter().map(|group| format!("`{group}`")).collect::<Vec<_>>().join(", ")
            ),
        }
    }

    fn fix(&self, situation: &Situation) -> Vec<String> {
        let app = situation.desired.app;
        match self {
            Self::WrongApp { .. } | Self::UnknownMachine { .. } => vec![format!("fly machine list --json --app {app}")],
            Self::UnknownGroup { .. } => vec![format!("cutover plan --group {}", situation.groups.join(","))],
            Self::EmptyFleet => {
                vec![format!("fly machine list --json --app {app}"), "cutover plan --first-deploy".to_owned()]
            }
            Self::Unmanaged { group, machines } => machines
                .iter()
                .map(|machine| {
                    let id = &machine.id;
                    format!("fly machine update {id} --app {app} --metadata fly_platform_version=v2 --metadata fly_process_group={group}")
                })
                .chain([destroy(app, machines, " # instead, if they are not needed")])
                .collect(),
            Self::NoMachineConfig { .. } => vec![format!("cutover check {}", situation.desired.path)],
            Self::MixedImages { images, .. } => mixed_fix(situation, images),
            Self::LostVolume { .. } => vec![format!("fly volumes list --app {app}")],
            Self::Volumes { group, .. } => {
                let others: Vec<_> = situation.groups.iter().filter(|other| *other != group).copied().collect();
                let rolling = format!("fly deploy --app {app} --strategy rolling --process-groups {group}");
                let rest = (!others.is_empty()).then(|| format!("cutover plan --group {}", others.join(",")));
                [rolling].into_iter().chain(rest).collect()
            }
            Self::Unchecked { .. } => vec!["cutover plan --allow-unchecked".to_owned()],
        }
    }
}

fn mixed_message(group: &str, images: &[Running]) -> String {
    let each: Vec<_> = images
        .iter()
        .map(|running| {
            let serving = running.machines.iter().filter(|machine| machine.is_serving()).count();
            let share = match serving {
                0 => "serving nothing".to_owned(),
                all if all == running.machines.len() => "serving".to_owned(),
                some => format!("{some} of them serving"),
            };
            format!("{} on {} ({share})", label(running, images), names(&running.machines))
        })
        .collect();
    let advice = match only_serving(images) {
        Some(serving) => format!("Only {} serves; destroying the others takes nothing away", label(serving, images)),
        None => "Which of them is to stay is your choice: run one of these commands, then plan again".to_owned(),
    };
    format!("group `{group}` runs {} images, and blue-green needs one: {}. {advice}", images.len(), each.join("; "))
}

/// Destroying comes with the image that stays; the only image that serves is never offered.
fn mixed_fix(situation: &Situation, images: &[Running]) -> Vec<String> {
    let app = situation.desired.app;
    let others = |kept: &Running| -> Vec<&Machine> {
        let others = images.iter().filter(|running| running.image != kept.image);
        others.flat_map(|running| running.machines.clone()).collect()
    };
    if let Some(serving) = only_serving(images) {
        return vec![destroy(app, &others(serving), "")];
    }
    let keep = images.iter().map(|kept| destroy(app, &others(kept), &format!(" # keeps {}", label(kept, images))));
    let image = situation.desired.image;
    let rolling = format!("fly deploy --app {app} --strategy rolling --image {image} # updates all of them in place");
    keep.chain([rolling]).collect()
}

/// With the digest where the tags alone do not tell them apart.
fn label(running: &Running, images: &[Running]) -> String {
    let brief = running.image.brief();
    let is_clear = images.iter().filter(|other| other.image.brief() == brief).count() == 1;
    if is_clear { brief } else { running.image.to_string() }
}

fn only_serving<'a, 'b>(images: &'b [Running<'a>]) -> Option<&'b Running<'a>> {
    let mut serving = images.iter().filter(|running| running.machines.iter().any(|machine| machine.is_serving()));
    let first = serving.next()?;
    serving.next().is_none().then_some(first)
}

fn destroy(app: &str, machines: &[&Machine], remark: &str) -> String {
    format!("fly machine destroy --force --app {app} {}{remark}", ids(machines).join(" "))
}

fn ids(machines: &[&Machine]) -> Vec<String> {
    machines.iter().map(|machine| machine.id.clone()).collect()
}

/// For people: with the state where it is not the usual one.
fn names(machines: &[&Machine]) -> String {
    let name = |machine: &&Machine| match (machine.cordoned, machine.host_status) {
        (true, HostStatus::Ok) => format!("{} (cordoned)", machine.id),
        (false, HostStatus::Ok) => machine.id.clone(),
        _ => format!("{} (host does not answer)", machine.id),
    };
    machines.iter().map(name).collect::<Vec<_>>().join(", ")
}
