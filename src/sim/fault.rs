//! What may go wrong in a world, as data: calls that are refused or lost, and machines that
//! misbehave.

use std::fmt::{self, Display};
use std::str::FromStr;

use super::limit::Limits;
use crate::execute::{Call, Kind, Why};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Calls do not go as asked.
    Call {
        /// `None`: any kind.
        kind: Option<Kind>,
        /// The machine's id or the end of its name; `None`: any.
        machine: Option<String>,
        /// Only this one of those that match, counted from 1; `None`: all.
        nth: Option<u64>,
        effect: Effect,
    },
    /// A machine, by its id or the end of its name, behaves badly.
    Machine { machine: String, behaviour: Behaviour },
    /// Our own clock goes wrong at this time of the run.
    Clock { at_ms: u64, jump: Jump },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jump {
    /// It is suddenly later than it is.
    Ahead { ms: u64 },
    /// The computer sleeps, and Fly does not.
    Asleep { ms: u64 },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Nothing is done, and that is said.
    Refused(Refusal),
    /// Nothing is done, and nobody says so.
    LostBefore,
    /// It is done, but the answer is lost.
    LostAfter,
    /// Nothing is done: where it arrives, nobody has heard of the machine yet.
    Absent,
    /// It is done twice, and answered once: a proxy on the way tried again.
    Twice,
    /// It is done, and answered this much later.
    Slow { ms: u64 },
    /// Fly's limits hold: what is asked for more often is refused.
    Limited,
}

/// In which words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// As what was asked wrongly.
    Plain,
    RateLimited {
        retry_after_ms: Option<u64>,
    },
    NoCapacity,
    Unauthorized,
    /// Because of what the machine is doing right now.
    Busy,
}

impl Refusal {
    pub(super) fn why(self) -> Why {
        let message = "injected".to_owned();
        match self {
            Self::Plain => Why::Other { status: 400, message },
            Self::RateLimited { retry_after_ms } => Why::RateLimited { retry_after_ms },
            Self::NoCapacity => Why::NoCapacity { message },
            Self::Unauthorized => Why::Unauthorized { message },
            Self::Busy => Why::WrongState { message },
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// Its checks never pass.
    NeverHealthy,
    /// It stays in `created`.
    NeverStarts,
    /// Its process ends with an error as soon as it is started.
    ExitsOnStart,
    /// Its process ends with an error, this long after its checks passed (or it was started).
    Dies { after_ms: u64 },
    /// The command that it was made for ends so.
    Exits { code: u8 },
    /// The command that it was made for never ends.
    Hangs,
    /// It has connections until it was cordoned for this long.
    Busy { ms: u64 },
    /// It takes this long to stop.
    StopsSlowly { ms: u64 },
    /// Lists do not show it until this long after it was made.
    Unlisted { ms: u64 },
    /// Somebody else holds its lease from the start, for this long.
    Leased { ms: u64 },
    /// Somebody else does something to it, at this time.
    At { at_ms: u64, act: Act },
}

/// What happens to a machine without our doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Destroyed,
    Stopped,
    Started,
    Cordoned,
    Uncordoned,
    /// Out of memory: its process ends.
    Killed,
    /// Its checks fail from then on.
    Unwell,
    /// For twenty seconds.
    Leased,
    HostLost,
    HostBack,
    /// Another machine like it is made.
    Scaled,
}

impl Act {
    pub const ALL: [(Self, &str); 11] = [
        (Self::Destroyed, "destroyed-at"),
        (Self::Stopped, "stopped-at"),
        (Self::Started, "started-at"),
        (Self::Cordoned, "cordoned-at"),
        (Self::Uncordoned, "uncordoned-at"),
        (Self::Killed, "killed-at"),
        (Self::Unwell, "unwell-at"),
        (Self::Leased, "leased-at"),
        (Self::HostLost, "host-lost-at"),
        (Self::HostBack, "host-back-at"),
        (Self::Scaled, "scaled-at"),
    ];
}

/// `CALL[@MACHINE][#N]=EFFECT`, such as `create#1=lost-after`, `destroy@9080aaaa000000=refused`,
/// `*@app-1=slow:2000`, `*=limited`; or `machine@MACHINE=BEHAVIOUR`, such as `machine@app-2=never-healthy`,
/// `machine@app-1=dies:5000`, `machine@9080aaaa000000=killed-at:30000`; or `clock@5000=asleep:20000`.
impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = |why: String| format!("`{text}` is not a fault: {why}");
        let (what, effect) = text.split_once('=').ok_or_else(|| bad("`=` is missing".into()))?;
        let (what, nth) = match what.split_once('#') {
            Some((_, "0")) => return Err(bad("calls are counted from 1".into())),
            Some((what, nth)) => (what, Some(nth.parse().map_err(|_| bad(format!("`{nth}` is not a number")))?)),
            None => (what, None),
        };
        let (kind, machine) = match what.split_once('@') {
            Some((kind, machine)) => (kind, Some(machine.to_owned())),
            None => (what, None),
        };
        if nth.is_some() && matches!(kind, "machine" | "clock") {
            return Err(bad("only calls are counted".into()));
        }
        if let ("machine", Some(machine)) = (kind, &machine) {
            return Ok(Self::Machine { machine: machine.clone(), behaviour: behaviour(effect).map_err(bad)? });
        }
        if let ("clock", Some(at)) = (kind, &machine) {
            let at_ms = at.parse().map_err(|_| bad(format!("`{at}` is not a number of ms")))?;
            return Ok(Self::Clock { at_ms, jump: jump(effect).map_err(bad)? });
        }
        let kind = match kind {
            "*" => None,
            name => {
                Some(Kind::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| bad(unknown_call(name)))?)
            }
        };
        Ok(Self::Call { kind, machine, nth, effect: effect_of(effect).map_err(bad)? })
    }
}

/// As it is read.
impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { kind, machine, nth, effect } => {
                f.write_str(kind.map_or("*", Kind::as_str))?;
                machine.iter().try_for_each(|machine| write!(f, "@{machine}"))?;
                nth.iter().try_for_each(|nth| write!(f, "#{nth}"))?;
                write_parts(f, effect.parts())
            }
            Self::Machine { machine, behaviour } => {
                write!(f, "machine@{machine}")?;
                write_parts(f, behaviour.parts())
            }
            Self::Clock { at_ms, jump } => {
                write!(f, "clock@{at_ms}")?;
                match jump {
                    Jump::Ahead { ms } => write_parts(f, ("ahead", Some(*ms))),
                    Jump::Asleep { ms } => write_parts(f, ("asleep", Some(*ms))),
                }
            }
        }
    }
}

impl Effect {
    const fn parts(&self) -> (&'static str, Option<u64>) {
        match self {
            Self::Refused(Refusal::Plain) => ("refused", None),
            Self::Refused(Refusal::RateLimited { retry_after_ms }) => ("rate-limited", *retry_after_ms),
            Self::Refused(Refusal::NoCapacity) => ("no-capacity", None),
            Self::Refused(Refusal::Unauthorized) => ("unauthorized", None),
            Self::Refused(Refusal::Busy) => ("busy", None),
            Self::LostBefore => ("lost-before", None),
            Self::LostAfter => ("lost-after", None),
            Self::Absent => ("absent", None),
            Self::Twice => ("twice", None),
            Self::Slow { ms } => ("slow", Some(*ms)),
            Self::Limited => ("limited", None),
        }
    }
}

impl Behaviour {
    fn parts(&self) -> (&'static str, Option<u64>) {
        match self {
            Self::NeverHealthy => ("never-healthy", None),
            Self::NeverStarts => ("never-starts", None),
            Self::ExitsOnStart => ("exits-on-start", None),
            Self::Dies { after_ms } => ("dies", Some(*after_ms)),
            Self::Exits { code } => ("exits", Some((*code).into())),
            Self::Hangs => ("hangs", None),
            Self::Busy { ms } => ("busy", Some(*ms)),
            Self::StopsSlowly { ms } => ("stops-slowly", Some(*ms)),
            Self::Unlisted { ms } => ("unlisted", Some(*ms)),
            Self::Leased { ms } => ("leased", Some(*ms)),
            Self::At { at_ms, act } => {
                (Act::ALL.iter().find(|(known, _)| known == act).map_or("", |(_, name)| name), Some(*at_ms))
            }
        }
    }
}

fn write_parts(f: &mut fmt::Formatter<'_>, (name, number): (&str, Option<u64>)) -> fmt::Result {
    write!(f, "={name}")?;
    number.iter().try_for_each(|number| write!(f, ":{number}"))
}

fn unknown_call(name: &str) -> String {
    let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    format!("no call is named `{name}`: machine, *, {}", known.join(", "))
}

fn effect_of(text: &str) -> Result<Effect, String> {
    Ok(match parts(text)? {
        ("refused", None) => Effect::Refused(Refusal::Plain),
        ("rate-limited", retry_after_ms) => Effect::Refused(Refusal::RateLimited { retry_after_ms }),
        ("no-capacity", None) => Effect::Refused(Refusal::NoCapacity),
        ("unauthorized", None) => Effect::Refused(Refusal::Unauthorized),
        ("busy", None) => Effect::Refused(Refusal::Busy),
        ("lost-before", None) => Effect::LostBefore,
        ("lost-after", None) => Effect::LostAfter,
        ("absent", None) => Effect::Absent,
        ("twice", None) => Effect::Twice,
        ("slow", Some(ms)) => Effect::Slow { ms },
        ("limited", None) => Effect::Limited,
        _ => {
            return Err(format!(
                "no effect is named `{text}`: refused, rate-limited[:MS], no-capacity, unauthorized, busy, lost-before, \
                 lost-after, absent, twice, slow:MS, limited"
            ));
        }
    })
}

fn behaviour(text: &str) -> Result<Behaviour, String> {
    Ok(match parts(text)? {
        ("never-healthy", None) => Behaviour::NeverHealthy,
        ("never-starts", None) => Behaviour::NeverStarts,
        ("exits-on-start", None) => Behaviour::ExitsOnStart,
        ("exits", Some(code)) => {
            Behaviour::Exits { code: u8::try_from(code).map_err(|_| format!("`{code}` is no exit code"))? }
        }
        ("hangs", None) => Behaviour::Hangs,
        ("busy", Some(ms)) => Behaviour::Busy { ms },
        ("dies", Some(after_ms)) => Behaviour::Dies { after_ms },
        ("stops-slowly", Some(ms)) => Behaviour::StopsSlowly { ms },
        ("unlisted", Some(ms)) => Behaviour::Unlisted { ms },
        ("leased", Some(ms)) => Behaviour::Leased { ms },
        (name, Some(at_ms)) if let Some((act, _)) = Act::ALL.iter().find(|(_, known)| *known == name) => {
            Behaviour::At { at_ms, act: *act }
        }
        _ => {
            let acts = Act::ALL.map(|(_, name)| format!("{name}:MS")).join(", ");
            return Err(format!(
                "no behaviour is named `{text}`: never-healthy, never-starts, exits-on-start, exits:CODE, hangs, \
                 busy:MS, dies:MS, stops-slowly:MS, unlisted:MS, leased:MS, {acts}"
            ));
        }
    })
}

fn jump(text: &str) -> Result<Jump, String> {
    Ok(match parts(text)? {
        ("ahead", Some(ms)) => Jump::Ahead { ms },
        ("asleep", Some(ms)) => Jump::Asleep { ms },
        _ => return Err(format!("no jump is named `{text}`: ahead:MS, asleep:MS")),
    })
}

fn parts(text: &str) -> Result<(&str, Option<u64>), String> {
    match text.split_once(':') {
        Some((name, ms)) => Ok((name, Some(ms.parse().map_err(|_| format!("`{ms}` is not a number of ms"))?))),
        None => Ok((text, None)),
    }
}

/// The faults of a world, and how often each kind of call has matched.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    faults: Vec<(Fault, u64)>,
    limits: Limits,
}

impl Faults {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        Self { faults: faults.into_iter().map(|fault| (fault, 0)).collect(), limits: Limits::default() }
    }

    /// The effect on this call, to a machine with this id and name.
    pub(super) fn on_call(&mut self, call: &Call, id: &str, name: &str, now_ms: u64) -> Option<Effect> {
        let mut found = None;
        for (fault, seen) in &mut self.faults {
            let Fault::Call { kind, machine, nth, effect } = fault else { continue };
            let is_kind = kind.is_none_or(|kind| kind == Kind::of(call));
            if !is_kind || !machine.as_deref().is_none_or(|machine| is_named(machine, id, name)) {
                continue;
            }
            *seen += 1;
            if found.is_none() && nth.is_none_or(|nth| nth == *seen) {
                found = Some(effect.clone());
            }
        }
        match found {
            Some(Effect::Limited) if self.limits.admit(call, now_ms) => None,
            Some(Effect::Limited) => Some(Effect::Refused(Refusal::RateLimited { retry_after_ms: None })),
            other => other,
        }
    }

    /// When somebody else does something, with its place among the faults.
    pub(super) fn times(&self) -> Vec<(usize, u64)> {
        let at = |(index, (fault, _)): (usize, &(Fault, u64))| match fault {
            Fault::Machine { behaviour: Behaviour::At { at_ms, .. }, .. } => Some((index, *at_ms)),
            _ => None,
        };
        self.faults.iter().enumerate().filter_map(at).collect()
    }

    pub(super) fn act(&self, index: usize) -> Option<(String, Act)> {
        match self.faults.get(index) {
            Some((Fault::Machine { machine, behaviour: Behaviour::At { act, .. } }, _)) => {
                Some((machine.clone(), *act))
            }
            _ => None,
        }
    }

    pub(super) fn behaviours<'a>(&'a self, id: &'a str, name: &'a str) -> impl Iterator<Item = &'a Behaviour> {
        self.faults.iter().filter_map(move |(fault, _)| match fault {
            Fault::Machine { machine, behaviour } if is_named(machine, id, name) => Some(behaviour),
            _ => None,
        })
    }
}

/// `app-1` names `cutover-r1-app-1`, but not `cutover-r1-myapp-1`.
pub(super) fn is_named(machine: &str, id: &str, name: &str) -> bool {
    machine == id || machine == name || name.strip_suffix(machine).is_some_and(|front| front.ends_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_as_they_are_written() {
        let call = |kind, machine: Option<&str>, nth, effect| {
            Ok(Fault::Call { kind, machine: machine.map(str::to_owned), nth, effect })
        };
        assert_eq!("create#1=lost-after".parse(), call(Some(Kind::Create), None, Some(1), Effect::LostAfter));
        assert_eq!("*@app-1=slow:2000".parse(), call(None, Some("app-1"), None, Effect::Slow { ms: 2_000 }));
        let dies = Fault::Machine { machine: "app-1".into(), behaviour: Behaviour::Dies { after_ms: 5 } };
        assert_eq!("machine@app-1=dies:5".parse(), Ok(dies));
    }

    #[test]
    fn what_is_no_fault_says_what_would_be() {
        for (text, says) in [
            ("create", "`=` is missing"),
            ("make=refused", "no call is named `make`"),
            ("create#x=refused", "`x` is not a number"),
            ("create#0=refused", "calls are counted from 1"),
            ("machine@a#2=hangs", "only calls are counted"),
            ("machine@a=exits:256", "`256` is no exit code"),
            ("create=maybe", "no effect is named `maybe`"),
            ("machine@a=sings", "no behaviour is named `sings`"),
            ("machine@a=dies:soon", "`soon` is not a number of ms"),
        ] {
            let error = text.parse::<Fault>().unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_slot_is_the_end_of_a_name() {
        assert!(is_named("app-1", "x", "cutover-r1-app-1"));
        assert!(!is_named("app-1", "x", "cutover-r1-myapp-1"));
        assert!(is_named("x", "x", "other"));
    }
}
