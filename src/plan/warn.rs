//! What a reviewer should know of a plan that is otherwise fine.

use std::collections::BTreeSet;

use super::classify::{Placed, Situation};
use super::green::Green;
use super::{Disposition, Warning};
use crate::config::Config;
use crate::fleet::{HostStatus, Image};

pub(super) fn warnings(situation: &Situation, placed: &[Placed], greens: &[Green]) -> Vec<Warning> {
    let mut found = Found::default();
    about_the_file(&mut found, situation.desired.config);
    if !greens.is_empty() && !situation.image.is_pinned() {
        let image = situation.desired.image;
        found.add("image-not-pinned", format!("`{image}` is a tag, and tags can move: name it with its digest (`{image}@sha256:...`) to deploy what was reviewed"));
    }
    about_images(&mut found, placed);
    about_machines(&mut found, placed);
    about_greens(&mut found, greens);
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
            self.add(code, message(&names.join(", ")));
        }
    }
}

fn about_the_file(found: &mut Found, config: &Config) {
    let deploy = config.deploy.as_ref();
    if let Some(strategy) = deploy.and_then(|deploy| deploy.strategy.as_ref()).filter(|it| it.value != "bluegreen") {
        found.add(
            "strategy-differs",
            format!("fly.toml asks for the strategy `{}`; this plan is blue-green all the same", strategy.value),
        );
    }
}

fn about_images(found: &mut Found, placed: &[Placed]) {
    let replaced = placed.iter().filter(|blue| blue.is(Disposition::Replace));
    let images: BTreeSet<_> = replaced.filter_map(|blue| blue.machine.image()).collect();
    let first = images.first();
    if images.iter().any(|image| first.is_some_and(|first| !first.is_same(image))) {
        let names: Vec<_> = images.iter().map(Image::brief).collect();
        found.add("images-differ", format!("the groups run different images now: {}", names.join(", ")));
    }
}

fn about_machines(found: &mut Found, placed: &[Placed]) {
    let ids = |wanted: &dyn Fn(&Placed) -> bool| -> Vec<&str> {
        placed.iter().filter(|blue| wanted(blue)).map(|blue| blue.machine.id.as_str()).collect()
    };
    let is_silent = |blue: &Placed| {
        blue.is(Disposition::Ignore) && blue.machine.config.is_none() && blue.machine.host_status != HostStatus::Ok
    };
    let out_of_reach = ids(&|blue| blue.is(Disposition::Unreachable) || is_silent(blue));
    found.add_for("unreachable-stays", &out_of_reach, |ids| {
        format!("the host does not answer for {ids}: it stays, may come back with the old code, and `apply` will end with exit status 4")
    });
    let unmanaged = ids(&|blue| {
        blue.is(Disposition::Ignore)
            && blue.machine.config.is_some()
            && !blue.machine.is_managed()
            && blue.machine.is_live()
    });
    found.add_for("unmanaged-ignored", &unmanaged, |ids| {
        format!("Fly Launch does not manage {ids}: left alone, with the image that it runs")
    });
    let unknown = ids(&|blue| {
        blue.is(Disposition::Ignore) && blue.machine.config.is_none() && !is_silent(blue) && blue.machine.is_live()
    });
    found.add_for("unknown-config", &unknown, |ids| {
        format!("Fly does not say what {ids} runs: left alone, and it may serve beside the greens")
    });
    let leftovers = ids(&|blue| blue.is(Disposition::Leftover) && blue.machine.is_live());
    found.add_for("leftovers", &leftovers, |ids| format!("left over from earlier commands, and not touched: {ids}"));
    let removed: BTreeSet<_> =
        placed.iter().filter(|blue| blue.is(Disposition::Remove)).map(|blue| blue.group).collect();
    found.add_for("group-removed", &removed.into_iter().collect::<Vec<_>>(), |groups| {
        format!("fly.toml does not name group {groups}: its machines are destroyed, last of all")
    });
    let volumes = ids(&|blue| {
        blue.is(Disposition::Remove)
            && blue.machine.config.as_ref().is_some_and(|config| config.volumes().next().is_some())
    });
    found
        .add_for("volume-stays", &volumes, |ids| format!("the volumes of {ids} are not destroyed with their machines"));
    for blue in placed.iter().filter(|blue| matches!(blue.disposition, Disposition::Replace | Disposition::Remove)) {
        if let Some(lease) = &blue.machine.lease {
            let id = &blue.machine.id;
            found.add("leased", format!("{} holds a lease on {id}: another deploy may be under way", lease.owner));
        }
    }
}

fn about_greens(found: &mut Found, greens: &[Green]) {
    let groups: BTreeSet<_> = greens.iter().filter(|green| !green.has_checks()).map(|green| green.group).collect();
    found.add_for("unchecked-group", &groups.into_iter().collect::<Vec<_>>(), |groups| {
        format!("no health check for group {groups}: its machines count as good once they are started")
    });
    let asleep: Vec<_> = greens
        .iter()
        .filter(|green| !green.launch && !green.is_standby())
        .filter_map(|green| Some(green.replaces?.id.as_str()))
        .collect();
    found.add_for("unverified-greens", &asleep, |ids| {
        format!("at rest, and so are their successors, which are made without being started and checked: {ids}")
    });
}

fn about_batches(found: &mut Found, situation: &Situation, greens: &[Green]) {
    let Some(surge) = situation.policy.surge.filter(|surge| greens.len() as u64 > *surge) else { return };
    found.add(
        "surge-narrows-the-way-back",
        format!("no more than {surge} greens at once stand beside the blues, so the blues go in batches: once those of the first are destroyed, an abort finishes forward"),
    );
}
