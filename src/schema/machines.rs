//! What a machine is made of: size, volumes, files, metrics.

use super::Kind::{Boolean, Integer, PersistRootfs, Text, TextList};
use super::services::PROCESSES;
use super::{Older, Section, key};

pub(super) const VM: Section = Section {
    keys: &[
        key("size", Text, "A preset of CPUs and memory; the other keys change it.").default("shared-cpu-1x").values(&[
            "shared-cpu-1x",
            "shared-cpu-2x",
            "shared-cpu-4x",
            "shared-cpu-6x",
            "shared-cpu-8x",
            "performance-1x",
            "performance-2x",
            "performance-4x",
            "performance-6x",
            "performance-8x",
            "performance-10x",
            "performance-12x",
            "performance-14x",
            "performance-16x",
            "a100-40gb",
            "a100-80gb",
            "l40s",
            "a10",
        ]),
        key("memory", Text, "Memory with a unit (`\"1gb\"`), or a number of MB. `memory_mb` wins.")
            .older(Older::AnyAsText),
        key("cpu_kind", Text, "Shared or whole CPUs.").values(&["shared", "performance"]),
        key("cpus", Integer, "How many CPUs."),
        key("memory_mb", Integer, "Memory in MB."),
        key("max_memory_mb", Integer, "How far memory may grow, in MB."),
        key("gpus", Integer, "How many GPUs."),
        key("gpu_kind", Text, "The kind of GPU; with it the preset is `performance-8x` unless `size` says otherwise.")
            .values(&["a100-pcie-40gb", "a100-sxm4-80gb", "l40s", "a10"]),
        key("host_dedication_id", Text, "The dedicated host that the machines run on."),
        key("persist_rootfs", PersistRootfs, "When changes to the root file system outlive the machine's process.")
            .default("never")
            .values(&["never", "restart", "always"]),
        key("kernel_args", TextList, "Arguments for the kernel."),
        PROCESSES.default("every group"),
    ],
    source: "https://fly.io/docs/reference/configuration/#the-vm-section",
};

pub(super) const MOUNT: Section = Section {
    keys: &[
        key("source", Text, "The name of the volumes; each machine takes one of its own."),
        key("destination", Text, "Where the volume appears in the machine; not `/`."),
        key("initial_size", Text, "The size of volumes made for the first deploy: `\"10gb\"`, or a number of GB.")
            .default("1gb")
            .older(Older::AnyAsText),
        key("snapshot_retention", Integer, "How many days a snapshot is kept, from 1 to 60.").default("5").keeps_zero(),
        key("scheduled_snapshots", Boolean, "Whether a snapshot is made every day.").default("true").keeps_zero(),
        key("auto_extend_size_threshold", Integer, "From which use, in percent from 50 to 99, a volume is extended."),
        key("auto_extend_size_increment", Text, "By how much it is extended: text, from `\"1GB\"` to `\"100GB\"`."),
        key("auto_extend_size_limit", Text, "How large it may become: text, from `\"1GB\"` to `\"500GB\"`."),
        PROCESSES,
    ],
    source: "https://fly.io/docs/reference/configuration/#the-mounts-section",
};

pub(super) const FILE: Section = Section {
    keys: &[
        key("guest_path", Text, "Where the file is written; an absolute path."),
        key("local_path", Text, "A file beside fly.toml with the content. The strongest of the three."),
        key("secret_name", Text, "A secret with the content in base64."),
        key("raw_value", Text, "The content."),
        PROCESSES,
    ],
    source: "https://fly.io/docs/reference/configuration/#the-files-section",
};

pub(super) const RESTART: Section = Section {
    keys: &[
        key("policy", Text, "When a machine starts again by itself; required.").values(&[
            "always",
            "never",
            "on-failure",
        ]),
        key("retries", Integer, "How often, with `on-failure`."),
        PROCESSES,
    ],
    source: "https://fly.io/docs/reference/configuration/#the-restart-section",
};

pub(super) const STATIC: Section = Section {
    keys: &[
        key("guest_path", Text, "The directory in the image, or in the bucket."),
        key("url_prefix", Text, "The path that it is served under."),
        key("tigris_bucket", Text, "The Tigris bucket to serve from.").written_when_unset(),
        key("index_document", Text, "The file that stands for a directory; for buckets."),
    ],
    source: "https://fly.io/docs/reference/configuration/#the-statics-sections",
};

pub(super) const METRICS: Section = Section {
    keys: &[
        key("port", Integer, "The port that answers with metrics."),
        key("path", Text, "The path that answers with metrics."),
        key("https", Boolean, "Scrape over HTTPS.").default("false"),
        PROCESSES,
    ],
    source: "https://fly.io/docs/reference/configuration/#the-metrics-section",
};
