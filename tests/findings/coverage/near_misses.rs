//! What looks like a fault and is none, and the reverse: each file on the other side of the line
//! that a rule draws.

use super::Fault;

pub(super) const NEAR_MISSES: &[Fault] = &[
    ("no strategy at all", "[deploy]\nstrategy = ''\n", ""),
    ("an empty service list", "services = []\n", ""),
    ("an empty service", "[services]\n", ""),
    (
        "machines start unless the file forbids it",
        "[http_service]\ninternal_port = 8080\nauto_stop_machines = 'stop'\n",
        "",
    ),
    (
        "machines that are started by hand alone",
        "[http_service]\ninternal_port = 8080\nauto_start_machines = false\n",
        "",
    ),
    (
        "one group stops, another does not",
        "[processes]\na = ''\nb = ''\n[http_service]\ninternal_port = 8080\nprocesses = ['a']\nauto_stop_machines = 'stop'\n\
         [[services]]\ninternal_port = 9000\nprocesses = ['b']\n[[services.ports]]\nport = 9000\n",
        "",
    ),
    (
        "one service of two groups",
        "[processes]\na = ''\nb = ''\n[http_service]\ninternal_port = 8080\nprocesses = ['a', 'b']\n",
        "",
    ),
    (
        "one public port for TCP and for UDP",
        "[[services]]\nprotocol = 'tcp'\ninternal_port = 53\n[[services.ports]]\nport = 53\n\
         [[services]]\nprotocol = 'udp'\ninternal_port = 53\n[[services.ports]]\nport = 53\n",
        "",
    ),
    (
        "ranges side by side",
        "[[services]]\ninternal_port = 1\nports = [{ start_port = 5000, end_port = 5009 }, { start_port = 5010, end_port = 5019 }]\n",
        "",
    ),
    (
        "UDP on a range",
        "[[services]]\nprotocol = 'udp'\ninternal_port = 5000\n[[services.ports]]\nstart_port = 5000\nend_port = 5009\n",
        "",
    ),
    (
        "UDP whose machines are stopped for HTTP",
        "[http_service]\ninternal_port = 8080\nauto_stop_machines = 'stop'\n\
         [[services]]\nprotocol = 'udp'\ninternal_port = 53\n[[services.ports]]\nport = 53\n",
        "autostop-overruled",
    ),
    (
        "the app ends TLS itself",
        "[[services]]\ninternal_port = 8443\n[[services.ports]]\nport = 443\n\
         [[services]]\ninternal_port = 8080\n[[services.ports]]\nport = 80\nhandlers = ['http']\nforce_https = true\n",
        "",
    ),
    (
        "443 as a range of one",
        "[[services]]\ninternal_port = 8080\n[[services.ports]]\nstart_port = 443\nend_port = 443\nhandlers = ['http']\n",
        "port-443-without-tls",
    ),
    (
        "HTTPS not forced",
        "[[services]]\ninternal_port = 8080\n[[services.ports]]\nport = 5000\nforce_https = false\n",
        "",
    ),
    (
        "the hard limit is the soft one",
        "[http_service]\ninternal_port = 8080\n[http_service.concurrency]\nsoft_limit = 20\nhard_limit = 20\n",
        "",
    ),
    (
        "a hard limit on the default of the soft one",
        "[http_service]\ninternal_port = 8080\n[http_service.concurrency]\nhard_limit = 20\n",
        "",
    ),
    (
        "no limit",
        "[http_service]\ninternal_port = 8080\n[http_service.concurrency]\nsoft_limit = 20\nhard_limit = 0\n",
        "",
    ),
    (
        "durations on the bounds",
        "[http_service]\ninternal_port = 8080\n[[http_service.checks]]\npath = '/up'\ninterval = '1m'\ntimeout = '1s'\ngrace_period = '60s'\n",
        "",
    ),
    (
        "no grace, and it is said",
        "[http_service]\ninternal_port = 8080\n[[http_service.checks]]\npath = '/up'\ngrace_period = '0s'\n",
        "check-without-grace-period",
    ),
    (
        "no interval, and it is said",
        "[http_service]\ninternal_port = 8080\n[[http_service.checks]]\npath = '/up'\ninterval = '0s'\ngrace_period = '5s'\n",
        "check-duration-out-of-range",
    ),
    (
        "a top-level check on the bounds",
        "[checks.up]\ntype = 'tcp'\nport = 8080\ninterval = '2s'\ntimeout = '60s'\ngrace_period = '5s'\n",
        "check-timeout-over-interval",
    ),
    ("a top-level grace of five minutes", "[checks.up]\ntype = 'tcp'\nport = 8080\ngrace_period = '5m'\n", ""),
    (
        "a top-level check that takes the service's port",
        "[http_service]\ninternal_port = 8080\n[[http_service.checks]]\npath = '/up'\ngrace_period = '5s'\n\
         [checks.deep]\ntype = 'http'\npath = '/deep'\ngrace_period = '5s'\n",
        "",
    ),
    (
        "a method in small letters, a header in capitals",
        "[http_service]\ninternal_port = 8080\nforce_https = true\n[[http_service.checks]]\nmethod = 'get'\npath = '/up'\ngrace_period = '5s'\n\
         [http_service.checks.headers]\nX-FORWARDED-PROTO = 'https'\n",
        "",
    ),
    (
        "TLS options that are off",
        "[http_service]\ninternal_port = 8080\n[[http_service.checks]]\npath = '/up'\ngrace_period = '5s'\ntls_skip_verify = false\n",
        "",
    ),
    (
        "blue-green beside a volume of a group that is not there",
        "[deploy]\nstrategy = 'bluegreen'\n[checks.up]\ntype = 'tcp'\nport = 8080\ngrace_period = '5s'\n\
         [[mounts]]\nsource = 'data'\ndestination = '/data'\nprocesses = ['gone']\n",
        "unknown-process-group",
    ),
    (
        "canary beside a volume of a group that is not there: flyctl does not look",
        "[deploy]\nstrategy = 'canary'\n[[mounts]]\nsource = 'data'\ndestination = '/data'\nprocesses = ['gone']\n",
        "canary-with-volume unknown-process-group",
    ),
    (
        "blue-green with a worker that nothing can ask",
        "[deploy]\nstrategy = 'bluegreen'\n[processes]\nweb = ''\nworker = ''\n[http_service]\ninternal_port = 8080\nprocesses = ['web']\n\
         [[http_service.checks]]\npath = '/up'\ngrace_period = '5s'\n",
        "",
    ),
    ("a deploy that does not wait", "[deploy]\nwait_timeout = '0s'\n", "deploy-timeout-too-short"),
    ("a deploy that does not wait, as a number", "[deploy]\nwait_timeout = 0\n", "deploy-timeout-too-short"),
    ("a deploy that waits as a text without a unit", "[deploy]\nwait_timeout = '300'\n", "wrong-type"),
    ("seconds, where a number is seconds", "kill_timeout = 300\n", ""),
    ("all but one may be down", "[deploy]\nmax_unavailable = 1\n", ""),
    ("nearly all may be down", "[deploy]\nmax_unavailable = 0.99\n", ""),
    ("a signal that is not set", "kill_signal = ''\n", ""),
    (
        "a size for all and one for a group",
        "[processes]\na = ''\nb = ''\n[[vm]]\nsize = 'shared-cpu-1x'\n[[vm]]\nsize = 'shared-cpu-2x'\nprocesses = ['b']\n",
        "",
    ),
    ("half a CPU's memory", "[[vm]]\nsize = 'shared-cpu-2x'\nmemory = '512mb'\n", ""),
    ("all of its memory", "[[vm]]\nsize = 'shared-cpu-8x'\nmemory = '16gb'\n", ""),
    (
        "as much as can be suspended",
        "[http_service]\ninternal_port = 8080\nauto_stop_machines = 'suspend'\n[[vm]]\nsize = 'performance-1x'\n",
        "",
    ),
    ("no swap", "swap_size_mb = 0\n[http_service]\ninternal_port = 8080\nauto_stop_machines = 'suspend'\n", ""),
    (
        "one volume each",
        "[processes]\na = ''\nb = ''\n[[mounts]]\nsource = 'a'\ndestination = '/data'\nprocesses = ['a']\n[[mounts]]\nsource = 'b'\ndestination = '/data'\nprocesses = ['b']\n",
        "",
    ),
    (
        "a volume on the bounds",
        "[[mounts]]\nsource = 'data'\ndestination = '/data'\ninitial_size = 1\nsnapshot_retention = 60\n",
        "",
    ),
    (
        "a restart policy and its group",
        "[processes]\na = ''\nb = ''\n[[restart]]\npolicy = 'on-failure'\nretries = 3\nprocesses = ['a']\n",
        "",
    ),
    (
        "a port that checks agree on",
        "[env]\nPORT = '3000'\n[http_service]\ninternal_port = 8080\n[[services]]\ninternal_port = 3000\n[[services.ports]]\nport = 3000\n",
        "",
    ),
    ("a port that is none", "[env]\nPORT = '$PORT'\n[http_service]\ninternal_port = 8080\n", ""),
    ("a variable that begins alike", "[env]\nFLYWAY_URL = 'jdbc:postgresql://db.internal/shop'\n", ""),
    (
        "a database that is not protected",
        "[env]\nDATABASE_URL = 'postgres://postgres:postgres@localhost:5432/shop'\n",
        "",
    ),
    ("a key for building alone", "[build.args]\nSECRET_KEY_BASE = 'dummy-value'\n", ""),
    (
        "an address with a name and no password",
        "[env]\nSENTRY_DSN = 'https://0123456789abcdef@o1.ingest.sentry.io/1'\n",
        "",
    ),
    (
        "an image by its content",
        "[build]\nimage = 'redis@sha256:0000000000000000000000000000000000000000000000000000000000000000'\n",
        "",
    ),
    ("a builder and its packs", "[build]\nbuilder = 'heroku/builder:24'\nbuildpacks = ['heroku/go']\n", ""),
    ("a Dockerfile and a stage of it", "[build]\ndockerfile = 'Dockerfile'\nbuild-target = 'release'\n", ""),
];
