//! What is found in files with several faults, as people read it: the branches of rules that their
//! examples do not show.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use cutover::diagnostic::Flyctl;
use cutover::lint::{self, Input, Settings};
use cutover::rules::Given;
use cutover::{fleet, span};

/// `line:column severity[rule] message`, a line each; `!` where a deploy fails.
fn findings(text: &str, given: Given) -> String {
    let fleet = given.fleet.map(|list| fleet::parse(list).unwrap());
    let files: Option<BTreeMap<String, String>> =
        given.files.map(|files| files.iter().map(|(path, content)| ((*path).into(), (*content).into())).collect());
    let index = span::LineIndex::new(text);
    let mut out = String::new();
    let input = Input { fleet: fleet.as_ref(), files: files.as_ref(), ..Input::new("fly.toml", text) };
    for found in lint::check(&input, &Settings::pedantic()).diagnostics {
        let at = index.position(text, found.span.start);
        let severity = format!("{:?}", found.severity).to_lowercase();
        let fails = if found.flyctl == Flyctl::FailsDeploy { "!" } else { "" };
        writeln!(out, "{}:{} {severity}{fails}[{}] {}", at.line, at.column, found.rule, found.message).unwrap();
    }
    out
}

#[test]
fn process_groups_that_do_not_do_what_they_seem_to() {
    let text = r#"app = "shop"

[processes]
web = "serve"
cron = "tick"
fly_app_console = "repl"

[[mounts]]
source = "data"
destination = "/data"

[[restart]]
policy = "never"
processes = ["web"]

[[restart]]
policy = "always"
processes = ["web", "cron"]

[[metrics]]
path = "/metrics"
processes = ["webb"]

[[files]]
guest_path = "/etc/a"
raw_value = "a"
processes = ["worker"]
"#;
    insta::assert_snapshot!(findings(text, Given::NOTHING), @r#"
    6:1 warning[unusable-group-name] flyctl takes machines of a group `fly_app_console` for those of a console
    8:1 warning[alphabetical-default-group] this `[[mounts]]` is for group `cron` alone: no group is called `app`, and `cron` comes first in the alphabet
    12:1 warning[shadowed-section] for group `web` another `[[restart]]` counts, and flyctl drops this one
    20:1 warning[incomplete-metrics] without a port no metrics are read
    22:14 warning[unknown-process-group] there is no process group `webb`
    27:14 warning[unknown-process-group] there is no process group `worker`
    "#);
}

#[test]
fn strategies_and_what_they_do_not_heed() {
    let text = r#"app = "shop"
kill_timeout = "6m"

[deploy]
strategy = "bluegreen"
max_unavailable = 0
wait_timeout = "20s"
release_command = "sqlite3 /data/shop.db .schema"
release_command_timeout = "1s"
seed_command = "seed"

[http_service]
internal_port = 8080

[[http_service.checks]]
grace_period = "2m"
interval = "5s"

[[mounts]]
source = "data"
destination = "/data"

[[machine_checks]]
command = ["true"]
kill_signal = "term"
"#;
    insta::assert_snapshot!(findings(text, Given::NOTHING), @r#"
    2:16 warning[bluegreen-with-long-kill-timeout] an old machine may take 6m0s to stop, and the deploy waits 20s for it
    2:16 warning[kill-timeout-too-long] Fly kills the app after 5m0s, not after 6m0s
    6:19 warning[max-unavailable-without-effect] a deploy with strategy `bluegreen` ignores `max_unavailable`
    7:16 warning[deploy-timeout-too-short] the deploy gives up after 20s, before a check can pass
    8:19 warning[release-command-with-volume] the release command runs on a machine without `/data`
    9:27 warning[deploy-timeout-too-short] the deploy gives up on the release command after 1s
    10:16 hint[unused-seed-command] `fly deploy` never runs this: it is for `fly launch`
    16:16 warning[check-duration-out-of-range] Fly uses 60s: 2m0s is lowered
    19:1 error![bluegreen-with-volume] a blue-green deploy cannot move this volume to the new machine, and fails
    23:1 warning[bluegreen-with-machine-check] a blue-green deploy never runs this machine check
    25:15 warning![unsupported-kill-signal] Fly does not take `term` for stopping a machine
    "#);
}

#[test]
fn a_rolling_deploy_of_none_at_a_time() {
    let text = r#"app = "shop"

[deploy]
max_unavailable = -1
"#;
    insta::assert_snapshot!(findings(text, Given::NOTHING), @r#"
    4:19 error![max-unavailable-out-of-range] `max_unavailable` has to be above zero: flyctl crashes in the middle of the deploy
    "#);
}

#[test]
fn volumes_that_cannot_be() {
    let text = r#"app = "shop"

[[mounts]]
source = "Shop-Data"
destination = "/"
auto_extend_size_threshold = 80
auto_extend_size_increment = "5GB"

[[mounts]]
destination = "data"
auto_extend_size_threshold = 80
auto_extend_size_increment = "5GB"
auto_extend_size_limit = "5GB"

[[mounts]]
source = "third"
"#;
    insta::assert_snapshot!(findings(text, Given::NOTHING), @r#"
    4:10 warning![invalid-volume-name] no volume can be called `Shop-Data`
    5:15 error![unusable-mount] the root file system is at `/`: no volume can be mounted there
    6:30 warning[volume-that-cannot-grow] the volume does not grow without `auto_extend_size_limit`
    9:1 error![second-mount-in-group] group `app` has a volume already, and a machine has only one
    9:1 error![unusable-mount] this mount names no volume: no machine can be made with it
    10:15 error![unusable-mount] `data` is not an absolute path
    13:26 warning[volume-that-cannot-grow] a volume of 1GB never grows: 5GB more is over 5GB
    15:1 error![second-mount-in-group] group `app` has a volume already, and a machine has only one
    15:1 error![unusable-mount] this mount does not say where the volume goes
    "#);
}

#[test]
fn sizes_that_fly_does_not_make() {
    let text = r#"app = "shop"
primary_region = "IAD"
kill_signal = "SIGSTOP"

[deploy]
release_command = "migrate"

[deploy.release_command_vm]
size = "performance-2x"
memory = "2gb"

[[vm]]
cpu_kind = "fast"
cpus = 1
memory_mb = 512

[[vm]]
cpus = 3
memory = "1gb"

[[vm]]
cpus = 2
memory_mb = 300

[[vm]]
cpus = 1
memory = "512mb"
memory_mb = 8192

[[vm]]
gpu_kind = "l40s"

[[vm]]
persist_rootfs = "always"
"#;
    insta::assert_snapshot!(findings(text, Given::NOTHING), @r#"
    2:18 hint[unknown-region] `IAD` is not a region: they have three lower-case letters
    3:15 warning![unsupported-kill-signal] Fly does not take `SIGSTOP` for stopping a machine
    10:10 error![machine-size-out-of-range] 2 performance CPUs have at least 4096 MB of memory, not 2048
    13:12 error![machine-size-out-of-range] there are no CPUs of kind `fast`
    17:1 warning[shadowed-section] for every group another `[[vm]]` counts, and flyctl drops this one
    18:8 warning![machine-size-out-of-range] Fly does not offer 3 shared CPUs
    21:1 warning[shadowed-section] for every group another `[[vm]]` counts, and flyctl drops this one
    23:13 error![machine-size-out-of-range] 300 MB is not a multiple of 256 MB: Fly refuses the machine
    25:1 warning[shadowed-section] for every group another `[[vm]]` counts, and flyctl drops this one
    27:10 warning[shadowed-key] `memory_mb` wins: machines get 8192 MB, whatever this says
    28:13 error![machine-size-out-of-range] 1 shared CPU has at most 2048 MB of memory, not 8192
    30:1 warning[shadowed-section] for every group another `[[vm]]` counts, and flyctl drops this one
    31:12 warning![retired-gpu] Fly has had no GPUs since August 2026
    33:1 hint[partial-vm] this also sets 1 shared CPU and 256 MB of memory, whatever `fly scale` says
    33:1 warning[shadowed-section] for every group another `[[vm]]` counts, and flyctl drops this one
    "#);
}

#[test]
fn variables_and_secrets_without_their_values() {
    let text = r#"app = "shop"
primary_region = "iad"

[build]
image = "shop:latest"
buildpacks = ["node"]

[build.args]
NPM_TOKEN = "npm_0123456789abcdefghij0123456789"

[env]
"A B" = "1"
FLY_TRACE = "on"
PORT = "9000"
PRIMARY_REGION = "ams"
SMTP_PASSWORD = "correct-horse"
DATABASE_URL = "postgres://shop:correct-horse@db/shop"

[http_service]
internal_port = 8080

[[files]]
guest_path = "etc/key"
raw_value = "-----BEGIN PRIVATE KEY-----"
secret_name = "KEY"

[[files]]
local_path = ""
guest_path = "/etc/old"

[[files]]
guest_path = "/etc/none"

[[statics]]
guest_path = "/public"
url_prefix = "/public"
index_document = "index.html"

[[statics]]
guest_path = "/other"
url_prefix = "/public"
"#;
    insta::assert_snapshot!(findings(text, Given::NOTHING), @r#"
    5:9 hint[unpinned-image] `latest` is another image from day to day
    6:15 warning[several-build-sources] `[build]` names a buildpacks builder and the image: flyctl uses one of them
    9:1 warning[credential-in-file] the build argument `NPM_TOKEN` holds an npm token, which stays in the image
    12:1 warning[unusable-variable-name] no program can read a variable with this name
    13:1 hint[unusable-variable-name] `FLY_TRACE`: names that begin with `FLY_` are reserved
    14:8 hint[port-mismatch] the app is told to listen on 9000, and no service forwards there
    15:1 warning[primary-region-in-env] the machines see `PRIMARY_REGION=iad` from `primary_region`, whatever this says
    16:1 warning[credential-in-file] `SMTP_PASSWORD` holds what its name calls a password, for everybody who reads the file
    17:1 warning[credential-in-file] `DATABASE_URL` holds a URL with a password, for everybody who reads the file
    23:14 error![ambiguous-file] `etc/key` is not an absolute path
    24:13 warning[credential-in-file] the content of this file looks like a credential
    24:13 warning[ambiguous-file] `secret_name` counts, and `raw_value` does not
    31:1 warning![ambiguous-file] this file has no content
    37:18 warning[incomplete-static] an index document works for a Tigris bucket alone
    41:14 warning[incomplete-static] `/public` is mapped already: only one is used
    "#);
}

#[test]
fn files_that_are_not_there() {
    let text = r#"app = "shop"
machine_config = "machine.json"

[build]
dockerfile = "docker/Dockerfile"
build-target = "web"

[[files]]
guest_path = "/etc/shop.conf"
local_path = "shop.conf"

[http_service]
internal_port = 8080
"#;
    insta::assert_snapshot!(findings(text, Given::files(&[("docker/Dockerfile", "FROM scratch AS web\nEXPOSE 80 443\nFROM web\nEXPOSE 8080\n")])), @r#"
    2:18 error![missing-file] there is no file `machine.json` beside this one
    10:14 warning![missing-file] there is no file `shop.conf` beside this one
    13:17 hint[port-not-exposed] `docker/Dockerfile` exposes 80, 443, and not 8080
    "#);
}

#[test]
fn a_fleet_that_deploys_do_not_manage() {
    let text = r#"app = "shop"
primary_region = "iad"

[deploy]
strategy = "bluegreen"

[processes]
web = "serve"

[http_service]
internal_port = 8080
auto_stop_machines = "stop"
auto_start_machines = true
min_machines_running = 2
processes = ["web"]

[[http_service.checks]]
path = "/health"
interval = "15s"
timeout = "2s"
grace_period = "10s"
"#;
    insta::assert_snapshot!(findings(text, Given::fleet(FOREIGN)), @r#"
    8:1 error![unmanaged-machine] a1 is in group `web`, and deploys do not manage it
    8:1 error![unmanaged-machine] a2 is in group `web`, and deploys do not manage it
    "#);
}

#[test]
fn a_fleet_that_is_not_the_files() {
    let text = r#"app = "shop"
primary_region = "iad"

[deploy]
strategy = "bluegreen"

[processes]
web = "serve"

[http_service]
internal_port = 8080
auto_stop_machines = "stop"
auto_start_machines = true
min_machines_running = 2
processes = ["web"]

[[http_service.checks]]
path = "/health"
interval = "15s"
timeout = "2s"
grace_period = "10s"
"#;
    insta::assert_snapshot!(findings(text, Given::fleet(MIXED)), @r#"
    7:1 warning[removed-process-group] there is no group `cron` here: a deploy first of all destroys a3
    8:1 hint[checks-differ-from-fleet] group `web` has other health checks on a1, a2
    8:1 error![mixed-images] group `web` runs 2 images: shop:v1 on a1; shop:v2 on a2
    8:1 warning![volume-differs-from-fleet] a2 has a volume, and the file mounts none: flyctl asks, and fails in CI
    14:24 warning[min-machines-over-fleet] of group `web` only 1 can be running: `iad` has no more
    "#);
}

const FOREIGN: &str = r#"[
  {"id": "a1", "state": "started", "region": "iad", "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_process_group": "web"}}},
  {"id": "a2", "state": "stopped", "region": "iad", "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {}, "mounts": [{"name": "data"}]}},
  {"id": "a3", "state": "stopped", "region": "iad", "image_ref": {"repository": "shop", "tag": "v0"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "fly_app_release_command"}}},
  {"id": "a4", "state": "destroyed", "region": "iad", "image_ref": {"repository": "shop", "tag": "v0"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "web"}}}
]"#;

const MIXED: &str = r#"[
  {"id": "a1", "state": "started", "region": "iad", "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "web"}}},
  {"id": "a2", "state": "stopped", "region": "ams", "image_ref": {"repository": "shop", "tag": "v2"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "web"}, "mounts": [{"name": "data"}]}},
  {"id": "a3", "state": "started", "region": "iad", "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "cron"}}}
]"#;
