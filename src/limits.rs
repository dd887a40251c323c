//! Facts about the platform, each once: value, unit, where it is known from and when that was
//! checked. Knows nothing else.

use crate::units::Duration;

/// Deploy strategies. Source: flyctl `internal/appconfig/validation.go`, checked 2026-08-21.
pub const STRATEGIES: [&str; 4] = ["canary", "rolling", "immediate", "bluegreen"];

/// The shortest interval of a top-level check; flyctl refuses less. Source: as above.
pub const CHECK_INTERVAL_MIN: Duration = Duration::from_secs(2);

/// The longest timeout of a top-level check; flyctl refuses more. Source: as above.
pub const CHECK_TIMEOUT_MAX: Duration = Duration::from_secs(60);

/// The shortest and longest interval and timeout of a service's check; the platform raises and
/// lowers what is outside. Source: as above.
pub const SERVICE_CHECK_RANGE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How long a process may take to stop. Source: Fly's configuration reference, checked 2026-08-21.
pub const KILL_TIMEOUT_MAX: Duration = Duration::from_secs(300);

/// How long a process may take to stop when the file does not say. Source: as above.
pub const KILL_TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);

/// Days that a volume's snapshots are kept. Source: flyctl `internal/appconfig/validation.go`,
/// checked 2026-08-21.
pub const SNAPSHOT_RETENTION_DAYS: (i64, i64) = (1, 60);

/// From which use, in percent, a volume may be extended. Source: as above.
pub const AUTO_EXTEND_PERCENT: (i64, i64) = (50, 99);

/// By how many GB a volume may be extended at once. Source: as above.
pub const AUTO_EXTEND_INCREMENT_GB: (i64, i64) = (1, 100);

/// How many GB a volume may be extended to. Source: as above.
pub const AUTO_EXTEND_LIMIT_GB: (i64, i64) = (1, 500);

/// Levels of image compression. Source: flyctl `internal/flag/validation/compression.go`, checked
/// 2026-08-21.
pub const COMPRESSION_LEVELS: (i64, i64) = (0, 9);

/// Restart policies as fly.toml names them, and as the Machines API does. Source: flyctl
/// `internal/appconfig/machines.go`, checked 2026-08-21.
pub const RESTART_POLICIES: [(&str, &str); 3] = [("always", "always"), ("never", "no"), ("on-failure", "on-failure")];

/// How an image can be compressed. Source: flyctl `internal/flag/validation/compression.go`,
/// checked 2026-08-21.
pub const COMPRESSIONS: [&str; 2] = ["gzip", "zstd"];

/// How long a deploy waits for a machine to start, or for its checks to pass, when the file does
/// not say. Source: flyctl `internal/command/deploy/machines.go`, checked 2026-08-21.
pub const WAIT_TIMEOUT_DEFAULT: Duration = Duration::from_secs(300);

/// How long a release command may run when the file does not say. Source: as before.
pub const RELEASE_COMMAND_TIMEOUT_DEFAULT: Duration = Duration::from_secs(300);

/// Machines that can be made in one app: so many at once, then one a second. Source:
/// fly.io/docs/machines/api/working-with-machines-api, checked 2026-08-21.
pub const CREATES_AT_ONCE: u64 = 3;

/// Regions in which machines can be made. The list ages: Fly closed 17 of 35 regions in 2025.
/// Source: Fly's documentation `reference/regions`, checked 2026-08-07.
pub const REGIONS: [&str; 18] = [
    "ams", "arn", "bom", "cdg", "dfw", "ewr", "fra", "gru", "iad", "jnb", "lax", "lhr", "nrt", "ord", "sin", "sjc",
    "syd", "yyz",
];

/// Signals that the Machines API takes for stopping. SIGUSR2 is in its specification and refused
/// (flyctl#4721); SIGSTOP is documented and not in the specification. Source: Machines API
/// specification `fly.StopConfig`, checked 2026-08-20.
pub const STOP_SIGNALS: [&str; 6] = ["SIGHUP", "SIGINT", "SIGKILL", "SIGQUIT", "SIGTERM", "SIGUSR1"];

/// Groups that flyctl gives to machines of its own, and what they are for. Source: fly-go
/// `machine_types.go`, checked 2026-08-21.
pub const RESERVED_GROUPS: [(&str, &str); 3] = [
    ("fly_app_release_command", "a release command"),
    ("fly_app_test_machine_command", "a machine check"),
    ("fly_app_console", "a console"),
];

/// Variables that Fly and flyctl set on every machine. Source: superfly/docs
/// `machines/runtime-environment`; flyctl `internal/appconfig/machines.go`; checked 2026-08-21.
pub const RUNTIME_VARIABLES: [&str; 10] = [
    "FLY_APP_NAME",
    "FLY_MACHINE_ID",
    "FLY_ALLOC_ID",
    "FLY_REGION",
    "FLY_PUBLIC_IP",
    "FLY_IMAGE_REF",
    "FLY_MACHINE_VERSION",
    "FLY_PRIVATE_IP",
    "FLY_PROCESS_GROUP",
    "FLY_VM_MEMORY_MB",
];

/// Memory comes in steps of this many MB. Source: Fly's guide to machine sizing; flyctl#1806;
/// checked 2026-08-07.
pub const MEMORY_STEP_MB: i64 = 256;

/// The least and the most memory per CPU, in MB, by kind of CPU. Source: fly-go
/// `machine_types.go`; Fly's guide to machine sizing; checked 2026-08-21.
pub const MEMORY_PER_CPU_MB: [(&str, (i64, i64)); 2] = [("shared", (256, 2048)), ("performance", (2048, 8192))];

/// Characters of a volume's name at most; lower-case letters, digits and `_` alone. Source: what
/// the API answers to other names, in CurateLabs/graphforge#884 of 2026-08-22.
pub const VOLUME_NAME_MAX: usize = 30;

/// Characters of a label in a DNS name at most. Source: RFC 1035.
pub const DNS_LABEL_MAX: usize = 63;

/// `[[statics]]` of an app at most. Source: Fly's configuration reference, checked 2026-08-07.
pub const STATICS_MAX: usize = 10;

/// Ports that there are.
pub const PORTS: (i64, i64) = (1, 65_535);

/// What the proxy can do with a connection. Source: superfly/docs `networking/services`, checked
/// 2026-08-07.
pub const HANDLERS: [&str; 4] = ["http", "tls", "pg_tls", "proxy_proto"];

/// What a service speaks. Source: superfly/docs `machines/api/machines-resource`, checked
/// 2026-08-07.
pub const SERVICE_PROTOCOLS: [&str; 2] = ["tcp", "udp"];

/// What the proxy counts as load. Source: superfly/docs `reference/configuration`, checked
/// 2026-08-07.
pub const CONCURRENCY_TYPES: [&str; 2] = ["connections", "requests"];

/// From how much load on the proxy prefers other machines when the file does not say. Source: as
/// above.
pub const SOFT_LIMIT_DEFAULT: i64 = 20;

/// What an HTTP check speaks. Source: as above.
pub const CHECK_PROTOCOLS: [&str; 2] = ["http", "https"];

/// Methods of HTTP requests. Source: RFC 9110 and RFC 5789.
pub const HTTP_METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"];

/// Versions of TLS that the proxy speaks. Source: superfly/docs `reference/configuration`, checked
/// 2026-08-07.
pub const TLS_VERSIONS: [&str; 2] = ["TLSv1.2", "TLSv1.3"];

/// Versions of the PROXY protocol. Source: as above.
pub const PROXY_PROTOCOL_VERSIONS: [&str; 2] = ["v1", "v2"];

/// What tells the clients of a replay cache apart. Source: as above.
pub const REPLAY_CACHE_KINDS: [&str; 2] = ["cookie", "header"];

/// For how many seconds a replay is remembered at least. Source: as above.
pub const REPLAY_CACHE_TTL_MIN_SECONDS: i64 = 10;

/// Up to how much memory a machine can be suspended. Source: superfly/docs
/// `reference/suspend-resume`, checked 2026-08-07.
pub const SUSPEND_MEMORY_MAX_MB: i64 = 2_048;

/// Whether `number` is in a range whose both ends belong to it.
pub fn is_within((least, most): (i64, i64), number: i64) -> bool {
    (least..=most).contains(&number)
}
