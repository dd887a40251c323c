//! Every fault that is known to happen to people, in our words, with a short file that has it and
//! the rules that tell of it: no more and no fewer. Letters and numbers are those of the list of
//! failures that the rules were made from.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use cutover::lint::{self, Input, Settings};

/// What is wrong, the file, and the rules that say so.
type Fault = (&'static str, &'static str, &'static str);

#[test]
fn faults_of_shape() {
    check("fly.toml", SHAPE);
    check("fly.json", SHAPE_IN_JSON);
    check("fly.yaml", SHAPE_IN_YAML);
}

#[test]
fn faults_of_checks() {
    check("fly.toml", CHECKS);
}

#[test]
fn faults_of_services() {
    check("fly.toml", SERVICES);
}

#[test]
fn faults_of_process_groups() {
    check("fly.toml", GROUPS);
}

#[test]
fn faults_of_the_deploy() {
    check("fly.toml", DEPLOY);
}

#[test]
fn faults_of_volumes() {
    check("fly.toml", VOLUMES);
}

#[test]
fn faults_of_machines() {
    check("fly.toml", MACHINES);
}

#[test]
fn faults_of_variables_and_builds() {
    check("fly.toml", VARIABLES_AND_BUILDS);
}

fn check(path: &str, faults: &[Fault]) {
    let mut wrong = String::new();
    for (fault, text, expected) in faults {
        let report = lint::check(&Input::new(path, text), &Settings::pedantic());
        let found: BTreeSet<&str> = report.diagnostics.iter().map(|found| found.rule).collect();
        let expected: BTreeSet<&str> = expected.split_whitespace().collect();
        if found != expected {
            let _ = writeln!(wrong, "{fault}: expected {expected:?}, found {found:?}");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

const SHAPE: &[Fault] = &[
    ("E1 a key that does not exist", "app = 'shop'\nhello_world = 1\n", "unknown-key"),
    ("E1 a misspelt key", "app = 'shop'\nprimary_regoin = 'iad'\n", "unknown-key"),
    ("E1 a misspelt table", "app = 'shop'\n[http_servce]\ninternal_port = 8080\n", "unknown-key"),
    ("E2 a table of a misspelt one", "app = 'shop'\n[[http_machine.checks]]\npath = '/up'\n", "unknown-key"),
    (
        "E2 `processes` of a check",
        "[http_service]\ninternal_port = 8080\n[[http_service.checks]]\npath = '/up'\ngrace_period = '5s'\nprocesses = ['app']\n",
        "unknown-key",
    ),
    ("E2 `processes` of a deploy", "[deploy]\nprocesses = ['app']\n", "unknown-key"),
    ("a key of a service at the top", "auto_stop_machines = 'stop'\n", "unknown-key"),
    ("a key of the top in a service", "[http_service]\ninternal_port = 8080\nkill_timeout = 5\n", "unknown-key"),
    ("not TOML", "app = shop\n", "syntax-error"),
    ("a table twice", "[env]\nA = '1'\n[env]\nB = '2'\n", "syntax-error"),
    ("a key twice", "app = 'shop'\napp = 'shop'\n", "syntax-error"),
    (
        "E20 an empty list and tables of the name",
        "mounts = []\n[[mounts]]\nsource = 'data'\ndestination = '/data'\n",
        "syntax-error",
    ),
    ("a byte-order mark", "\u{feff}app = 'shop'\n", "syntax-error"),
    ("a value of the wrong type", "app = 1\n", "wrong-type"),
    ("a text for a number", "[http_service]\ninternal_port = '8080'\n", "wrong-type"),
    ("a table for a list of tables", "[restart]\npolicy = 'always'\n", "wrong-type"),
    (
        "a word that autostop does not have",
        "[http_service]\ninternal_port = 8080\nauto_stop_machines = 'on'\n",
        "wrong-type",
    ),
    ("E13 a percentage", "[deploy]\nmax_unavailable = '25%'\n", "wrong-type"),
    (
        "a number for a text",
        "[[mounts]]\nsource = 'data'\ndestination = '/data'\nauto_extend_size_increment = 1\n",
        "wrong-type",
    ),
    ("kernel arguments as a text", "[[vm]]\nsize = 'shared-cpu-1x'\nkernel_args = 'quiet'\n", "wrong-type"),
    ("a duration in days", "kill_timeout = '1d'\n", "wrong-type"),
    ("a key in capitals", "App = 'shop'\n", "key-in-other-case"),
    ("a key in two cases", "app = 'shop'\nApp = 'store'\n", "key-in-other-case shadowed-key"),
    ("a number where a unit is lost", "[deploy]\nwait_timeout = 300\n", "duration-in-nanoseconds"),
    (
        "a number of a check where a unit is lost",
        "[http_service]\ninternal_port = 8080\n[[http_service.checks]]\npath = '/up'\ninterval = 15000\ngrace_period = '5s'\n",
        "duration-in-nanoseconds",
    ),
    ("E13 a duration of a machine check", "[[machine_checks]]\ncommand = ['true']\ninterval = '15s'\n", "unknown-key"),
    ("E14 a rollback that there is not", "[experimental]\nauto_rollback = true\n", "dead-key"),
    ("E14 a rollback that there never was", "[experimental]\nauto_rollback_on_error = true\n", "dead-key"),
    ("images that load lazily", "[experimental]\nlazy_load_images = true\n", "dead-key"),
    ("Nomad's ports", "[experimental]\nallowed_public_ports = []\n", "dead-key"),
    (
        "Nomad's script checks",
        "[[services]]\ninternal_port = 8080\nscript_checks = []\n[[services.ports]]\nport = 5000\n",
        "dead-key",
    ),
    (
        "a limit of restarts by a check",
        "[[services]]\ninternal_port = 8080\n[[services.ports]]\nport = 5000\n[[services.tcp_checks]]\ngrace_period = '5s'\nrestart_limit = 6\n",
        "dead-key",
    ),
    ("D9 a switch for autostop", "[http_service]\ninternal_port = 8080\nauto_stop_machines = false\n", "legacy-form"),
    ("`[compute]`", "[compute]\nsize = 'shared-cpu-1x'\n", "legacy-form"),
    ("`[mount]`", "[mount]\nsource = 'data'\ndestination = '/data'\n", "legacy-form"),
    ("`[metric]`", "[metric]\nport = 9091\npath = '/metrics'\n", "legacy-form"),
    ("`[[processes]]`", "[[processes]]\nname = 'app'\ncommand = 'serve'\n", "legacy-form"),
    ("`[[checks]]`", "[[checks]]\nname = 'up'\ntype = 'tcp'\nport = 8080\ngrace_period = '5s'\n", "legacy-form"),
    ("ports as texts", "[[services]]\ninternal_port = '8080'\n[[services.ports]]\nport = '5000'\n", "legacy-form"),
    (
        "limits as a text",
        "[[services]]\ninternal_port = 8080\nconcurrency = '20,25'\n[[services.ports]]\nport = 5000\n",
        "legacy-form",
    ),
    ("metrics of old", "[experimental]\nmetrics_port = 9091\nmetrics_path = '/metrics'\n", "legacy-form"),
    ("variables as a list of tables", "[[env]]\nA = '1'\n", "legacy-form"),
    ("`build_target`", "[build]\nbuild_target = 'prod'\n", "legacy-form"),
    ("a setting below `[env]`", "[env]\nA = '1'\nprimary_region = 'iad'\n", "setting-among-variables"),
    ("a setting below `[processes]`", "[processes]\napp = 'serve'\nkill_timeout = '5s'\n", "setting-among-variables"),
    ("a suppression of nothing", "app = 'shop' # cutover: ignore[unknown-key]\n", "unused-suppression"),
];

const SHAPE_IN_JSON: &[Fault] = &[
    ("E1 a misspelt key", r#"{"app": "shop", "primary_regoin": "iad"}"#, "unknown-key"),
    ("not JSON", r#"{"app": "shop",}"#, "syntax-error"),
    ("a value of the wrong type", r#"{"http_service": {"internal_port": "8080"}}"#, "wrong-type"),
    ("a number where a unit is lost", r#"{"deploy": {"wait_timeout": 300}}"#, "duration-in-nanoseconds"),
    (
        "B9 blue-green with a volume",
        r#"{"deploy": {"strategy": "bluegreen"}, "mounts": [{"source": "data", "destination": "/data"}],
      "checks": {"up": {"type": "tcp", "port": 8080, "grace_period": "5s"}}}"#,
        "bluegreen-with-volume",
    ),
];

const SHAPE_IN_YAML: &[Fault] = &[
    ("E1 a misspelt key", "app: shop\nprimary_regoin: iad\n", "unknown-key"),
    ("not YAML", "app: 'shop\n", "syntax-error"),
    ("a value of the wrong type", "http_service:\n  internal_port: '8080'\n", "wrong-type"),
    ("a number where a unit is lost", "deploy:\n  wait_timeout: 300\n", "duration-in-nanoseconds"),
    (
        "D8 machines that nothing starts",
        "http_service:\n  internal_port: 8080\n  auto_stop_machines: suspend\n  auto_start_machines: false\n",
        "autostop-without-autostart",
    ),
];

const CHECKS: &[Fault] = &[
    (
        "B7 blue-green without a check",
        "[deploy]\nstrategy = 'bluegreen'\n[http_service]\ninternal_port = 8080\n",
        "bluegreen-without-health-check",
    ),
    (
        "B7 blue-green with a machine check alone",
        "[deploy]\nstrategy = 'bluegreen'\n[http_service]\ninternal_port = 8080\n[[http_service.machine_checks]]\ncommand = ['true']\n",
        "bluegreen-with-machine-check bluegreen-without-health-check",
    ),
    (
        "B7 blue-green with a check of a group that is not there",
        "[deploy]\nstrategy = 'bluegreen'\n[processes]\nweb = 'serve'\n[http_service]\ninternal_port = 8080\nprocesses = ['web']\n\
         [checks.up]\ntype = 'tcp'\nport = 8080\ngrace_period = '5s'\nprocesses = ['wbe']\n",
        "bluegreen-without-health-check unknown-process-group",
    ),
    (
        "B7 blue-green with a group that is not checked",
        "[deploy]\nstrategy = 'bluegreen'\n[processes]\nweb = 'serve'\napi = 'serve'\n\
         [http_service]\ninternal_port = 8080\nprocesses = ['web']\n\
         [[http_service.checks]]\npath = '/up'\ngrace_period = '5s'\n\
         [[services]]\ninternal_port = 9000\nprocesses = ['api']\n[[services.ports]]\nport = 9000\n",
        "bluegreen-group-without-check",
    ),
    (
        "B32 blue-green with machine checks",
        "[deploy]\nstrategy = 'bluegreen'\n[http_service]\ninternal_port = 8080\n\
         [[http_service.checks]]\npath = '/up'\ngrace_period = '5s'\n[[machine_checks]]\ncommand = ['true']\n",
        "bluegreen-with-machine-check",
    ),
    (
        "E9 a check that does not steer traffic",
        "[http_service]\ninternal_port = 8080\n[checks.up]\ntype = 'http'\nport = 8080\npath = '/up'\ngrace_period = '5s'\n",
        "top-level-check-of-service",
    ),
    (
        "E9 of the second of its groups",
        "[processes]\na = ''\nb = ''\n[http_service]\ninternal_port = 8080\nprocesses = ['b']\n\
         [checks.up]\ntype = 'tcp'\nport = 8080\ngrace_period = '5s'\nprocesses = ['a', 'b']\n",
        "top-level-check-of-service",
    ),
    (
        "E10 a grace period of five minutes",
        "[http_service]\ninternal_port = 8080\n[[http_service.checks]]\npath = '/up'\ngrace_period = '300s'\n",
        "check-duration-out-of-range",
    ),
    (
        "E10 an interval of half a second",
        "[http_service]\ninternal_port = 8080\n[[http_service.checks]]\npath = '/up'\ninterval = '500ms'\ngrace_period = '5s'\n",
        "check-duration-out-of-range",
    ),
    (
        "E11 a top-level interval of a second",
        "[checks.up]\ntype = 'tcp'\nport = 8080\ninterval = '1s'\ngrace_period = '5s'\n",
        "check-duration-out-of-range",
    ),
    (
        "E11 a top-level timeout of over a minute",
        "[checks.up]\ntype = 'tcp'\nport = 8080\ntimeout = '61s'\ngrace_period = '5s'\n",
        "check-duration-out-of-range",
    ),
    (
        "B19 next to no grace",
        "[http_service]\ninternal_port = 8080\n[[http_service.checks]]\npath = '/up'\ngrace_period = '1s'\n",
        "check-without-grace-period",
    ),
    (
        "E12 no grace",
        "[http_service]\ninternal_port = 8080\n[[http_service.checks]]\npath = '/up'\n",
        "check-without-grace-period",
    ),
    (
        "E12 a check that is redirected",
        "[http_service]\ninternal_port = 8080\nforce_https = true\n[[http_service.checks]]\npath = '/up'\ngrace_period = '5s'\n",
        "check-meets-redirect",
    ),
    (
        "a timeout over the interval",
        "[http_service]\ninternal_port = 8080\n[[http_service.checks]]\npath = '/up'\ninterval = '5s'\ntimeout = '10s'\ngrace_period = '5s'\n",
        "check-timeout-over-interval",
    ),
    (
        "E8 checks of a service in the HTTP service",
        "[http_service]\ninternal_port = 8080\n[[http_service.http_checks]]\npath = '/up'\n",
        "unknown-key",
    ),
    (
        "E8 an older check beside an HTTP service",
        "[http_service]\ninternal_port = 8080\n[[services.http_checks]]\npath = '/up'\ngrace_period = '5s'\n",
        "service-without-internal-port service-without-port",
    ),
    (
        "a path without a slash",
        "[http_service]\ninternal_port = 8080\n[[http_service.checks]]\npath = 'up'\ngrace_period = '5s'\n",
        "invalid-check-path",
    ),
    (
        "an address as a path",
        "[http_service]\ninternal_port = 8080\n[[http_service.checks]]\npath = 'https://shop.fly.dev/up'\ngrace_period = '5s'\n",
        "invalid-check-path",
    ),
    (
        "a method that does not exist",
        "[http_service]\ninternal_port = 8080\n[[http_service.checks]]\nmethod = 'FETCH'\npath = '/up'\ngrace_period = '5s'\n",
        "unknown-check-method",
    ),
    (
        "a protocol that checks do not speak",
        "[http_service]\ninternal_port = 8080\n[[http_service.checks]]\nprotocol = 'grpc'\npath = '/up'\ngrace_period = '5s'\n",
        "unknown-check-protocol",
    ),
    (
        "TLS options without TLS",
        "[http_service]\ninternal_port = 8080\n[[http_service.checks]]\npath = '/up'\ngrace_period = '5s'\ntls_skip_verify = true\n",
        "tls-option-in-http-check",
    ),
    (
        "a path of a TCP check",
        "[[services]]\ninternal_port = 8080\n[[services.ports]]\nport = 5000\n[[services.tcp_checks]]\ngrace_period = '5s'\npath = '/up'\n",
        "http-key-in-tcp-check",
    ),
    (
        "a path of a top-level TCP check",
        "[checks.up]\ntype = 'tcp'\nport = 8080\npath = '/up'\ngrace_period = '5s'\n",
        "http-key-in-tcp-check",
    ),
    (
        "a check of the public port",
        "[http_service]\ninternal_port = 8080\n[checks.up]\ntype = 'tcp'\nport = 443\ngrace_period = '5s'\n",
        "check-on-public-port",
    ),
    (
        "a check of a port that nobody serves",
        "[http_service]\ninternal_port = 8080\n[checks.up]\ntype = 'tcp'\nport = 8081\ngrace_period = '5s'\n",
        "check-on-unserved-port",
    ),
    (
        "a check of a port that only another group serves",
        "[processes]\nweb = ''\napi = ''\n[http_service]\ninternal_port = 8080\nprocesses = ['web']\n\
         [[services]]\ninternal_port = 9000\nprocesses = ['api']\n[[services.ports]]\nport = 9000\n\
         [checks.up]\ntype = 'tcp'\nport = 9000\ngrace_period = '5s'\nprocesses = ['api', 'web']\n",
        "check-on-unserved-port top-level-check-of-service",
    ),
    ("E5 a check without a port", "[checks.up]\ntype = 'tcp'\ngrace_period = '5s'\n", "impossible-machine"),
    (
        "E5 a check without a port in a group without an HTTP service",
        "[processes]\nweb = ''\nworker = ''\n[http_service]\ninternal_port = 8080\nprocesses = ['web']\n\
         [checks.up]\ntype = 'tcp'\ngrace_period = '5s'\nprocesses = ['worker']\n",
        "impossible-machine",
    ),
    ("a check without a type", "[checks.up]\nport = 8080\ngrace_period = '5s'\n", "incomplete-check"),
    (
        "a check of an unknown type",
        "[checks.up]\ntype = 'script'\nport = 8080\ngrace_period = '5s'\n",
        "incomplete-check",
    ),
    (
        "a TCP check of UDP",
        "[[services]]\nprotocol = 'udp'\ninternal_port = 5353\n[[services.ports]]\nport = 5353\n[[services.tcp_checks]]\ngrace_period = '5s'\n",
        "check-on-udp-service",
    ),
    (
        "a machine check that runs nothing",
        "[[machine_checks]]\nimage = 'curlimages/curl'\n",
        "machine-check-without-command",
    ),
];

const SERVICES: &[Fault] = &[
    ("E19 a service without ports", "[[services]]\ninternal_port = 8080\n", "service-without-port"),
    ("a service without an internal port", "[http_service]\nforce_https = true\n", "service-without-internal-port"),
    ("an internal port of zero", "[http_service]\ninternal_port = 0\n", "service-without-internal-port"),
    ("a port over all ports", "[http_service]\ninternal_port = 80800\n", "port-out-of-range"),
    (
        "a public port over all ports",
        "[[services]]\ninternal_port = 8080\n[[services.ports]]\nport = 70000\n",
        "port-out-of-range",
    ),
    (
        "a range over all ports",
        "[[services]]\ninternal_port = 8080\n[[services.ports]]\nstart_port = 60000\nend_port = 70000\n",
        "port-out-of-range",
    ),
    (
        "an entry without a port",
        "[[services]]\ninternal_port = 8080\n[[services.ports]]\nhandlers = ['tls']\n",
        "broken-port-range",
    ),
    (
        "a range backwards",
        "[[services]]\ninternal_port = 8080\n[[services.ports]]\nstart_port = 9000\nend_port = 8000\n",
        "broken-port-range",
    ),
    (
        "a range without an end",
        "[[services]]\ninternal_port = 8080\n[[services.ports]]\nstart_port = 9000\n",
        "broken-port-range",
    ),
    (
        "a port and a range",
        "[[services]]\ninternal_port = 8080\n[[services.ports]]\nport = 1\nstart_port = 8000\nend_port = 9000\n",
        "broken-port-range",
    ),
    (
        "a public port twice",
        "[http_service]\ninternal_port = 8080\n[[services]]\ninternal_port = 9000\n[[services.ports]]\nport = 443\nhandlers = ['tls', 'http']\n",
        "public-port-used-twice",
    ),
    (
        "a public port twice in one service",
        "[[services]]\ninternal_port = 9000\n[[services.ports]]\nport = 5000\n[[services.ports]]\nport = 5000\nhandlers = ['tls']\n",
        "public-port-used-twice",
    ),
    (
        "a public port in a range",
        "[[services]]\ninternal_port = 9000\n[[services.ports]]\nstart_port = 5000\nend_port = 6000\n\
         [[services]]\ninternal_port = 9001\n[[services.ports]]\nport = 5500\n",
        "public-port-used-twice",
    ),
    (
        "a public port of two groups that serve different things",
        "[processes]\nweb = 'serve'\napi = 'serve --api'\n[http_service]\ninternal_port = 8080\nprocesses = ['web']\n\
         [[services]]\ninternal_port = 9000\nprocesses = ['api']\n[[services.ports]]\nport = 443\nhandlers = ['tls', 'http']\n",
        "public-port-of-several-groups",
    ),
    (
        "a service twice",
        "[http_service]\ninternal_port = 8080\n[[services]]\ninternal_port = 8080\n[[services.ports]]\nport = 9000\n",
        "service-defined-twice",
    ),
    (
        "443 without TLS",
        "[[services]]\ninternal_port = 8080\n[[services.ports]]\nport = 443\nhandlers = ['http']\n",
        "port-443-without-tls",
    ),
    (
        "80 with TLS",
        "[[services]]\ninternal_port = 8080\n[[services.ports]]\nport = 80\nhandlers = ['tls', 'http']\n",
        "port-80-with-tls",
    ),
    (
        "HTTPS forced and not there",
        "[[services]]\ninternal_port = 8080\n[[services.ports]]\nport = 80\nhandlers = ['http']\nforce_https = true\n",
        "force-https-without-https",
    ),
    (
        "HTTPS forced by no handler",
        "[[services]]\ninternal_port = 8080\n[[services.ports]]\nport = 5000\nforce_https = true\n",
        "force-https-without-http",
    ),
    (
        "a soft limit over the hard one",
        "[http_service]\ninternal_port = 8080\n[http_service.concurrency]\nsoft_limit = 30\nhard_limit = 20\n",
        "soft-limit-over-hard-limit",
    ),
    (
        "a soft limit over the hard one, as a text",
        "[[services]]\ninternal_port = 8080\nconcurrency = '30,20'\n[[services.ports]]\nport = 5000\n",
        "legacy-form soft-limit-over-hard-limit",
    ),
    (
        "load that nobody counts",
        "[http_service]\ninternal_port = 8080\n[http_service.concurrency]\ntype = 'users'\n",
        "unknown-concurrency-type",
    ),
    (
        "a misspelt handler",
        "[[services]]\ninternal_port = 8080\n[[services.ports]]\nport = 5000\nhandlers = ['tsl']\n",
        "unknown-handler",
    ),
    (
        "HTTPS as a handler",
        "[[services]]\ninternal_port = 8080\n[[services.ports]]\nport = 5000\nhandlers = ['https']\n",
        "unknown-handler",
    ),
    (
        "two handlers for TLS",
        "[[services]]\ninternal_port = 8080\n[[services.ports]]\nport = 5000\nhandlers = ['tls', 'pg_tls']\n",
        "contradictory-handlers",
    ),
    (
        "options of no handler",
        "[[services]]\ninternal_port = 8080\n[[services.ports]]\nport = 5000\n[services.ports.tls_options]\nalpn = ['h2']\n",
        "option-without-handler",
    ),
    (
        "a protocol that services do not speak",
        "[[services]]\nprotocol = 'http'\ninternal_port = 8080\n[[services.ports]]\nport = 5000\n",
        "unknown-service-protocol",
    ),
    (
        "a protocol in capitals",
        "[[services]]\nprotocol = 'UDP'\ninternal_port = 8080\n[[services.ports]]\nport = 8080\n",
        "unknown-service-protocol",
    ),
    (
        "a version of TLS that is no more",
        "[http_service]\ninternal_port = 8080\n[http_service.tls_options]\nversions = ['TLSv1.1']\n",
        "unknown-tls-version",
    ),
    (
        "a version of the PROXY protocol that is not",
        "[[services]]\ninternal_port = 8080\n[[services.ports]]\nport = 5000\nhandlers = ['proxy_proto']\n[services.ports.proxy_proto_options]\nversion = 'v3'\n",
        "unknown-proxy-protocol-version",
    ),
    (
        "a replay cache of a moment",
        "[http_service]\ninternal_port = 8080\n[[http_service.http_options.replay_cache]]\npath_prefix = '/'\nttl_seconds = 1\ntype = 'cookie'\nname = 'id'\n",
        "broken-replay-cache",
    ),
    (
        "UDP with handlers",
        "[[services]]\nprotocol = 'udp'\ninternal_port = 5000\n[[services.ports]]\nport = 5000\nhandlers = ['tls']\n",
        "proxy-feature-on-udp",
    ),
    (
        "UDP with autostart",
        "[[services]]\nprotocol = 'udp'\ninternal_port = 5000\nauto_start_machines = true\n[[services.ports]]\nport = 5000\n",
        "proxy-feature-on-udp",
    ),
    (
        "UDP on another port",
        "[[services]]\nprotocol = 'udp'\ninternal_port = 5353\n[[services.ports]]\nport = 53\n",
        "udp-port-rewritten",
    ),
    (
        "D8 stop without start",
        "[http_service]\ninternal_port = 8080\nauto_stop_machines = 'stop'\nauto_start_machines = false\n",
        "autostop-without-autostart",
    ),
    (
        "D8 suspend without start, as a switch",
        "[http_service]\ninternal_port = 8080\nauto_stop_machines = true\nauto_start_machines = false\n",
        "autostop-without-autostart legacy-form",
    ),
    (
        "a minimum and nothing that starts the others",
        "primary_region = 'iad'\n[http_service]\ninternal_port = 8080\nauto_stop_machines = 'stop'\nauto_start_machines = false\nmin_machines_running = 1\n",
        "autostop-without-autostart",
    ),
    (
        "a minimum where nothing stops",
        "primary_region = 'iad'\n[http_service]\ninternal_port = 8080\nmin_machines_running = 1\n",
        "min-machines-without-autostop",
    ),
    (
        "D11 a minimum of no region",
        "[http_service]\ninternal_port = 8080\nauto_stop_machines = 'stop'\nmin_machines_running = 1\n",
        "min-machines-without-primary-region",
    ),
    (
        "one service stops and another does not",
        "[http_service]\ninternal_port = 8080\nauto_stop_machines = 'stop'\n[[services]]\ninternal_port = 9000\n[[services.ports]]\nport = 9000\n",
        "autostop-overruled",
    ),
    (
        "D10 suspend with swap",
        "swap_size_mb = 512\n[http_service]\ninternal_port = 8080\nauto_stop_machines = 'suspend'\n",
        "suspend-not-possible",
    ),
    (
        "D10 suspend with much memory",
        "[http_service]\ninternal_port = 8080\nauto_stop_machines = 'suspend'\n[[vm]]\nsize = 'shared-cpu-2x'\nmemory = '4gb'\n",
        "suspend-not-possible",
    ),
    (
        "D10 suspend with a GPU",
        "[http_service]\ninternal_port = 8080\nauto_stop_machines = 'suspend'\n[[vm]]\nsize = 'l40s'\n",
        "retired-gpu suspend-not-possible",
    ),
    (
        "a service that stays down",
        "[http_service]\ninternal_port = 8080\nauto_start_machines = false\n[[restart]]\npolicy = 'never'\n",
        "never-restarted-service",
    ),
];

const GROUPS: &[Fault] = &[
    (
        "A1 a group by implication",
        "[http_service]\ninternal_port = 8080\nprocesses = ['app']\n",
        "implicit-process-group",
    ),
    (
        "E18 a service of no group",
        "[processes]\nweb = ''\n[http_service]\ninternal_port = 8080\n",
        "service-without-process-group",
    ),
    (
        "E18 a service of a group that is not there",
        "[processes]\nweb = ''\n[http_service]\ninternal_port = 8080\nprocesses = ['wbe']\n",
        "unknown-process-group",
    ),
    (
        "E18 a group that is not there, and no groups",
        "[http_service]\ninternal_port = 8080\nprocesses = ['web']\n",
        "implicit-process-group unknown-process-group",
    ),
    (
        "a restart policy of a group that is not there",
        "[[restart]]\npolicy = 'always'\nprocesses = ['web']\n",
        "unknown-process-group",
    ),
    (
        "a volume of a group that is not there",
        "[processes]\nweb = ''\n[[mounts]]\nsource = 'data'\ndestination = '/data'\nprocesses = ['app']\n",
        "unknown-process-group",
    ),
    (
        "a size of a group that is not there",
        "[processes]\nweb = ''\n[[vm]]\nsize = 'shared-cpu-1x'\nprocesses = ['app']\n",
        "unknown-process-group",
    ),
    (
        "a file of a group that is not there",
        "[processes]\nweb = ''\n[[files]]\nguest_path = '/a'\nraw_value = 'YQ=='\nprocesses = ['app']\n",
        "unknown-process-group",
    ),
    (
        "metrics of a group that is not there",
        "[processes]\nweb = ''\n[[metrics]]\nport = 9091\npath = '/metrics'\nprocesses = ['app']\n",
        "unknown-process-group",
    ),
    (
        "a section for the first in the alphabet",
        "[processes]\nweb = ''\ncron = ''\n[[mounts]]\nsource = 'data'\ndestination = '/data'\n",
        "alphabetical-default-group",
    ),
    (
        "a section for `app` alone",
        "[processes]\napp = ''\ncron = ''\n[[restart]]\npolicy = 'always'\n",
        "section-without-process-group",
    ),
    (
        "a file for one group",
        "[processes]\nweb = ''\ncron = ''\n[[files]]\nguest_path = '/a'\nsecret_name = 'A'\nprocesses = ['web']\n",
        "file-in-every-process-group",
    ),
    (
        "two sizes for one group",
        "[processes]\nweb = ''\n[[vm]]\nsize = 'shared-cpu-1x'\nprocesses = ['web']\n[[vm]]\nsize = 'shared-cpu-2x'\nprocesses = ['web']\n",
        "shadowed-section",
    ),
    ("two sizes for all", "[[vm]]\nsize = 'shared-cpu-1x'\n[[vm]]\nsize = 'shared-cpu-2x'\n", "shadowed-section"),
    (
        "two policies for one group",
        "[[restart]]\npolicy = 'always'\n[[restart]]\npolicy = 'never'\n",
        "shadowed-section",
    ),
    (
        "two places of metrics",
        "[[metrics]]\nport = 9091\npath = '/metrics'\n[[metrics]]\nport = 9092\npath = '/metrics'\n",
        "shadowed-section",
    ),
    ("a name that is no name", "[processes]\n'web server' = ''\n", "unusable-group-name"),
    ("a name of flyctl's own", "[processes]\napp = ''\nfly_app_console = ''\n", "unusable-group-name"),
];

const DEPLOY: &[Fault] = &[
    ("an unknown strategy", "[deploy]\nstrategy = 'blue-green'\n", "unknown-strategy"),
    ("a strategy in capitals", "[deploy]\nstrategy = 'Rolling'\n", "unknown-strategy"),
    (
        "B9 blue-green with a volume",
        "[deploy]\nstrategy = 'bluegreen'\n[[mounts]]\nsource = 'data'\ndestination = '/data'\n[checks.up]\ntype = 'tcp'\nport = 8080\ngrace_period = '5s'\n",
        "bluegreen-with-volume",
    ),
    (
        "B9 blue-green with a volume of the old name",
        "[deploy]\nstrategy = 'bluegreen'\n[mount]\nsource = 'data'\ndestination = '/data'\n[checks.up]\ntype = 'tcp'\nport = 8080\ngrace_period = '5s'\n",
        "bluegreen-with-volume legacy-form",
    ),
    (
        "D2 canary with a volume",
        "[deploy]\nstrategy = 'canary'\n[[mounts]]\nsource = 'data'\ndestination = '/data'\n",
        "canary-with-volume",
    ),
    (
        "D16 `max_unavailable` of blue-green",
        "[deploy]\nstrategy = 'bluegreen'\nmax_unavailable = 0.5\n[checks.up]\ntype = 'tcp'\nport = 8080\ngrace_period = '5s'\n",
        "max-unavailable-without-effect",
    ),
    (
        "`max_unavailable` of immediate",
        "[deploy]\nstrategy = 'immediate'\nmax_unavailable = 1\n",
        "immediate-strategy max-unavailable-without-effect",
    ),
    ("none may be down", "[deploy]\nmax_unavailable = 0\n", "max-unavailable-out-of-range"),
    (
        "less than none may be down",
        "[deploy]\nstrategy = 'canary'\nmax_unavailable = -1\n",
        "max-unavailable-out-of-range",
    ),
    ("D17 immediate", "[deploy]\nstrategy = 'immediate'\n[http_service]\ninternal_port = 8080\n", "immediate-strategy"),
    (
        "B36 stopping for as long as the deploy waits",
        "kill_timeout = '5m'\n[deploy]\nstrategy = 'bluegreen'\n[checks.up]\ntype = 'tcp'\nport = 8080\ngrace_period = '5s'\n",
        "bluegreen-with-long-kill-timeout",
    ),
    (
        "a deploy that waits too little",
        "[deploy]\nwait_timeout = '20s'\n[http_service]\ninternal_port = 8080\n[[http_service.checks]]\npath = '/up'\ninterval = '15s'\ngrace_period = '30s'\n",
        "deploy-timeout-too-short",
    ),
    (
        "D19 a release command without time",
        "[deploy]\nrelease_command = 'migrate'\nrelease_command_timeout = '2s'\n",
        "deploy-timeout-too-short",
    ),
    (
        "a time limit for no release command",
        "[deploy]\nrelease_command_timeout = '10m'\n",
        "release-setting-without-command",
    ),
    (
        "a machine for no release command",
        "[deploy.release_command_vm]\nsize = 'performance-1x'\n",
        "release-setting-without-command",
    ),
    (
        "a release command that needs the volume",
        "[deploy]\nrelease_command = 'sqlite3 /data/shop.db .schema'\n[[mounts]]\nsource = 'data'\ndestination = '/data'\n",
        "release-command-with-volume",
    ),
    ("an open quote", "[deploy]\nrelease_command = \"echo 'hi\"\n", "unsplittable-command"),
    ("an open quote of a group", "[processes]\napp = \"echo 'hi\"\n", "unsplittable-command"),
    ("an open quote of the console", "console_command = '/bin/sh -c \"ls'\n", "unsplittable-command"),
    ("a seed that is never sown", "[deploy]\nseed_command = 'seed'\n", "unused-seed-command"),
    ("E16 ten minutes to stop", "kill_timeout = 600\n", "kill-timeout-too-long"),
    ("E15 a signal that is refused", "kill_signal = 'SIGUSR2'\n", "unsupported-kill-signal"),
    ("a signal without its SIG", "kill_signal = 'TERM'\n", "unsupported-kill-signal"),
];

const VOLUMES: &[Fault] = &[
    ("a path that is not absolute", "[[mounts]]\nsource = 'data'\ndestination = 'data'\n", "unusable-mount"),
    ("the root", "[[mounts]]\nsource = 'data'\ndestination = '/'\n", "unusable-mount"),
    ("no path", "[[mounts]]\nsource = 'data'\n", "unusable-mount"),
    ("no name", "[[mounts]]\ndestination = '/data'\n", "unusable-mount"),
    ("a name with a hyphen", "[[mounts]]\nsource = 'shop-data'\ndestination = '/data'\n", "invalid-volume-name"),
    (
        "E20 two volumes",
        "[[mounts]]\nsource = 'a'\ndestination = '/a'\n[[mounts]]\nsource = 'b'\ndestination = '/b'\n",
        "second-mount-in-group",
    ),
    (
        "one path twice",
        "[[mounts]]\nsource = 'a'\ndestination = '/a'\n[[mounts]]\nsource = 'b'\ndestination = '/a'\n",
        "second-mount-in-group",
    ),
    (
        "one name for two groups",
        "[processes]\na = ''\nb = ''\n[[mounts]]\nsource = 'data'\ndestination = '/data'\nprocesses = ['a', 'b']\n",
        "volume-shared-by-groups",
    ),
    (
        "a volume of less than a gigabyte",
        "[[mounts]]\nsource = 'data'\ndestination = '/data'\ninitial_size = '500mb'\n",
        "volume-setting-out-of-range",
    ),
    (
        "a size that is none",
        "[[mounts]]\nsource = 'data'\ndestination = '/data'\ninitial_size = 'large'\n",
        "volume-setting-out-of-range",
    ),
    (
        "snapshots for ever",
        "[[mounts]]\nsource = 'data'\ndestination = '/data'\nsnapshot_retention = 365\n",
        "volume-setting-out-of-range",
    ),
    (
        "growth at any time",
        "[[mounts]]\nsource = 'data'\ndestination = '/data'\nauto_extend_size_threshold = 10\nauto_extend_size_increment = '1gb'\nauto_extend_size_limit = '10gb'\n",
        "volume-setting-out-of-range",
    ),
    (
        "growth by nothing",
        "[[mounts]]\nsource = 'data'\ndestination = '/data'\nauto_extend_size_threshold = 80\nauto_extend_size_limit = '10gb'\n",
        "volume-setting-out-of-range",
    ),
    (
        "growth without an end",
        "[[mounts]]\nsource = 'data'\ndestination = '/data'\nauto_extend_size_threshold = 80\nauto_extend_size_increment = '1gb'\n",
        "volume-that-cannot-grow",
    ),
    (
        "no room to grow",
        "[[mounts]]\nsource = 'data'\ndestination = '/data'\ninitial_size = '10gb'\nauto_extend_size_threshold = 80\nauto_extend_size_increment = '5gb'\nauto_extend_size_limit = '12gb'\n",
        "volume-that-cannot-grow",
    ),
];

const MACHINES: &[Fault] = &[
    ("a size that does not exist", "[[vm]]\nsize = 'shared-cpu-3x'\n", "impossible-machine"),
    ("E5 no memory", "[[vm]]\nsize = 'shared-cpu-1x'\nmemory = '0'\n", "impossible-machine"),
    ("memory that is no size", "[[vm]]\nsize = 'shared-cpu-1x'\nmemory = 'lots'\n", "impossible-machine"),
    (
        "a size that does not exist, for a release",
        "[deploy]\nrelease_command = 'migrate'\n[deploy.release_command_vm]\nsize = 'shared-cpu-3x'\n",
        "impossible-machine",
    ),
    ("more memory than the CPU has", "[[vm]]\nsize = 'shared-cpu-1x'\nmemory = '4gb'\n", "machine-size-out-of-range"),
    ("less memory than the CPU has", "[[vm]]\nsize = 'performance-2x'\nmemory = '2gb'\n", "machine-size-out-of-range"),
    ("memory between the steps", "[[vm]]\nsize = 'shared-cpu-1x'\nmemory = '300mb'\n", "machine-size-out-of-range"),
    ("an odd number of CPUs", "[[vm]]\ncpu_kind = 'shared'\ncpus = 3\nmemory = '1gb'\n", "machine-size-out-of-range"),
    (
        "CPUs of a kind that does not exist",
        "[[vm]]\ncpu_kind = 'dedicated'\ncpus = 1\nmemory = '2gb'\n",
        "machine-size-out-of-range",
    ),
    ("D7 half a size", "[[vm]]\nmemory = '1gb'\n", "partial-vm"),
    ("E24 memory in two units", "[[vm]]\nsize = 'shared-cpu-1x'\nmemory = '1gb'\nmemory_mb = 512\n", "shadowed-key"),
    ("a GPU", "[[vm]]\ngpu_kind = 'l40s'\n", "retired-gpu"),
    ("swap of a machine", "[[vm]]\nsize = 'shared-cpu-1x'\nswap_size_mb = 512\n", "unknown-key"),
    ("a region that is no more", "primary_region = 'sea'\n", "unknown-region"),
    ("a region in words", "primary_region = 'Amsterdam'\n", "unknown-region"),
    ("a policy that does not exist", "[[restart]]\npolicy = 'sometimes'\n", "unknown-restart-policy"),
    ("a policy that is not said", "[[restart]]\nretries = 3\n", "unknown-restart-policy"),
    ("retries for ever", "[[restart]]\npolicy = 'always'\nretries = 3\n", "restart-retries-without-effect"),
    ("metrics without a port", "[metrics]\npath = '/metrics'\n", "incomplete-metrics"),
    ("a file without a place", "[[files]]\nraw_value = 'YQ=='\n", "ambiguous-file"),
    ("a file without content", "[[files]]\nguest_path = '/a'\n", "ambiguous-file"),
    (
        "a file with two contents",
        "[[files]]\nguest_path = '/a'\nraw_value = 'YQ=='\nsecret_name = 'A'\n",
        "ambiguous-file",
    ),
    ("statics without a prefix", "[[statics]]\nguest_path = '/app/public'\n", "incomplete-static"),
];

const VARIABLES_AND_BUILDS: &[Fault] = &[
    (
        "E25 a password in a URL",
        "[env]\nDATABASE_URL = 'postgres://shop:correct-horse@db.internal/shop'\n",
        "credential-in-file",
    ),
    ("E25 a secret by its name", "[env]\nSECRET_KEY_BASE = 'f00dfeedf00dfeedf00dfeed'\n", "credential-in-file"),
    ("E25 a token by its form", "[env]\nDEPLOY = 'ghp_0123456789abcdefghijABCDEFGHIJ012345'\n", "credential-in-file"),
    (
        "E25 a secret of the build",
        "[build.args]\nNPM_TOKEN = 'npm_0123456789abcdefghijABCDEFGHIJ012345'\n",
        "credential-in-file",
    ),
    ("a variable of Fly's own", "[env]\nFLY_REGION = 'iad'\n", "unusable-variable-name"),
    ("a variable that no program reads", "[env]\n'A B' = 'x'\n", "unusable-variable-name"),
    (
        "E17 a port that nothing forwards to",
        "[env]\nPORT = '3000'\n[http_service]\ninternal_port = 8080\n",
        "port-mismatch",
    ),
    ("E17 the same as a number", "[env]\nPORT = 3000\n[http_service]\ninternal_port = 8080\n", "port-mismatch"),
    (
        "a region that is overwritten",
        "primary_region = 'iad'\n[env]\nPRIMARY_REGION = 'ams'\n",
        "primary-region-in-env",
    ),
    (
        "E26 two ways to build",
        "[build]\nbuilder = 'heroku/builder:24'\ndockerfile = 'Dockerfile'\n",
        "several-build-sources",
    ),
    ("A15 an image without a tag", "[build]\nimage = 'redis'\n", "unpinned-image"),
    ("A15 the latest image", "[build]\nimage = 'redis:latest'\n", "unpinned-image"),
    ("an unknown compression", "[build]\ncompression = 'xz'\n", "unknown-compression"),
    ("a level over all levels", "[build]\ncompression_level = 12\n", "unknown-compression"),
];
