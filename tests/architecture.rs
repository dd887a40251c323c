//! The layers, held against the code: which layer may use which, what the core must not name, and
//! that every rule and module is where the tables say.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files and may fail"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Every layer with the layers that it may use directly; what those use, it may use too.
const LAYERS: &[(&str, &[&str])] = &[
    ("span", &[]),
    ("units", &[]),
    ("limits", &["units"]),
    ("diagnostic", &["span"]),
    ("schema", &["limits"]),
    ("syntax", &["diagnostic"]),
    ("settings", &["syntax", "schema"]),
    ("config", &["syntax", "schema"]),
    ("fleet", &["limits", "diagnostic"]),
    ("machine", &["config", "fleet"]),
    ("facts", &["machine"]),
    ("rules", &["facts"]),
    ("lint", &["rules", "settings"]),
    ("plan", &["facts"]),
    ("policy", &["settings", "plan"]),
    ("propose", &["lint", "plan"]),
    ("execute", &["plan"]),
    ("protocol", &["execute"]),
    ("sim", &["protocol"]),
    ("render", &["lint", "policy", "execute"]),
    ("language", &["lint", "render"]),
    ("native", &["language", "sim", "propose"]),
    ("web", &["language", "sim", "propose"]),
];

/// What only the edges may name.
const FORBIDDEN_IN_CORE: &[&str] = &[
    "async fn",
    "HashMap",
    "HashSet",
    "reqwest::",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "std::time",
    "tokio::",
    "Rc<RefCell",
];

/// May name them.
const EDGES: &[&str] = &["native", "web"];

#[test]
fn layers_use_only_lower_layers() {
    let allowed = closure();
    let mut breaches = Vec::new();
    for (layer, file, code) in core_and_edges() {
        for used in uses(&code) {
            let known = LAYERS.iter().any(|(name, _)| *name == used);
            if known && used != layer && !allowed[layer.as_str()].contains(used.as_str()) {
                breaches.push(format!("{}: {layer} must not use {used}", file.display()));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn every_module_is_a_layer_and_every_layer_a_module() {
    let lib = read(&source().join("lib.rs"));
    let declared: BTreeSet<&str> = lib
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    let layers: BTreeSet<&str> = LAYERS.iter().map(|(name, _)| *name).collect();
    assert_eq!(declared, layers);
}

#[test]
fn the_core_names_nothing_of_the_world() {
    let mut breaches = Vec::new();
    for (layer, file, code) in core_and_edges() {
        if EDGES.contains(&layer.as_str()) {
            continue;
        }
        for word in FORBIDDEN_IN_CORE {
            if code.contains(word) {
                breaches.push(format!("{}: the core must not name {word}", file.display()));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn only_the_edges_opt_out_of_the_lints() {
    for (layer, file, code) in core_and_edges() {
        if !EDGES.contains(&layer.as_str()) {
            assert!(!code.contains("allow(clippy::"), "{}: mend it, do not allow it", file.display());
        }
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for (_, file, _) in core_and_edges() {
        let text = read(&file);
        assert!(text.starts_with("//! "), "{}: begins without `//!`", file.display());
    }
}

#[test]
fn nothing_is_called_manager_util_helper_or_common() {
    for (_, file, _) in core_and_edges() {
        let name = file.display().to_string();
        for word in ["manager", "util", "helper", "common", "misc"] {
            assert!(!name.rsplit('/').next().unwrap().contains(word), "{name}: say what it does");
        }
    }
}

/// Layer, file and code (without tests and comments) of everything under `src`.
fn core_and_edges() -> Vec<(String, PathBuf, String)> {
    let mut files = Vec::new();
    walk(&source(), &mut files);
    files.sort();
    let layered = files.into_iter().filter_map(|file| {
        let inside = file.strip_prefix(source()).unwrap();
        let first = inside.iter().next()?.to_str()?.trim_end_matches(".rs").to_owned();
        if first == "lib" || first == "main" {
            return None;
        }
        let code = without_tests_and_comments(&read(&file));
        Some((first, file, code))
    });
    layered.collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

fn without_tests_and_comments(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The layers named by `crate::...` in `code`, groups included.
fn uses(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for part in code.split("crate::").skip(1) {
        let names: Vec<&str> = match part.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap_or("").split(',').collect(),
            None => vec![part],
        };
        for name in names {
            let end = name.trim().find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.trim().len());
            used.insert(name.trim()[..end].to_owned());
        }
    }
    used
}

fn closure() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut closed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (layer, direct) in LAYERS {
        let mut all: BTreeSet<&str> = direct.iter().copied().collect();
        for lower in *direct {
            all.extend(closed.get(lower).unwrap_or_else(|| panic!("{lower} must stand above {layer} in the table")));
        }
        closed.insert(layer, all);
    }
    closed
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
