//! Why no plan can be made: found as facts, then put into words with the commands that help.

use std::collections::{BTreeMap, BTreeSet};

use super::classify::{Placed, Situation};
use super::green::{Green, Greens};
use super::mixed::{Mixed, mixed};
use super::{Disposition, Refusal, again};
use crate::facts::purpose;
use crate::fleet::{App, HostStatus, Machine, Volume};
use crate::machine::Conversion;

/// Every reason not to deploy; none when a plan can be made.
pub(super) fn refusals(situation: &Situation, placed: &[Placed], greens: &Greens) -> Vec<Refusal> {
    let mut facts = Vec::new();
    facts.extend(wrong_app(situation));
    facts.extend(unknown_selection(situation, placed));
    if situation.policy.cleanup {
        facts.extend(lost_list(situation));
        facts.extend(unproven(situation, placed));
        return facts.iter().map(|fact| fact.refusal(situation)).collect();
    }
    facts.extend(odd_image(situation));
    let unmanaged = unmanaged(situation, placed);
    let empty = || empty_fleet(situation, placed).filter(|_| unmanaged.is_empty());
    facts.extend(lost_list(situation).or_else(empty));
    facts.extend(unmanaged);
    facts.extend(short_list(situation, &greens.made));
    facts.extend(greens.failed.iter().map(|(group, conversion)| Fact::NoMachineConfig { group, conversion }));
    let replaced = placed.iter().filter(|blue| blue.is(Disposition::Replace));
    facts.extend(mixed(replaced).into_iter().map(Fact::MixedImages));
    facts.extend(lost_volumes(situation, placed));
    facts.extend(volumes(situation, placed, greens));
    facts.extend(unchecked(situation, &greens.made));
    facts.iter().map(|fact| fact.refusal(situation)).collect()
}

/// What was found.
enum Fact<'a> {
    WrongApp { named_by: String, other: &'a str },
    UnknownGroup { group: &'a str },
    UnknownMachine { id: &'a str },
    OddImage { image: &'a str, fault: &'static str },
    EmptyFleet,
    LostList { app: &'a App },
    ShortList { known: u64, groups: BTreeSet<&'a str> },
    Unproven { machines: Vec<&'a Placed<'a>> },
    Unmanaged { group: &'a str, machines: Vec<&'a Machine> },
    NoMachineConfig { group: &'a str, conversion: &'a Conversion },
    MixedImages(Mixed<'a>),
    LostVolume { machine: &'a Machine, volumes: BTreeSet<&'a str> },
    Volumes(Mounted<'a>),
    Unchecked { groups: Vec<&'a str>, machines: Vec<&'a Machine> },
}

/// The volumes of a group.
struct Mounted<'a> {
    group: &'a str,
    /// By fly.toml; empty when it mounts none.
    named: BTreeSet<&'a str>,
    /// The blues that have some, with them.
    machines: Vec<(&'a Machine, BTreeSet<&'a str>)>,
    /// How many blues stand in which region.
    regions: BTreeMap<&'a str, usize>,
    /// Of these names, and on no machine. Absent: nobody asked for volumes.
    free: Option<Vec<&'a Volume>>,
    /// The groups that have none.
    rest: Vec<&'a str>,
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

/// Fly would refuse it only with the first create, after the release command.
fn odd_image<'a>(situation: &Situation<'a>) -> Option<Fact<'a>> {
    let image = situation.desired.image;
    let digest = situation.image.digest().split_once(':');
    let fault = match digest {
        _ if !image.chars().all(|letter| letter.is_ascii_graphic()) => "it has blanks or letters that none can have",
        None if image.contains('@') => "what follows `@` is a digest, such as `sha256:` and 64 hexadecimal digits",
        Some((_, hash)) if hash.is_empty() || !hash.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
            "its digest has other letters than hexadecimal digits"
        }
        _ => return None,
    };
    Some(Fact::OddImage { image, fault })
}

/// Nothing where the API knows of machines or of a release: a list that went missing on the way,
/// whatever the policy says of a first deploy.
fn lost_list<'a>(situation: &Situation<'a>) -> Option<Fact<'a>> {
    let app = situation.fleet.app.as_ref()?;
    let is_empty = !situation.machines.iter().any(|machine| machine.is_live());
    (is_empty && (app.machine_count > 0 || app.was_deployed())).then_some(Fact::LostList { app })
}

/// Fly counts more machines than the list has: it lags for a moment after a deploy, or lacks a part. Of
/// what a group lacks only warnings tell; a group that seems to be new would become a second one.
fn short_list<'a>(situation: &Situation<'a>, greens: &[Green<'a>]) -> Option<Fact<'a>> {
    let known = situation.known_beyond_the_list()?;
    let groups: BTreeSet<_> = greens.iter().filter(|green| green.replaces.is_none()).map(|green| green.group).collect();
    (!groups.is_empty()).then_some(Fact::ShortList { known, groups })
}

/// Somebody wants to clean up, and nothing can be told to be left over.
fn unproven<'a>(situation: &Situation, placed: &'a [Placed<'a>]) -> Vec<Fact<'a>> {
    if placed.iter().any(|other| other.is(Disposition::Sweep)) {
        return Vec::new();
    }
    let unproven = placed.iter().filter(|other| other.is(Disposition::Leftover) && other.machine.is_live());
    let machines: Vec<_> = unproven.collect();
    let is_excluded = |machine: &Machine| situation.policy.exclude_machines.contains(&machine.id);
    let deployed = placed.iter().filter(|other| {
        let in_reach = other.machine.is_managed() && other.machine.host_status == HostStatus::Ok;
        other.is(Disposition::Ignore) && in_reach && situation.is_selected(other.group) && !is_excluded(other.machine)
    });
    let unproven = (!machines.is_empty()).then_some(Fact::Unproven { machines });
    mixed(deployed).into_iter().map(Fact::MixedImages).chain(unproven).collect()
}

/// No machine that a deploy manages: a new app, or a list that went missing on the way.
fn empty_fleet<'a>(situation: &Situation, placed: &[Placed]) -> Option<Fact<'a>> {
    let is_of_the_app = |other: &Placed| !other.is(Disposition::Leftover) && purpose(other.machine).is_none();
    let managed = placed.iter().any(|other| is_of_the_app(other) && other.machine.is_managed());
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

fn lost_volumes<'a>(situation: &Situation<'a>, placed: &[Placed<'a>]) -> Vec<Fact<'a>> {
    let lost = placed.iter().filter(|blue| blue.is(Disposition::Unreachable));
    let lost = lost.map(|blue| (blue.machine, situation.volumes_of(blue.machine)));
    lost.filter(|(_, volumes)| !volumes.is_empty())
        .map(|(machine, volumes)| Fact::LostVolume { machine, volumes })
        .collect()
}

/// A volume is attached to one machine at a time: a green cannot have the one of its blue.
fn volumes<'a>(situation: &Situation<'a>, placed: &[Placed<'a>], greens: &Greens<'a>) -> Vec<Fact<'a>> {
    let config = situation.desired.config;
    let groups: BTreeSet<&str> =
        greens.made.iter().map(|green| green.group).chain(greens.failed.keys().copied()).collect();
    let mut machines: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    let mut regions: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for blue in placed.iter().filter(|blue| blue.is(Disposition::Replace)) {
        *regions.entry(blue.group).or_default().entry(&blue.machine.region).or_default() += 1;
        let volumes = situation.volumes_of(blue.machine);
        if !volumes.is_empty() {
            machines.entry(blue.group).or_default().push((blue.machine, volumes));
        }
    }
    let mounted = groups.into_iter().map(|group| {
        let mounts = config.mounts.iter().filter(|mount| config.is_for(&mount.processes, group));
        let named: BTreeSet<&str> =
            mounts.map(|mount| mount.source.as_ref().map_or("", |source| &source.value)).collect();
        let is_free = |volume: &&Volume| volume.is_free() && named.contains(volume.name.as_str());
        let free = situation.fleet.volumes.as_ref().map(|volumes| volumes.iter().filter(is_free).collect());
        let (machines, regions) =
            (machines.remove(group).unwrap_or_default(), regions.remove(group).unwrap_or_default());
        Mounted { group, named, machines, regions, free, rest: Vec::new() }
    });
    let mounted: Vec<_> = mounted.filter(|mounted| !mounted.named.is_empty() || !mounted.machines.is_empty()).collect();
    let has_none = |group: &&str| mounted.iter().all(|mounted| mounted.group != *group);
    let rest: Vec<&str> = situation.groups.iter().copied().filter(has_none).collect();
    mounted.into_iter().map(|mounted| Fact::Volumes(Mounted { rest: rest.clone(), ..mounted })).collect()
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
            Self::OddImage { .. } => "odd-image",
            Self::EmptyFleet | Self::LostList { .. } => "empty-fleet",
            Self::ShortList { .. } => "list-too-short",
            Self::Unproven { .. } => "unproven-leftovers",
            Self::Unmanaged { .. } => "unmanaged-machines",
            Self::NoMachineConfig { .. } => "no-machine-config",
            Self::MixedImages(_) => "mixed-images",
            Self::LostVolume { .. } => "unreachable-volume",
            Self::Volumes(_) => "volumes",
            Self::Unchecked { .. } => "no-health-checks",
        }
    }

    fn machines(&self) -> Vec<&Machine> {
        match self {
            Self::WrongApp { .. } | Self::UnknownGroup { .. } | Self::UnknownMachine { .. } => Vec::new(),
            Self::OddImage { .. } | Self::EmptyFleet | Self::NoMachineConfig { .. } => Vec::new(),
            Self::LostList { .. } | Self::ShortList { .. } => Vec::new(),
            Self::Unproven { machines } => machines.iter().map(|placed| placed.machine).collect(),
            Self::Unmanaged { machines, .. } | Self::Unchecked { machines, .. } => machines.clone(),
            Self::Volumes(mounted) => mounted.machines.iter().map(|(machine, _)| *machine).collect(),
            Self::MixedImages(mixed) => mixed.machines().collect(),
            Self::LostVolume { machine, .. } => vec![machine],
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
            Self::OddImage { image, fault } => format!("`{image}` is no name of an image: {fault}"),
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
            Self::MixedImages(mixed) => mixed.message(),
            Self::LostList { app: known } => lost_message(app, known),
            Self::ShortList { known, groups } => format!(
                "Fly counts {known} machines of app `{app}`, and the list has fewer, and none of group {}: the list may lag behind, and the deploy would make a second {}. Try again in a minute, or paste a list that you vouch for",
                listed(groups),
                if groups.len() == 1 { "group" } else { "set of groups" },
            ),
            Self::Unproven { machines } => format!(
                "nothing proves that these can go: {}",
                machines.iter().map(|it| format!("{} ({})", it.machine.id, it.why)).collect::<Vec<_>>().join(", ")
            ),
            Self::LostVolume { machine, volumes } => format!(
                "the host of {} does not answer, and its volume {} is there: no other machine can have it. Restore the volume from a snapshot first",
                machine.id,
                listed(volumes)
            ),
            Self::Volumes(mounted) => format!(
                "group `{}` {}: a volume belongs to one machine at a time, so no green can stand beside its blue",
                mounted.group,
                mounted.found()
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
            Self::UnknownGroup { .. } => vec![situation.desired.again(&format!("--group {}", situation.groups.join(",")))],
            Self::OddImage { .. } => vec![situation.desired.again(&format!("--image registry.fly.io/{app}:TAG"))],
            Self::EmptyFleet => {
                vec![format!("fly machine list --json --app {app}"), situation.desired.again("--first-deploy")]
            }
            Self::ShortList { .. } => vec![
                format!("fly machine list --json --app {app} > machines.json"),
                situation.desired.again("--machines machines.json # if that is all there is"),
            ],
            Self::LostList { .. } => vec![
                format!("fly machine list --json --app {app} > machines.json"),
                situation.desired.again("--machines machines.json --first-deploy # if there really is none"),
            ],
            Self::Unproven { machines } => {
                machines.iter().map(|it| format!("fly machine status {} --app {app}", it.machine.id)).collect()
            }
            Self::Unmanaged { group, machines } => machines
                .iter()
                .map(|machine| {
                    let id = &machine.id;
                    format!("fly machine update {id} --app {app} --metadata fly_platform_version=v2 --metadata fly_process_group={group}")
                })
                .chain([destroy(app, machines, " # instead, if they are not needed")])
                .collect(),
            Self::NoMachineConfig { .. } => vec![format!("cutover check {}", again::shell_word(situation.desired.path))],
            Self::MixedImages(mixed) => mixed.fix(situation),
            Self::LostVolume { .. } => vec![format!("fly volumes list --app {app}")],
            Self::Volumes(mounted) => mounted.fix(situation),
            Self::Unchecked { .. } => vec![situation.desired.again("--allow-unchecked")],
        }
    }
}

impl Mounted<'_> {
    fn found(&self) -> String {
        let names: Vec<_> = self.named.iter().map(|name| format!("`{name}`")).collect();
        let has = |(machine, volumes): &(&Machine, BTreeSet<&str>)| format!("{} ({})", machine.id, listed(volumes));
        let machines: Vec<_> = self.machines.iter().map(has).collect();
        let (names, machines) = (names.join(", "), machines.join(", "));
        match (self.named.is_empty(), self.machines.is_empty(), &self.free) {
            (true, ..) => format!("has volumes on {machines}, though fly.toml mounts none"),
            (false, false, _) => format!("mounts volume {names}, in fly.toml and on {machines}"),
            (false, true, Some(free)) if free.is_empty() => {
                format!("mounts volume {names} in fly.toml, and no volume of that name is free")
            }
            (false, true, _) => format!("mounts volume {names} in fly.toml"),
        }
    }

    /// What deploys the group all the same, and what deploys the others blue-green.
    fn fix(&self, situation: &Situation) -> Vec<String> {
        let app = situation.desired.app;
        let primary = situation.desired.config.primary_region.as_ref().map_or("REGION", |region| &region.value);
        let create = |(name, region, count): (&str, &str, usize)| {
            let count = if count > 1 { format!(" --count {count}") } else { String::new() };
            format!("fly volumes create {name} --region {region}{count} --app {app}")
        };
        let detaches =
            if self.named.is_empty() { " # detaches the volumes; [mounts] in fly.toml keeps them" } else { "" };
        let rolling = format!("{}{detaches}", rolling(situation, self.group));
        let rest =
            (!self.rest.is_empty()).then(|| situation.desired.again(&format!("--group {}", self.rest.join(","))));
        self.missing(primary).map(create).chain([rolling]).chain(rest).collect()
    }

    /// Volumes that flyctl asks for before it deploys: which, in which region and how many. One for
    /// each machine, where it stands; a new group begins with one, wherever it is.
    fn missing<'s>(&'s self, primary: &'s str) -> impl Iterator<Item = (&'s str, &'s str, usize)> {
        let free = self.free.as_ref().filter(|_| self.machines.is_empty());
        let free_in = move |name: &str, region: Option<&str>| {
            let is_meant =
                |volume: &&&Volume| volume.name == name && region.is_none_or(|region| volume.region == region);
            free.map_or(usize::MAX, |free| free.iter().filter(is_meant).count())
        };
        let here = move |name: &'s str| {
            let regions = self.regions.iter();
            let missing =
                regions.map(move |(region, count)| (name, *region, count.saturating_sub(free_in(name, Some(region)))));
            let is_new = self.regions.is_empty() && free_in(name, None) == 0;
            missing.chain(is_new.then_some((name, primary, 1)))
        };
        self.named.iter().copied().flat_map(here).filter(|(.., count)| *count > 0)
    }
}

fn lost_message(app: &str, known: &App) -> String {
    let known = match known.machine_count {
        0 => "that it was deployed before".to_owned(),
        1 => "of 1 machine".to_owned(),
        count => format!("of {count} machines"),
    };
    format!(
        "the list of machines of app `{app}` is empty, but Fly knows {known}: a deploy could make a second fleet. `--first-deploy` counts only for a list that you vouch for"
    )
}

fn listed(volumes: &BTreeSet<&str>) -> String {
    volumes.iter().copied().collect::<Vec<_>>().join(", ")
}

/// What deploys a group without greens.
pub(super) fn rolling(situation: &Situation, group: &str) -> String {
    let (app, image) = (situation.desired.app, situation.desired.image);
    // A cleanup has no image: this command builds one.
    let image = if image.is_empty() { String::new() } else { format!(" --image {image}") };
    let config = again::config_flag(situation.desired.path);
    format!("fly deploy --app {app}{config} --strategy rolling --process-groups {group}{image}")
}

pub(super) fn destroy(app: &str, machines: &[&Machine], remark: &str) -> String {
    format!("fly machine destroy --force --app {app} {}{remark}", ids(machines).join(" "))
}

fn ids(machines: &[&Machine]) -> Vec<String> {
    machines.iter().map(|machine| machine.id.clone()).collect()
}

/// For people: with the state where it is not the usual one.
pub(super) fn names(machines: &[&Machine]) -> String {
    let name = |machine: &&Machine| match (machine.cordoned, machine.host_status) {
        (true, HostStatus::Ok) => format!("{} (cordoned)", machine.id),
        (false, HostStatus::Ok) => machine.id.clone(),
        _ => format!("{} (host does not answer)", machine.id),
    };
    machines.iter().map(name).collect::<Vec<_>>().join(", ")
}
