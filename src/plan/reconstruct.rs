//! The plan of a deploy that did not end, from the marks that it left, for whoever has lost the
//! plan itself. The marks tell of greens that exist and of the blues whose places they take; of
//! what was still to be made they tell nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::capacity::Serving;
use super::classify::{Placed, Situation};
use super::green::{Gate, Green, strip_markers, take_standbys};
use super::mark::{Course, Direction, Marks, ReleaseCommand};
use super::{Desired, Disposition, Observed, Plan, Policy, Refusal, assemble};
use crate::config::Config;
use crate::facts::purpose;
use crate::fleet::{Fleet, HostStatus, Machine, State};

/// A deploy that did not end.
#[derive(Debug, Clone, PartialEq)]
pub struct Interrupted {
    /// What is left of it: slots are the greens that exist. Its digest is not that of the plan
    /// that the marks name.
    pub plan: Plan,
    /// The digest that the marks name.
    pub marked: String,
    /// The last run that made a green.
    pub run: String,
    /// Which way it went last, as far as it is known.
    pub direction: Option<Direction>,
    pub release_command: Option<ReleaseCommand>,
    /// Every green is there. If not, it can only be taken back.
    pub is_complete: bool,
}

/// What is left of the deploy that did not end on `app`. Of the machines that carry no mark of it,
/// those in the groups of its greens are the blues.
///
/// # Errors
/// When no machine carries marks, or the marks are of several deploys.
pub fn reconstruct(app: &str, fleet: &Fleet) -> Result<Interrupted, Refusal> {
    let (marked, greens) = only_deploy(app, fleet)?;
    let image = greens.values().find_map(|(machine, _)| machine.config.as_ref()?.image()).unwrap_or_default();
    let (config, policy) = (Config::default(), Policy::default());
    let desired = Desired { app, image, path: "", text: "", config: &config };
    let blues = Fleet { machines: others(fleet, &greens), ..Fleet::default() };
    let situation = Situation::new(&desired, &blues, &policy);
    let scene = Scene::new(&marked, &greens);
    let placed: Vec<_> = situation.machines.iter().map(|machine| scene.place(machine)).collect();
    let made = scene.greens(&situation);
    let serving = Serving::new(&situation, &placed, &made);
    let courses: Vec<_> = blues.machines.iter().filter_map(Course::of).filter(|course| course.plan == marked).collect();
    let release = fleet.machines.iter().filter_map(ReleaseCommand::of).filter(|command| command.plan == marked);
    Ok(Interrupted {
        plan: assemble(&situation, &placed, &made, &serving),
        run: greens.values().map(|(_, marks)| marks.run.clone()).max().unwrap_or_default(),
        direction: courses.iter().map(|course| course.direction).max(),
        release_command: release.max_by_key(|command| command.is_done),
        is_complete: scene.is_complete(&placed),
        marked,
    })
}

/// A green with what it says of itself, by its slot.
type Greens<'a> = BTreeMap<String, (&'a Machine, Marks)>;

/// The one deploy that did not end: the one that acted on the blues last, or the only one.
fn only_deploy<'a>(app: &str, fleet: &'a Fleet) -> Result<(String, Greens<'a>), Refusal> {
    let mut deploys: BTreeMap<String, Greens> = BTreeMap::new();
    for machine in fleet.machines.iter().filter(|machine| machine.is_live()) {
        if let Some(marks) = Marks::of(machine) {
            deploys.entry(marks.plan.clone()).or_default().insert(marks.slot.clone(), (machine, marks));
        }
    }
    let acted: BTreeSet<String> = fleet.machines.iter().filter_map(Course::of).map(|course| course.plan).collect();
    if deploys.len() > 1 {
        deploys.retain(|plan, _| acted.contains(plan));
    }
    let machines = |deploys: &BTreeMap<String, Greens>| {
        deploys.values().flat_map(|greens| greens.values()).map(|(machine, _)| machine.id.clone()).collect()
    };
    match deploys.len() {
        1 => deploys.pop_first().ok_or_else(|| nothing(app)),
        0 => Err(nothing(app)),
        count => Err(Refusal {
            code: "several-deploys",
            message: format!("{count} deploys of app `{app}` did not end: name the plan of the one to go on with"),
            machines: machines(&deploys),
            fix: vec![format!("cutover status --app {app}"), "cutover plan --cleanup".to_owned()],
        }),
    }
}

fn nothing(app: &str) -> Refusal {
    Refusal {
        code: "nothing-interrupted",
        message: format!("no machine of app `{app}` carries the marks of a deploy that did not end"),
        machines: Vec::new(),
        fix: vec![format!("fly machine list --app {app}")],
    }
}

/// All but the greens, as they were before the deploy, as far as can be told: going back leads
/// there.
fn others(fleet: &Fleet, greens: &Greens) -> Vec<Machine> {
    let made: BTreeSet<&str> = greens.values().map(|(machine, _)| machine.id.as_str()).collect();
    let by_blue: BTreeMap<&str, &Machine> =
        greens.values().filter_map(|(machine, marks)| Some((marks.replaces.as_deref()?, *machine))).collect();
    let others = fleet.machines.iter().filter(|machine| !made.contains(machine.id.as_str()));
    others
        .map(|machine| by_blue.get(machine.id.as_str()).map_or_else(|| machine.clone(), |green| before(machine, green)))
        .collect()
}

/// A blue is cordoned once its green has the traffic, and stopped after that. It was started when
/// its green was.
fn before(blue: &Machine, green: &Machine) -> Machine {
    let mut blue = blue.clone();
    if blue.cordoned && !green.cordoned {
        blue.cordoned = false;
        if matches!(blue.state, State::Stopping | State::Stopped) && !green.is_at_rest() {
            blue.state = State::Started;
        }
    }
    blue
}

/// What the marks say, for looking up.
struct Scene<'g, 'a> {
    marked: &'g str,
    greens: &'g Greens<'a>,
    /// Blues that have a green.
    replaced: BTreeSet<&'g str>,
    groups: BTreeSet<&'g str>,
    traffic_moved: bool,
}

impl<'g, 'a> Scene<'g, 'a> {
    fn new(marked: &'g str, greens: &'g Greens<'a>) -> Self {
        let replaced = greens.values().filter_map(|(_, marks)| marks.replaces.as_deref()).collect();
        let groups = greens.values().filter_map(|(machine, _)| machine.group()).collect();
        let traffic_moved = greens.values().any(|(machine, _)| !machine.cordoned);
        Self { marked, greens, replaced, groups, traffic_moved }
    }

    fn place<'m>(&self, machine: &'m Machine) -> Placed<'m> {
        let (disposition, why) = match machine {
            _ if !machine.is_live() => (Disposition::Leftover, format!("it is {} already", machine.state)),
            _ if purpose(machine).is_some() => (Disposition::Leftover, "it was made for one command".to_owned()),
            _ if !self.replaced.contains(machine.id.as_str()) => {
                (Disposition::Ignore, "no green of the deploy that did not end takes its place".to_owned())
            }
            _ if machine.host_status != HostStatus::Ok => {
                (Disposition::Unreachable, "its host does not answer".to_owned())
            }
            _ => (Disposition::Replace, "a green of the deploy that did not end takes its place".to_owned()),
        };
        let (observed, group) = (Observed::of(machine), machine.group().unwrap_or_default());
        Placed { machine, observed, group, disposition, why: why.into(), successor: None }
    }

    fn greens<'m>(&self, situation: &Situation<'m>) -> Vec<Green<'m>>
    where
        'a: 'm,
    {
        let slots: BTreeMap<&str, &str> =
            self.greens.iter().map(|(slot, (machine, _))| (machine.id.as_str(), slot.as_str())).collect();
        let blues: BTreeMap<&str, &Machine> =
            situation.machines.iter().map(|machine| (machine.id.as_str(), *machine)).collect();
        let green = |(slot, (machine, marks)): (&String, &(&'a Machine, Marks))| {
            let mut config = machine.config.clone().unwrap_or_default();
            strip_markers(&mut config);
            let standbys = take_standbys(&mut config);
            let of_slot = |id: String| slots.get(id.as_str()).map_or(id, |slot| (*slot).to_owned());
            Green {
                slot: slot.clone(),
                replaces: marks.replaces.as_deref().and_then(|id| blues.get(id).copied()),
                group: machine.group().unwrap_or_default(),
                region: &machine.region,
                gate: Gate::of(&config).map(Arc::new),
                config: Arc::new(config),
                launch: !matches!(machine.state, State::Stopped | State::Suspended),
                standby_for: standbys.into_iter().map(of_slot).collect(),
                why: format!("{} was made for it", machine.id),
            }
        };
        let (mut made, standbys): (Vec<_>, Vec<_>) = self.greens.iter().map(green).partition(|it| !it.is_standby());
        made.extend(standbys);
        made
    }

    /// Traffic moves only when every green is there; before, each blue must have its own, and none
    /// may be in a group of which no green tells.
    fn is_complete(&self, placed: &[Placed]) -> bool {
        let is_of_it = |machine: &Machine| Course::of(machine).is_some_and(|course| course.plan == self.marked);
        let lacks_green = |blue: &Placed| {
            let is_blue = blue.is(Disposition::Ignore) && blue.machine.is_managed();
            is_blue && (self.groups.contains(blue.group) || is_of_it(blue.machine))
        };
        self.traffic_moved || !placed.iter().any(lacks_green)
    }
}
