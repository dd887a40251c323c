//! Faults of shape: what is no config, or not what is meant.

use super::Fault;

pub(super) const SHAPE: &[Fault] = &[
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

pub(super) const SHAPE_IN_JSON: &[Fault] = &[
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

pub(super) const SHAPE_IN_YAML: &[Fault] = &[
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
