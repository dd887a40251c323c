//! Every key of a policy once: what it takes, what it means, what it sets. Flags, `[policy]` of
//! cutover.toml and the documentation are made from this table.

use super::value::Field::{self, Choice, Command, Count, CountIf, Duration, DurationIf, Floor, Names, Switch, Url};

/// One thing that a policy can say.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// In cutover.toml; as a flag, behind two dashes.
    pub name: &'static str,
    pub(super) field: Field,
    /// One or two sentences, without the last full stop.
    pub doc: &'static str,
    /// What holds when nobody says anything, in words.
    pub default: &'static str,
    /// It is about one deploy: a file that stays cannot say it.
    pub is_flag_only: bool,
}

pub const KEYS: &[Key] = &[
    key(
        "settle",
        Duration(|policy| &mut policy.settle_ms),
        "10s",
        "How long to wait after uncordon and after cordon, for every proxy to hear of it",
    ),
    key(
        "wait-timeout",
        DurationIf(|policy| &mut policy.wait_timeout_ms),
        "`[deploy] wait_timeout`, else 5m",
        "How long a machine may take to start, to pass its checks, to stop",
    ),
    key(
        "stability",
        Duration(|policy| &mut policy.stability_ms),
        "0s: passing once is enough",
        "How long every check of a green must pass without a break before it gets traffic",
    ),
    key(
        "verify-stopped",
        Switch(|policy| &mut policy.verify_stopped, true),
        "one of each group is",
        "Also start and check the green of every blue at rest, instead of making it at rest",
    ),
    key(
        "allow-unchecked",
        Switch(|policy| &mut policy.allow_unchecked, true),
        "they are refused",
        "Also deploy groups that have no health check; their greens count as good once they are started",
    ),
    key(
        "no-ha",
        Switch(|policy| &mut policy.high_availability, false),
        "two machines, or one and a standby",
        "Give a new group one machine",
    ),
    key(
        "hold",
        Switch(|policy| &mut policy.hold, true),
        "it does not stop",
        "Stop once the greens are ready, before any traffic moves, until somebody promotes or aborts",
    ),
    key(
        "group-order",
        Names(|policy| &mut policy.group_order, "GROUPS"),
        "all groups together",
        "The process groups in the order in which they take the traffic; those not named follow together",
    ),
    key(
        "surge",
        CountIf(|policy| &mut policy.surge),
        "all at once",
        "Make no more than this many greens at a time: their blues go before the next are made, and only the first batch can be taken back",
    ),
    key(
        "concurrency",
        Count(|policy| &mut policy.concurrency),
        "8",
        "How many calls of the Machines API may be under way at once",
    ),
    key(
        "floor",
        Floor,
        "as many as serve when the plan is made",
        "How many machines of a group must serve in each region at any time: a number, or a share of those that serve now",
    ),
    key(
        "verify-url",
        Url(|policy| &mut policy.verify_url),
        "nothing is asked",
        "Ask this address once the greens have the traffic; go back when it does not answer as it should",
    ),
    key(
        "bake",
        Duration(|policy| &mut policy.bake_ms),
        "0s",
        "Let the blues run on without traffic for this long: until then going back is one uncordon of each",
    ),
    key(
        "keep-blue",
        Switch(|policy| &mut policy.keep_blue, true),
        "they are destroyed",
        "Stop before the blues are stopped, until somebody promotes or aborts",
    ),
    key(
        "drain",
        Choice,
        "fixed",
        "When a blue without traffic may be stopped: after a fixed time, or as soon as it has no connections",
    ),
    key(
        "drain-timeout",
        Duration(|policy| &mut policy.drain_timeout_ms),
        "0.5s; 5m with until-idle",
        "How long a drain lasts: always when it is fixed, at most until idle",
    ),
    key(
        "idle-command",
        Command(|policy| &mut policy.idle_command),
        "its connections are counted",
        "Run this in a blue to ask whether it is idle: it is when the command exits with 0",
    ),
    flag("group", Names(|policy| &mut policy.groups, "GROUP"), "all of them", "Only these process groups"),
    flag("exclude-machine", Names(|policy| &mut policy.exclude_machines, "ID"), "none", "Leave these machines alone"),
    flag(
        "secrets-version",
        CountIf(|policy| &mut policy.secrets_version),
        "the newest that the machine's host knows",
        "Make machines only with this version of the app's secrets or a newer one: the number that Fly gave back when they were set",
    ),
    flag(
        "first-deploy",
        Switch(|policy| &mut policy.first_deploy, true),
        "an empty list is taken for a list that went missing",
        "There are no machines yet",
    ),
    flag(
        "cleanup",
        Switch(|policy| &mut policy.cleanup, true),
        "they are reported, and stay",
        "Only remove what interrupted deploys and release commands left",
    ),
];

/// The key of this name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

impl Key {
    /// What stands behind it, as usage lines name it; `None` for a switch.
    pub const fn value_name(&self) -> Option<&'static str> {
        self.field.value_name()
    }

    /// The words that it takes, when it takes only some.
    pub const fn words(&self) -> &'static [&'static str] {
        self.field.words()
    }

    /// How its value is written in cutover.toml, by example.
    pub const fn example(&self) -> &'static str {
        self.field.example()
    }

    /// Several values, with commas between, or in a list.
    pub const fn is_list(&self) -> bool {
        matches!(self.field, Names(..))
    }
}

const fn key(name: &'static str, field: Field, default: &'static str, doc: &'static str) -> Key {
    Key { name, field, doc, default, is_flag_only: false }
}

const fn flag(name: &'static str, field: Field, default: &'static str, doc: &'static str) -> Key {
    Key { is_flag_only: true, ..key(name, field, default, doc) }
}
