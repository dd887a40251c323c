//! What holds for every plan, tried on many small fleets. The fleets come from a generator with a
//! fixed seed: the same ones every time.

use std::collections::{BTreeMap, BTreeSet};

use cutover::fleet::{self, Fleet, Machine, MachineConfig};
use cutover::plan::{Disposition, Op, Plan, Policy, Step, read};
use serde_json::json;

use crate::notation::{self, SHOP};

#[test]
fn every_plan_keeps_the_promises() {
    let mut dice = Dice(7);
    let (mut planned, mut refused) = (0, 0);
    for _ in 0..600 {
        let lines = random_fleet(&mut dice);
        let fleet = notation::fleet(SHOP, &lines);
        let policy = Policy { first_deploy: true, exclude_machines: excluded(&mut dice, &fleet), ..Policy::default() };
        let result = notation::plan_of(SHOP, &fleet, "v2", &policy);
        assert_eq!(
            result,
            notation::plan_of(SHOP, &shuffled(&mut dice, &fleet), "v2", &policy),
            "order matters:{lines}"
        );
        match result {
            Ok(plan) => {
                check_promises(&plan, &fleet, &lines);
                let after = observed_after(&plan, &fleet);
                let again = notation::plan_of(SHOP, &after, "v2", &policy);
                let again = again.unwrap_or_else(|refused| panic!("{refused:?} after:{lines}"));
                assert_eq!(again.steps, [], "something is left to do after:{lines}");
                planned += 1;
            }
            Err(refusals) => {
                assert!(!refusals.is_empty());
                refused += 1;
            }
        }
    }
    println!("{planned} plans, {refused} refusals");
    assert!(planned > 300 && refused > 50, "the generator gives too little of one kind: {planned} and {refused}");
}

fn check_promises(plan: &Plan, fleet: &Fleet, lines: &str) {
    let ids = |machines: &[Machine]| machines.iter().map(|machine| machine.id.clone()).collect::<Vec<_>>();
    let placed: Vec<_> = plan.machines.iter().map(|machine| machine.id.clone()).collect();
    assert_eq!(placed, ids(&fleet.machines), "every machine has exactly one disposition:{lines}");
    assert_eq!(read(&plan.to_json()).as_ref(), Ok(plan), "it is read back as written:{lines}");
    needs_point_backwards(plan, lines);
    only_those_that_go_are_touched(plan, lines);
    greens_take_over_before_blues_go(plan, lines);
    capacity_never_falls(plan, fleet, lines);
}

fn needs_point_backwards(plan: &Plan, lines: &str) {
    let mut seen = BTreeSet::new();
    for step in &plan.steps {
        assert!(step.needs.iter().all(|need| seen.contains(need)), "{} needs what comes later:{lines}", step.id);
        assert!(seen.insert(step.id.clone()), "{} is there twice:{lines}", step.id);
    }
    let needs: usize = plan.steps.iter().map(|step| step.needs.len()).sum();
    assert!(needs <= 2 * plan.steps.len(), "needs grow faster than the fleet:{lines}");
}

fn only_those_that_go_are_touched(plan: &Plan, lines: &str) {
    let goes = |id: &str| {
        let machine = plan.machines.iter().find(|machine| machine.id == id).unwrap();
        matches!(machine.disposition, Disposition::Replace | Disposition::Remove)
    };
    for step in &plan.steps {
        assert!(step.machine.as_deref().is_none_or(goes), "{} touches what stays:{lines}", step.id);
    }
    for machine in &plan.machines {
        let of =
            |op| plan.steps.iter().filter(|step| step.op == op && step.machine.as_ref() == Some(&machine.id)).count();
        let expected = usize::from(goes(&machine.id));
        assert_eq!(
            (of(Op::Lease), of(Op::Stop), of(Op::Destroy)),
            (expected, expected, expected),
            "{}:{lines}",
            machine.id
        );
    }
}

fn greens_take_over_before_blues_go(plan: &Plan, lines: &str) {
    for machine in plan.machines.iter().filter(|machine| machine.disposition == Disposition::Replace) {
        let created = plan.steps.iter().find(|step| step.replaces.as_ref() == Some(&machine.id)).unwrap();
        let uncordoned = position(plan, |step| step.op == Op::Uncordon && step.slot == created.slot);
        let leaves = position(plan, |step| {
            matches!(step.op, Op::Cordon | Op::Stop) && step.machine.as_ref() == Some(&machine.id)
        });
        assert!(uncordoned < leaves, "{} goes before its green serves:{lines}", machine.id);
        assert!(created.request.as_ref().unwrap().skip_service_registration, "a green is made hidden:{lines}");
    }
    let stops = plan.steps.iter().filter(|step| step.op == Op::WaitStopped);
    if let (Some(_), Some(point)) = (stops.clone().next(), &plan.point_of_no_return) {
        assert_eq!(plan.steps.iter().find(|step| step.op == Op::Destroy).map(|step| &step.id), Some(point));
    }
}

/// Counted anew from the steps, not taken from the plan's own rows.
fn capacity_never_falls(plan: &Plan, fleet: &Fleet, lines: &str) {
    let mut serving: BTreeMap<(String, String), i64> = BTreeMap::new();
    let group = |id: &str| plan.machines.iter().find(|machine| machine.id == id).unwrap();
    for machine in fleet.machines.iter().filter(|machine| machine.is_serving()) {
        let placed = group(&machine.id);
        if placed.disposition != Disposition::Leftover {
            *serving.entry((placed.group.clone(), placed.region.clone())).or_default() += 1;
        }
    }
    let floor = serving.clone();
    let mut counted = serving.clone();
    for row in plan.capacity.iter().filter(|row| row.after.is_none()) {
        counted.insert((row.group.clone(), row.region.clone()), i64::try_from(row.serving).unwrap());
    }
    for step in &plan.steps {
        let change = match step.op {
            Op::Uncordon => i64::from(green_serves(plan, step)),
            Op::Cordon => {
                let id = step.machine.as_ref().unwrap();
                -i64::from(fleet.machines.iter().any(|machine| machine.id == *id && machine.is_serving()))
            }
            _ => continue,
        };
        let place = (step.group.clone().unwrap(), step.region.clone().unwrap_or_default());
        *serving.entry(place.clone()).or_default() += change;
        let removed = place.0 == "gone";
        assert!(
            removed || serving[&place] >= floor.get(&place).copied().unwrap_or(0),
            "{} drops below:{lines}",
            step.id
        );
        if let Some(row) = plan.capacity.iter().find(|row| row.after.as_ref() == Some(&step.id)) {
            assert_eq!(i64::try_from(row.serving).unwrap(), serving[&place], "row after {}:{lines}", step.id);
        }
        assert_eq!(change != 0, plan.capacity.iter().any(|row| row.after.as_ref() == Some(&step.id)));
    }
    assert!(floor.iter().all(|(place, count)| counted[place] == *count), "the rows before the first step:{lines}");
}

fn green_serves(plan: &Plan, step: &Step) -> bool {
    let created = plan.steps.iter().find(|other| other.op == Op::Create && other.slot == step.slot).unwrap();
    let request = created.request.as_ref().unwrap();
    !request.skip_launch || request.config.autostop() && request.config.autostart()
}

fn position(plan: &Plan, wanted: impl Fn(&Step) -> bool) -> usize {
    plan.steps.iter().position(wanted).unwrap()
}

/// The fleet that a plan leaves when everything goes well.
fn observed_after(plan: &Plan, fleet: &Fleet) -> Fleet {
    let mut machines = fleet.machines.clone();
    for step in &plan.steps {
        match (step.op, &step.machine, &step.request) {
            (Op::Destroy, Some(id), _) => machines.retain(|machine| machine.id != *id),
            (Op::Create, _, Some(request)) => {
                let mut config = MachineConfig::clone(&request.config);
                config.set_metadata("fly_bluegreen_deployment_tag", "1");
                if !step.standby_for.is_empty() {
                    config.0.insert("standbys".into(), json!(step.standby_for));
                }
                let region = if request.region.is_empty() { "iad" } else { &request.region };
                let green = json!({
                    "id": step.slot, "region": region, "config": config, "host_status": "ok",
                    "state": if request.skip_launch { "stopped" } else { "started" },
                    "image_ref": {"repository": "shop", "tag": "v2", "digest": notation::digest("v2")},
                });
                machines.push(serde_json::from_value(green).unwrap());
            }
            _ => {}
        }
    }
    fleet::parse(&serde_json::to_string(&machines).unwrap()).unwrap()
}

fn random_fleet(dice: &mut Dice) -> String {
    let mut lines = String::from("\n");
    for index in 0..dice.below(6) {
        let group = dice.pick(&["app", "app", "app", "worker", "worker", "gone", "-", "fly_app_console"]);
        let region = dice.pick(&["iad", "ams"]);
        let state = dice.pick(&[
            "started",
            "started",
            "started",
            "stopped",
            "suspended",
            "created",
            "failed",
            "starting",
            "destroyed",
        ]);
        let tag = dice.pick(&["v1", "v1", "v1", "v1", "v1", "v1", "v1", "v2"]);
        let words = [
            "cordoned",
            "unmanaged",
            "unreachable",
            "other-config",
            "failing",
            "standby=m0",
            "standby=m1",
            "no-config",
            "volume",
        ];
        let word = if dice.below(3) == 0 { dice.pick(&words) } else { "" };
        lines.push_str(&format!("m{index} {group} {region} {state} {tag} {word}\n"));
    }
    lines
}

fn excluded(dice: &mut Dice, fleet: &Fleet) -> Vec<String> {
    let first = fleet.machines.first().filter(|_| dice.below(8) == 0);
    first.map(|machine| machine.id.clone()).into_iter().collect()
}

fn shuffled(dice: &mut Dice, fleet: &Fleet) -> Fleet {
    let mut fleet = fleet.clone();
    for index in (1..fleet.machines.len()).rev() {
        fleet.machines.swap(index, dice.below(index + 1));
    }
    fleet
}

/// Knuth's linear congruential generator.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % count
    }

    fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len())]
    }
}
