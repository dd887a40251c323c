//! Where requests come in, and what an edge has heard of the machines.

use std::collections::{BTreeMap, BTreeSet};

use super::backend::{Backend, Route};
use crate::fleet::Fleet;

/// The edges of the proxy, and who asks there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    pub edges: Vec<Edge>,
    /// Each of them at each edge.
    pub loads: Vec<Load>,
    /// How long a request waits for a machine before it is dropped.
    pub patience_ms: u64,
    /// How often the proxy looks for machines that it may stop.
    pub autostop_every_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    pub region: String,
    /// It hears so much later what happens to a machine.
    pub delay_ms: u64,
}

/// Requests at a constant rate, to each public port of the app in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    pub every_ms: u64,
    /// From its acceptance to its answer. For a connection that is held open, how long it is.
    pub takes_ms: u64,
}

impl Network {
    /// Two edges in each region of the fleet: one that hears at once, and one after `delay_ms`.
    /// Short requests, and a few that take seconds.
    pub fn around(fleet: &Fleet, delay_ms: u64) -> Self {
        let regions: BTreeSet<&str> = fleet.machines.iter().map(|machine| machine.region.as_str()).collect();
        let edge = |region: &&str, delay_ms| Edge { region: (*region).to_owned(), delay_ms };
        Self {
            edges: regions.iter().flat_map(|region| [edge(region, 0), edge(region, delay_ms)]).collect(),
            loads: vec![Load { every_ms: 200, takes_ms: 150 }, Load { every_ms: 2_000, takes_ms: 3_000 }],
            patience_ms: 5_000,
            autostop_every_ms: 180_000,
        }
    }
}

/// Something that the edges hear: from then on a machine may be routed to so, or not at all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    pub t_ms: u64,
    pub place: usize,
    pub route: Option<Route>,
}

/// What one edge knows.
#[derive(Debug, Clone)]
pub(super) struct View {
    routes: BTreeMap<usize, Route>,
    /// How much of the history it has heard.
    heard: usize,
}

impl View {
    pub(super) fn new(backends: &BTreeMap<usize, Backend>) -> Self {
        let known = backends.iter().filter_map(|(place, backend)| Some((*place, backend.route?)));
        Self { routes: known.collect(), heard: 0 }
    }

    /// All that happened until then.
    pub(super) fn hear(&mut self, history: &[Heard], until_ms: Option<u64>) {
        let news = history[self.heard..].iter().take_while(|heard| Some(heard.t_ms) <= until_ms);
        for heard in news {
            self.heard += 1;
            match heard.route {
                Some(route) => drop(self.routes.insert(heard.place, route)),
                None => drop(self.routes.remove(&heard.place)),
            }
        }
    }

    pub(super) fn routes(&self) -> impl Iterator<Item = (usize, Route)> {
        self.routes.iter().map(|(place, route)| (*place, *route))
    }
}
