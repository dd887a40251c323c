//! What can be wanted of the world, one thing at a time.

use super::ReleaseStatus;
use super::knowledge::Target;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Goal {
    /// The fleet is read, not before this time.
    ReadFleet {
        since_ms: u64,
    },
    Leased {
        machine: String,
    },
    /// Never achieved: as long as the run lasts the lease is renewed.
    KeptLeased {
        machine: String,
    },
    Released {
        machine: String,
    },
    /// The release API knows of the deploy.
    Recorded,
    /// The release API knows how it went.
    Reported {
        status: ReleaseStatus,
        error: Option<String>,
    },
    /// The machine's metadata says so.
    Marked {
        machine: String,
        key: &'static str,
        value: String,
    },
    Unmarked {
        machine: String,
        keys: Vec<String>,
    },
    /// The slot of the step in this place has its machine.
    Made {
        step: usize,
    },
    /// The slot has no machine, though one may have been made.
    Unmade {
        slot: String,
        rests_on: Vec<Target>,
    },
    Started {
        target: Target,
    },
    Healthy {
        target: Target,
    },
    /// Its command was begun, once.
    Launched {
        target: Target,
    },
    /// Its command ended, with exit code 0.
    Ended {
        target: Target,
    },
    /// Before it is done, the same as for a cordon: somebody may have let it serve again.
    Stopping {
        target: Target,
        rests_on: Vec<Target>,
    },
    Stopped {
        target: Target,
    },
    /// They were seen to serve just now.
    Serving {
        targets: Vec<Target>,
    },
    /// They were seen to serve for this long.
    Baked {
        targets: Vec<Target>,
        ms: u64,
    },
    /// Every sample of the URL was good.
    Probed {
        url: String,
    },
    Uncordoned {
        target: Target,
    },
    /// Before it is done, what the capacity rests on then must have been seen to serve.
    Cordoned {
        target: Target,
        rests_on: Vec<Target>,
    },
    /// It has no connections, or this time is over.
    Idle {
        machine: String,
        ms: u64,
    },
    Destroyed {
        target: Target,
        rests_on: Vec<Target>,
    },
    /// It is started again and as it was before the run.
    Revived {
        machine: String,
    },
    Paused {
        ms: u64,
    },
}

impl Goal {
    /// To have been seen is all of it.
    pub(super) const fn is_watched(&self) -> bool {
        matches!(self, Self::Serving { .. } | Self::Baked { .. })
    }

    /// What would serve without the machine decides whether it may be achieved.
    pub(super) const fn is_guarded(&self) -> bool {
        matches!(self, Self::Cordoned { .. } | Self::Stopping { .. } | Self::Destroyed { .. } | Self::Unmade { .. })
    }
}
