//! The machines that a deploy makes: one for every machine that is replaced, and those of groups
//! that have none yet. Each has a name in the plan, its slot; ids exist only once it runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::classify::{self, Placed, Situation};
use super::mark::Marks;
use super::wanted::{Successor, Wanted};
use super::{CreateRequest, Disposition, Policy, command, mark};
use crate::config::Config;
use crate::fleet::{CheckKind, Image, Machine, MachineConfig, State};
use crate::machine::{self, Conversion};
use crate::units::Duration;

/// A machine to be made.
pub(super) struct Green<'a> {
    pub(super) slot: String,
    pub(super) replaces: Option<&'a Machine>,
    pub(super) group: &'a str,
    /// Empty: wherever Fly likes.
    pub(super) region: &'a str,
    pub(super) config: Arc<MachineConfig>,
    pub(super) gate: Option<Arc<Gate>>,
    pub(super) launch: bool,
    /// Slots, or ids of machines that stay.
    pub(super) standby_for: Vec<String>,
    pub(super) why: String,
}

/// What can be made, and the groups that fly.toml gives no Machine config for.
#[derive(Default)]
pub(super) struct Greens<'a> {
    /// A standby comes after the slots that it stands by for.
    pub(super) made: Vec<Green<'a>>,
    pub(super) failed: BTreeMap<&'a str, Conversion>,
}

impl Green<'_> {
    pub(super) fn has_checks(&self) -> bool {
        self.gate.is_some()
    }

    pub(super) fn is_standby(&self) -> bool {
        !self.standby_for.is_empty()
    }

    /// It takes its share once it is uncordoned: started, or to be started by the proxy in the
    /// place of a blue that was stopped.
    pub(super) fn serves(&self) -> bool {
        self.launch || serves_at_rest(&self.config)
    }

    pub(super) fn request(&self, policy: &Policy) -> CreateRequest {
        CreateRequest {
            region: self.region.to_owned(),
            config: self.config.clone(),
            skip_launch: !self.launch,
            skip_service_registration: true,
            min_secrets_version: policy.secrets_version,
        }
    }
}

/// The checks that a machine must pass before it gets traffic.
pub(super) struct Gate {
    /// Which they are.
    checks: String,
    pub(super) why: String,
    /// How long the slowest takes to pass for the first time, when all goes well.
    pub(super) first_pass_ms: u64,
}

impl Gate {
    /// `None`: the config has no checks.
    pub(super) fn of(config: &MachineConfig) -> Option<Self> {
        let checks = config.health_checks();
        let first_pass_ms = checks.iter().filter_map(|check| check.interval).map(Duration::as_millis).max();
        let names: BTreeSet<String> = checks.into_iter().map(|check| name(check.kind)).collect();
        let names: Vec<_> = names.into_iter().collect();
        let checks = names.join(", ");
        let why = format!("before it gets traffic, this must pass: {checks}");
        (!names.is_empty()).then(|| Self { checks, why, first_pass_ms: first_pass_ms.unwrap_or(0) })
    }
}

/// Which checks a machine of this config must pass before it gets traffic; `None`: it has none.
pub fn gate(config: &MachineConfig) -> Option<String> {
    Gate::of(config).map(|gate| gate.checks)
}

fn name(check: CheckKind) -> String {
    match check {
        CheckKind::Service { internal_port } => format!("the check of its service on port {internal_port}"),
        CheckKind::TopLevel { name } => format!("the check `{name}`"),
    }
}

pub(super) fn greens<'a>(situation: &Situation<'a>, placed: &[Placed<'a>], wanted: &Wanted) -> Greens<'a> {
    let broken = command::broken_release_command(situation);
    let mut failed: BTreeMap<_, _> =
        broken.map(|broken| (machine::RELEASE_COMMAND_GROUP, broken)).into_iter().collect();
    let mut drafts = Vec::new();
    for seat in seats(situation, placed) {
        let known = seat.blue.and_then(|blue| blue.successor).map(|at| wanted.get(at));
        match known.cloned().unwrap_or_else(|| Successor::of(situation, seat.group, None)) {
            Ok(successor) => drafts.push(draft(situation, seat, successor)),
            Err(conversion) => {
                failed.entry(seat.group).or_insert(conversion);
            }
        }
    }
    wake_representatives(&mut drafts);
    resolve_standbys(&mut drafts, placed);
    Greens { made: after_their_targets(drafts), failed }
}

/// The config of a new machine of `group`, in the place of one with `existing` where there is one: what the
/// request will carry, less what only a run knows.
pub(super) fn config_for(
    situation: &Situation,
    group: &str,
    existing: Option<&MachineConfig>,
) -> Result<MachineConfig, Conversion> {
    let config = situation.desired.config;
    let mut made = machine::machine_config(config, group, Some(situation.desired.image), existing)?;
    if existing.is_none() {
        made.fields_mut().entry("guest").or_insert_with(|| json!({"cpu_kind": "shared", "cpus": 1, "memory_mb": 256}));
    }
    dedicate(&mut made, config);
    strip_markers(&mut made);
    Ok(made)
}

/// Puts the machine on the host that the file names for all of them, whatever `[[vm]]` says.
/// Source: flyctl, internal/command/deploy/machines_launchinput.go.
pub(super) fn dedicate(made: &mut MachineConfig, config: &Config) {
    if let Some(host) = config.host_dedication_id.as_ref().filter(|host| !host.value.is_empty()) {
        let guest = made.fields_mut().entry("guest").or_insert_with(|| json!({}));
        if !guest.is_object() {
            *guest = json!({});
        }
        guest["host_dedication_id"] = host.value.clone().into();
    }
}

/// Removes what marks a machine as the work of one deploy: cloned into its successor it would lie.
pub(super) fn strip_markers(config: &mut MachineConfig) {
    config.retain_metadata(|key| !MARKERS.contains(&key) && !mark::is_mark(key));
}

/// Takes the ids of the machines that this one stands by for out of its config: those of the
/// successors are known only once they are made.
pub(super) fn take_standbys(config: &mut MachineConfig) -> Vec<String> {
    let ids = config.standbys().map(str::to_owned).collect();
    config.fields_mut().remove("standbys");
    if let Some(env) = config.fields_mut().get_mut("env").and_then(Value::as_object_mut) {
        env.remove("FLY_STANDBY_FOR");
    }
    ids
}

/// A place in the fleet that a green is to take.
struct Seat<'p, 'a> {
    slot: String,
    group: &'a str,
    region: &'a str,
    blue: Option<&'p Placed<'a>>,
    /// The slot that this seat of a new group stands by for.
    standby_for: Option<String>,
    why: String,
}

fn seats<'p, 'a>(situation: &Situation<'a>, placed: &'p [Placed<'a>]) -> Vec<Seat<'p, 'a>> {
    let mut groups: BTreeMap<&str, Vec<Seat<'p, 'a>>> = BTreeMap::new();
    let earlier = Earlier::of_groups(placed);
    for blue in placed.iter().filter(|blue| wants_successor(situation, blue, &earlier)) {
        let seats = groups.entry(blue.group).or_default();
        seats.push(Seat {
            slot: slot(blue.group, seats.len()),
            group: blue.group,
            region: &blue.machine.region,
            blue: Some(blue),
            standby_for: None,
            why: format!("takes the place of {}", blue.machine.id),
        });
    }
    for group in situation.groups.iter().filter(|group| is_added(situation, group, placed)) {
        let made: Vec<_> = placed.iter().filter(|other| other.group == *group && is_newcomer(other)).collect();
        groups.insert(group, new_seats(situation, group, &made));
    }
    groups.into_values().flatten().collect()
}

/// A machine out of reach gets a successor, too, unless a deploy before this one gave it one: by
/// its marks, or since that deploy passed on, so that its group runs another image than it does.
fn wants_successor(situation: &Situation, blue: &Placed, earlier: &BTreeMap<&str, Earlier>) -> bool {
    match blue.disposition {
        Disposition::Replace => true,
        Disposition::Unreachable => {
            situation.groups.contains(&blue.group)
                && earlier.get(blue.group).is_none_or(|it| !it.has_replaced(blue.machine))
        }
        _ => false,
    }
}

/// What the machines of a group tell of the deploys before this one.
#[derive(Default)]
struct Earlier {
    /// One of them came to its end.
    is_over: bool,
    /// Blues that have a green.
    replaced: BTreeSet<String>,
    /// What those run that are replaced now.
    images: BTreeSet<Image>,
}

impl Earlier {
    /// Of the groups that have machines out of reach.
    fn of_groups<'a>(placed: &[Placed<'a>]) -> BTreeMap<&'a str, Self> {
        let out_of_reach = placed.iter().filter(|other| other.is(Disposition::Unreachable));
        let mut groups: BTreeMap<&str, Self> = out_of_reach.map(|blue| (blue.group, Self::default())).collect();
        if groups.is_empty() {
            return groups;
        }
        let complete = complete_deploys(placed);
        for other in placed {
            if let Some(earlier) = groups.get_mut(other.group) {
                earlier.see(other, &complete);
            }
        }
        groups
    }

    fn see(&mut self, other: &Placed, complete: &BTreeSet<String>) {
        match other.disposition {
            Disposition::Keep => {
                let marks = Marks::of(other.machine);
                self.is_over |= marks.as_ref().is_none_or(|marks| complete.contains(&marks.plan));
                self.replaced.extend(marks.and_then(|marks| marks.replaces));
            }
            Disposition::Replace => self.images.extend(other.machine.image()),
            _ => {}
        }
    }

    fn has_replaced(&self, blue: &Machine) -> bool {
        let is_another =
            |image: Image| !self.images.is_empty() && self.images.iter().all(|other| !other.is_same(&image));
        self.is_over || self.replaced.contains(&blue.id) || blue.image().is_some_and(is_another)
    }
}

/// The digests of deploys that did not end, and whose greens have all taken over.
fn complete_deploys(placed: &[Placed]) -> BTreeSet<String> {
    let mut missing: BTreeMap<String, usize> = BTreeMap::new();
    let kept = placed.iter().filter(|other| other.is(Disposition::Keep));
    for marks in kept.filter_map(|other| Marks::of(other.machine)) {
        let missing = missing.entry(marks.plan).or_insert(marks.greens);
        *missing = missing.saturating_sub(1);
    }
    missing.into_iter().filter_map(|(plan, missing)| (missing == 0).then_some(plan)).collect()
}

fn is_added(situation: &Situation, group: &str, placed: &[Placed]) -> bool {
    let is_of_before = |other: &Placed| !other.is(Disposition::Leftover) && !is_newcomer(other);
    let has_machines = placed.iter().any(|other| other.group == group && is_of_before(other));
    situation.is_selected(group) && !has_machines
}

/// A deploy that did not end began a new group with it.
fn is_newcomer(kept: &Placed) -> bool {
    kept.is(Disposition::Keep) && Marks::of(kept.machine).is_some_and(|marks| marks.replaces.is_none())
}

/// As flyctl fills a new group: two machines where there are services, else one and a standby. Less
/// those that are `made`.
fn new_seats<'p, 'a>(situation: &Situation<'a>, group: &'a str, made: &[&Placed]) -> Vec<Seat<'p, 'a>> {
    let region = situation.region();
    let first = made.first().map_or_else(|| slot(group, 0), |first| first.machine.id.clone());
    let seat = |index, standby_for: Option<String>| Seat {
        slot: slot(group, index),
        group,
        region,
        blue: None,
        why: match &standby_for {
            Some(other) => format!("stands by for {other}: group `{group}` has no services"),
            None => format!("group `{group}` is new"),
        },
        standby_for,
    };
    let mut seats = vec![seat(0, None)];
    if situation.policy.high_availability {
        let services = config_for(situation, group, None).is_ok_and(|config| config.has_services());
        seats.push(seat(1, (!services).then_some(first)));
    }
    seats.split_off(made.len().min(seats.len()))
}

fn slot(group: &str, index: usize) -> String {
    format!("green-{group}-{}", index + 1)
}

fn draft<'a>(situation: &Situation, seat: Seat<'_, 'a>, successor: Successor) -> Green<'a> {
    let Successor { config, standby_for: kept, gate, .. } = successor;
    // A machine with services cannot be a standby: Fly would refuse it.
    let kept = if config.has_services() { Vec::new() } else { kept };
    let standby_for: Vec<_> = kept.into_iter().chain(seat.standby_for).collect();
    let blue = seat.blue.map(|blue| blue.machine);
    let is_woken = situation.policy.verify_stopped && standby_for.is_empty() && !config.runs_once();
    Green {
        launch: is_woken || launches(blue, &config, !standby_for.is_empty()),
        slot: seat.slot,
        replaces: blue,
        group: seat.group,
        region: seat.region,
        config,
        gate,
        standby_for,
        why: seat.why,
    }
}

/// flyctl's rule: what ran is started, what rested stays at rest. Beyond it, a blue that the
/// proxy would have started is not followed by a green that it will not start. A job that rests is
/// not run.
fn launches(blue: Option<&Machine>, config: &MachineConfig, is_standby: bool) -> bool {
    match blue.map(|blue| &blue.state) {
        Some(State::Started | State::Starting | State::Failed) => true,
        _ if is_standby => false,
        None => true,
        Some(_) if config.runs_once() => false,
        Some(_) => blue.is_some_and(Machine::is_serving) && !serves_at_rest(config),
    }
}

pub(super) fn serves_at_rest(config: &MachineConfig) -> bool {
    config.autostop() && config.autostart()
}

/// Starts one green of every group that has checks but would start none: else nothing of the
/// group were verified.
fn wake_representatives(greens: &mut [Green]) {
    let started: BTreeSet<&str> = greens.iter().filter(|green| green.launch).map(|green| green.group).collect();
    let mut woken = BTreeSet::new();
    let can_wake = |green: &Green| green.has_checks() && !green.config.runs_once() && !started.contains(green.group);
    let asleep: Vec<bool> = greens.iter().map(can_wake).collect();
    for standbys in [false, true] {
        for (green, asleep) in greens.iter_mut().zip(&asleep) {
            if *asleep && green.is_standby() == standbys && woken.insert(green.group) {
                green.launch = true;
            }
        }
    }
}

/// Points standbys at the successors of the machines that they stood by for.
fn resolve_standbys(greens: &mut [Green], placed: &[Placed]) {
    if !greens.iter().any(Green::is_standby) {
        return;
    }
    let successors: BTreeMap<String, String> = greens
        .iter()
        .filter_map(|green| Some((green.replaces?.id.clone(), green.slot.clone())))
        .chain(greens.iter().map(|green| (green.slot.clone(), green.slot.clone())))
        .chain(placed.iter().filter_map(made_before))
        .collect();
    let stays = |id: &String| classify::find(placed, id).is_some_and(|placed| STAYING.contains(&placed.disposition));
    let first_active: BTreeMap<&str, String> = greens
        .iter()
        .rev()
        .filter(|green| !green.is_standby())
        .map(|green| (green.group, green.slot.clone()))
        .collect();
    for green in greens.iter_mut().filter(|green| green.is_standby()) {
        let old = std::mem::take(&mut green.standby_for);
        let new = old.into_iter().filter_map(|id| successors.get(&id).cloned().or_else(|| stays(&id).then_some(id)));
        green.standby_for = new.filter(|target| *target != green.slot).collect();
        // All that it stood by for is gone: it keeps its role towards the group.
        if green.standby_for.is_empty() {
            green.standby_for.extend(first_active.get(green.group).cloned());
        }
    }
}

/// A blue, and the green that a deploy that did not end made for it.
fn made_before(kept: &Placed) -> Option<(String, String)> {
    let marks = Marks::of(kept.machine).filter(|_| kept.is(Disposition::Keep))?;
    Some((marks.replaces?, kept.machine.id.clone()))
}

/// Orders greens so that each comes after those it stands by for. Standbys of each other lose the
/// reference that closes the circle.
fn after_their_targets(greens: Vec<Green>) -> Vec<Green> {
    if !greens.iter().any(Green::is_standby) {
        return greens;
    }
    let slots: BTreeSet<String> = greens.iter().map(|green| green.slot.clone()).collect();
    let (mut ordered, mut waiting): (Vec<_>, Vec<_>) = greens.into_iter().partition(|green| !green.is_standby());
    let mut made: BTreeSet<String> = ordered.iter().map(|green| green.slot.clone()).collect();
    while !waiting.is_empty() {
        let is_open = |target: &String| slots.contains(target) && !made.contains(target);
        let (mut open, mut ready): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|green| green.standby_for.iter().any(is_open));
        if ready.is_empty() {
            let mut first = open.remove(0);
            first.standby_for.retain(|target| !is_open(target));
            ready.push(first);
        }
        made.extend(ready.iter().map(|green| green.slot.clone()));
        ordered.extend(ready);
        waiting = open;
    }
    ordered
}

const STAYING: [Disposition; 3] = [Disposition::Keep, Disposition::Ignore, Disposition::Unreachable];

/// Metadata that flyctl writes anew with every deploy, or takes away: only a Postgres app keeps
/// `fly-managed-postgres`, and it has volumes, so that no green is made for it.
const MARKERS: [&str; 6] = [
    "fly-managed-postgres",
    "fly_bluegreen_deployment_tag",
    "fly_flyctl_bluegreen_launch_id",
    "fly_flyctl_version",
    "fly_release_id",
    "fly_release_version",
];
