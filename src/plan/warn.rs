//! What a reviewer should know of a plan that is otherwise fine.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::classify::{Placed, Situation};
use super::green::Green;
use super::mark::Marks;
use super::{Disposition, Warning};
use crate::config::Config;
use crate::fleet::{HostStatus, Image, Machine, MachineConfig, State, by_image};

pub(super) fn warnings(situation: &Situation, placed: &[Placed], greens: &[Green]) -> Vec<Warning> {
    let mut found = Found::default();
    about_the_list(&mut found, situation);
    if situation.policy.cleanup {
        about_leftovers(&mut found, situation, placed, true);
        about_unfinished(&mut found, situation, placed);
        return found.warnings;
    }
    about_the_file(&mut found, situation.desired.config, !greens.is_empty());
    let replaced = placed.iter().filter(|blue| blue.is(Disposition::Replace));
    // One by one: there are few that differ.
    let mut running = BTreeSet::new();
    running.extend(replaced.filter_map(|blue| blue.machine.image()));
    if !greens.is_empty() {
        about_the_image(&mut found, situation, &running);
    }
    about_images(&mut found, &running);
    about_tags(&mut found, situation, placed);
    about_others(&mut found, placed);
    about_blues(&mut found, placed);
    about_leftovers(&mut found, situation, placed, false);
    about_unfinished(&mut found, situation, placed);
    about_underway(&mut found, situation, placed, !greens.is_empty());
    about_groups(&mut found, situation, placed, greens);
    about_greens(&mut found, situation, greens);
    about_batches(&mut found, situation, greens);
    found.warnings
}

#[derive(Default)]
struct Found {
    warnings: Vec<Warning>,
}

impl Found {
    fn add(&mut self, code: &str, message: String) {
        self.warnings.push(Warning { code: code.to_owned(), message });
    }

    /// Only when there is something to name.
    fn add_for(&mut self, code: &str, names: &[&str], message: impl FnOnce(&str) -> String) {
        if !names.is_empty() {
            self.add(code, message(&listed(names)));
        }
    }
}

/// The first of them, and how many more there are.
fn listed(names: &[&str]) -> String {
    match names.split_at_checked(MOST_NAMED) {
        Some((first, more)) if !more.is_empty() => format!("{} and {} more", first.join(", "), more.len()),
        _ => names.join(", "),
    }
}

fn about_the_list(found: &mut Found, situation: &Situation) {
    let mut gaps: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for gap in &situation.fleet.gaps {
        let machine = format!("{} (entry {})", gap.machine, gap.entry);
        gaps.entry((gap.field, gap.assumed)).or_default().push(machine);
    }
    for ((field, assumed), machines) in gaps {
        let machines: Vec<_> = machines.iter().map(String::as_str).collect();
        found.add_for("list-incomplete", &machines, |machines| {
            format!("the list of machines has no `{field}` for {machines}: assumed that {assumed}")
        });
    }
    if let Some(known) = situation.known_beyond_the_list() {
        let live = situation.machines.iter().filter(|machine| machine.is_live()).count();
        found.add(
            "list-too-short",
            format!("Fly counts {known} machines, and the list has {live}: what is not listed stays as it is"),
        );
    }
}

fn about_the_file(found: &mut Found, config: &Config, makes_greens: bool) {
    let deploy = config.deploy.as_ref();
    if let Some(strategy) = deploy.and_then(|deploy| deploy.strategy.as_ref()).filter(|it| it.value != "bluegreen") {
        found.add(
            "strategy-differs",
            format!("fly.toml asks for the strategy `{}`; this plan is blue-green all the same", strategy.value),
        );
    }
    let command = deploy.and_then(|deploy| deploy.release_command.as_ref()).filter(|command| !command.value.is_empty());
    if let Some(command) = command.filter(|_| makes_greens) {
        found.add(
            "release-command",
            format!(
                "`{}` runs once, before any green is made, and has no undo: the old version works with what it did until the last blue is stopped, and for good when the deploy is taken back",
                command.value
            ),
        );
    }
}

fn about_the_image(found: &mut Found, situation: &Situation, running: &BTreeSet<Image>) {
    let (app, image, wanted) = (situation.desired.app, situation.desired.image, &situation.image);
    if !wanted.is_pinned() {
        found.add("image-not-pinned", format!("`{image}` is a tag, and tags can move: name it with its digest (`{image}@sha256:...`) to deploy what was reviewed"));
    } else if wanted.digest().strip_prefix("sha256:").is_some_and(|hash| hash.len() != SHA256_DIGITS) {
        found.add(
            "digest-cut-off",
            format!("the digest of `{image}` does not have {SHA256_DIGITS} digits: Fly will not find it"),
        );
    }
    let sources: BTreeSet<String> = running.iter().filter_map(Image::source).collect();
    if wanted.app().is_some_and(|of| of != app) {
        found.add("foreign-image", format!("`{image}` is in the registry of another app, not of `{app}`"));
    } else if !sources.is_empty() && wanted.source().is_some_and(|source| !sources.contains(&source)) {
        let sources: Vec<_> = sources.iter().map(String::as_str).collect();
        found.add("foreign-image", format!("`{image}` is not from where the running one is: {}", listed(&sources)));
    }
    if !running.is_empty() && running.iter().all(|running| running.is_same(wanted)) {
        found.add(
            "image-not-new",
            format!(
                "`{image}` runs already: the machines are replaced for their config alone, and no new code is deployed"
            ),
        );
    }
}

fn about_images(found: &mut Found, images: &BTreeSet<Image>) {
    if by_image(images.iter().map(|image| (image.clone(), ()))).len() > 1 {
        let names: Vec<_> = images.iter().map(Image::brief).collect();
        found.add("images-differ", format!("the groups run different images now: {}", names.join(", ")));
    }
}

/// What is kept was told by its tag alone.
fn about_tags(found: &mut Found, situation: &Situation, placed: &[Placed]) {
    let kept = placed.iter().filter(|blue| blue.is(Disposition::Keep)).map(|blue| blue.machine.id.as_str());
    let kept: Vec<_> = kept.filter(|_| !situation.image.is_pinned()).collect();
    let image = situation.desired.image;
    found.add_for("kept-by-tag", &kept, |ids| {
        format!("{ids} stay because they run `{image}`, which is a tag, and tags can move: if it moved since they were made, name the image with its digest (`{image}@sha256:...`)")
    });
}

fn ids<'a>(placed: &[Placed<'a>], wanted: impl Fn(&Placed) -> bool) -> Vec<&'a str> {
    placed.iter().filter(|blue| wanted(blue)).map(|blue| blue.machine.id.as_str()).collect()
}

/// What the deploy cannot touch, or leaves alone.
fn about_others(found: &mut Found, placed: &[Placed]) {
    let is_silent = |blue: &Placed| {
        blue.is(Disposition::Ignore) && blue.machine.config.is_none() && blue.machine.host_status != HostStatus::Ok
    };
    let out_of_reach = ids(placed, |blue| blue.is(Disposition::Unreachable) || is_silent(blue));
    found.add_for("unreachable-stays", &out_of_reach, |ids| {
        format!("the host does not answer for {ids}: it stays, may come back with the old code, and `apply` will end with exit status 4")
    });
    let unmanaged = ids(placed, |blue| {
        blue.is(Disposition::Ignore)
            && blue.machine.config.is_some()
            && !blue.machine.is_managed()
            && blue.machine.is_live()
    });
    found.add_for("unmanaged-ignored", &unmanaged, |ids| {
        format!("Fly Launch does not manage {ids}: left alone, with the image that it runs")
    });
    let unknown = ids(placed, |blue| {
        blue.is(Disposition::Ignore) && blue.machine.config.is_none() && !is_silent(blue) && blue.machine.is_live()
    });
    found.add_for("unknown-config", &unknown, |ids| {
        format!("Fly does not say what {ids} runs: left alone, and it may serve beside the greens")
    });
}

/// What is to go.
fn about_blues(found: &mut Found, placed: &[Placed]) {
    let in_flight = ids(placed, |blue| {
        matches!(blue.disposition, Disposition::Replace | Disposition::Remove) && is_in_flight(&blue.machine.state)
    });
    found.add_for("in-flight", &in_flight, |ids| {
        format!("somebody is at work on {ids} (neither started nor at rest): it is not counted as serving, and once its config or version changes `apply` refuses the plan as stale. Plan again when it has settled; Fly calls it stuck after 10 minutes")
    });
    let volumes = ids(placed, |blue| {
        blue.is(Disposition::Remove)
            && blue.machine.config.as_ref().is_some_and(|config| config.volumes().next().is_some())
    });
    found
        .add_for("volume-stays", &volumes, |ids| format!("the volumes of {ids} are not destroyed with their machines"));
    let hidden = ids(placed, |blue| {
        let is_routed = blue.machine.config.as_ref().is_some_and(|config| config.has_services());
        blue.is(Disposition::Replace) && blue.machine.cordoned && is_routed
    });
    found.add_for("cordoned-replaced", &hidden, |ids| {
        format!("{ids} is cordoned, and its green gets traffic like the others: `--exclude-machine` leaves it as it is")
    });
    let jobs = ids(placed, |blue| {
        blue.is(Disposition::Replace) && blue.machine.config.as_ref().is_some_and(|config| config.runs_once())
    });
    found.add_for("job-replaced", &jobs, |ids| {
        format!("{ids} runs a job (a schedule, or destroyed when it ends): what it does when it is stopped breaks off, and its green, where it is started, does it again")
    });
    for blue in placed.iter().filter(|blue| matches!(blue.disposition, Disposition::Replace | Disposition::Remove)) {
        if let Some(lease) = &blue.machine.lease {
            let id = &blue.machine.id;
            let owner = if lease.owner.is_empty() { "somebody" } else { &lease.owner };
            found.add(
                "leased",
                format!("{owner} holds a lease on {id}: another deploy may be under way, and `apply` makes nothing until it is given back. `apply --lease-wait 5m` waits that long for it"),
            );
        }
    }
}

/// Beyond what the proxy does all the time.
const fn is_in_flight(state: &State) -> bool {
    matches!(state, State::Creating | State::Restarting | State::Updating | State::Replacing | State::Other(_))
}

fn about_leftovers(found: &mut Found, situation: &Situation, placed: &[Placed], is_cleanup: bool) {
    let leftovers = placed.iter().filter(|blue| blue.is(Disposition::Leftover) && blue.machine.is_live());
    let ids: Vec<_> = leftovers.map(|blue| blue.machine.id.as_str()).collect();
    found.add_for("leftovers", &ids, |ids| match is_cleanup {
        true => format!("not touched, since nothing proves that they can go: {ids}"),
        false => format!(
            "not part of the app's service, and not touched: {ids}. `{}` removes those that are proved to be left over",
            situation.desired.again("--cleanup")
        ),
    });
}

/// Greens of ours that wait for somebody look like those of a run that died.
fn about_unfinished(found: &mut Found, situation: &Situation, placed: &[Placed]) {
    let is_ours = |blue: &&Placed| {
        matches!(blue.disposition, Disposition::Leftover | Disposition::Sweep) && Marks::of(blue.machine).is_some()
    };
    let ids: Vec<_> = placed.iter().filter(is_ours).map(|blue| blue.machine.id.as_str()).collect();
    let app = situation.desired.app;
    found.add_for("deploy-unfinished", &ids, |ids| {
        format!("a deploy by cutover made {ids} and did not end; it may be held on purpose: ask `cutover status --app {app}`, then `promote`, `resume` or `abort` it")
    });
}

/// What it made stays: the rest is this plan's, and all that goes with it.
fn about_underway(found: &mut Found, situation: &Situation, placed: &[Placed], makes_greens: bool) {
    let is_kept = |blue: &&Placed| blue.is(Disposition::Keep) && Marks::of(blue.machine).is_some();
    let ids: Vec<_> = placed.iter().filter(is_kept).map(|blue| blue.machine.id.as_str()).collect();
    let deploy = situation.desired.config.deploy.as_ref();
    let command = deploy.and_then(|deploy| deploy.release_command.as_ref()).filter(|command| !command.value.is_empty());
    let again = match command.filter(|_| makes_greens) {
        Some(command) => format!(", and `{}` runs again", command.value),
        None => String::new(),
    };
    let app = situation.desired.app;
    found.add_for("deploy-underway", &ids, |ids| {
        format!("a deploy by cutover made {ids} and did not end: they stay, since they are what is wanted{again}. `cutover resume --app {app}` finishes that deploy instead")
    });
}

fn about_groups(found: &mut Found, situation: &Situation, placed: &[Placed], greens: &[Green]) {
    let mut removed: BTreeMap<&str, Vec<&Placed>> = BTreeMap::new();
    let gone = |blue: &&Placed| blue.is(Disposition::Remove) && !blue.is_superseded(situation);
    for blue in placed.iter().filter(gone) {
        removed.entry(blue.group).or_default().push(blue);
    }
    let names: Vec<&str> = removed.keys().copied().collect();
    found.add_for("group-removed", &names, |groups| {
        format!("fly.toml does not name group {groups}: its machines are destroyed, last of all")
    });
    let mut added: BTreeMap<&str, Vec<&Green>> = BTreeMap::new();
    for green in greens.iter().filter(|green| green.replaces.is_none()) {
        added.entry(green.group).or_default().push(green);
    }
    let are_alone = removed.len() == 1 && added.len() == 1;
    for (old, blues) in &removed {
        let twin = added.iter().find(|(_, greens)| are_alone || do_the_same(blues[0], greens[0]));
        if let Some((new, greens)) = twin {
            let regions = regions(blues.iter().map(|blue| blue.machine.region.as_str()));
            found.add(
                "group-renamed",
                format!(
                    "group `{old}` goes and `{new}` comes: if it was renamed, note that `{new}` begins with {} in {}, where `{old}` has {} in {regions}",
                    machines(greens.len()),
                    regions_of(greens, situation),
                    machines(blues.len()),
                ),
            );
        }
    }
}

/// The same command and services, under two names.
fn do_the_same(blue: &Placed, green: &Green) -> bool {
    let Some(config) = &blue.machine.config else { return false };
    let part = |config: &MachineConfig, key: &str| config.get(key).filter(|it| !it.is_null()).cloned();
    let is_something = ["init", "services"].iter().any(|key| part(config, key).is_some());
    is_something && ["init", "services"].iter().all(|key| part(config, key) == part(&green.config, key))
}

fn regions_of(greens: &[&Green], situation: &Situation) -> String {
    let home = situation.desired.config.primary_region.as_ref().map_or("any region", |region| &region.value);
    regions(greens.iter().map(|green| if green.region.is_empty() { home } else { green.region }))
}

fn regions<'a>(all: impl Iterator<Item = &'a str>) -> String {
    all.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
}

fn machines(count: usize) -> String {
    if count == 1 { "1 machine".to_owned() } else { format!("{count} machines") }
}

fn about_greens(found: &mut Found, situation: &Situation, greens: &[Green]) {
    let groups: BTreeSet<_> = greens.iter().filter(|green| !green.has_checks()).map(|green| green.group).collect();
    found.add_for("unchecked-group", &groups.into_iter().collect::<Vec<_>>(), |groups| {
        format!("no service check and no top-level check for group {groups}: its greens get traffic once they are started, and what machine checks there are have passed")
    });
    about_sleepers(found, greens);
    about_sizes(found, greens);
    about_names(found, situation, greens);
}

/// `--verify-stopped` wakes all but jobs.
fn about_sleepers(found: &mut Found, greens: &[Green]) {
    let asleep = |is_job: bool| -> Vec<&str> {
        let asleep = greens.iter().filter(|green| !green.launch && !green.is_standby());
        let asleep = asleep.filter(|green| green.config.runs_once() == is_job);
        asleep.filter_map(|green| Some(green.replaces?.id.as_str())).collect()
    };
    found.add_for("unverified-greens", &asleep(false), |ids| {
        format!("what takes the place of {ids} is not started and not checked, since what it replaces is not running; `--verify-stopped` has it started and checked, too")
    });
    found.add_for("unverified-greens", &asleep(true), |ids| {
        format!("what takes the place of {ids} is not started and not checked, since a job at rest is not run")
    });
}

/// A `[[vm]]` that names a part of the size resets the rest.
fn about_sizes(found: &mut Found, greens: &[Green]) {
    let mut sizes: BTreeMap<(&str, String, String), Vec<&str>> = BTreeMap::new();
    for green in greens {
        let blue = green.replaces.and_then(|blue| Some((blue, size(blue.config.as_ref()?)?)));
        if let (Some((blue, from)), Some(to)) = (blue, size(&green.config))
            && from != to
        {
            sizes.entry((green.group, from, to)).or_default().push(&blue.id);
        }
    }
    for ((group, from, to), ids) in sizes {
        found.add_for("size-changes", &ids, |ids| format!("group `{group}`: {ids} has {from}, its green {to}"));
    }
}

fn size(config: &MachineConfig) -> Option<String> {
    let guest = config.get("guest")?;
    let number = |key: &str| guest.get(key).and_then(Value::as_u64).unwrap_or_default();
    let kind = guest.get("cpu_kind").and_then(Value::as_str).unwrap_or("shared");
    let gpus = match number("gpus") {
        0 => String::new(),
        count => format!(" and {count} GPU"),
    };
    Some(format!("{} {kind} CPU and {} MB{gpus}", number("cpus"), number("memory_mb")))
}

/// The greens have other ids and addresses than their blues: who names a blue will not find it.
fn about_names(found: &mut Found, situation: &Situation, greens: &[Green]) {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == ':';
    let words: BTreeSet<&str> = situation.desired.text.split(|letter| !is_part(letter)).collect();
    let address = |blue: &Machine| blue.other.get("private_ip").and_then(Value::as_str).map(str::to_owned);
    let named = |blue: &&Machine| {
        let address = address(blue).filter(|address| !address.is_empty());
        words.contains(&*blue.id) || address.is_some_and(|address| words.contains(&*address))
    };
    let named: Vec<_> = greens.iter().filter_map(|green| green.replaces).filter(named).map(|blue| &*blue.id).collect();
    found.add_for("machine-named", &named, |ids| {
        format!("fly.toml names {ids} by id or address, and both change: the green is another machine")
    });
}

fn about_batches(found: &mut Found, situation: &Situation, greens: &[Green]) {
    let Some(surge) = situation.policy.surge.filter(|surge| greens.len() as u64 > *surge) else { return };
    found.add(
        "surge-narrows-the-way-back",
        format!("no more than {surge} greens at once stand beside the blues, so the blues go in batches: once those of the first are destroyed, an abort finishes forward"),
    );
}

const SHA256_DIGITS: usize = 64;

/// More than these are counted, not named.
const MOST_NAMED: usize = 8;
