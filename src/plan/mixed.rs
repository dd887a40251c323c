//! Groups whose machines run several images: which machines run which, and what brings a group down to one.

use std::collections::BTreeMap;

use super::classify::{Placed, Situation};
use super::mark::Marks;
use super::refuse::{destroy, names, rolling};
use crate::fleet::{Image, Machine, by_image};

/// A group that runs several images.
pub(super) struct Mixed<'a> {
    group: &'a str,
    images: Vec<Running<'a>>,
}

/// The machines of a group that run one image.
struct Running<'a> {
    image: Image,
    machines: Vec<&'a Machine>,
}

/// The groups of these machines that run several images.
pub(super) fn mixed<'a: 'p, 'p>(blues: impl Iterator<Item = &'p Placed<'a>>) -> Vec<Mixed<'a>> {
    let mut groups: BTreeMap<&str, Vec<(Image, &Machine)>> = BTreeMap::new();
    for blue in blues {
        groups.entry(blue.group).or_default().extend(blue.machine.image().map(|image| (image, blue.machine)));
    }
    let running = |(image, machines)| Running { image, machines };
    let mixed = groups.into_iter().map(|(group, machines)| Mixed {
        group,
        images: by_image(machines.into_iter()).into_iter().map(running).collect(),
    });
    mixed.filter(|mixed| mixed.images.len() > 1).collect()
}

impl<'a> Mixed<'a> {
    pub(super) fn machines(&self) -> impl Iterator<Item = &'a Machine> {
        self.images.iter().flat_map(|running| running.machines.iter().copied())
    }

    pub(super) fn message(&self) -> String {
        let each: Vec<_> = self.images.iter().map(|running| self.found(running)).collect();
        let advice = match self.only_serving() {
            _ if self.is_ours() => "A deploy by cutover did not end: finish it or take it back first".to_owned(),
            Some(serving) if may_be_needed(&self.others(serving)) => format!(
                "Only {} serves: destroy the others if nothing needs them, or update all of them in place, then plan again",
                self.label(serving)
            ),
            Some(serving) => {
                format!("Only {} serves; destroying the others takes nothing away", self.label(serving))
            }
            None => "Which of them is to stay is your choice: run one of these commands, then plan again".to_owned(),
        };
        let (group, count) = (self.group, self.images.len());
        format!("group `{group}` runs {count} images, and blue-green needs one: {}. {advice}", each.join("; "))
    }

    /// Destroying comes with the image that stays; the only image that serves is never offered. A
    /// deploy of ours is not finished by hand.
    pub(super) fn fix(&self, situation: &Situation) -> Vec<String> {
        let app = situation.desired.app;
        if self.is_ours() {
            return ["status", "resume", "abort"].map(|command| format!("cutover {command} --app {app}")).to_vec();
        }
        let rolling = format!("{} # updates all of them in place", rolling(situation, self.group));
        if let Some(serving) = self.only_serving() {
            let others = self.others(serving);
            let rolling = may_be_needed(&others).then_some(rolling);
            return [destroy(app, &others, "")].into_iter().chain(rolling).collect();
        }
        let keep = |kept| destroy(app, &self.others(kept), &format!(" # keeps {}", self.label(kept)));
        self.images.iter().map(keep).chain([rolling]).collect()
    }

    fn found(&self, running: &Running) -> String {
        let serving = running.machines.iter().filter(|machine| machine.is_serving()).count();
        let share = match serving {
            0 => "serving nothing".to_owned(),
            all if all == running.machines.len() => "serving".to_owned(),
            some => format!("{some} of them serving"),
        };
        let release = running.release().map(|version| format!(" of release {version}")).unwrap_or_default();
        format!("{}{release} on {} ({share})", self.label(running), names(&running.machines))
    }

    /// A run of cutover made some of them.
    fn is_ours(&self) -> bool {
        self.machines().any(|machine| Marks::of(machine).is_some())
    }

    fn only_serving(&self) -> Option<&Running<'a>> {
        let is_serving = |running: &&Running| running.machines.iter().any(|machine| machine.is_serving());
        let mut serving = self.images.iter().filter(is_serving);
        let first = serving.next()?;
        serving.next().is_none().then_some(first)
    }

    /// What runs another image than `kept`.
    fn others(&self, kept: &Running) -> Vec<&'a Machine> {
        let others = self.images.iter().filter(|running| running.image != kept.image);
        others.flat_map(|running| running.machines.clone()).collect()
    }

    /// With the digest where the tags alone do not tell them apart.
    fn label(&self, running: &Running) -> String {
        let brief = running.image.brief();
        let is_clear = self.images.iter().filter(|other| other.image.brief() == brief).count() == 1;
        if is_clear { brief } else { running.image.to_string() }
    }
}

impl Running<'_> {
    /// Where all of its machines name the same one.
    fn release(&self) -> Option<&str> {
        let mut versions = self.machines.iter().map(|machine| machine.metadata("fly_release_version"));
        let first = versions.next()??;
        versions.all(|version| version == Some(first)).then_some(first)
    }
}

/// A standby, or a worker that somebody stopped, serves nothing now; and it is not hidden like a green
/// that a deploy left.
fn may_be_needed(others: &[&Machine]) -> bool {
    others.iter().any(|machine| !machine.cordoned && machine.is_at_rest())
}
