//! How often each action may be asked for, as Fly counts it: who asks more often is refused.

use std::collections::BTreeMap;

use crate::execute::{Call, Kind, Rate};

/// By action and machine, when nothing counts any more of what was asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Limits {
    forgotten_at_ms: BTreeMap<(Kind, String), u64>,
}

impl Limits {
    /// Whether Fly does what is asked at this time. What it refuses it does not count.
    pub(super) fn admit(&mut self, call: &Call, now_ms: u64) -> bool {
        let kind = Kind::of(call);
        let Some(Rate { interval_ms, burst }) = kind.rate() else { return true };
        let whom = call.machine().unwrap_or_default().to_owned();
        let forgotten_at_ms = self.forgotten_at_ms.entry((kind.action(), whom)).or_default();
        let next_ms = (*forgotten_at_ms).max(now_ms) + interval_ms;
        let admits = next_ms <= now_ms + burst * interval_ms;
        if admits {
            *forgotten_at_ms = next_ms;
        }
        admits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(call: &Call, times: &[u64]) -> Vec<bool> {
        let mut limits = Limits::default();
        times.iter().map(|now_ms| limits.admit(call, *now_ms)).collect()
    }

    #[test]
    fn three_at_once_then_one_a_second() {
        let cordon = Call::Cordon { id: "a1".into(), nonce: None };
        let times = [0, 0, 0, 0, 999, 1_000, 1_500, 2_000];
        assert_eq!(admitted(&cordon, &times), [true, true, true, false, false, true, false, true]);
    }

    #[test]
    fn reads_of_one_machine_may_come_more_often() {
        let get = Call::GetMachine { id: "a1".into() };
        assert_eq!(admitted(&get, &[0; 11])[9..], [true, false]);
        assert_eq!(admitted(&get, &[0, 200, 400, 600, 800, 1_000]), [true; 6]);
    }

    #[test]
    fn a_renewal_counts_as_a_lease_and_each_machine_for_itself() {
        let mut limits = Limits::default();
        let mut lease = |id: &str, nonce: Option<&str>| {
            limits.admit(&Call::AcquireLease { id: id.into(), ttl_s: 13, nonce: nonce.map(str::to_owned) }, 0)
        };
        assert!(lease("a1", None) && lease("a1", Some("n")) && lease("a1", Some("n")));
        assert!(!lease("a1", None) && lease("a2", None));
    }
}
