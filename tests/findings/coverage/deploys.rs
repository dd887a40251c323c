//! Faults of process groups, deploys and machines.

use super::Fault;

pub(super) const GROUPS: &[Fault] = &[
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

pub(super) const DEPLOY: &[Fault] = &[
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

pub(super) const VOLUMES: &[Fault] = &[
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

pub(super) const MACHINES: &[Fault] = &[
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

pub(super) const VARIABLES_AND_BUILDS: &[Fault] = &[
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
