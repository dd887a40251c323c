//! Faults of services and of their checks.

use super::Fault;

pub(super) const CHECKS: &[Fault] = &[
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

pub(super) const SERVICES: &[Fault] = &[
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
