//! fly.toml as types: every field with the place it was read from, legacy forms already
//! translated, and which process groups there are. Knows nothing of machines or rules.
//!
//! Serialising a [`Config`] gives what flyctl stores as a release's `definition`: the same key
//! names, unset fields left out.
//!
//! Reading goes flyctl's way: whole sections are moved to their modern places (`legacy`), each
//! key is decoded along the schema (`decode`), and what came out is put into types
//! (`extract`). flyctl stops at the first fault; here all are gathered.

mod decode;
mod definition;
mod explicit;
mod extract;
mod files;
mod groups;
mod legacy;
mod normalize;
mod print;
mod sections;
mod types;
pub mod words;

use crate::span::Span;
use crate::syntax::{Document, SyntaxError};

pub use explicit::explicit_groups;
pub use files::Contents;
pub use groups::IMPLICIT_GROUP;
pub use normalize::normalize;
pub use types::*;

/// A config and what was wrong with the file that it was read from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    pub config: Config,
    /// In the order of the file.
    pub problems: Vec<Problem>,
}

/// What reading a fly.toml can stumble over. A rule turns each kind into findings.
#[derive(Debug, Clone, PartialEq)]
pub enum Problem {
    /// Not TOML (or JSON, YAML).
    Syntax(SyntaxError),
    /// flyctl has no such key and ignores it. `path` is that of the table (`""`: the top); `meant`
    /// is a similar key that the table does not have yet, and `fits` says that the value is right for it.
    UnknownKey { span: Span, path: String, key: String, meant: Option<&'static str>, fits: bool, value: Span },
    /// The whole file is rejected over it.
    WrongType { span: Span, path: String, expected: String, found: String },
    /// A key in another case than flyctl's own: decoded, but passed over by the translation of
    /// legacy forms. `fits`: under flyctl's own name it is read the same.
    CaseVariant { span: Span, path: String, key: String, known: &'static str, fits: bool },
    /// A bare number where flyctl reads a duration and knows no unit but its own.
    Nanoseconds { span: Span, path: String, nanos: i64 },
    /// A key without effect, since the one at `by` is read in its place.
    Shadowed { span: Span, path: String, by: Span },
    /// A value that flyctl takes for no duration and drops without a word.
    Dropped { span: Span, path: String, found: String },
    /// A key of JSON that is written again at `by`: what it holds is lost.
    Lost { span: Span, by: Span },
    /// An older form that flyctl still understands; `modern` says today's, and `rewrite` how to
    /// come to it.
    Legacy { span: Span, path: String, modern: String, rewrite: Rewrite },
}

/// How to write an older form in today's way, as far as one place tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rewrite {
    /// This value, in TOML, in place of the one at the span.
    Value(String),
    /// The value at the span as the only item of a list.
    Item,
    /// The header at the span with double brackets.
    Header,
    /// This key in place of the one at the span.
    Key(&'static str),
    /// Without the entry whose value is at the span: it says nothing.
    Nothing,
    /// Not in one place: something has to move.
    Elsewhere,
}

/// Reads a document as flyctl reads it. Never fails: a field that flyctl would refuse is left
/// unset, and is among the problems.
pub fn read(document: &Document) -> Reading {
    let mut problems: Vec<Problem> = document.errors.iter().cloned().map(Problem::Syntax).collect();
    problems.extend(document.lost.iter().map(|lost| Problem::Lost { span: lost.span, by: lost.by }));
    let root = legacy::modern_root(&document.root, &mut problems);
    let root = decode::decode(&root, document.format, &mut problems);
    problems.sort_by_key(|problem| problem.span().start);
    Reading { config: extract::config(&root), problems }
}

impl Problem {
    /// Whether flyctl refuses the whole file over it.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Syntax(_) | Self::WrongType { .. })
    }

    pub fn span(&self) -> Span {
        match self {
            Self::Syntax(error) => error.span,
            Self::UnknownKey { span, .. }
            | Self::WrongType { span, .. }
            | Self::CaseVariant { span, .. }
            | Self::Nanoseconds { span, .. }
            | Self::Shadowed { span, .. }
            | Self::Dropped { span, .. }
            | Self::Lost { span, .. }
            | Self::Legacy { span, .. } => *span,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{self, Format};

    fn reading(text: &str) -> Reading {
        read(&syntax::parse(text, Format::Toml))
    }

    /// Each file with the definition that flyctl makes of it.
    #[test]
    fn files_are_read_as_flyctl_reads_them() {
        for (text, definition) in [
            ("app=2024-01-01", r#"{"app": "2024-01-01"}"#),
            ("[[VM]]\nsize=\"a10\"", r#"{}"#),
            ("APP=\"a\"\napp=\"b\"", r#"{"app": "b"}"#),
            (
                "[HTTP_SERVICE]\ninternal_port=80\n[http_service]\nforce_https=true",
                r#"{"http_service": {"force_https": true, "internal_port": 80}}"#,
            ),
            ("[http_service]\ninternal_port=1e3", r#"{"http_service": {"internal_port": 1000}}"#),
            ("[[http_service.checks]]\ninterval=10000", r#"{"http_service": {"checks": [{"interval": "10µs"}]}}"#),
            (
                "[[services]]\ninternal_port=\"8080\"\n[services.ports]\nport=\"80\"\n[[services.tcp_checks]]\ninterval=10000\ntimeout=\"\"\ngrace_period=true",
                r#"{"services": [{"internal_port": 8080, "ports": [{"port": 80}], "tcp_checks": [{"interval": "10s"}]}]}"#,
            ),
            (
                "[services]\ninternal_port=80.7\nconcurrency=\"20,25\"",
                r#"{"services": [{"concurrency": {"hard_limit": 25, "soft_limit": 20, "type": "requests"}, "internal_port": 80}]}"#,
            ),
            ("[[services]]\n[[services]]\ninternal_port=3", r#"{"services": [{"internal_port": 3}]}"#),
            (
                "[env]\na=inf\nb=1e6\nc=2024-01-01 10:00:00Z\nd=2024-01-01T10:00:00.500-07:00\ne=07:32\ng=[1,\"a\"]\nh={b=1,a=true}",
                r#"{"env": {"a": "+Inf", "b": "1e+06", "c": "2024-01-01 10:00:00 +0000 UTC", "d": "2024-01-01 10:00:00.5 -0700 -0700", "e": "07:32:00", "g": "[1 a]", "h": "map[a:true b:1]"}}"#,
            ),
            ("[[env]]\na=1\n[[env]]\na=2", r#"{"env": {"a": "2"}}"#),
            (
                "[[processes]]\nname=\"web\"\ncommand=\"a b\"\n[[processes]]\nname=\"w\"",
                r#"{"processes": {"w": "", "web": "a b"}}"#,
            ),
            (
                "[[checks]]\nname=\"a\"\ntype=\"tcp\"\nport=80\ninterval=5000",
                r#"{"checks": {"a": {"interval": "5s", "port": 80, "type": "tcp"}}}"#,
            ),
            (
                "[Checks.a]\ntype=\"tcp\"\nport=80\ninterval=5000",
                r#"{"checks": {"a": {"interval": "5µs", "port": 80, "type": "tcp"}}}"#,
            ),
            (
                "[checks.a]\ntype=\"http\"\nport=80\nheaders=[{name=\"A\",value=5}]",
                r#"{"checks": {"a": {"headers": {"A": "5"}, "port": 80, "type": "http"}}}"#,
            ),
            (
                "[experimental]\ncmd=\"a b\"\nkill_timeout=9\nmetrics_port=90\nauto_rollback=true",
                r#"{"experimental": {"attached": {"secrets": {}}, "auto_rollback": true, "cmd": ["a b"]}, "kill_timeout": "9s", "metrics": [{"port": 90}]}"#,
            ),
            ("kill_timeout=1.9", r#"{"kill_timeout": "1s"}"#),
            ("KILL_TIMEOUT=5", r#"{"kill_timeout": "5ns"}"#),
            (
                "[compute]\nmemory=512\n[vm]\nsize=\"shared-cpu-2x\"",
                r#"{"vm": [{"memory": "512"}, {"size": "shared-cpu-2x"}]}"#,
            ),
            ("[build]\nbuild_target=\"x\"\nbuild-target=\"y\"", r#"{"build": {"build-target": "x"}}"#),
            (
                "[build]\nsettings={a=1.0}\ncompression_level=0",
                r#"{"build": {"compression_level": 0, "settings": {"a": 1}}}"#,
            ),
            (
                "[deploy]\nwait_timeout=300\nmax_unavailable=1",
                r#"{"deploy": {"max_unavailable": 1, "wait_timeout": "300ns"}}"#,
            ),
            ("[[statics]]\nguest_path=\"a\"", r#"{"statics": [{"guest_path": "a", "tigris_bucket": ""}]}"#),
            (
                "[http_service]\nauto_stop_machines=\"suspend\"\nmin_machines_running=0\nforce_https=false",
                r#"{"http_service": {"auto_stop_machines": "suspend", "min_machines_running": 0}}"#,
            ),
            (
                "[[http_service.http_options.replay_cache]]\nttl_seconds=10",
                r#"{"http_service": {"http_options": {"replay_cache": [{"name": "", "path_prefix": "", "ttl_seconds": 10, "type": ""}]}}}"#,
            ),
            ("[[vm]]\npersist_rootfs=2", r#"{"vm": [{"persist_rootfs": "restart"}]}"#),
        ] {
            let reading = reading(text);
            assert!(!reading.problems.iter().any(Problem::is_fatal), "{text}\n{:?}", reading.problems);
            let expected: serde_json::Value = serde_json::from_str(definition).unwrap();
            assert_eq!(serde_json::to_value(&reading.config).unwrap(), expected, "{text}");
        }
    }

    /// One line for each problem: kind, place, what it says.
    fn problems(text: &str) -> String {
        let line = |problem: &Problem| {
            let place = problem.span().of(text);
            match problem {
                Problem::Syntax(error) => format!("syntax | {place} | {}", error.message),
                Problem::UnknownKey { path, key, .. } => format!("unknown | {place} | {key} in `{path}`"),
                Problem::WrongType { path, expected, found, .. } => {
                    format!("type | {place} | {path}: {expected}, not {found}")
                }
                Problem::CaseVariant { path, known, .. } => format!("case | {place} | {path}: {known}"),
                Problem::Nanoseconds { path, nanos, .. } => format!("nanoseconds | {place} | {path}: {nanos}"),
                Problem::Shadowed { path, .. } => format!("shadowed | {place} | {path}"),
                Problem::Dropped { path, found, .. } => format!("dropped | {place} | {path}: {found}"),
                Problem::Lost { .. } => format!("lost | {place}"),
                Problem::Legacy { path, modern, .. } => format!("older | {place} | {path}: {modern}"),
            }
        };
        reading(text).problems.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_problem_is_told_at_its_place() {
        let text = r#"
kill_timeout = 5
aap = "x"
swap_size_mb = "1"
x = [nan]

[http_service]
internal_port = 2.5
auto_stop_machines = "on"
concurrency = "20,25"
[http_service.http_options]
idle_timeout = -1

[[services]]
processes = ["app", 1]
concurrency = "20,25"
[[services.ports]]
port = 0
[[services.ports]]
port = "http"
[[services.tcp_checks]]
interval = "5d"

[Mount]
source = "data"

[deploy]
Strategy = "rolling"
wait_timeout = "5"

[files]

[[compute]]
memory = 512
"#;
        insta::assert_snapshot!(problems(text), @r#"
        older | 5 | kill_timeout: `"5s"`
        unknown | aap | aap in ``
        type | "1" | swap_size_mb: a whole number, not the text "1"
        unknown | x | x in ``
        type | nan | x[0]: a finite number, not the number NaN
        type | 2.5 | http_service.internal_port: a whole number, not the number 2.5
        type | "on" | http_service.auto_stop_machines: `"off"`, `"stop"` or `"suspend"`, not the text "on"
        type | "20,25" | http_service.concurrency: a table, not the text "20,25"
        type | -1 | http_service.http_options.idle_timeout: a whole number from 0 to 4294967295, not the number -1
        type | 1 | services[0].processes[1]: text, not the number 1
        older | "20,25" | services[0].concurrency: `{ type = "requests", soft_limit = 20, hard_limit = 25 }`
        type | "http" | services[0].ports[1].port: a whole number, not the text "http"
        type | "5d" | services[0].tcp_checks[0].interval: a duration such as `10s` or `1m30s`, not the text "5d": unknown unit `d`
        unknown | Mount | Mount in ``
        case | Strategy | deploy.strategy: strategy
        type | "5" | deploy.wait_timeout: a duration such as `10s` or `1m30s`, not the text "5": a unit is missing: write `ms`, `s`, `m` or `h`
        type | [files] | files: a list of tables: `[[files]]`, not a table
        older | compute | compute: `[[vm]]`
        "#);
    }

    #[test]
    fn what_cannot_be_parsed_is_told_with_all_else() {
        insta::assert_snapshot!(problems("console_command = \nb = 1\nb = 2\napp = 5\n"), @r"
        syntax | console_command = | `console_command` has no value
        unknown | b | b in ``
        syntax | b | `b` is there already
        type | 5 | app: text, not the number 5
        ");
    }
}
