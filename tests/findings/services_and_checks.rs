//! What is said of faults that have several faces: place, message, cure and fix, as a user reads
//! them. The examples of the rules are elsewhere.

use std::fmt::Write as _;

use cutover::lint::{self, Input, Settings};
use cutover::span::LineIndex;

/// `line:column severity[rule] message`, then the cure, and what the fix would write. Only findings
/// of `rule`.
fn check(rule: &str, text: &str) -> String {
    let index = LineIndex::new(text);
    let mut out = String::new();
    for found in lint::check(&Input::new("fly.toml", text), &Settings::pedantic())
        .diagnostics
        .iter()
        .filter(|found| found.rule == rule)
    {
        let at = index.position(text, found.span.start);
        let severity = format!("{:?}", found.severity).to_lowercase();
        let _ = writeln!(out, "{}:{} {severity} {}", at.line, at.column, found.message);
        let help = found.help.iter().map(|help| format!("  {help}\n"));
        out.extend(help);
        let fix = found.fix.iter().flat_map(|fix| &fix.edits);
        out.extend(fix.map(|edit| format!("  {:?} -> {:?}\n", edit.span.of(text), edit.text)));
    }
    out
}

#[test]
fn a_key_in_the_wrong_table_is_sent_to_its_own() {
    let text = r#"app = "shop"
auto_stop_machines = "stop"
regions = ["iad"]

[build]
target = "prod"

[deploy]
processes = ["app"]

[http_service]
internal_port = 8080
proxy_proto_options = { version = "v2" }
healthcheck = {}

[[http_service.checks]]
type = "http"
kill_timeout = 5

[[services]]
internal_port = 9000
checks = []

[[services.ports]]
port = 9000
protocol = "tcp"
processes = ["app"]
name = "x"

[[vm]]
swap_size_mb = 512
mounts = []
soft_limit = 20
"#;
    insta::assert_snapshot!(check("unknown-key", text), @r#"
    2:1 warning flyctl knows no `auto_stop_machines` at the top level, and ignores it
      `auto_stop_machines` belongs in `[http_service]`
    3:1 warning flyctl knows no `regions` at the top level, and ignores it
      machines are put into regions by `fly scale count --region`
    6:1 warning flyctl knows no `target` in `build`, and ignores it
      did you mean `build-target`?
      "target" -> "build-target"
    9:1 warning flyctl knows no `processes` in `deploy`, and ignores it
      it is a table of its own: `[processes]`
    13:1 warning flyctl knows no `proxy_proto_options` in `http_service`, and ignores it
      `proxy_proto_options` belongs in `[[services.ports]]`
    14:1 warning flyctl knows no `healthcheck` in `http_service`, and ignores it
      the checks of an HTTP service are `[[http_service.checks]]`
    17:1 warning flyctl knows no `type` in `http_service.checks[0]`, and ignores it
      remove it: these checks speak HTTP
    18:1 warning flyctl knows no `kill_timeout` in `http_service.checks[0]`, and ignores it
      `kill_timeout` belongs at the top level, above the first table
    22:1 warning flyctl knows no `checks` in `services[0]`, and ignores it
      the checks of a service are `[[services.http_checks]]` and `[[services.tcp_checks]]`
    26:1 warning flyctl knows no `protocol` in `services[0].ports[0]`, and ignores it
      `protocol` belongs in `[[services]]`
    27:1 warning flyctl knows no `processes` in `services[0].ports[0]`, and ignores it
      `processes` belongs in `[[services]]`
    28:1 warning flyctl knows no `name` in `services[0].ports[0]`, and ignores it
      remove it, or find the key that is meant: `cutover schema` has all of them
    31:1 warning flyctl knows no `swap_size_mb` in `vm[0]`, and ignores it
      `swap_size_mb` belongs at the top level, above the first table
    32:1 warning flyctl knows no `mounts` in `vm[0]`, and ignores it
      it is a table of its own: `[[mounts]]`
    33:1 warning flyctl knows no `soft_limit` in `vm[0]`, and ignores it
      `soft_limit` belongs in `[http_service.concurrency]`
    "#);
}

#[test]
fn a_number_without_a_unit_is_read_as_fly_reads_it() {
    let text = r#"
[deploy]
wait_timeout = 300
release_command_timeout = 600000

[[http_service.checks]]
interval = 15
timeout = 2000
grace_period = 10000000000

[[http_service.machine_checks]]
command = ["true"]
kill_timeout = 5

[[services.http_checks]]
interval = 15000
grace_period = 0
"#;
    insta::assert_snapshot!(check("duration-in-nanoseconds", text), @r#"
    3:16 error a bare number here counts nanoseconds: Fly takes this for 300ns, and gives up on the first machine at once
      write the unit: "5m"
      "300" -> "\"5m\""
    4:27 error a bare number here counts nanoseconds: Fly takes this for 600µs, and gives up on the release command at once
      write the unit: "10m"
      "600000" -> "\"10m\""
    7:12 warning a bare number here counts nanoseconds: Fly takes this for 15ns
      write the unit: "15s"
      "15" -> "\"15s\""
    8:11 warning a bare number here counts nanoseconds: Fly takes this for 2µs
      write the unit: "2s"
      "2000" -> "\"2s\""
    9:16 hint a bare number here counts nanoseconds: Fly takes this for 10s
      write the unit: "10s"
      "10000000000" -> "\"10s\""
    13:16 warning a bare number here counts nanoseconds: Fly takes this for 5ns
      write the unit: "5s"
      "5" -> "\"5s\""
    "#);
}

#[test]
fn older_forms_are_rewritten_where_one_place_tells_how() {
    let text = r#"
kill_timeout = 5
processes = []

[experimental]
cmd = "serve"
metrics_port = 9090

[compute]
size = "shared-cpu-1x"

[build]
build_target = "prod"

[services]
internal_port = "8080"
concurrency = "20,25"
auto_stop_machines = true

[services.ports]
port = "443"

[[services.tcp_checks]]
interval = 10000
"#;
    insta::assert_snapshot!(check("legacy-form", text), @r#"
    3:13 hint this is an older form of `processes`
      today it is written as nothing at all
      "processes = []\n" -> ""
    6:7 hint this is an older form of `cmd`
      today it is written as a list
      "" -> "["
      "" -> "]"
    7:1 hint this is an older form of `metrics_port`
      today it is written as `port` in `[[metrics]]`
    9:2 hint this is an older form of `compute`
      today it is written as `[[vm]]`
      "compute" -> "vm"
    13:1 hint this is an older form of `build_target`
      today it is written as `build-target`
      "build_target" -> "build-target"
    15:1 hint this is an older form of `services`
      today it is written as `[[services]]`
      "" -> "["
      "" -> "]"
    16:17 hint this is an older form of `internal_port`
      today it is written as `8080`
      "\"8080\"" -> "8080"
    17:15 hint this is an older form of `concurrency`
      today it is written as `{ type = "requests", soft_limit = 20, hard_limit = 25 }`
      "\"20,25\"" -> "{ type = \"requests\", soft_limit = 20, hard_limit = 25 }"
    18:22 hint this is an older form of `auto_stop_machines`
      today it is written as `"stop"`
      "true" -> "\"stop\""
    20:1 hint this is an older form of `ports`
      today it is written as `[[services.ports]]`
      "" -> "["
      "" -> "]"
    21:8 hint this is an older form of `port`
      today it is written as `443`
      "\"443\"" -> "443"
    24:12 hint this is an older form of `interval`
      today it is written as `"10s"`
      "10000" -> "\"10s\""
    "#);
}

#[test]
fn a_list_below_its_own_tables_is_not_rewritten() {
    let text = "[[services.ports]]\nport = 443\n\n[services]\ninternal_port = 8080\n";
    insta::assert_snapshot!(check("legacy-form", text), @r#"
    4:1 hint this is an older form of `services`
      today it is written as `[[services]]`
    "#);
}

#[test]
fn of_two_spellings_the_one_that_is_not_read_is_told() {
    let text = r#"
kill_timeout = 5
machine_config = "a.json"

[experimental]
kill_timeout = 10
machine_config = "b.json"

[build]
build_target = "a"
build-target = "b"

[http_service]
internal_port = 8080
Internal_Port = 9090

[[vm]]
memory = "1gb"
memory_mb = 1024
"#;
    insta::assert_snapshot!(check("shadowed-key", text), @r#"
    3:18 warning flyctl does not read this `machine_config`: the one in `[experimental]` wins
      keep one of them
    6:1 warning flyctl does not read this `experimental.kill_timeout`: another spelling wins
      remove one of them
    11:1 warning flyctl does not read this `build.build-target`: another spelling wins
      remove one of them
    15:1 warning flyctl does not read this `http_service.internal_port`: another spelling wins
      remove one of them
    18:10 hint `memory_mb` wins: machines get 1024 MB, whatever this says
      keep one of them
      "memory = \"1gb\"\n" -> ""
    "#);
}

#[test]
fn dead_keys_are_taken_away_with_their_line() {
    let text = r#"
[experimental]
auto_rollback = true
allowed_public_ports = [
  80,
]

[[services]]
internal_port = 8080
script_checks = [] # none

[[services.tcp_checks]]
restart_limit = 0
"#;
    insta::assert_snapshot!(check("dead-key", text), @r#"
    3:17 warning `auto_rollback` does nothing: there is no automatic rollback
      remove it
      "auto_rollback = true\n" -> ""
    4:1 warning `allowed_public_ports` does nothing: it belonged to the Nomad platform
      remove it
      "allowed_public_ports = [\n  80,\n]\n" -> ""
    10:1 hint `script_checks` does nothing: Machines have no script checks
      remove it
      "script_checks = [] " -> ""
    13:1 hint `restart_limit` does nothing: a failing check never restarts a Machine
      remove it
      "restart_limit = 0\n" -> ""
    "#);
}

#[test]
fn machines_that_stop_and_do_not_start() {
    let service = |more: &str| format!("[http_service]\ninternal_port = 8080\nauto_stop_machines = \"stop\"\n{more}");
    let alone = service("auto_start_machines = false\n");
    insta::assert_snapshot!(check("autostop-without-autostart", &alone), @r#"
    4:23 error the machines stop when idle and nothing starts them again: the app goes down
      write `auto_start_machines = true`, or `auto_stop_machines = "off"`
      "false" -> "true"
    "#);
    let kept = service("auto_start_machines = false\nmin_machines_running = 1\n");
    insta::assert_snapshot!(check("autostop-without-autostart", &kept), @r#"
    4:23 warning machines beyond `min_machines_running` stop when idle, and nothing starts them again
      write `auto_start_machines = true`, or `auto_stop_machines = "off"`
      "false" -> "true"
    "#);
    let woken = service(
        "auto_start_machines = false\n[[services]]\ninternal_port = 9000\nauto_stop_machines = \"stop\"\n\
         [[services.ports]]\nport = 9000\n",
    );
    insta::assert_snapshot!(check("autostop-without-autostart", &woken), @r#"
    4:23 warning the machines stop when idle, and requests to this service do not start them
      write `auto_start_machines = true`, or `auto_stop_machines = "off"`
      "false" -> "true"
    "#);
    let never_stopped =
        service("auto_start_machines = false\n[[services]]\ninternal_port = 9000\n[[services.ports]]\nport = 9000\n");
    insta::assert_snapshot!(check("autostop-without-autostart", &never_stopped), @"");
}

#[test]
fn ports_that_overlap_are_told_once_and_only_in_one_group_and_protocol() {
    let text = r#"
[processes]
web = ""
api = ""

[http_service]
internal_port = 8080
processes = ["web"]

[[services]]
internal_port = 9000
processes = ["web", "api"]
ports = [{ start_port = 400, end_port = 500 }, { port = 450 }, { port = 501 }]

[[services]]
protocol = "udp"
internal_port = 450
processes = ["web"]
ports = [{ port = 450 }]

[[services]]
internal_port = 8080
processes = ["web"]
ports = [{ port = 80 }]
"#;
    insta::assert_snapshot!(check("public-port-used-twice", text), @r#"
    13:10 warning port 443 of `web` is published already
      give one of the services another port, or make one service of them
    13:57 warning port 450 of `api` is published already
      give one of the services another port, or make one service of them
    "#);
    insta::assert_snapshot!(check("service-defined-twice", text), @r#"
    21:1 warning the same machines have a service for port 8080 already
      make one service of the two, with the `[[services.ports]]` and checks of both
    "#);
}

#[test]
fn ranges_that_make_no_sense() {
    let text = r#"
[[services]]
internal_port = 8080
ports = [{ handlers = [] }, { port = 1, end_port = 2 }, { start_port = 5 }, { start_port = 9, end_port = 8 }, { port = "x" }]
"#;
    insta::assert_snapshot!(check("broken-port-range", text), @r#"
    4:10 error this entry names no port: nothing is published
      add `port`, or `start_port` and `end_port`
    4:38 error an entry is for one `port` or for a range, not for both
      write two `[[services.ports]]`
    4:72 warning half a range: Fly takes every port to the end, 0 or 65535
      write both `start_port` and `end_port`
    4:92 error the range ends before it starts: no port is in it
      exchange `start_port` and `end_port`
    "#);
}

#[test]
fn who_is_in_the_way_of_a_suspension() {
    let file = |vm: &str| {
        format!(
            "[http_service]\ninternal_port = 8080\nauto_stop_machines = \"suspend\"\nauto_start_machines = true\n{vm}"
        )
    };
    for fits in ["", "[[vm]]\nmemory = \"2gb\"\n", "[[vm]]\nsize = \"performance-1x\"\n"] {
        assert_eq!(check("suspend-not-possible", &file(fits)), "");
    }
    insta::assert_snapshot!(check("suspend-not-possible", &file("[[vm]]\nmemory = \"4gb\"\n")), @r#"
    3:22 warning machines of `app` cannot be counted on to suspend: they have 4096 MB of memory, and Fly asks for at most 2048
      write `auto_stop_machines = "stop"`, or take away what is in the way
    "#);
    insta::assert_snapshot!(check("suspend-not-possible", &file("[[vm]]\nsize = \"a10\"\n")), @r#"
    3:22 warning machines of `app` cannot be counted on to suspend: they have a GPU, a10
      write `auto_stop_machines = "stop"`, or take away what is in the way
    "#);
}

#[test]
fn limits_are_compared_with_the_default_too() {
    let file = |limits: &str| format!("[http_service]\ninternal_port = 8080\n[http_service.concurrency]\n{limits}");
    assert_eq!(check("soft-limit-over-hard-limit", &file("soft_limit = 25\nhard_limit = 25\n")), "");
    insta::assert_snapshot!(check("soft-limit-over-hard-limit", &file("hard_limit = 5\n")), @r#"
    4:14 warning under the soft limit, which is 20 when unset: it is never reached
      add a `soft_limit` under 5
    "#);
    insta::assert_snapshot!(check("soft-limit-over-hard-limit", "[[services]]\nconcurrency = \"25,20\"\n"), @r#"
    2:15 warning the soft limit 25 is never reached: 20 is the end
      exchange the two
    "#);
}

#[test]
fn an_address_is_no_path() {
    let text = "[[http_service.checks]]\npath = \"http://localhost:8080/health?deep=1\"\n\
                [checks.a]\ntype = \"http\"\nport = 1\npath = \"https://shop.fly.dev\"\n";
    insta::assert_snapshot!(check("invalid-check-path", text), @r#"
    2:8 warning this is an address, not a path
      write only the path, `/health?deep=1`: the check asks the machine itself
      "\"http://localhost:8080/health?deep=1\"" -> "\"/health?deep=1\""
    6:8 warning this is an address, not a path
      write only the path, `/`: the check asks the machine itself
      "\"https://shop.fly.dev\"" -> "\"/\""
    "#);
}

#[test]
fn a_check_at_the_top_stands_in_for_one_of_a_service_only_in_its_group() {
    let text = r#"
[deploy]
strategy = "bluegreen"

[processes]
web = ""
worker = ""

[http_service]
internal_port = 8080
processes = ["web"]

[checks.web]
type = "http"
processes = ["web"]

[checks.worker]
type = "tcp"
port = 8080
processes = ["worker"]
"#;
    insta::assert_snapshot!(check("top-level-check-of-service", text), @r#"
    13:1 warning the proxy does not ask this check: requests go to unhealthy machines too
      write it as `[[http_service.checks]]`
    "#);
}

#[test]
fn what_a_syntax_error_hides_is_not_said_to_be_missing() {
    let check = |port: &str| check("service-without-internal-port", &format!("[http_service]\n{port}\n"));
    assert_eq!(check("internal_port = "), "");
    assert_eq!(check("internal_port = = 8080"), "");
    assert_ne!(check("force_https = true"), "");
}
