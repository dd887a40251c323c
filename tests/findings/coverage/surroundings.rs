//! Faults that show only beside machines that exist, or beside other files.

const BLUEGREEN: &str = "[deploy]\nstrategy = 'bluegreen'\n[processes]\nweb = ''\ncron = ''\n\
     [checks.up]\ntype = 'tcp'\nport = 8080\ngrace_period = '5s'\nprocesses = ['web', 'cron']\n";

pub(super) const FLEETS: &[(&str, &str, &[&str], &str)] = &[
    ("nothing wrong", BLUEGREEN, &["a web iad v1 started checked", "b cron ams v1 stopped checked"], ""),
    ("the first deploy", BLUEGREEN, &[], ""),
    (
        "A4 two images in a group",
        BLUEGREEN,
        &["a web iad v1 started checked", "b web iad v2 started checked", "c cron iad v2 started checked"],
        "mixed-images",
    ),
    (
        "A14 an image for each group",
        BLUEGREEN,
        &["a web iad v1 started checked", "b cron iad v2 started checked"],
        "mixed-images",
    ),
    (
        "A14 the same, and the strategy does not care",
        "[processes]\nweb = ''\ncron = ''\n",
        &["a web iad v1 started", "b cron iad v2 started"],
        "",
    ),
    (
        "A1 machines that no deploy manages, and no others",
        BLUEGREEN,
        &["a web iad v1 started checked unmanaged", "b - iad v1 started checked unmanaged"],
        "unmanaged-machine",
    ),
    (
        "D14 a machine that no deploy manages beside others",
        BLUEGREEN,
        &["a web iad v1 started checked", "b web iad v1 started unmanaged", "c cron iad v1 started checked"],
        "unmanaged-machine",
    ),
    (
        "D3 a group that was renamed",
        "[processes]\nworker = ''\n",
        &["a web iad v1 started"],
        "group-without-machines removed-process-group",
    ),
    (
        "D6 a group that was scaled to zero",
        "[processes]\nweb = ''\ncron = ''\n",
        &["a web iad v1 started"],
        "group-without-machines",
    ),
    ("D13 a machine without a group is of the default one", "[processes]\napp = ''\n", &["a - iad v1 started"], ""),
    (
        "A18 a leftover of a release command is of no group",
        "",
        &["a app iad v1 started", "b fly_app_release_command iad v0 stopped"],
        "",
    ),
    ("A17 a console is of no group", "", &["a app iad v1 started", "b fly_app_console iad v0 stopped"], ""),
    (
        "machines that are no more",
        "",
        &["a app iad v1 started", "b app iad v0 destroyed", "c gone iad v0 destroyed"],
        "",
    ),
    (
        "D1 a deploy of the only machine",
        "[http_service]\ninternal_port = 8080\n",
        &["a app iad v1 started"],
        "deploy-with-one-machine",
    ),
    (
        "D1 a canary of the only machine",
        "[deploy]\nstrategy = 'canary'\n[http_service]\ninternal_port = 8080\n",
        &["a app iad v1 started"],
        "deploy-with-one-machine",
    ),
    (
        "D11 a minimum over the machines of the region",
        "primary_region = 'iad'\n[http_service]\ninternal_port = 8080\nauto_stop_machines = 'stop'\nmin_machines_running = 2\n",
        &["a app iad v1 started", "b app ams v1 started"],
        "min-machines-over-fleet",
    ),
    (
        "D11 a minimum that nothing keeps",
        "primary_region = 'iad'\n[http_service]\ninternal_port = 8080\nmin_machines_running = 3\n",
        &["a app iad v1 started", "b app iad v1 started"],
        "min-machines-without-autostop",
    ),
    (
        "D24 machines without the volume",
        "[[mounts]]\nsource = 'data'\ndestination = '/data'\n",
        &["a app iad v1 started", "b app iad v1 started volume=data"],
        "volume-differs-from-fleet",
    ),
    (
        "D23 machines with a volume that the file does not mount",
        "",
        &["a app iad v1 started volume=data"],
        "volume-differs-from-fleet",
    ),
    (
        "D23 another volume",
        "[[mounts]]\nsource = 'data'\ndestination = '/data'\n",
        &["a app iad v1 started volume=pg_data"],
        "volume-differs-from-fleet",
    ),
    (
        "checks that are new",
        BLUEGREEN,
        &["a web iad v1 started", "b cron iad v1 started checked"],
        "checks-differ-from-fleet",
    ),
];

/// What is wrong, the file, what stands beside it, and the rules that say so.
type BesideFiles = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

pub(super) const FOLDERS: &[BesideFiles] = &[
    ("nothing is named", "", &[], ""),
    ("nothing wrong", "[build]\ndockerfile = 'Dockerfile'\n", &[("Dockerfile", "FROM scratch\n")], ""),
    (
        "a Dockerfile that is not there",
        "[build]\ndockerfile = 'Dockerfile.prod'\n",
        &[("Dockerfile", "FROM scratch\n")],
        "missing-file",
    ),
    ("a Dockerfile elsewhere", "[build]\ndockerfile = 'https://example.com/Dockerfile'\n", &[], ""),
    ("a Compose file that is not there", "[build.compose]\nfile = 'compose.prod.yml'\n", &[], "missing-file"),
    ("a Machine config that is not there", "machine_config = 'machine.json'\n", &[], "missing-file"),
    (
        "a file that is not there",
        "[[files]]\nguest_path = '/etc/a'\nlocal_path = 'a'\n",
        &[("Dockerfile", "")],
        "missing-file",
    ),
    (
        "a port that is not exposed",
        "[http_service]\ninternal_port = 8080\n",
        &[("Dockerfile", "FROM node:22\nEXPOSE 3000\n")],
        "port-not-exposed",
    ),
    (
        "a port that the app is told",
        "[env]\nHTTP_PORT = '8080'\n[http_service]\ninternal_port = 8080\n",
        &[("Dockerfile", "FROM ruby:3.4\nEXPOSE 80\n")],
        "",
    ),
    (
        "a port that the Dockerfile sets",
        "[http_service]\ninternal_port = 8080\n",
        &[("Dockerfile", "FROM node:22\nENV NODE_ENV=production PORT=8080\nEXPOSE 3000\n")],
        "",
    ),
];
