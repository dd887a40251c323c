//! The notes that a deploy leaves on machines, as metadata, so that whoever finds them later knows
//! what was under way. Every client clones metadata from a machine to its successor: so each value
//! names the machine that it was written for, and anywhere else it says nothing. Only their form is
//! known here, not when they are written.

use serde_json::Value;

use crate::fleet::{Machine, MachineConfig};

/// What a green was made for. Its owner is named, not numbered: its name is chosen before it has
/// an id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// The digest of the plan.
    pub plan: String,
    pub run: String,
    pub slot: String,
    /// The blue whose place it takes.
    pub replaces: Option<String>,
    /// How many greens the deploy makes.
    pub greens: usize,
    pub phase: Phase,
}

/// What is to be done, beyond the greens, that no mark tells of: only the plan does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    #[default]
    Made,
    /// Machine checks, before the traffic moves.
    ToCheck,
    /// Machines of groups that are to go, after the greens took over.
    ToRemove,
}

/// Which way a run was going. On one machine, by its id; where several tell, the furthest is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    pub direction: Direction,
    /// The digest of the plan.
    pub plan: String,
    pub run: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    Forward,
    /// Until somebody promotes or aborts it.
    Held,
    /// Forward with no way back as soon as a blue is gone. On a machine that stays.
    Past,
    Back,
}

/// How far the release command of a plan came. It has no undo and must not run twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseCommand {
    pub is_done: bool,
    /// The digest of the plan.
    pub plan: String,
}

impl Marks {
    /// What `machine` says of itself; nothing when it was cloned from one that did.
    pub fn of(machine: &Machine) -> Option<Self> {
        let own = |key| own(machine, key, &machine.name).map(str::to_owned);
        Some(Self {
            plan: own(PLAN)?,
            run: own(RUN)?,
            slot: own(SLOT)?,
            replaces: own(REPLACES).filter(|id| id != NONE),
            greens: own(GREENS)?.parse().ok()?,
            phase: Phase::read(&own(PHASE)?)?,
        })
    }

    /// As metadata of the machine that is called `name`.
    pub fn entries(&self, name: &str) -> [(&'static str, String); 6] {
        let replaces = self.replaces.as_deref().unwrap_or(NONE);
        let greens = self.greens.to_string();
        [
            (PLAN, &*self.plan),
            (RUN, &self.run),
            (SLOT, &self.slot),
            (REPLACES, replaces),
            (GREENS, &greens),
            (PHASE, self.phase.as_str()),
        ]
        .map(|(key, value)| (key, owned(name, value)))
    }
}

impl Phase {
    fn read(text: &str) -> Option<Self> {
        [Self::Made, Self::ToCheck, Self::ToRemove].into_iter().find(|phase| phase.as_str() == text)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::ToCheck => "to-check",
            Self::ToRemove => "to-remove",
        }
    }
}

impl Direction {
    /// It goes on by itself: nobody has to decide about it.
    pub const fn is_forward(self) -> bool {
        matches!(self, Self::Forward | Self::Past)
    }

    fn read(text: &str) -> Option<Self> {
        [Self::Forward, Self::Held, Self::Past, Self::Back].into_iter().find(|direction| direction.as_str() == text)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Held => "held",
            Self::Past => "past",
            Self::Back => "back",
        }
    }
}

impl Course {
    pub fn of(machine: &Machine) -> Option<Self> {
        let mut words = own(machine, DIRECTION, &machine.id)?.split(' ');
        let direction = Direction::read(words.next()?)?;
        Some(Self { direction, plan: words.next()?.to_owned(), run: words.next()?.to_owned() })
    }

    /// Which way the deploy of this plan went last, as far as `machines` tell.
    pub fn last_of<'a>(machines: impl Iterator<Item = &'a Machine>, plan: &str) -> Option<Self> {
        machines.filter_map(Self::of).filter(|course| course.plan == plan).max_by_key(|course| course.direction)
    }

    /// As metadata of the machine with this `id`.
    pub fn entry(&self, id: &str) -> (&'static str, String) {
        (DIRECTION, owned(id, &format!("{} {} {}", self.direction.as_str(), self.plan, self.run)))
    }
}

impl ReleaseCommand {
    /// Of a blue, or of a green where there are no blues.
    pub fn of(machine: &Machine) -> Option<Self> {
        let value = [&machine.id, &machine.name].into_iter().find_map(|owner| own(machine, RELEASE_COMMAND, owner))?;
        let (state, plan) = value.split_once(' ')?;
        let is_done = match state {
            "started" => false,
            "done" => true,
            _ => return None,
        };
        Some(Self { is_done, plan: plan.to_owned() })
    }

    /// As metadata of the machine whose id or, for a green, name is `owner`.
    pub fn entry(&self, owner: &str) -> (&'static str, String) {
        let state = if self.is_done { "done" } else { "started" };
        (RELEASE_COMMAND, owned(owner, &format!("{state} {}", self.plan)))
    }
}

/// What the names of the machines that a run makes begin with: of those that finished and carry no
/// marks any more, only their names tell.
pub fn name_prefix(run: &str) -> String {
    format!("cutover-{run}-")
}

/// Whether metadata of this name is a mark, whoever's.
pub fn is_mark(key: &str) -> bool {
    key.starts_with("cutover_")
}

/// The marks on `machine`, of every kind and owner: what a finished deploy removes.
pub fn keys(machine: &Machine) -> Vec<String> {
    machine.config.iter().flat_map(|config| all(config)).cloned().collect()
}

/// Whether there are marks, whoever's.
pub fn has_any(config: &MachineConfig) -> bool {
    all(config).next().is_some()
}

/// Takes every mark out of a config: a config with marks is the same as one without.
pub fn strip(config: &mut MachineConfig) {
    config.retain_metadata(|key| !is_mark(key));
}

fn all(config: &MachineConfig) -> impl Iterator<Item = &String> {
    let metadata = config.get("metadata").and_then(Value::as_object);
    metadata.into_iter().flat_map(|metadata| metadata.keys()).filter(|key| is_mark(key))
}

fn own<'a>(machine: &'a Machine, key: &str, owner: &str) -> Option<&'a str> {
    let (named, value) = machine.metadata(key)?.split_once(' ')?;
    (!owner.is_empty() && named == owner && !value.is_empty()).then_some(value)
}

fn owned(owner: &str, value: &str) -> String {
    format!("{owner} {value}")
}

const PLAN: &str = "cutover_plan";
const RUN: &str = "cutover_run";
const SLOT: &str = "cutover_slot";
const REPLACES: &str = "cutover_replaces";
const GREENS: &str = "cutover_greens";
const PHASE: &str = "cutover_phase";
const DIRECTION: &str = "cutover_direction";
const RELEASE_COMMAND: &str = "cutover_release_command";

/// What a deploy writes on machines to tell of itself.
pub const NOTICES: [&str; 2] = [DIRECTION, RELEASE_COMMAND];

/// In the place of a blue, on a green that replaces none.
const NONE: &str = "-";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn machine(id: &str, name: &str, entries: &[(&str, String)]) -> Machine {
        let metadata: serde_json::Map<_, _> =
            entries.iter().map(|(key, value)| ((*key).to_owned(), value.clone().into())).collect();
        let machine = json!({"id": id, "name": name, "state": "started", "config": {"metadata": metadata}});
        serde_json::from_value(machine).unwrap()
    }

    fn marks(replaces: Option<&str>) -> Marks {
        let text = str::to_owned;
        Marks {
            plan: text("sha256:aa"),
            run: text("r1"),
            slot: text("green-app-1"),
            replaces: replaces.map(text),
            greens: 2,
            phase: Phase::ToCheck,
        }
    }

    #[test]
    fn marks_are_read_as_they_were_written() {
        for replaces in [None, Some("a1")] {
            let entries = marks(replaces).entries("shop-green-1");
            assert_eq!(Marks::of(&machine("g1", "shop-green-1", &entries)), Some(marks(replaces)));
        }
        for direction in [Direction::Forward, Direction::Held, Direction::Past, Direction::Back] {
            let course = Course { direction, plan: "sha256:aa".into(), run: "r1".into() };
            assert_eq!(Course::of(&machine("a1", "blue", &[course.entry("a1")])), Some(course));
        }
        for is_done in [false, true] {
            let command = ReleaseCommand { is_done, plan: "sha256:aa".into() };
            assert_eq!(ReleaseCommand::of(&machine("a1", "blue", &[command.entry("a1")])), Some(command.clone()));
            assert_eq!(ReleaseCommand::of(&machine("a1", "blue", &[command.entry("blue")])), Some(command));
        }
    }

    #[test]
    fn a_cloned_mark_says_nothing() {
        let entries = marks(Some("a1")).entries("shop-green-1");
        assert_eq!(Marks::of(&machine("g2", "young-sea-12", &entries)), None);
        assert_eq!(Marks::of(&machine("g1", "", &entries)), None);
        let course = Course { direction: Direction::Back, plan: "sha256:aa".into(), run: "r1".into() };
        assert_eq!(Course::of(&machine("g1", "blue", &[course.entry("a1")])), None);
    }

    #[test]
    fn half_a_mark_is_none() {
        let entries = marks(None).entries("shop-green-1");
        assert_eq!(Marks::of(&machine("g1", "shop-green-1", &entries[1..])), None);
        assert_eq!(Course::of(&machine("a1", "", &[(DIRECTION, "a1 sideways sha256:aa r1".into())])), None);
        assert_eq!(Course::of(&machine("a1", "", &[(DIRECTION, "a1 back".into())])), None);
        assert_eq!(ReleaseCommand::of(&machine("a1", "", &[(RELEASE_COMMAND, "a1 done".into())])), None);
    }

    #[test]
    fn all_marks_are_named_and_taken_out() {
        let cloned = ("cutover_run", "other r0".to_owned());
        let mut machine = machine("a1", "", &[cloned, ("owner", "ada".to_owned())]);
        assert_eq!(keys(&machine), ["cutover_run"]);
        strip(machine.config_mut().unwrap());
        assert_eq!((keys(&machine).len(), machine.metadata("owner")), (0, Some("ada")));
    }
}
