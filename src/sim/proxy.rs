//! Fly's proxy in virtual time: edges that hear late of what changes route requests by what they
//! have heard, so that what a deploy does to its users can be counted. Knows machines only as far
//! as a proxy does, and nothing of plans or executors.
//!
//! Known (superfly/docs `reference/load-balancing`, `reference/fly-proxy-autostop-autostart`,
//! `reference/health-checks`; checked 2026-08-21): a request goes to the least loaded machine of
//! the closest region, to one at its soft limit only where all are, and never to one at its hard
//! limit; failing service checks keep it away, and so does a cordon; a machine at rest is started
//! when those that run are at their soft limits, unless its lease is held; every few minutes the
//! proxy stops at most one machine of a region, never below `min_machines_running` in the primary
//! one.
//!
//! Assumed, since nothing is published: a machine that is stopping or whose checks do not pass yet
//! refuses connections; a refused request is tried on every other machine that the edge knows, and
//! again every quarter of a second until [`Network::patience_ms`] are over; one that waits for a
//! machine to boot is answered as soon as that is ready; a machine's host knows at once what
//! happens to it, only edges hear later; load is known at once; among machines that are alike
//! the one with the smaller id is taken, where Fly draws lots.

mod backend;
mod edge;
mod traffic;

use std::collections::{BTreeMap, BTreeSet};

use backend::{Backend, Condition};
use edge::{Heard, View};

pub use edge::{Edge, Load, Network};
pub use traffic::{Dropped, Loss, Share, Traffic};

use crate::fleet::Machine;

/// What the proxy does to a machine, by its place in the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Start(usize),
    Stop(usize),
}

#[derive(Debug, Clone)]
pub(super) struct Proxy {
    network: Network,
    backends: BTreeMap<usize, Backend>,
    /// What the edges hear, in the order in which it happened.
    history: Vec<Heard>,
    views: Vec<View>,
    /// The ports that are asked for, in turn.
    ports: Vec<u64>,
    arrived: usize,
    /// What happens next: when and in which order of planning.
    agenda: BTreeMap<(u64, u64), Event>,
    planned: u64,
    in_flight: BTreeMap<u64, Flight>,
    /// Nobody sends requests any more.
    is_closed: bool,
    traffic: Traffic,
}

#[derive(Debug, Clone, Copy)]
enum Event {
    /// One request at each edge, of this load.
    Arrive(usize),
    Again(Request),
    /// The request in flight under this number is answered.
    Answered(u64),
    LookForIdle,
}

#[derive(Debug, Clone, Copy)]
struct Request {
    t_ms: u64,
    edge: usize,
    port: u64,
    takes_ms: u64,
    /// The machine that boots for it.
    waits_for: Option<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Flight {
    request: Request,
    place: usize,
    ends_ms: u64,
}

impl Proxy {
    /// Every edge knows these machines as they are.
    pub(super) fn new<'a>(network: Network, machines: impl Iterator<Item = &'a Machine>, now_ms: u64) -> Self {
        let backends: BTreeMap<usize, Backend> = machines.map(Backend::new).enumerate().collect();
        let ports: BTreeSet<u64> = backends.values().filter_map(Backend::first_port).collect();
        let mut proxy = Self {
            views: network.edges.iter().map(|_| View::new(&backends)).collect(),
            network,
            backends,
            history: Vec::new(),
            ports: ports.into_iter().collect(),
            arrived: 0,
            agenda: BTreeMap::new(),
            planned: 0,
            in_flight: BTreeMap::new(),
            is_closed: false,
            traffic: Traffic::default(),
        };
        for load in 0..proxy.network.loads.len() {
            proxy.plan(now_ms, Event::Arrive(load));
        }
        proxy.plan(now_ms + proxy.network.autostop_every_ms, Event::LookForIdle);
        proxy
    }

    /// When something happens by itself.
    pub(super) fn next_ms(&self) -> Option<u64> {
        self.agenda.first_key_value().map(|((at_ms, _), _)| *at_ms)
    }

    /// Something about this machine may have changed. What was under way in one that does not run
    /// any more is lost.
    pub(super) fn hear(&mut self, now_ms: u64, place: usize, machine: &Machine) {
        let backend = self.backends.entry(place).or_insert_with(|| Backend::unknown(machine));
        let before = backend.route;
        backend.look(machine);
        if backend.route != before {
            self.history.push(Heard { t_ms: now_ms, place, route: backend.route });
        }
        if !backend.runs {
            let cut = self.in_flight.extract_if(.., |_, flight| flight.place == place);
            for (_, flight) in cut.collect::<Vec<_>>() {
                self.drop_request(now_ms, flight.request, Some(place), Loss::Cut);
            }
        }
    }

    /// What is next happens, at its time. `is_leased`: somebody holds this machine's lease, so that
    /// the proxy may not touch it.
    pub(super) fn happen(&mut self, now_ms: u64, is_leased: impl Fn(usize) -> bool) -> Vec<Wish> {
        match self.agenda.pop_first().map(|(_, event)| event) {
            None => Vec::new(),
            Some(Event::Arrive(load)) => self.arrive(now_ms, load, is_leased),
            Some(Event::Again(request)) => self.route(now_ms, request, &is_leased).into_iter().collect(),
            Some(Event::Answered(number)) => {
                self.answer(number);
                Vec::new()
            }
            Some(Event::LookForIdle) => {
                self.plan(now_ms + self.network.autostop_every_ms, Event::LookForIdle);
                self.idle(is_leased).into_iter().map(Wish::Stop).collect()
            }
        }
    }

    /// Connections to this machine on one of its ports.
    pub(super) fn connections(&self, place: usize, internal_port: u64) -> usize {
        let Some(backend) = self.backends.get(&place) else { return 0 };
        let is_there = |flight: &&Flight| {
            flight.place == place && backend.internal_port(flight.request.port) == Some(internal_port)
        };
        self.in_flight.values().filter(is_there).count()
    }

    /// How long its requests under way still take.
    pub(super) fn busy_for_ms(&self, place: usize, now_ms: u64) -> u64 {
        let ends = self.in_flight.values().filter(|flight| flight.place == place).map(|flight| flight.ends_ms);
        ends.max().map_or(0, |ends_ms| ends_ms.saturating_sub(now_ms))
    }

    /// From now on nobody sends requests. Gives how long it takes until the last is answered.
    pub(super) fn close(&mut self) -> u64 {
        self.is_closed = true;
        self.network.loads.iter().map(|load| load.takes_ms).max().unwrap_or(0) + self.network.patience_ms
    }

    /// By then every edge has heard of all that happened before, and nobody waits that did then.
    pub(super) fn slowest_ms(&self) -> u64 {
        self.network.edges.iter().map(|edge| edge.delay_ms).max().unwrap_or(0) + self.network.patience_ms
    }

    pub(super) const fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    fn arrive(&mut self, now_ms: u64, load: usize, is_leased: impl Fn(usize) -> bool) -> Vec<Wish> {
        if self.is_closed || self.ports.is_empty() {
            return Vec::new();
        }
        let Load { every_ms, takes_ms } = self.network.loads[load];
        self.plan(now_ms + every_ms, Event::Arrive(load));
        let mut wishes = Vec::new();
        for edge in 0..self.views.len() {
            let port = self.ports[self.arrived % self.ports.len()];
            self.arrived += 1;
            wishes.extend(self.route(
                now_ms,
                Request { t_ms: now_ms, edge, port, takes_ms, waits_for: None },
                &is_leased,
            ));
        }
        wishes
    }

    /// To a machine that takes it, or later again; a machine may have to be started for it.
    fn route(&mut self, now_ms: u64, request: Request, is_leased: &impl Fn(usize) -> bool) -> Option<Wish> {
        self.views[request.edge].hear(&self.history, now_ms.checked_sub(self.network.edges[request.edge].delay_ms));
        let (mut wish, mut boots, mut last) = (None, None, (None, Loss::Unknown));
        for place in request.waits_for.into_iter().chain(self.candidates(request)) {
            let backend = &self.backends[&place];
            let loss = match backend.condition {
                Condition::Listens => {
                    self.accept(now_ms, request, place);
                    return wish;
                }
                Condition::Rests if !backend.autostart => Loss::Refused,
                Condition::Rests if is_leased(place) => Loss::Leased,
                Condition::Rests | Condition::Boots => Loss::Booting,
                Condition::Gone => Loss::Refused,
            };
            if loss == Loss::Booting && boots.is_none() {
                boots = Some(place);
                wish = (backend.condition == Condition::Rests).then_some(Wish::Start(place));
            }
            last = (Some(place), if boots.is_some() { Loss::Booting } else { loss });
        }
        if now_ms - request.t_ms >= self.network.patience_ms {
            self.drop_request(now_ms, request, last.0, last.1);
        } else {
            let waits_for = boots.or(request.waits_for);
            self.plan(now_ms + AGAIN_MS, Event::Again(Request { waits_for, ..request }));
        }
        wish
    }

    /// The machines that this edge would send the request to, the best first.
    fn candidates(&self, request: Request) -> Vec<usize> {
        let region = &self.network.edges[request.edge].region;
        let ranked = self.views[request.edge].routes().filter_map(|(place, route)| {
            let backend = &self.backends[&place];
            let rank = backend.rank(request.port, route)?;
            Some((backend.region != *region, rank, backend.load, backend.id.as_str(), place))
        });
        let mut ranked: Vec<_> = ranked.collect();
        ranked.sort();
        ranked.into_iter().map(|(.., place)| place).collect()
    }

    fn accept(&mut self, now_ms: u64, request: Request, place: usize) {
        let Some(backend) = self.backends.get_mut(&place) else { return };
        backend.load += 1;
        self.traffic.accepted(now_ms, request.t_ms, &backend.image);
        let (number, ends_ms) = (self.planned, now_ms + request.takes_ms);
        self.plan(ends_ms, Event::Answered(number));
        self.in_flight.insert(number, Flight { request, place, ends_ms });
    }

    fn answer(&mut self, number: u64) {
        let Some(flight) = self.in_flight.remove(&number) else { return };
        if let Some(backend) = self.backends.get_mut(&flight.place) {
            backend.load -= 1;
            self.traffic.answered(&backend.image);
        }
    }

    fn drop_request(&mut self, now_ms: u64, request: Request, place: Option<usize>, why: Loss) {
        let backend = place.and_then(|place| self.backends.get_mut(&place));
        let machine = backend.map(|backend| {
            backend.load -= u64::from(why == Loss::Cut);
            backend.id.clone()
        });
        let region = self.network.edges[request.edge].region.clone();
        self.traffic.dropped.push(Dropped { t_ms: now_ms, arrived_ms: request.t_ms, region, machine, why });
    }

    /// One machine at most of each region and port that is not needed.
    fn idle(&self, is_leased: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut running: BTreeMap<(&str, u64), Vec<(u64, usize)>> = BTreeMap::new();
        for (place, backend) in &self.backends {
            if let (true, Some(port)) = (backend.is_counted(), backend.first_port()) {
                running.entry((&backend.region, port)).or_default().push((backend.load, *place));
            }
        }
        let idle = running.into_values().filter_map(|mut machines| {
            machines.sort_unstable();
            let mut stoppable =
                machines.iter().filter(|(_, place)| self.backends[place].autostop && !is_leased(*place));
            let (load, place) = *stoppable.next()?;
            let loaded = machines.iter().filter(|(load, place)| *load > self.backends[place].soft_limit).count();
            let is_idle = if machines.len() > 1 { machines.len() > loaded + 1 } else { load == 0 };
            (is_idle && machines.len() as u64 > self.backends[&place].min_running).then_some(place)
        });
        idle.collect()
    }

    fn plan(&mut self, at_ms: u64, event: Event) {
        self.agenda.insert((at_ms, self.planned), event);
        self.planned += 1;
    }
}

/// Between two tries of a request that no machine took.
const AGAIN_MS: u64 = 250;
