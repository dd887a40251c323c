//! The table of keys against flyctl's structs, and against what reading does with each key.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files and tells what it counted"
)]

use std::path::Path;

use cutover::config::{self, Config, Problem};
use cutover::schema::{Key, Kind, Older, ROOT, Section};
use cutover::syntax::{self, Format};

/// A key and the way to it: `services`, `ports`, `port`.
type KeyPath = Vec<&'static Key>;

#[test]
fn every_key_of_flyctl_s_structs_is_in_the_table_and_no_other() {
    let Ok(listed) = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/research/fly-toml-key-paths.txt"),
    ) else {
        println!("the list of flyctl's keys is not here: nothing compared");
        return;
    };
    let mut expected: Vec<String> =
        listed.lines().map(|line| line.trim_end_matches([' ', '{', '}']).trim_end_matches("[]").to_owned()).collect();
    let mut ours: Vec<String> = paths().iter().map(flyctl_path).collect();
    // The list leaves out that each check is a table.
    expected.retain(|path| path != "checks.<key>");
    // flyctl holds this table by value: its list has only what is in it.
    ours.retain(|path| path != "checks");
    expected.sort();
    ours.sort();
    println!("{} keys", ours.len());
    assert_eq!(ours, expected);
}

#[test]
fn setting_any_key_changes_the_config() {
    for path in paths() {
        let (key, above) = path.split_last().unwrap();
        let with = file(&path, &sample(key));
        let without = above.split_last().map_or(String::new(), |(holder, _)| file(above, &sample(holder)));
        // These count only through what is in them; flyctl drops an empty service.
        let counts_empty = !matches!(key.name, "attached" | "secrets" | "services");
        assert!(!counts_empty || read(&without) != read(&with), "nothing reads this:\n{with}");
    }
}

#[test]
fn a_wrong_type_is_told_at_its_place_for_any_key() {
    for path in paths() {
        let text = file(&path, "1979-05-27T07:32:00Z");
        let takes_dates = matches!(path.last().unwrap().kind, Kind::Text);
        let reading = config::read(&syntax::parse(&text, Format::Toml));
        let wrong: Vec<&str> = reading
            .problems
            .iter()
            .filter_map(|problem| match problem {
                Problem::WrongType { span, .. } => Some(span.of(&text)),
                _ => None,
            })
            .collect();
        let counts_as_unset =
            matches!(path.last().unwrap().older, Older::Millis | Older::Seconds) && is_translated(&path);
        let expected: &[&str] = if takes_dates || counts_as_unset { &[] } else { &["1979-05-27T07:32:00Z"] };
        assert_eq!(wrong, expected, "{text}");
    }
}

#[test]
fn every_key_says_what_it_is_for() {
    for path in paths() {
        let key = path.last().unwrap();
        assert!(key.doc.len() > 10 && key.doc.ends_with('.'), "{}: {:?}", key.name, key.doc);
    }
}

fn is_translated(path: &KeyPath) -> bool {
    !path.iter().any(|key| key.older == Older::NoneBelow)
}

fn paths() -> Vec<KeyPath> {
    fn walk(section: &'static Section, above: &KeyPath, out: &mut Vec<KeyPath>) {
        for key in section.keys {
            let mut path = above.clone();
            path.push(key);
            out.push(path.clone());
            if let Some(section) = key.kind.section() {
                walk(section, &path, out);
            }
        }
    }
    let mut out = Vec::new();
    walk(&ROOT, &Vec::new(), &mut out);
    out
}

/// As the list beside the project writes it: map values as `<key>`.
fn flyctl_path(path: &KeyPath) -> String {
    let mut out = String::new();
    for key in path {
        if !out.is_empty() {
            out.push('.');
        }
        out.push_str(key.name);
        if matches!(key.kind, Kind::NamedTables(_)) && path.last().unwrap().name != key.name {
            out.push_str(".<key>");
        }
    }
    if matches!(path.last().unwrap().kind, Kind::TextMap | Kind::AnyMap) {
        out.push_str(".<key>");
    }
    out
}

/// One line: `services = [{ ports = [{ port = 7 }] }]`.
fn file(path: &[&'static Key], value: &str) -> String {
    let (last, above) = path.split_last().unwrap();
    let mut text = format!("{} = {value}", last.name);
    for key in above.iter().rev() {
        text = match key.kind {
            Kind::Tables(_) => format!("{} = [{{ {text} }}]", key.name),
            Kind::NamedTables(_) => format!("{} = {{ some = {{ {text} }} }}", key.name),
            _ => format!("{} = {{ {text} }}", key.name),
        };
    }
    text + "\n"
}

fn sample(key: &Key) -> String {
    match key.kind {
        Kind::Text => "\"some\"".into(),
        Kind::Integer | Kind::Unsigned => "7".into(),
        Kind::Float => "0.5".into(),
        Kind::Boolean => "true".into(),
        Kind::Duration => "\"7s\"".into(),
        Kind::Autostop => "\"suspend\"".into(),
        Kind::PersistRootfs => "\"always\"".into(),
        Kind::TextList => "[\"some\"]".into(),
        Kind::TextMap | Kind::AnyMap => "{ some = \"text\" }".into(),
        Kind::Table(_) => "{}".into(),
        Kind::Tables(_) => "[{}]".into(),
        Kind::NamedTables(_) => "{ some = {} }".into(),
    }
}

/// Without places, which differ whenever the text does, and without the JSON that decoding gives.
fn read(text: &str) -> String {
    let reading = config::read(&syntax::parse(text, Format::Toml));
    assert!(!reading.problems.iter().any(Problem::is_fatal), "{text}{:?}", reading.problems);
    let config = Config { definition: Default::default(), ..reading.config };
    let debug = format!("{config:?}");
    let mut out = String::new();
    let mut rest = debug.as_str();
    while let Some((before, behind)) = rest.split_once("Span {") {
        out.push_str(before);
        rest = behind.split_once('}').unwrap().1;
    }
    out + rest
}
