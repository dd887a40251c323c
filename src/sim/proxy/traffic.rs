//! What became of the requests.

use std::collections::BTreeMap;

use crate::fleet::Image;

/// What a proxy counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    /// By the version that answered.
    pub shares: BTreeMap<Image, Share>,
    /// In the order in which they were dropped.
    pub dropped: Vec<Dropped>,
    /// The longest that a request waited for a machine to take it.
    pub waited_ms: u64,
}

/// What one version did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    pub answered: u64,
    /// When it took its first request.
    pub first_ms: u64,
    /// When it took its last.
    pub last_ms: u64,
}

/// A request that nobody answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    pub t_ms: u64,
    pub arrived_ms: u64,
    /// Of the edge.
    pub region: String,
    /// The machine that had it, or was asked last.
    pub machine: Option<String>,
    pub why: Loss,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// Its edge knew no machine at all.
    Unknown,
    /// Every machine that its edge knew refused it.
    Refused,
    /// The machine to be started for it was leased.
    Leased,
    /// The machine started for it was not ready in time.
    Booting,
    /// Its machine stopped before it was answered.
    Cut,
}

impl Traffic {
    pub fn answered_in_all(&self) -> u64 {
        self.shares.values().map(|share| share.answered).sum()
    }

    /// For how long users could get one version now and another a moment later: while more than
    /// one took requests.
    pub fn mixed_version_ms(&self) -> u64 {
        let mut spans: Vec<(u64, u64)> = self.shares.values().map(|share| (share.first_ms, share.last_ms)).collect();
        spans.sort_unstable();
        // Up to where some version reached, and up to where two did.
        let (mut reached_ms, mut mixed_to_ms, mut mixed_ms) = (0, 0, 0);
        for (first_ms, last_ms) in spans {
            let end_ms = last_ms.min(reached_ms);
            mixed_ms += end_ms.saturating_sub(first_ms.max(mixed_to_ms));
            mixed_to_ms = end_ms.max(mixed_to_ms);
            reached_ms = last_ms.max(reached_ms);
        }
        mixed_ms
    }

    pub(super) fn accepted(&mut self, now_ms: u64, arrived_ms: u64, version: &Image) {
        self.waited_ms = self.waited_ms.max(now_ms - arrived_ms);
        match self.shares.get_mut(version) {
            Some(share) => share.last_ms = now_ms,
            None => {
                let share = Share { answered: 0, first_ms: now_ms, last_ms: now_ms };
                self.shares.insert(version.clone(), share);
            }
        }
    }

    pub(super) fn answered(&mut self, version: &Image) {
        if let Some(share) = self.shares.get_mut(version) {
            share.answered += 1;
        }
    }
}

impl Loss {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "no machine was known",
            Self::Refused => "every known machine refused",
            Self::Leased => "the machine to be started was leased",
            Self::Booting => "the machine was not ready in time",
            Self::Cut => "its machine stopped before it was answered",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed_ms(spans: &[(u64, u64)]) -> u64 {
        let share = |(index, (first_ms, last_ms)): (usize, &(u64, u64))| {
            let share = Share { answered: 1, first_ms: *first_ms, last_ms: *last_ms };
            (Image::named(&format!("shop:v{index}")), share)
        };
        Traffic { shares: spans.iter().enumerate().map(share).collect(), ..Traffic::default() }.mixed_version_ms()
    }

    #[test]
    fn versions_are_mixed_while_more_than_one_takes_requests() {
        assert_eq!(mixed_ms(&[]), 0);
        assert_eq!(mixed_ms(&[(0, 20), (30, 60)]), 0);
        assert_eq!(mixed_ms(&[(0, 40), (30, 60)]), 10);
        assert_eq!(mixed_ms(&[(0, 90), (30, 60)]), 30);
        assert_eq!(mixed_ms(&[(0, 40), (30, 60), (35, 70)]), 30);
        assert_eq!(mixed_ms(&[(0, 50), (10, 20), (30, 40)]), 20);
    }
}
