//! Fly's limits on how often each action may be asked for of each machine (or, where it is about no
//! machine yet, of the app), kept to before Fly has to say no.

use std::collections::BTreeMap;

use super::Call;
use super::operation::{Kind, Rate};

/// When each action may be asked for again.
#[derive(Debug, Clone, Default)]
pub(super) struct Rates {
    /// When a bucket is full again, by action and machine.
    full_at_ms: BTreeMap<(Kind, String), u64>,
}

impl Rates {
    /// Takes a place in the queue for this call: the time at which it may be made.
    pub(super) fn reserve(&mut self, call: &Call, now_ms: u64) -> u64 {
        let kind = Kind::of(call);
        let Some(Rate { interval_ms, burst }) = kind.rate() else { return now_ms };
        let whom = call.machine().unwrap_or_default().to_owned();
        let full_at_ms = self.full_at_ms.entry((kind.action(), whom)).or_default();
        let at_ms = full_at_ms.saturating_sub((burst - 1) * interval_ms).max(now_ms);
        *full_at_ms = (*full_at_ms).max(at_ms) + interval_ms;
        at_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(call: &Call, arrivals: &[u64]) -> Vec<u64> {
        let mut rates = Rates::default();
        arrivals.iter().map(|now_ms| rates.reserve(call, *now_ms)).collect()
    }

    #[test]
    fn a_burst_goes_at_once_and_what_follows_waits_its_turn() {
        let cordon = Call::Cordon { id: "a1".into(), nonce: None };
        assert_eq!(times(&cordon, &[0, 0, 0, 0, 0]), [0, 0, 0, 1_000, 2_000]);
        assert_eq!(times(&cordon, &[0, 0, 0, 3_500, 3_500, 3_500, 3_500]), [0, 0, 0, 3_500, 3_500, 3_500, 4_500]);
        let get = Call::GetMachine { id: "a1".into() };
        assert_eq!(times(&get, &[0; 12])[9..], [0, 200, 400]);
    }

    #[test]
    fn each_machine_has_its_own_limit_and_other_hosts_have_none() {
        let mut rates = Rates::default();
        for machine in 0..10 {
            let stop = Call::Stop { id: format!("a{machine}"), nonce: None };
            assert_eq!(rates.reserve(&stop, 5), 5);
        }
        let probe = Call::Probe { url: "https://example.com".into() };
        assert_eq!(times(&probe, &[0; 20]), [0; 20]);
    }
}
