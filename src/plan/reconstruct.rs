//! The plan of a deploy that did not end, from the marks that it left, for whoever has lost the
//! plan itself. The marks tell of greens that exist and of the blues whose places they take; of
//! what was still to be made they tell nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::capacity::Serving;
use super::classify::{Placed, Situation};
use super::command::RELEASE_COMMAND_SLOT;
use super::green::{Gate, Green, serves_at_rest, strip_markers, take_standbys};
use super::list::List;
use super::mark::{Course, Direction, Marks, Phase, ReleaseCommand, name_prefix};
use super::{Desired, Disposition, Floored, Observed, Op, Plan, Policy, Refusal, Step, assemble};
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
    /// Every green is there, and the marks tell all that is left to do. If not, it can only be
    /// taken back.
    pub is_complete: bool,
    /// It destroyed a blue, or none is left: it can only be finished.
    pub is_past: bool,
    /// Machines that are cordoned, and only the plan tells whether by this deploy.
    pub doubtful: Vec<String>,
}

/// What is left of the deploy that did not end on `app`. The blues are the machines that its greens
/// name.
///
/// # Errors
/// When no machine carries marks, when the marks are of several deploys, and when neither way is
/// open without the plan.
pub fn reconstruct(app: &str, fleet: &Fleet) -> Result<Interrupted, Refusal> {
    let (marked, found) = only_deploy(app, fleet)?;
    let (commands, greens): (Greens, Greens) =
        found.into_iter().partition(|(_, (machine, _))| purpose(machine).is_some());
    let image = greens.values().find_map(|(machine, _)| machine.config.as_ref()?.image()).unwrap_or_default();
    let courses: Vec<_> = fleet.machines.iter().filter_map(Course::of).filter(|course| course.plan == marked).collect();
    let direction = courses.iter().map(|course| course.direction).max();
    let scene = Scene::new(&greens);
    let is_held = direction == Some(Direction::Held);
    let policy = Policy {
        hold: is_held && !scene.traffic_moved,
        keep_blue: is_held && scene.traffic_moved,
        ..Policy::default()
    };
    let config = Config::default();
    let desired = Desired { app, image, path: "", text: "", config: &config };
    let blues = Fleet { machines: others(fleet, &[&greens, &commands]), ..Fleet::default() };
    let situation = Situation::new(&desired, &blues, &policy);
    let placed: Vec<_> = situation.machines.iter().map(|machine| scene.place(machine)).collect();
    let made = scene.greens(&situation);
    let serving = Serving::new(&situation, &placed, &made);
    let release = fleet.machines.iter().filter_map(ReleaseCommand::of).filter(|command| command.plan == marked);
    let runs = greens.values().chain(commands.values()).map(|(_, marks)| &marks.run);
    let run = runs.chain(courses.iter().map(|course| &course.run)).max().cloned().unwrap_or_default();
    let mut plan = with_boards(assemble(&situation, placed, &made, &serving), fleet, &marked);
    plan.floors = scene.floors(&situation, &made);
    let left = Interrupted {
        plan: with_commands(plan, &commands),
        direction,
        release_command: release.max_by_key(|command| command.is_done),
        is_complete: scene.is_complete(fleet, &run),
        is_past: scene.is_past(&situation, direction, scene.has_all_greens(fleet, &run))
            || Scene::finished(fleet, &run) > 0,
        doubtful: scene.doubtful(fleet, &run),
        run,
        marked,
    };
    if scene.needs_plan(&left) { Err(needs_plan(app, &greens)) } else { Ok(left) }
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
    let live = fleet.machines.iter().filter(|machine| machine.is_live());
    let acted: BTreeSet<String> = live.filter_map(Course::of).map(|course| course.plan).collect();
    if deploys.len() > 1 {
        deploys.retain(|plan, _| acted.contains(plan));
    }
    // Nothing was made yet, or nothing is left.
    for plan in acted.into_iter().filter(|_| deploys.is_empty()).collect::<Vec<_>>() {
        deploys.insert(plan, Greens::new());
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

fn needs_plan(app: &str, greens: &Greens) -> Refusal {
    Refusal {
        code: "plan-needed",
        message: format!(
            "the deploy of app `{app}` can be finished only, and its marks do not tell all that is left to do"
        ),
        machines: greens.values().map(|(machine, _)| machine.id.clone()).collect(),
        fix: vec!["cutover resume PLAN".to_owned()],
    }
}

/// What tells of the deploy is leased by whoever carries it out.
fn with_boards(plan: Plan, fleet: &Fleet, marked: &str) -> Plan {
    let is_leased =
        |plan: &[Step], id: &String| plan.iter().any(|it| it.op == Op::Lease && it.machine.as_ref() == Some(id));
    let is_board = |machine: &&Machine| machine.is_live() && Course::of(machine).is_some_and(|it| it.plan == marked);
    let mut list = List { steps: plan.steps };
    for board in fleet.machines.iter().filter(is_board) {
        if !is_leased(&list.steps, &board.id) {
            let at = list.push(Op::Lease, &[], "it tells of the deploy");
            list.step(at).machine = Some(board.id.clone());
        }
    }
    Plan { steps: list.steps, ..plan }
}

/// Machines that run one command. Which one, only the plan tells: they can be removed.
fn with_commands(plan: Plan, commands: &Greens) -> Plan {
    let mut list = List { steps: plan.steps };
    for slot in commands.keys() {
        let op = if slot == RELEASE_COMMAND_SLOT { Op::ReleaseCommand } else { Op::MachineCheck };
        let at = list.push(op, &[], "its machine is there");
        list.step(at).slot = Some(slot.clone());
    }
    Plan { steps: list.steps, ..plan }
}

/// All that the deploy did not make, as it was before, as far as can be told: going back leads
/// there.
fn others(fleet: &Fleet, made: &[&Greens]) -> Vec<Machine> {
    let greens = || made.iter().flat_map(|made| made.values());
    let made: BTreeSet<&str> = greens().map(|(machine, _)| machine.id.as_str()).collect();
    let by_blue: BTreeMap<&str, &Machine> =
        greens().filter_map(|(machine, marks)| Some((marks.replaces.as_deref()?, *machine))).collect();
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
        if matches!(blue.state, State::Stopping | State::Stopped | State::Starting) && !was_put_to_rest(green) {
            blue.state = State::Started;
        }
    }
    blue
}

/// It does not run, and not because its process ended.
fn was_put_to_rest(green: &Machine) -> bool {
    green.is_at_rest() && !green.exited_by_itself()
}

/// Fly prepares a machine for a while before it rests. What takes the place of a machine that serves
/// was not made so as never to.
fn is_made_at_rest(green: &Machine, blue: Option<&Machine>) -> bool {
    let config = green.config.as_deref();
    let is_standby = config.is_some_and(|config| config.standbys().next().is_some());
    let rests = was_put_to_rest(green)
        || green.state == State::Created && (is_standby || blue.is_some_and(Machine::is_at_rest));
    rests && (config.is_some_and(serves_at_rest) || !blue.is_some_and(Machine::is_serving))
}

/// What the marks say, for looking up.
struct Scene<'g, 'a> {
    greens: &'g Greens<'a>,
    /// Blues that have a green.
    replaced: BTreeSet<&'g str>,
    traffic_moved: bool,
    phase: Phase,
    /// How many greens there are to be.
    count: usize,
}

impl<'g, 'a> Scene<'g, 'a> {
    fn new(greens: &'g Greens<'a>) -> Self {
        let marks = || greens.values().map(|(_, marks)| marks);
        Self {
            greens,
            replaced: marks().filter_map(|marks| marks.replaces.as_deref()).collect(),
            traffic_moved: greens.values().any(|(machine, _)| !machine.cordoned),
            phase: marks().map(|marks| marks.phase).max().unwrap_or_default(),
            count: marks().map(|marks| marks.greens).max().unwrap_or_default(),
        }
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
            let mut config = machine.config.as_deref().cloned().unwrap_or_default();
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
                launch: !is_made_at_rest(machine, marks.replaces.as_deref().and_then(|id| blues.get(id).copied())),
                standby_for: standbys.into_iter().map(of_slot).collect(),
                why: format!("{} was made for it", machine.id),
            }
        };
        let (mut made, standbys): (Vec<_>, Vec<_>) = self.greens.iter().map(green).partition(|it| !it.is_standby());
        made.extend(standbys);
        made
    }

    /// What serves, per place: a green counts where its blue is gone, or does not serve though it does.
    fn floors(&self, situation: &Situation, made: &[Green]) -> Vec<Floored> {
        let is_needed = |green: &&Green| {
            let Some((machine, Marks { replaces: Some(blue), .. })) = self.greens.get(&green.slot) else {
                return false;
            };
            let blue = situation.machines.iter().find(|it| it.id == *blue && it.is_live());
            green.serves() && blue.is_none_or(|blue| machine.is_serving() && !blue.is_serving())
        };
        let mut serving: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for machine in situation.machines.iter().filter(|it| it.is_serving() && purpose(it).is_none()) {
            *serving.entry((machine.group().unwrap_or_default(), &machine.region)).or_default() += 1;
        }
        for green in made.iter().filter(is_needed) {
            *serving.entry((green.group, green.region)).or_default() += 1;
        }
        let floored = |((group, region), serving): ((&str, &str), u64)| Floored {
            group: group.into(),
            region: region.into(),
            serving,
        };
        serving.into_iter().map(floored).collect()
    }

    /// Machine checks come before the traffic.
    fn is_complete(&self, fleet: &Fleet, run: &str) -> bool {
        let tells_all = match self.phase {
            Phase::Made => true,
            Phase::ToCheck => self.traffic_moved,
            Phase::ToRemove => false,
        };
        tells_all && self.has_all_greens(fleet, run)
    }

    fn has_all_greens(&self, fleet: &Fleet, run: &str) -> bool {
        !self.greens.is_empty() && self.greens.len() + Self::finished(fleet, run) >= self.count
    }

    /// Greens that the deploy had finished with carry no marks, only their names.
    fn finished(fleet: &Fleet, run: &str) -> usize {
        let prefix = name_prefix(run);
        let is_finished = |machine: &&Machine| machine.is_live() && Marks::of(machine).is_none();
        let is_green = |machine: &&Machine| purpose(machine).is_none() && machine.name.starts_with(&prefix);
        fleet.machines.iter().filter(is_finished).filter(is_green).count()
    }

    /// The deploy cordons a blue once its green has the traffic: here the green is gone, or somebody
    /// cordoned it, too.
    fn doubtful(&self, fleet: &Fleet, run: &str) -> Vec<String> {
        let has_all_greens = self.has_all_greens(fleet, run);
        let may_be_its_doing = |machine: &&Machine| {
            let mut greens = self.greens.values().filter(|(_, marks)| marks.replaces.as_ref() == Some(&machine.id));
            let is_odd = greens.next().map_or(!has_all_greens, |(green, _)| green.cordoned);
            let is_other = Marks::of(machine).is_none() && purpose(machine).is_none();
            machine.is_live() && machine.cordoned && is_other && is_odd
        };
        fleet.machines.iter().filter(may_be_its_doing).map(|machine| machine.id.clone()).collect()
    }

    /// A blue that is missing where the deploy did not write so was somebody else's doing, unless there is nothing
    /// left to go back to.
    fn is_past(&self, situation: &Situation, direction: Option<Direction>, has_all_greens: bool) -> bool {
        let is_there = |blue: &&&str| situation.machines.iter().any(|it| it.id == ***blue && it.is_live());
        let there = self.replaced.iter().filter(is_there).count();
        let is_alone = there == 0 && has_all_greens;
        there < self.replaced.len() && (direction == Some(Direction::Past) || is_alone)
    }

    /// Neither way is open. Machines of groups that are to go are touched last, so that nobody can
    /// tell whether they were where no blue is replaced.
    fn needs_plan(&self, left: &Interrupted) -> bool {
        let may_be_past = self.phase == Phase::ToRemove && self.traffic_moved && self.replaced.is_empty();
        !left.is_complete && (left.is_past || may_be_past)
    }
}
