//! What holds for every plan, tried on generated files, fleets and policies.

use std::collections::{BTreeMap, BTreeSet};

use cutover::fleet::{Fleet, HostStatus, Machine};
use cutover::plan::mark::Marks;
use cutover::plan::{Capacity, Disposition, Drain, Floor, Op, Plan, Policy, Refusal, Step, Undo, read, reconstruct};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use smol_str::SmolStr;

use crate::notation::{self, SHOP};
use crate::observed::{name, observed_after, observed_during};

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn every_machine_has_exactly_one_disposition_and_only_those_that_go_are_touched(case in case()) {
        let Ok(plan) = case.plan() else { return Ok(()) };
        let ids = |machines: &[Machine]| machines.iter().map(|machine| machine.id.clone()).collect::<Vec<_>>();
        let placed: Vec<_> = plan.machines.iter().map(|machine| machine.id.clone()).collect();
        assert_eq!(placed, ids(&case.fleet().machines));
        only_those_that_go_are_touched(&plan);
        greens_take_over_before_blues_go(&plan);
        needs_point_backwards(&plan);
    }

    #[test]
    fn a_plan_that_was_carried_out_leaves_nothing_to_do(case in case()) {
        let Ok(plan) = case.plan() else { return Ok(()) };
        let after = observed_after(&plan, &case.fleet());
        let again = notation::plan_of(&case.file, &after, "v2", &case.policy);
        assert_eq!(again.map(|plan| plan.steps), Ok(Vec::new()));
    }

    #[test]
    fn capacity_never_falls_below_the_floor_in_any_order_that_needs_allow(
        case in case(),
        picks in prop::collection::vec(any::<Index>(), 1..40),
    ) {
        let Ok(plan) = case.plan() else { return Ok(()) };
        let fleet = case.fleet();
        let as_listed: Vec<usize> = (0..plan.steps.len()).collect();
        assert_eq!(capacity_along(&plan, &fleet, &as_listed), plan.capacity);
        capacity_along(&plan, &fleet, &some_order(&plan, &picks));
        for at in (0..plan.steps.len()).filter(|at| plan.steps[*at].op == Op::Cordon) {
            capacity_along(&plan, &fleet, &hurried_to(&plan, at));
        }
    }

    #[test]
    fn each_prefix_can_be_undone_until_the_point_of_no_return(case in case()) {
        let Ok(plan) = case.plan() else { return Ok(()) };
        let before = World::of(&case.fleet());
        let border = plan.steps.iter().position(|step| Some(&step.id) == plan.point_of_no_return.as_ref());
        for length in 0..=border.unwrap_or(plan.steps.len()) {
            let mut world = before.clone();
            plan.steps[..length].iter().for_each(|step| world.done(&plan, step));
            plan.steps[..length].iter().rev().for_each(|step| world.undone(&plan, step));
            assert_eq!(world, before, "after {length} steps");
        }
    }

    #[test]
    fn after_each_prefix_the_rest_still_leads_to_the_end(case in case(), picks in prop::collection::vec(any::<Index>(), 1..40)) {
        let Ok(plan) = case.plan() else { return Ok(()) };
        let end = World::of(&observed_after(&plan, &case.fleet()));
        let mut world = World::of(&case.fleet());
        for at in some_order(&plan, &picks) {
            world.done(&plan, &plan.steps[at]);
        }
        world.leases.clear();
        assert_eq!(world, end);
    }

    #[test]
    fn after_the_point_of_no_return_each_prefix_can_be_planned_anew(
        case in case(),
        picks in prop::collection::vec(any::<Index>(), 1..40),
        length: Index,
    ) {
        let Ok(plan) = case.plan() else { return Ok(()) };
        let order = some_order(&plan, &picks);
        let Some(border) = order.iter().position(|at| plan.steps[*at].op == Op::Destroy) else { return Ok(()) };
        let length = border + 1 + length.index(order.len() - border);
        let mut now = observed_during(&plan, &case.fleet(), &order[..length]);
        // By then whoever held one has given it back.
        now.machines.iter_mut().for_each(|machine| machine.lease = None);
        // Where nothing served, it may not be met half-way.
        let floor = case.policy.floor.filter(|_| plan.floors.iter().all(|floor| floor.serving > 0));
        let again = notation::plan_of(&case.file, &now, "v2", &Policy { floor, ..case.policy.clone() });
        let again = again.unwrap_or_else(|refused| panic!("after {length} steps of {}\n{refused:#?}", crate::steps(&plan)));
        only_those_that_go_are_touched(&again);
        assert_eq!(capacity_along(&again, &now, &(0..again.steps.len()).collect::<Vec<_>>()), again.capacity);
        let end = observed_after(&again, &now);
        let rest = notation::plan_of(&case.file, &end, "v2", &case.policy);
        assert_eq!(rest.map(|plan| plan.steps), Ok(Vec::new()), "after {length} steps of {}", crate::steps(&plan));
        if !passes_one_over(&plan) {
            let places = |fleet: &Fleet| places(&case, fleet);
            let once = observed_after(&plan, &case.fleet());
            assert_eq!(places(&end), places(&once), "after {length} steps of {}", crate::steps(&plan));
        }
        what_is_left_is_told_from_the_marks(&plan, &now);
    }

    #[test]
    fn the_order_of_the_list_changes_nothing(case in case(), picks in prop::collection::vec(any::<Index>(), 8)) {
        let fleet = case.fleet();
        let mut shuffled = fleet.clone();
        for (at, pick) in (1..shuffled.machines.len()).zip(picks) {
            shuffled.machines.swap(at, pick.index(at + 1));
        }
        let bytes = |fleet| notation::plan_of(&case.file, fleet, "v2", &case.policy).map(|plan| plan.to_json());
        assert_eq!(bytes(&fleet), bytes(&shuffled));
    }

    #[test]
    fn a_plan_is_read_back_as_it_was_written(case in case()) {
        let Ok(plan) = case.plan() else { return Ok(()) };
        assert_eq!(read(&plan.to_json()), Ok(plan));
    }
}

/// Not written to disk: a case that fails is to become a test of its own.
fn settings() -> ProptestConfig {
    ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() }
}

#[derive(Debug, Clone)]
struct Case {
    file: String,
    /// In the notation of the tests of plans.
    lines: String,
    policy: Policy,
}

impl Case {
    fn fleet(&self) -> Fleet {
        notation::fleet(&self.file, &self.lines)
    }

    fn plan(&self) -> Result<Plan, Vec<Refusal>> {
        let result = notation::plan_of(&self.file, &self.fleet(), "v2", &self.policy);
        assert_ne!(result, Err(Vec::new()), "a refusal says why");
        result
    }
}

fn case() -> impl Strategy<Value = Case> {
    (file(), lines(), policy(), any::<bool>()).prop_map(|(file, lines, mut policy, excludes)| {
        if excludes && lines.contains("m0 ") {
            policy.exclude_machines.push("m0".into());
        }
        Case { file, lines, policy }
    })
}

fn file() -> impl Strategy<Value = String> {
    let sections = [
        "[deploy]\nrelease_command = \"migrate\"\nwait_timeout = \"2m\"\n",
        "[[machine_checks]]\ncommand = [\"test\"]\n",
        "[[http_service.machine_checks]]\ncommand = [\"curl\"]\nimage = \"curl:8\"\n",
    ];
    let autostop = select(vec!["\"stop\"", "\"suspend\"", "\"off\""]);
    (autostop, subsequence(sections.to_vec(), 0..=3))
        .prop_map(|(autostop, sections)| SHOP.replace("\"stop\"", autostop) + "\n" + &sections.concat())
}

fn lines() -> impl Strategy<Value = String> {
    let group = select(vec!["app", "app", "app", "worker", "worker", "gone", "-", "fly_app_console"]);
    let region = select(vec!["iad", "ams"]);
    let state = select(
        "started started started started stopped suspended created failed starting destroyed"
            .split(' ')
            .collect::<Vec<_>>(),
    );
    let tag = prop_oneof![15 => Just("v1"), 1 => Just("v2")];
    let word = prop_oneof![
        3 => Just(""),
        1 => select(vec![
            "cordoned", "unmanaged", "unreachable", "other-config", "failing", "standby=m0", "standby=m1", "no-config",
            "leased",
        ]),
    ];
    prop::collection::vec((group, region, state, tag, word), 0..7).prop_map(|machines| {
        let line = |(at, (group, region, state, tag, word)): (usize, (&str, &str, &str, &str, &str))| {
            format!("m{at} {group} {region} {state} {tag} {word}\n")
        };
        machines.into_iter().enumerate().map(line).collect()
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let flags = prop::collection::vec(any::<bool>(), 6);
    let times = prop::collection::vec(select(vec![0, 1_000, 60_000]), 4);
    let floor =
        prop::option::of(prop_oneof![(0_u64..=100).prop_map(Floor::Percent), (0_u64..3).prop_map(Floor::Machines)]);
    let order = subsequence(vec!["worker".to_owned(), "app".to_owned()], 0..=2);
    (flags, times, floor, prop::option::of(1_u64..4), order, 1_u64..5).prop_map(
        |(flags, times, floor, surge, group_order, concurrency)| Policy {
            settle_ms: times[0],
            stability_ms: times[1],
            drain_timeout_ms: times[2],
            bake_ms: times[3],
            hold: flags[0],
            keep_blue: flags[1] && surge.is_none(),
            drain: if flags[2] { Drain::UntilIdle } else { Drain::Fixed },
            verify_stopped: flags[3],
            high_availability: flags[4],
            verify_url: flags[5].then(|| "https://shop.example/up".to_owned()),
            floor,
            surge,
            group_order,
            concurrency,
            first_deploy: true,
            ..Policy::default()
        },
    )
}

/// What is there, as far as steps change it. Machines to be made go by their slots.
#[derive(Debug, Clone, PartialEq)]
struct World {
    machines: BTreeMap<String, Seen>,
    leases: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct Seen {
    cordoned: bool,
    is_stopped: bool,
}

impl World {
    fn of(fleet: &Fleet) -> Self {
        let seen = |machine: &Machine| Seen { cordoned: machine.cordoned, is_stopped: false };
        let machines = fleet.machines.iter().map(|machine| (machine.id.clone(), seen(machine))).collect();
        Self { machines, leases: BTreeSet::new() }
    }

    fn done(&mut self, plan: &Plan, step: &Step) {
        let Some(name) = &name(plan, step) else { return };
        match step.op {
            Op::Lease => assert!(self.leases.insert(name.clone()), "{name} is leased twice"),
            Op::Create => drop(self.machines.insert(name.clone(), Seen { cordoned: true, is_stopped: false })),
            Op::Uncordon => self.machines.get_mut(name).unwrap().cordoned = false,
            Op::Cordon => self.machines.get_mut(name).unwrap().cordoned = true,
            Op::Stop if step.undo.is_some() => self.machines.get_mut(name).unwrap().is_stopped = true,
            Op::Destroy => {
                self.machines.remove(name).unwrap();
                self.leases.remove(name);
            }
            _ => {}
        }
    }

    fn undone(&mut self, plan: &Plan, step: &Step) {
        let Some(name) = &name(plan, step) else { return };
        match step.undo {
            Some(Undo::Release) => assert!(self.leases.remove(name)),
            Some(Undo::Destroy) => drop(self.machines.remove(name).unwrap()),
            Some(Undo::Cordon) => self.machines.get_mut(name).unwrap().cordoned = true,
            Some(Undo::Uncordon) => self.machines.get_mut(name).unwrap().cordoned = false,
            Some(Undo::Start) => self.machines.get_mut(name).unwrap().is_stopped = false,
            None => {}
        }
    }
}

/// The places of the steps that each step needs.
fn needs(plan: &Plan) -> Vec<Vec<usize>> {
    let at: BTreeMap<&str, usize> = plan.steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect();
    plan.steps.iter().map(|step| step.needs.iter().map(|need| at[need.as_str()]).collect()).collect()
}

/// One of the orders that `needs` allow.
fn some_order(plan: &Plan, picks: &[Index]) -> Vec<usize> {
    let needs = needs(plan);
    let (mut order, mut done) = (Vec::new(), BTreeSet::new());
    while order.len() < needs.len() {
        let is_ready = |at: &usize| !done.contains(at) && needs[*at].iter().all(|need| done.contains(need));
        let ready: Vec<usize> = (0..needs.len()).filter(is_ready).collect();
        let next = ready[picks[order.len() % picks.len()].index(ready.len())];
        done.insert(next);
        order.push(next);
    }
    order
}

/// The step as early as it can be: only what it needs comes before it; the rest of the cordons
/// right after, and nothing else.
fn hurried_to(plan: &Plan, step: usize) -> Vec<usize> {
    let needs = needs(plan);
    let mut wanted = BTreeSet::from([step]);
    for at in (0..=step).rev() {
        if wanted.contains(&at) {
            wanted.extend(&needs[at]);
        }
    }
    let ready = |at: &usize| plan.steps[*at].op == Op::Cordon && needs[*at].iter().all(|need| wanted.contains(need));
    let others: Vec<usize> = (0..needs.len()).filter(ready).collect();
    wanted.extend(others);
    wanted.into_iter().collect()
}

fn needs_point_backwards(plan: &Plan) {
    let mut seen = BTreeSet::new();
    for step in &plan.steps {
        assert!(step.needs.iter().all(|need| seen.contains(need)), "{} needs what comes later", step.id);
        assert!(seen.insert(step.id.clone()), "{} is there twice", step.id);
    }
    let needs: usize = plan.steps.iter().map(|step| step.needs.len()).sum();
    assert!(needs <= 2 * plan.steps.len(), "needs grow faster than the fleet");
}

fn only_those_that_go_are_touched(plan: &Plan) {
    let goes = |id: &str| {
        let machine = plan.machines.iter().find(|machine| machine.id == id).unwrap();
        matches!(machine.disposition, Disposition::Replace | Disposition::Remove)
    };
    for step in &plan.steps {
        assert!(step.machine.as_deref().is_none_or(goes), "{} touches what stays", step.id);
    }
    for machine in &plan.machines {
        let of =
            |op| plan.steps.iter().filter(|step| step.op == op && step.machine.as_ref() == Some(&machine.id)).count();
        let expected = usize::from(goes(&machine.id));
        assert_eq!((of(Op::Lease), of(Op::Stop), of(Op::Destroy)), (expected, expected, expected), "{}", machine.id);
    }
}

fn greens_take_over_before_blues_go(plan: &Plan) {
    for machine in plan.machines.iter().filter(|machine| machine.disposition == Disposition::Replace) {
        let created = plan.steps.iter().find(|step| step.replaces.as_ref() == Some(&machine.id)).unwrap();
        let uncordoned = position(plan, |step| step.op == Op::Uncordon && step.slot == created.slot);
        let leaves = position(plan, |step| {
            matches!(step.op, Op::Cordon | Op::Stop) && step.machine.as_ref() == Some(&machine.id)
        });
        assert!(uncordoned < leaves, "{} goes before its green serves", machine.id);
        assert!(created.request.as_ref().unwrap().skip_service_registration, "a green is made hidden");
    }
    let stops = plan.steps.iter().filter(|step| step.op == Op::WaitStopped);
    if let (Some(_), Some(point)) = (stops.clone().next(), &plan.point_of_no_return) {
        assert_eq!(plan.steps.iter().find(|step| step.op == Op::Destroy).map(|step| &step.id), Some(point));
    }
}

/// Counted anew from the steps, not taken from the plan's own rows.
fn capacity_along(plan: &Plan, fleet: &Fleet, order: &[usize]) -> Vec<Capacity> {
    let mut serving: BTreeMap<(SmolStr, SmolStr), u64> = BTreeMap::new();
    for step in plan.steps.iter().filter(|step| step.op == Op::Create && green_serves(plan, step)) {
        serving.insert((step.group.clone().unwrap(), step.region.clone().unwrap_or_default()), 0);
    }
    for (machine, placed) in fleet.machines.iter().zip(&plan.machines) {
        if machine.is_serving() && placed.disposition != Disposition::Leftover {
            *serving.entry((placed.group.clone(), placed.region.clone())).or_default() += 1;
        }
    }
    let floors: BTreeMap<_, _> =
        plan.floors.iter().map(|floor| ((floor.group.clone(), floor.region.clone()), floor.serving)).collect();
    let row = |after: Option<&Step>, (group, region): &(SmolStr, SmolStr), serving| Capacity {
        after: after.map(|step| step.id.clone()),
        group: group.clone(),
        region: region.clone(),
        serving,
    };
    let mut rows: Vec<_> = serving.iter().map(|(place, count)| row(None, place, *count)).collect();
    for step in order.iter().map(|at| &plan.steps[*at]) {
        let is_serving = |id: &String| fleet.machines.iter().any(|machine| machine.id == *id && machine.is_serving());
        let change = match step.op {
            Op::Uncordon if green_serves(plan, step) => 1,
            Op::Cordon if step.machine.as_ref().is_some_and(is_serving) => -1,
            _ => continue,
        };
        let place = (step.group.clone().unwrap(), step.region.clone().unwrap_or_default());
        let count = serving.get_mut(&place).unwrap();
        *count = count.checked_add_signed(change).unwrap();
        assert!(floors.get(&place).is_none_or(|floor| *count >= *floor), "{} drops below its floor", step.id);
        rows.push(row(Some(step), &place, *count));
    }
    rows
}

fn green_serves(plan: &Plan, step: &Step) -> bool {
    let created = plan.steps.iter().find(|other| other.op == Op::Create && other.slot == step.slot).unwrap();
    let request = created.request.as_ref().unwrap();
    !request.skip_launch || request.config.autostop() && request.config.autostart()
}

fn position(plan: &Plan, wanted: impl Fn(&Step) -> bool) -> usize {
    plan.steps.iter().position(wanted).unwrap()
}

/// How many machines that are in use stand where: hidden greens of a deploy that did not end are left over.
fn places(case: &Case, fleet: &Fleet) -> BTreeMap<(String, String), usize> {
    let config = notation::config_of(&case.file);
    let mut places = BTreeMap::new();
    for machine in fleet.machines.iter().filter(|machine| Marks::of(machine).is_none_or(|_| !machine.cordoned)) {
        let group = machine.group().unwrap_or(config.default_group()).to_owned();
        *places.entry((group, machine.region.clone())).or_default() += 1;
    }
    places
}

/// Of a machine out of reach that got no green, marks do not tell whether it was to have one.
fn passes_one_over(plan: &Plan) -> bool {
    let has_green = |id: &String| plan.steps.iter().any(|step| step.replaces.as_ref() == Some(id));
    plan.machines.iter().any(|machine| machine.disposition == Disposition::Unreachable && !has_green(&machine.id))
}

/// Each blue that has a marked green and is there is to go; or its plan is asked for.
fn what_is_left_is_told_from_the_marks(plan: &Plan, now: &Fleet) {
    let replaced: BTreeSet<String> =
        now.machines.iter().filter_map(Marks::of).filter_map(|marks| marks.replaces).collect();
    let expected: BTreeSet<&str> = now
        .machines
        .iter()
        .filter(|machine| replaced.contains(&machine.id) && machine.host_status == HostStatus::Ok)
        .map(|machine| machine.id.as_str())
        .collect();
    match reconstruct("shop", now) {
        Ok(left) => {
            let destroys = left.plan.steps.iter().filter(|step| step.op == Op::Destroy);
            let destroyed: BTreeSet<&str> = destroys.filter_map(|step| step.machine.as_deref()).collect();
            assert_eq!((destroyed, left.marked.as_str()), (expected, plan.digest.as_str()));
        }
        Err(refusal) => assert!(["plan-needed", "nothing-interrupted"].contains(&refusal.code), "{refusal:?}"),
    }
}
