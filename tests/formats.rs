//! fly.json and fly.yaml, held against what flyctl makes of the same text: the definition that it
//! stores, or its refusal. Found by asking flyctl's own code; the texts are ours.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use cutover::config::{self, Problem};
use cutover::diagnostic::Flyctl;
use cutover::lint::{self, Input, Settings, Verdict};
use cutover::syntax::{self, Format};
use serde_json::Value;

#[test]
fn a_number_of_json_is_a_float() {
    for (text, expected) in [
        (
            r#"{"env": {"A": 1000000, "B": 123, "C": 1e3, "D": 0.1, "E": 9007199254740993, "F": -0, "G": 1e21}}"#,
            r#"{"env": {"A": "1e+06", "B": "123", "C": "1000", "D": "0.1", "E": "9.007199254740992e+15", "F": "-0", "G": "1e+21"}}"#,
        ),
        (
            r#"{"http_service": {"internal_port": 8080.0, "min_machines_running": 1e0}}"#,
            r#"{"http_service": {"internal_port": 8080, "min_machines_running": 1}}"#,
        ),
        (r#"{"http_service": {"internal_port": 80.5}}"#, REFUSED),
        (
            r#"{"services": [{"internal_port": 80.9, "ports": [{"port": "443"}], "tcp_checks": [{"interval": 1500.7}]}]}"#,
            r#"{"services": [{"internal_port": 80, "ports": [{"port": 443}], "tcp_checks": [{"interval": "1.5s"}]}]}"#,
        ),
        (
            r#"{"vm": [{"memory": 512}, {"memory": 1048576}]}"#,
            r#"{"vm": [{"memory": "512"}, {"memory": "1.048576e+06"}]}"#,
        ),
        (
            r#"{"kill_timeout": 120, "deploy": {"wait_timeout": 120}}"#,
            r#"{"deploy": {"wait_timeout": "120ns"}, "kill_timeout": "2m0s"}"#,
        ),
        (r#"{"swap_size_mb": 9223372036854775807}"#, REFUSED),
        (
            r#"{"build": {"settings": {"seed": 9007199254740993}}}"#,
            r#"{"build": {"settings": {"seed": 9007199254740992}}}"#,
        ),
        (r#"{"swap_size_mb": 1e400}"#, REFUSED),
    ] {
        check(Format::Json, text, expected);
    }
}

#[test]
fn json_text_is_read_as_go_reads_it() {
    for (text, expected) in [
        (r#"{"app": "a", "app": "b", "env": {"X": "1"}, "env": {"Y": "2"}}"#, r#"{"app": "b", "env": {"Y": "2"}}"#),
        (
            r#"{"app": "\ud83d\ude80\u0041\/", "env": {"half": "\ud83d", "other": "\ude80x"}}"#,
            r#"{"app": "🚀A/", "env": {"half": "�", "other": "�x"}}"#,
        ),
        ("{\"app\": \"a\", // no\n \"env\": {}}", REFUSED),
        (r#"{"app": "a",}"#, REFUSED),
        ("\u{feff}{\"app\": \"a\"}", REFUSED),
        (r#"{"app": "a"} {}"#, REFUSED),
        ("{'app': 'a'}", REFUSED),
        ("{\"app\": \"a\tb\"}", REFUSED),
        (r#"{"app": 01}"#, REFUSED),
        ("[]", REFUSED),
        ("null", REFUSED),
        ("", REFUSED),
        (r#"{"APP": "a", "app": "b"}"#, r#"{"app": "b"}"#),
    ] {
        check(Format::Json, text, expected);
    }
}

#[test]
fn null_is_unset_unless_flyctl_translates_the_key() {
    for (text, expected) in [
        (r#"{"app": null, "http_service": null, "deploy": {"strategy": null}, "kill_timeout": null}"#, "{}"),
        (
            r#"{"env": {"A": null, "B": [null, true]}, "vm": [{"memory": null}]}"#,
            r#"{"env": {"A": "<nil>", "B": "[<nil> true]"}, "vm": [{"memory": "<nil>"}]}"#,
        ),
        (r#"{"processes": {"web": null}, "build": {"args": {"A": null}}}"#, "{}"),
        (r#"{"experimental": {"cmd": null}}"#, "{}"),
        (r#"{"experimental": {"cmd": [null]}}"#, REFUSED),
        (r#"{"files": [null]}"#, r#"{"files": [{}]}"#),
        (r#"{"env": null}"#, REFUSED),
        (r#"{"processes": null}"#, REFUSED),
        (r#"{"build": null}"#, REFUSED),
        (r#"{"experimental": null}"#, REFUSED),
        (r#"{"services": null}"#, REFUSED),
        (r#"{"services": [null]}"#, REFUSED),
        (r#"{"checks": null}"#, REFUSED),
        (r#"{"vm": null}"#, REFUSED),
        (r#"{"mounts": [null]}"#, REFUSED),
        (r#"{"services": [{"internal_port": null}]}"#, REFUSED),
        (r#"{"services": [{"concurrency": null}]}"#, REFUSED),
        (r#"{"services": [{"ports": null}]}"#, REFUSED),
        (r#"{"http_service": {"checks": [null], "internal_port": 80}}"#, REFUSED),
        (r#"{"checks": {"a": {"type": "http", "port": 80, "headers": null}}}"#, REFUSED),
        (
            r#"{"checks": {"a": {"type": "http", "port": 80, "headers": {"X": null}, "interval": null}}}"#,
            r#"{"checks": {"a": {"headers": {"X": "<nil>"}, "port": 80, "type": "http"}}}"#,
        ),
    ] {
        check(Format::Json, text, expected);
    }
}

#[test]
fn a_yaml_scalar_is_what_yaml_v3_makes_of_it() {
    for (text, expected) in [
        (
            "env:\n  a: yes\n  b: on\n  c: y\n  d: true\n  e: True\n  f: tRUE\n  g: ~\n  h:\n  i: Null\n  j: nil\n",
            r#"{"env": {"a": "yes", "b": "on", "c": "y", "d": "true", "e": "true", "f": "tRUE", "g": "<nil>", "h": "<nil>", "i": "<nil>", "j": "nil"}}"#,
        ),
        (
            "env:\n  a: 014\n  b: 0o14\n  c: 0x1F\n  d: 0b101\n  e: 1_000\n  f: 09\n  g: -0x1f\n  h: 1:30\n  i: +5\n  j: 0o8\n",
            r#"{"env": {"a": "12", "b": "12", "c": "31", "d": "5", "e": "1000", "f": "9", "g": "-31", "h": "1:30", "i": "5", "j": "0o8"}}"#,
        ),
        (
            "env:\n  a: 1.0\n  b: 1e3\n  c: 1.\n  d: .5\n  e: -.5e3\n  f: .inf\n  g: -.INF\n  h: .nan\n  i: 1e6\n  j: inf\n  k: 1e400\n",
            r#"{"env": {"a": "1", "b": "1000", "c": "1", "d": "0.5", "e": "-500", "f": "+Inf", "g": "-Inf", "h": "NaN", "i": "1e+06", "j": "inf", "k": "1e400"}}"#,
        ),
        (
            "env:\n  a: 2024-05-06\n  b: 2024-5-6 7:8:9\n  c: 2024-05-06T07:08:09.500+02:00\n  d: 2024-13-01\n  e: \"2024-05-06\"\n  f: 2024-02-30\n",
            r#"{"env": {"a": "2024-05-06 00:00:00 +0000 UTC", "b": "2024-05-06 07:08:09 +0000 UTC", "c": "2024-05-06 07:08:09.5 +0200 +0200", "d": "2024-13-01", "e": "2024-05-06", "f": "2024-02-30"}}"#,
        ),
        (
            "env:\n  a: !!str 1\n  b: !!int \"7\"\n  c: !!float 2\n  d: !mine 3\n  e: !!binary aGk=\n  f: ! 4\n",
            r#"{"env": {"a": "1", "b": "7", "c": "2", "d": "3", "e": "hi", "f": "4"}}"#,
        ),
        ("env:\n  a: !!int x\n", REFUSED),
        ("env:\n  a: !!bool yes\n", REFUSED),
        ("app: 2024-05-06\n", r#"{"app": "2024-05-06T00:00:00Z"}"#),
        ("app: 2024-05-06T07:08:09+02:00\n", r#"{"app": "2024-05-06T07:08:09+02:00"}"#),
        ("app: yes\nconsole_command: on\n", r#"{"app": "yes", "console_command": "on"}"#),
        ("app: true\n", REFUSED),
        ("app: 12e3\n", REFUSED),
        ("app: 0x10\n", REFUSED),
        ("http_service:\n  force_https: yes\n", REFUSED),
        (
            "http_service:\n  internal_port: 0o17\n  force_https: True\n",
            r#"{"http_service": {"force_https": true, "internal_port": 15}}"#,
        ),
        ("deploy:\n  max_unavailable: .inf\n", REFUSED),
        ("unknown: .nan\n", REFUSED),
    ] {
        check(Format::Yaml, text, expected);
    }
}

#[test]
fn a_whole_number_of_yaml_is_no_duration() {
    for (text, expected) in [
        ("kill_timeout: 120\n", "{}"),
        ("kill_timeout: 120.0\n", r#"{"kill_timeout": "2m0s"}"#),
        ("kill_timeout: 2m\n", r#"{"kill_timeout": "2m0s"}"#),
        ("deploy:\n  wait_timeout: 120\n", r#"{"deploy": {"wait_timeout": "120ns"}}"#),
        (
            "services:\n- internal_port: 80\n  tcp_checks:\n  - interval: 10000\n    timeout: 2000.0\n    grace_period: \"5s\"\n",
            r#"{"services": [{"internal_port": 80, "tcp_checks": [{"grace_period": "5s", "timeout": "2s"}]}]}"#,
        ),
        (
            "checks:\n  up:\n    type: tcp\n    port: 80\n    interval: 100\n    timeout: 1.5e4\n",
            r#"{"checks": {"up": {"port": 80, "timeout": "15s", "type": "tcp"}}}"#,
        ),
        (
            "checks:\n  up:\n    type: tcp\n    port: 80\n    interval: 100.0\n",
            r#"{"checks": {"up": {"interval": "100ms", "port": 80, "type": "tcp"}}}"#,
        ),
        ("experimental:\n  kill_timeout: 9\n", "{}"),
        (
            "http_service:\n  internal_port: 80\n  checks:\n  - interval: 10000000000\n",
            r#"{"http_service": {"checks": [{"interval": "10s"}], "internal_port": 80}}"#,
        ),
        (
            "services:\n- internal_port: \"8080\"\n  ports:\n    port: 443\n",
            r#"{"services": [{"internal_port": 8080, "ports": [{"port": 443}]}]}"#,
        ),
    ] {
        check(Format::Yaml, text, expected);
    }
}

#[test]
fn yaml_anchors_and_merges_are_put_in() {
    for (text, expected) in [
        ("env: &e {A: 1, B: 2}\nbuild:\n  args: *e\n", REFUSED),
        (
            "env: &e {A: x, B: y}\nbuild:\n  args:\n    <<: *e\n    B: z\n",
            r#"{"build": {"args": {"A": "x", "B": "z"}}, "env": {"A": "x", "B": "y"}}"#,
        ),
        (
            "unknown:\n- &a {size: shared-cpu-1x, cpus: 1}\n- &b {size: performance-1x, memory_mb: 2048}\nvm:\n- <<: [*a, *b]\n  cpus: 2\n",
            r#"{"vm": [{"cpus": 2, "memory_mb": 2048, "size": "shared-cpu-1x"}]}"#,
        ),
        ("env: {<<: {<<: {A: 1, B: 1}, B: 2}, C: 3}\n", r#"{"env": {"A": "1", "B": "2", "C": "3"}}"#),
        ("env:\n  \"<<\": text\n", r#"{"env": {"<<": "text"}}"#),
        ("env: {<<: 1}\n", REFUSED),
        ("env: *nowhere\n", REFUSED),
        ("env: &e\n  A: *e\n", REFUSED),
        ("env: {<<: {A: 1}, <<: {B: 2}}\n", REFUSED),
    ] {
        check(Format::Yaml, text, expected);
    }
}

#[test]
fn yaml_keys_are_text_and_stand_once() {
    for (text, expected) in [
        ("app: a\napp: b\n", REFUSED),
        ("app: a\n\"app\": b\n", REFUSED),
        ("env:\n  A: 1\n  A: 2\n", REFUSED),
        ("1: a\napp: b\n~: c\n", r#"{"app": "b"}"#),
        ("env:\n  1: a\n", REFUSED),
        ("env:\n  true: a\n", REFUSED),
        ("env:\n  ~: a\n", REFUSED),
        ("env:\n  yes: a\n  \"1\": b\n", r#"{"env": {"1": "b", "yes": "a"}}"#),
        ("env:\n  2024-05-06: a\n", REFUSED),
        ("unknown:\n  deep:\n  - 1: a\n", REFUSED),
        ("processes:\n  ? web\n  : bin/web\n  ? worker\n", r#"{"processes": {"web": "bin/web"}}"#),
        ("? [a]\n: b\n", REFUSED),
    ] {
        check(Format::Yaml, text, expected);
    }
}

#[test]
fn yaml_grammar_is_yaml_v3s() {
    for (text, expected) in [
        ("# nothing but a comment\n", "{}"),
        ("", "{}"),
        ("---\n", REFUSED),
        ("~\n", REFUSED),
        ("- app\n", REFUSED),
        ("app\n", REFUSED),
        ("app: a\n---\napp: b\n", r#"{"app": "a"}"#),
        ("---\napp: a\n...\n%garbage [\n", REFUSED),
        ("%YAML 1.1\n---\napp: a\n", r#"{"app": "a"}"#),
        ("%YAML 1.2\n---\napp: a\n", REFUSED),
        ("\u{feff}app: a\n", r#"{"app": "a"}"#),
        ("app:\ta\t# tab\n", r#"{"app": "a"}"#),
        ("env:\n\tA: 1\n", REFUSED),
        ("env: {\n\t\"A\": 1,\n\t}\n", r#"{"env": {"A": "1"}}"#),
        ("processes: {\n  web: x\n}\n", r#"{"processes": {"web": "x"}}"#),
        ("env:\n  A: [\n  x,\n  ]\n", r#"{"env": {"A": "[x]"}}"#),
        ("app: \"a\\/b\"\n", REFUSED),
        ("app: \"\\x41\\u00e9\\'\"\n", r#"{"app": "Aé'"}"#),
        ("app: 'it''s'\n", r#"{"app": "it's"}"#),
        ("app: \"\\q\"\n", REFUSED),
        ("console_command: |\n  a\n  b\n", r#"{"console_command": "a\nb\n"}"#),
        ("console_command: >-\n  a\n  b\n\n  c\n", r#"{"console_command": "a b\nc"}"#),
        ("console_command: a\n  b\n", r#"{"console_command": "a b"}"#),
        ("console_command: \"a\nb\"\n", r#"{"console_command": "a b"}"#),
        ("app: a: b\n", REFUSED),
        ("app: @a\n", REFUSED),
        ("app: [a\n", REFUSED),
        ("app: \"a\n", REFUSED),
        ("app: *\n", REFUSED),
        ("app: %a\n", REFUSED),
        ("app: {a\n", REFUSED),
        ("app: a\n  b: c\n", REFUSED),
        ("env:\n  A: 1\n B: 2\n", REFUSED),
        ("app: a #b\n", r#"{"app": "a"}"#),
        ("app: a#b\n", r#"{"app": "a#b"}"#),
        ("http_service:\n  processes:\n  - web\n  - app\n", r#"{"http_service": {"processes": ["web", "app"]}}"#),
        ("app: \u{1}\n", REFUSED),
        ("{\"app\": \"a\", \"env\": {\"A\": 1}}\n", r#"{"app": "a", "env": {"A": "1"}}"#),
        ("app: {\"a\":1}\n", REFUSED),
        ("env: {a:1}\n", r#"{"env": {"a:1": "<nil>"}}"#),
        (
            "services:\n- internal_port: 80\n  ports: [{port: 80, handlers: [http]}]\n-\n  internal_port: 81\n",
            r#"{"services": [{"internal_port": 80, "ports": [{"handlers": ["http"], "port": 80}]}, {"internal_port": 81}]}"#,
        ),
    ] {
        check(Format::Yaml, text, expected);
    }
}

#[test]
fn the_end_of_the_name_says_which_format_it_is() {
    for (path, format) in [
        ("fly.toml", Format::Toml),
        ("deploy/fly.staging.json", Format::Json),
        ("fly.yaml", Format::Yaml),
        ("fly.yml", Format::Toml),
        ("fly.JSON", Format::Toml),
        ("json", Format::Toml),
    ] {
        assert_eq!(Format::of_path(path), format, "{path}");
    }
}

#[test]
fn one_app_in_three_formats_has_one_verdict_and_one_definition() {
    let toml = "app = 'a'\n[http_service]\ninternal_port = 8080\nprocesses = ['web']\n[processes]\napp = 'x'\n";
    let json =
        r#"{"app": "a", "http_service": {"internal_port": 8080, "processes": ["web"]}, "processes": {"app": "x"}}"#;
    let yaml = "app: a\nhttp_service:\n  internal_port: 8080\n  processes: [web]\nprocesses:\n  app: x\n";
    let definitions = [(toml, Format::Toml), (json, Format::Json), (yaml, Format::Yaml)]
        .map(|(text, format)| config::read(&syntax::parse(text, format)).config.definition);
    assert_eq!(definitions[0], definitions[1]);
    assert_eq!(definitions[0], definitions[2]);
    for (path, text) in [("fly.toml", toml), ("fly.json", json), ("fly.yaml", yaml)] {
        let report = lint::check(&Input::new(path, text), &Settings::default());
        assert_eq!(report.flyctl, Verdict::Rejects, "{path}");
        let refused: Vec<&str> = report
            .diagnostics
            .iter()
            .filter(|found| found.flyctl == Flyctl::Rejects)
            .map(|found| found.span.of(text).trim_matches(['"', '\'']))
            .collect();
        assert_eq!(refused, ["web"], "{path}");
    }
}

#[test]
fn only_toml_is_mended() {
    let has_fix = |path, text| {
        lint::check(&Input::new(path, text), &Settings::default()).diagnostics.iter().any(|found| found.fix.is_some())
    };
    assert!(has_fix("fly.toml", "[deploy]\nstratgy = 'rolling'\n"));
    assert!(!has_fix("fly.json", r#"{"deploy": {"stratgy": "rolling"}}"#));
    assert!(!has_fix("fly.yaml", "deploy:\n  stratgy: rolling\n"));
}

/// Whatever is missing, nothing panics, and all that is told stands in the text.
#[test]
fn any_piece_of_a_file_is_read() {
    let yaml = "%YAML 1.1\n---\nenv: &e {A: 'x''y', \"B\": \"\\x41\\\n  é\", ? C, : d}\nvm:\n- <<: [*e, {}]\n  size: |2-\n    a\n\n     b\n- !!int 0x1F\n? k\n: [a: b, !<x> c]\n...\n";
    let json = r#"{"env": {"A": "\ud83d\ude80\n", "B": [1.5e3, -0, true, null]}, "é": "\\", /* c */ 'x': {}}"#;
    for (format, text) in [(Format::Yaml, yaml), (Format::Json, json), (Format::Yaml, json)] {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        for (nth, start) in places.iter().enumerate() {
            for len in [1, 2, 5, 25, places.len()] {
                let end = places[(nth + len).min(places.len() - 1)];
                let (kept, without) = (&text[*start..end], [&text[..*start], &text[end..]].concat());
                for piece in [kept, &without] {
                    let document = syntax::parse(piece, format);
                    document.errors.iter().for_each(|error| assert!(error.span.of(piece).len() <= piece.len()));
                    config::read(&document).problems.iter().for_each(|problem| {
                        problem.span().of(piece);
                    });
                }
            }
        }
    }
}

fn check(format: Format, text: &str, expected: &str) {
    let reading = config::read(&syntax::parse(text, format));
    if expected == REFUSED {
        assert!(reading.problems.iter().any(Problem::is_fatal), "{text}");
        return;
    }
    assert!(!reading.problems.iter().any(Problem::is_fatal), "{text}\n{:?}", reading.problems);
    let ours = without_empty(&Value::Object(reading.config.definition));
    let expected: Value = serde_json::from_str(expected).unwrap();
    assert_eq!(ours, expected, "{text}");
}

/// What flyctl cannot tell from unset.
fn without_empty(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().map(|(key, value)| (key.clone(), without_empty(value)));
            Value::Object(kept.filter(|(_, value)| !is_empty(value)).collect())
        }
        Value::Array(items) => items.iter().map(without_empty).collect(),
        other => other.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

const REFUSED: &str = "refused";
