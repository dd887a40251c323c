//! Every fault that is known to happen to people, in our words, with a short file that has it and
//! the rules that tell of it: no more and no fewer. Letters and numbers are those of the list of
//! failures that the rules were made from.

mod deploys;
mod near_misses;
mod services;
mod shape;
mod surroundings;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use cutover::fleet::{self, Fleet};
use cutover::lint::{self, Input, Settings};
use cutover::rules::RULES;

/// What is wrong, the file, and the rules that say so.
type Fault = (&'static str, &'static str, &'static str);

#[test]
fn faults_of_shape() {
    check("fly.toml", shape::SHAPE);
    check("fly.json", shape::SHAPE_IN_JSON);
    check("fly.yaml", shape::SHAPE_IN_YAML);
}

#[test]
fn faults_of_checks() {
    check("fly.toml", services::CHECKS);
}

#[test]
fn faults_of_services() {
    check("fly.toml", services::SERVICES);
}

#[test]
fn faults_of_process_groups() {
    check("fly.toml", deploys::GROUPS);
}

#[test]
fn faults_of_the_deploy() {
    check("fly.toml", deploys::DEPLOY);
}

#[test]
fn faults_of_volumes() {
    check("fly.toml", deploys::VOLUMES);
}

#[test]
fn faults_of_machines() {
    check("fly.toml", deploys::MACHINES);
}

#[test]
fn faults_of_variables_and_builds() {
    check("fly.toml", deploys::VARIABLES_AND_BUILDS);
}

#[test]
fn what_is_nearly_a_fault() {
    check("fly.toml", near_misses::NEAR_MISSES);
}

/// Against machines, each in a few words: id, group, region, tag of its image, state; `-` is none.
#[test]
fn faults_between_file_and_fleet() {
    let mut wrong = String::new();
    for (fault, text, machines, expected) in surroundings::FLEETS {
        let fleet = fleet(machines);
        let input = Input { fleet: Some(&fleet), ..Input::new("fly.toml", text) };
        compare(&mut wrong, fault, &input, expected);
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn faults_between_file_and_folder() {
    let mut wrong = String::new();
    for (fault, text, beside, expected) in surroundings::FOLDERS {
        let files: BTreeMap<String, String> =
            beside.iter().map(|(path, content)| ((*path).to_owned(), (*content).to_owned())).collect();
        let input = Input { files: Some(&files), ..Input::new("fly.toml", text) };
        compare(&mut wrong, fault, &input, expected);
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn every_rule_tells_of_a_known_fault() {
    let files = [
        shape::SHAPE,
        services::CHECKS,
        services::SERVICES,
        deploys::GROUPS,
        deploys::DEPLOY,
        deploys::VOLUMES,
        deploys::MACHINES,
        deploys::VARIABLES_AND_BUILDS,
    ];
    let of_files = files.into_iter().flatten().map(|fault| fault.2);
    let of_fleets = surroundings::FLEETS.iter().map(|fault| fault.3);
    let of_folders = surroundings::FOLDERS.iter().map(|fault| fault.3);
    let told: BTreeSet<&str> = of_files.chain(of_fleets).chain(of_folders).flat_map(str::split_whitespace).collect();
    let rules: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(told, rules);
}

fn check(path: &str, faults: &[Fault]) {
    let mut wrong = String::new();
    for (fault, text, expected) in faults {
        compare(&mut wrong, fault, &Input::new(path, text), expected);
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn compare(wrong: &mut String, fault: &str, input: &Input, expected: &str) {
    let report = lint::check(input, &Settings::pedantic());
    let found: BTreeSet<&str> = report.diagnostics.iter().map(|found| found.rule).collect();
    let expected: BTreeSet<&str> = expected.split_whitespace().collect();
    if found != expected {
        let _ = writeln!(wrong, "{fault}: expected {expected:?}, found {found:?}");
    }
}

fn fleet(machines: &[&str]) -> Fleet {
    let machine = |words: &&str| {
        let words: Vec<&str> = words.split_whitespace().collect();
        let [id, group, region, tag, state, more @ ..] = words.as_slice() else { panic!("{words:?}") };
        let group = if *group == "-" { String::new() } else { format!(r#","fly_process_group":"{group}""#) };
        let managed = if more.contains(&"unmanaged") { "v1" } else { "v2" };
        let volume = more.iter().find_map(|word| word.strip_prefix("volume="));
        let mounts =
            volume.map(|name| format!(r#","mounts":[{{"name":"{name}","volume":"vol_{id}","path":"/data"}}]"#));
        let checks = if more.contains(&"checked") { CHECK_THAT_RUNS } else { "" };
        format!(
            r#"{{"id":"{id}","name":"{id}","state":"{state}","region":"{region}","instance_id":"01{id}",
                "image_ref":{{"registry":"registry.fly.io","repository":"shop","tag":"{tag}"}},"host_status":"ok",
                "config":{{"image":"registry.fly.io/shop:{tag}","init":{{}},
                "metadata":{{"fly_platform_version":"{managed}"{group}}}{}{checks}}}}}"#,
            mounts.unwrap_or_default()
        )
    };
    fleet::parse(&format!("[{}]", machines.iter().map(machine).collect::<Vec<String>>().join(","))).unwrap()
}

const CHECK_THAT_RUNS: &str = r#","checks":{"up":{"type":"tcp","port":8080,"grace_period":"5s"}}"#;
