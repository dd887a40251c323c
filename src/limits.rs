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

/// Whether `number` is in a range whose both ends belong to it.
pub fn is_within((least, most): (i64, i64), number: i64) -> bool {
    (least..=most).contains(&number)
}
