//! The top level, and the sections about the app as a whole.

use super::Kind::{AnyMap, Boolean, Duration, Float, Integer, NamedTables, Table, Tables, Text, TextList, TextMap};
use super::machines::{FILE, METRICS, MOUNT, RESTART, STATIC, VM};
use super::services::{HTTP_SERVICE, MACHINE_CHECK, SERVICE, TOP_LEVEL_CHECK};
use super::{Older, Section, key};

pub const ROOT: Section = Section {
    keys: &[
        key("app", Text, "The app's name. `--app` on the command line wins."),
        key("primary_region", Text, "The region of new machines, and `PRIMARY_REGION` in their environment."),
        key("kill_signal", Text, "The signal that asks a machine's process to stop.")
            .default("SIGINT")
            .values(SIGNALS)
            .keeps_zero(),
        key(
            "kill_timeout",
            Duration,
            "How long a process may take to stop before it is killed, at most 300s. A bare number is seconds.",
        )
        .default("5s")
        .older(Older::Seconds),
        key("swap_size_mb", Integer, "Swap space in MB, on top of memory. A machine with swap cannot be suspended.")
            .keeps_zero(),
        key("console_command", Text, "The command that `fly console` runs, split as a shell would."),
        key(
            "experimental",
            Table(&EXPERIMENTAL),
            "Overrides of the image's start, and settings without a better place.",
        ),
        key("build", Table(&BUILD), "Where the image comes from."),
        key("deploy", Table(&DEPLOY), "How a deploy replaces machines.").older(Older::NoneBelow),
        key("env", TextMap, "Environment variables of every machine, for all to read. Put secrets into `fly secrets`.")
            .older(Older::AnyValues),
        key(
            "processes",
            TextMap,
            "Process groups: a name and the command its machines run. An empty command is the image's own.",
        )
        .default("one group, `app`")
        .older(Older::CommandList),
        key("mounts", Tables(&MOUNT), "A volume for each machine of the groups.")
            .aliases(&["mount"])
            .older(Older::SingleTable),
        key("http_service", Table(&HTTP_SERVICE), "One HTTP service on the public ports 80 and 443.")
            .older(Older::NoneBelow),
        key("services", Tables(&SERVICE), "A service that the proxy routes to: any protocol, any ports.")
            .older(Older::SingleService),
        key(
            "checks",
            NamedTables(&TOP_LEVEL_CHECK),
            "Health checks that are not tied to a service: they do not steer the proxy.",
        )
        .older(Older::NamedList),
        key("files", Tables(&FILE), "Files written into each machine before it starts."),
        key("host_dedication_id", Text, "The dedicated host that machines run on."),
        key("machine_config", Text, "A Machine config that all else is laid over: JSON, or the path of a JSON file."),
        key("container", Text, "Which container of the Machine config gets the deployed image.")
            .default("`app`, else the first"),
        key("machine_checks", Tables(&MACHINE_CHECK), "Commands run on a throw-away machine against a new one."),
        key("restart", Tables(&RESTART), "What happens when a machine's process exits."),
        key("vm", Tables(&VM), "The size of the machines. Without one, machines keep the size they have.")
            .aliases(&["compute", "computes"])
            .older(Older::SingleTable),
        key(
            "statics",
            Tables(&STATIC),
            "Paths that the proxy serves from the image or a bucket, without asking the app. At most 10.",
        ),
        key("metrics", Tables(&METRICS), "Where Prometheus metrics are scraped.")
            .aliases(&["metric"])
            .older(Older::SingleTable),
    ],
    source: "https://fly.io/docs/reference/configuration/",
};

pub(super) const SIGNALS: &[&str] =
    &["SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGSTOP"];

const EXPERIMENTAL: Section = Section {
    keys: &[
        key("cmd", TextList, "Replaces the image's command, unless the process group has one.").older(Older::OneText),
        key("entrypoint", TextList, "Replaces the image's entrypoint.").older(Older::OneText),
        key("exec", TextList, "Replaces entrypoint and command both.").older(Older::OneText),
        key("auto_rollback", Boolean, "Read by no current deploy.").deprecated("remove it"),
        key("enable_consul", Boolean, "Asks for a Consul cluster; read by no current deploy."),
        key("enable_etcd", Boolean, "Asks for an etcd cluster; read by no current deploy."),
        key("lazy_load_images", Boolean, "A feature that was taken back.").deprecated("remove it"),
        key("attached", Table(&ATTACHED), "What `fly launch` attached to the app.").written_when_unset(),
        key("machine_config", Text, "As `machine_config` at the top, and stronger."),
    ],
    source: "https://fly.io/docs/reference/configuration/#the-experimental-section",
};

const ATTACHED: Section = Section {
    keys: &[key("secrets", Table(&ATTACHED_SECRETS), "Secrets of attached services.").written_when_unset()],
    source: "https://fly.io/docs/reference/configuration/#the-experimental-section",
};

const ATTACHED_SECRETS: Section = Section {
    keys: &[key("export", TextMap, "Secret names as the attached service knows them, and as the app does.")],
    source: "https://fly.io/docs/reference/configuration/#the-experimental-section",
};

const BUILD: Section = Section {
    keys: &[
        key("builder", Text, "The image of a Cloud Native Buildpacks builder."),
        key("args", TextMap, "Build arguments, not for secrets. Those on the command line win."),
        key("buildpacks", TextList, "Buildpacks that the builder uses, in order."),
        key("image", Text, "An image to deploy instead of building one."),
        key("settings", AnyMap, "Settings of the `builtin` builder."),
        key("builtin", Text, "A ready-made Dockerfile by name.").deprecated("a Dockerfile"),
        key("dockerfile", Text, "Path or URL of the Dockerfile.").default("Dockerfile"),
        key("ignorefile", Text, "Path of the file that lists what is not sent to the builder.")
            .default(".dockerignore"),
        key("build-target", Text, "The stage of the Dockerfile to build.").aliases(&["build_target"]),
        key("compose", Table(&COMPOSE), "Run the containers of a Docker Compose file in each machine."),
        key("compression", Text, "How image layers are compressed.").default("gzip").values(&["gzip", "zstd"]),
        key("compression_level", Integer, "How hard to compress, from 0 to 9.").default("7").keeps_zero(),
    ],
    source: "https://fly.io/docs/reference/configuration/#the-build-section",
};

const COMPOSE: Section = Section {
    keys: &[key("file", Text, "Path of the Compose file.")
        .default("the first of compose.yaml, compose.yml, docker-compose.yaml, docker-compose.yml")],
    source: "https://fly.io/docs/machines/guides-examples/multi-container-machines/",
};

const DEPLOY: Section = Section {
    keys: &[
        key("strategy", Text, "How old machines give way to new ones.").default("rolling").values(&[
            "rolling",
            "immediate",
            "canary",
            "bluegreen",
        ]),
        key(
            "max_unavailable",
            Float,
            "How many machines a rolling deploy updates at once: a count from 1 up, a share below.",
        )
        .default("0.33")
        .keeps_zero(),
        key(
            "wait_timeout",
            Duration,
            "How long to wait for a machine to start and become healthy. A bare number is nanoseconds.",
        )
        .default("5m"),
        key("release_command", Text, "A command run once, on a machine of its own, before any machine is replaced."),
        key("release_command_timeout", Duration, "How long the release command may run. A bare number is nanoseconds.")
            .default("5m"),
        key("release_command_vm", Table(&VM), "The size of the machine that runs the release command."),
        key("seed_command", Text, "A command that only `fly launch` runs, once."),
    ],
    source: "https://fly.io/docs/reference/configuration/#the-deploy-section",
};
