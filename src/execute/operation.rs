//! The recovery policy, one row per operation: how often it is tried, how long an answer may take,
//! and what an unknown fate, an absence and each refusal mean.

use super::{Call, Reply, Why};

/// What a [`Call`] does, without to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    List,
    Get,
    Create,
    AcquireLease,
    RenewLease,
    ReleaseLease,
    Cordon,
    Uncordon,
    Start,
    Stop,
    Destroy,
    Wait,
    SetMetadata,
    ClearMetadata,
    Exec,
    Logs,
    CreateRelease,
    UpdateRelease,
    Probe,
}

impl Kind {
    pub const ALL: [Self; 19] = [
        Self::List,
        Self::Get,
        Self::Create,
        Self::AcquireLease,
        Self::RenewLease,
        Self::ReleaseLease,
        Self::Cordon,
        Self::Uncordon,
        Self::Start,
        Self::Stop,
        Self::Destroy,
        Self::Wait,
        Self::SetMetadata,
        Self::ClearMetadata,
        Self::Exec,
        Self::Logs,
        Self::CreateRelease,
        Self::UpdateRelease,
        Self::Probe,
    ];

    pub fn of(call: &Call) -> Self {
        match call {
            Call::ListMachines => Self::List,
            Call::GetMachine { .. } => Self::Get,
            Call::CreateMachine { .. } => Self::Create,
            Call::AcquireLease { nonce: None, .. } => Self::AcquireLease,
            Call::AcquireLease { nonce: Some(_), .. } => Self::RenewLease,
            Call::ReleaseLease { .. } => Self::ReleaseLease,
            Call::Cordon { .. } => Self::Cordon,
            Call::Uncordon { .. } => Self::Uncordon,
            Call::Start { .. } => Self::Start,
            Call::Stop { .. } => Self::Stop,
            Call::Destroy { .. } => Self::Destroy,
            Call::Wait { .. } => Self::Wait,
            Call::SetMetadata { .. } => Self::SetMetadata,
            Call::ClearMetadata { .. } => Self::ClearMetadata,
            Call::Exec { .. } => Self::Exec,
            Call::Logs { .. } => Self::Logs,
            Call::CreateRelease { .. } => Self::CreateRelease,
            Call::UpdateRelease { .. } => Self::UpdateRelease,
            Call::Probe { .. } => Self::Probe,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Get => "get",
            Self::Create => "create",
            Self::AcquireLease => "lease",
            Self::RenewLease => "renew",
            Self::ReleaseLease => "release",
            Self::Cordon => "cordon",
            Self::Uncordon => "uncordon",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Destroy => "destroy",
            Self::Wait => "wait",
            Self::SetMetadata => "mark",
            Self::ClearMetadata => "unmark",
            Self::Exec => "exec",
            Self::Logs => "logs",
            Self::CreateRelease => "record",
            Self::UpdateRelease => "report",
            Self::Probe => "probe",
        }
    }

    /// Whether it changes anything: only then does its fate matter once nobody waits for it.
    pub const fn changes(self) -> bool {
        !matches!(self, Self::List | Self::Get | Self::Wait | Self::Exec | Self::Logs | Self::Probe)
    }

    /// How often Fly lets it be asked for, of one machine or app; `None`: nobody counts
    /// (fly.io/docs/machines/api/working-with-machines-api, 2026-08).
    pub const fn rate(self) -> Option<Rate> {
        match self {
            Self::CreateRelease | Self::UpdateRelease | Self::Probe | Self::Logs => None,
            Self::Get => Some(Rate { interval_ms: 200, burst: 10 }),
            _ => Some(Rate { interval_ms: 1_000, burst: 3 }),
        }
    }

    /// What Fly counts it as.
    pub const fn action(self) -> Self {
        match self {
            Self::RenewLease => Self::AcquireLease,
            other => other,
        }
    }
}

/// One call per interval, and so many at once after a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub interval_ms: u64,
    pub burst: u64,
}

/// What a reply without success leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// What was wanted holds.
    Done,
    /// Try again after a pause, as long as tries are left.
    Again,
    /// See what became of it before doing it again.
    Look,
    /// It depends on what it was asked for.
    Judge,
    Fail,
}

pub(super) struct Row {
    /// Failed attempts before giving up; a refusal for the rate does not count.
    pub tries: u32,
    /// After this long without an answer the fate is unknown (a wait: beyond its own time).
    pub timeout_ms: u64,
    /// Before the second attempt; doubled for each further one.
    pub backoff_ms: u64,
    unknown: Then,
    absent: Then,
    /// Refused because of what the machine is doing right now.
    wrong_state: Then,
    /// Somebody else holds the lease.
    lease_held: Then,
}

/// The table. All but the creates are idempotent; that of a machine becomes so by its unique name,
/// so it is looked for before it is done again, and that of a release record is not repeated. Only a machine to be destroyed, a lease to be released and
/// a machine to be stopped are as good absent as present.
pub(super) const fn row(kind: Kind) -> Row {
    use Then::{Again, Done, Fail, Judge, Look};
    match kind {
        //                                tries timeout backoff unknown absent wrong_state lease_held
        Kind::List => Row::new(5, 30_000, 500, Again, Fail, Fail, Fail),
        Kind::Get => Row::new(5, 10_000, 500, Again, Judge, Fail, Fail),
        Kind::Create => Row::new(8, 60_000, 500, Look, Fail, Fail, Fail),
        Kind::AcquireLease => Row::new(5, 10_000, 500, Again, Judge, Again, Judge),
        Kind::RenewLease => Row::new(u32::MAX, 2_000, 250, Again, Fail, Again, Fail),
        Kind::ReleaseLease => Row::new(3, 5_000, 250, Again, Done, Fail, Done),
        Kind::Cordon => Row::new(5, 15_000, 500, Again, Fail, Again, Fail),
        Kind::Uncordon => Row::new(5, 15_000, 500, Again, Fail, Again, Fail),
        Kind::Start => Row::new(8, 15_000, 1_000, Again, Fail, Again, Fail),
        Kind::Stop => Row::new(5, 30_000, 500, Again, Done, Again, Fail),
        Kind::Destroy => Row::new(5, 30_000, 500, Again, Done, Again, Fail),
        Kind::Wait => Row::new(5, 10_000, 500, Again, Judge, Fail, Fail),
        Kind::SetMetadata => Row::new(5, 10_000, 500, Again, Fail, Again, Fail),
        Kind::ClearMetadata => Row::new(3, 10_000, 500, Again, Done, Again, Fail),
        Kind::Exec => Row::new(3, 20_000, 500, Again, Judge, Judge, Judge),
        Kind::Logs => Row::new(2, 5_000, 500, Again, Fail, Fail, Fail),
        Kind::CreateRelease => Row::new(3, 10_000, 500, Fail, Fail, Fail, Fail),
        Kind::UpdateRelease => Row::new(3, 10_000, 500, Again, Fail, Fail, Fail),
        Kind::Probe => Row::new(3, 10_000, 500, Again, Fail, Fail, Fail),
    }
}

/// After this long without an answer nobody waits for it any more: its fate is unknown.
pub fn timeout_ms(call: &Call) -> u64 {
    let waits_ms = match call {
        Call::Wait { timeout_s, .. } | Call::Exec { timeout_s, .. } => timeout_s * 1_000,
        _ => 0,
    };
    row(Kind::of(call)).timeout_ms + waits_ms
}

/// What `reply` to a call of this kind leads to; `None` when it was done. `unsure`: an earlier
/// attempt had an unknown fate, so a name that is taken may be our own.
pub(super) const fn then(kind: Kind, reply: &Reply, unsure: bool) -> Option<Then> {
    let row = row(kind);
    Some(match reply {
        Reply::Done(_) => return None,
        Reply::Absent => row.absent,
        Reply::Unknown(_) => row.unknown,
        Reply::Refused(Why::RateLimited { .. }) => Then::Again,
        Reply::Refused(Why::NotYet) => Then::Judge,
        Reply::Refused(Why::WrongState { .. }) => row.wrong_state,
        Reply::Refused(Why::LeaseHeld { .. }) => row.lease_held,
        Reply::Refused(Why::NameTaken { holder: Some(_), .. }) => Then::Judge,
        Reply::Refused(Why::NameTaken { .. }) if unsure => Then::Look,
        Reply::Refused(_) if matches!(kind, Kind::Exec) => Then::Judge,
        Reply::Refused(
            Why::NameTaken { .. } | Why::NoCapacity { .. } | Why::Unauthorized { .. } | Why::Other { .. },
        ) => Then::Fail,
    })
}

/// The pause before attempt `failures + 1`, doubled each time up to [`LONGEST_PAUSE_MS`], give or
/// take a quarter so that clients who failed together do not return together.
pub(super) fn pause_ms(backoff_ms: u64, failures: u32, random: &mut super::SplitMix64) -> u64 {
    let doubled = backoff_ms.saturating_mul(1 << failures.saturating_sub(1).min(16));
    let pause = doubled.min(LONGEST_PAUSE_MS);
    pause - pause / 4 + random.below(pause / 2 + 1)
}

/// The longest that [`pause_ms`] gives before the second attempt.
pub(super) const fn longest_pause_ms(backoff_ms: u64) -> u64 {
    backoff_ms - backoff_ms / 4 + backoff_ms / 2
}

impl Row {
    const fn new(
        tries: u32,
        timeout_ms: u64,
        backoff_ms: u64,
        unknown: Then,
        absent: Then,
        wrong_state: Then,
        lease_held: Then,
    ) -> Self {
        Self { tries, timeout_ms, backoff_ms, unknown, absent, wrong_state, lease_held }
    }
}

const LONGEST_PAUSE_MS: u64 = 10_000;

/// Refusals for the rate that one goal puts up with: about three minutes of them.
pub(super) const RATE_LIMIT_TRIES: u32 = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_create_of_unknown_fate_is_never_repeated_blindly() {
        assert_eq!(then(Kind::Create, &Reply::Unknown(String::new()), false), Some(Then::Look));
        let taken = Reply::Refused(Why::NameTaken { holder: None, message: String::new() });
        assert_eq!(then(Kind::Create, &taken, true), Some(Then::Look));
        assert_eq!(then(Kind::Create, &taken, false), Some(Then::Fail));
    }

    #[test]
    fn what_is_gone_needs_no_destroying() {
        assert_eq!(then(Kind::Destroy, &Reply::Absent, false), Some(Then::Done));
        assert_eq!(then(Kind::Cordon, &Reply::Absent, false), Some(Then::Fail));
    }

    #[test]
    fn pauses_grow_and_stay_within_a_quarter() {
        let mut random = super::super::SplitMix64::new(7);
        for (failures, middle) in [(1, 500), (2, 1_000), (3, 2_000), (9, 10_000), (60, 10_000)] {
            let pause = pause_ms(500, failures, &mut random);
            assert!((middle * 3 / 4..=middle * 5 / 4).contains(&pause), "{failures}: {pause}");
            assert!(failures > 1 || pause <= longest_pause_ms(500), "{pause}");
        }
    }
}
