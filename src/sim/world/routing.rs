//! The world with its proxy: what the proxy hears, and what it does to machines.

use super::World;
use crate::fleet::{HostStatus, State};
use crate::limits;
use crate::sim::proxy::{Network, Proxy, Traffic, Wish};

impl World {
    /// From now on requests come in.
    pub fn send_traffic(&mut self, network: Network) {
        let proxy = Proxy::new(network, self.machines.iter().map(|machine| &**machine), self.now_ms);
        self.proxy = Some(Box::new(proxy));
    }

    /// What became of the requests until now.
    pub fn traffic(&self) -> Option<&Traffic> {
        self.proxy.as_ref().map(|proxy| proxy.traffic())
    }

    /// Until every edge has heard of everything; then nobody sends requests any more, and those
    /// under way come to their end.
    pub fn end_traffic(&mut self) {
        let Some(proxy) = &self.proxy else { return };
        self.advance(self.now_ms + proxy.slowest_ms());
        if let Some(rest_ms) = self.proxy.as_mut().map(|proxy| proxy.close()) {
            self.advance(self.now_ms + rest_ms);
        }
    }

    /// When something happens to the proxy by itself.
    pub(super) fn routed_ms(&self) -> Option<u64> {
        self.proxy.as_ref().and_then(|proxy| proxy.next_ms())
    }

    /// The proxy does what is next for it.
    pub(super) fn route(&mut self) {
        let Some(mut proxy) = self.proxy.take() else { return };
        let dropped = proxy.traffic().dropped.len();
        let wishes = proxy.happen(self.now_ms, |place| self.held(place).is_some());
        for lost in &proxy.traffic().dropped[dropped..] {
            self.note("proxy", "drops", lost.machine.as_deref().unwrap_or_default(), lost.why.as_str());
        }
        self.proxy = Some(proxy);
        wishes.into_iter().for_each(|wish| self.fulfil(wish));
    }

    fn fulfil(&mut self, wish: Wish) {
        let (place, what) = match wish {
            Wish::Start(place) if self.machines[place].is_at_rest() => {
                self.boot(place);
                (place, "starts")
            }
            Wish::Stop(place) if self.machines[place].state == State::Started => {
                drop(self.stop(place));
                self.lives[place].is_routed = true;
                (place, "stops")
            }
            Wish::Start(_) | Wish::Stop(_) => return,
        };
        let id = self.machines[place].id.clone();
        self.note("proxy", what, &id, "");
        self.changed(place, false);
    }

    /// The proxy starts or stops it right now, or somebody else starts what the proxy would have when it is
    /// needed: unless it is cordoned it serves as one that the proxy can start does.
    pub(super) fn is_between(&self, place: usize) -> bool {
        let machine = &self.machines[place];
        let is_moving = match machine.state {
            State::Starting | State::Stopping => true,
            State::Started => !machine.checks.is_empty() && !machine.is_passing(),
            _ => false,
        };
        is_moving && self.lives[place].is_routed && machine.host_status == HostStatus::Ok
    }

    /// How long it takes to stop: what it needs in any case, and for its requests under way as
    /// long as its config lets it.
    pub(super) fn stops_in_ms(&self, place: usize, least_ms: u64) -> u64 {
        let Some(proxy) = &self.proxy else { return least_ms };
        let timeout = self.machines[place].config.as_ref().and_then(|config| config.stop_timeout());
        let timeout_ms = timeout.unwrap_or(limits::KILL_TIMEOUT_DEFAULT).as_millis();
        proxy.busy_for_ms(place, self.now_ms).min(timeout_ms).max(least_ms)
    }
}
