//! Which steps may begin: those whose predecessors are done, in either direction of the plan.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::plan::Step;

/// The steps of a plan with their `needs`, walked forward, or backward to take them back.
#[derive(Debug, Clone)]
pub(super) struct Order {
    /// Per step, how many others must be done first.
    blockers: Vec<usize>,
    /// Per step, those that wait for it.
    followers: Arc<Vec<Vec<usize>>>,
    ready: VecDeque<usize>,
    open: usize,
}

impl Order {
    pub(super) fn forward(steps: &[Step]) -> Self {
        Self::new(steps.len(), edges(steps))
    }

    /// The last step first.
    pub(super) fn backward(steps: &[Step]) -> Self {
        let mut order = Self::new(steps.len(), edges(steps).map(|(first, then)| (then, first)));
        order.ready.make_contiguous().reverse();
        order
    }

    fn new(len: usize, edges: impl Iterator<Item = (usize, usize)>) -> Self {
        let (mut blockers, mut followers) = (vec![0; len], vec![Vec::new(); len]);
        for (first, then) in edges {
            blockers[then] += 1;
            followers[first].push(then);
        }
        let ready = (0..len).filter(|step| blockers[*step] == 0).collect();
        Self { blockers, followers: Arc::new(followers), ready, open: len }
    }

    /// A step that may begin, once.
    pub(super) fn next(&mut self) -> Option<usize> {
        self.ready.pop_front()
    }

    /// It cannot begin yet after all.
    pub(super) fn put_back(&mut self, step: usize) {
        self.ready.push_front(step);
    }

    /// All that waits for this step, directly or not.
    pub(super) fn after(&self, step: usize) -> BTreeSet<usize> {
        let (mut found, mut open) = (BTreeSet::new(), vec![step]);
        while let Some(step) = open.pop() {
            open.extend(self.followers[step].iter().filter(|follower| found.insert(**follower)));
        }
        found
    }

    pub(super) fn done(&mut self, step: usize) {
        self.open -= 1;
        for follower in &self.followers[step] {
            self.blockers[*follower] -= 1;
            if self.blockers[*follower] == 0 {
                self.ready.push_back(*follower);
            }
        }
    }

    pub(super) const fn is_finished(&self) -> bool {
        self.open == 0
    }
}

/// From each step to those that need it.
fn edges(steps: &[Step]) -> impl Iterator<Item = (usize, usize)> {
    let places: BTreeMap<&str, usize> =
        steps.iter().enumerate().map(|(place, step)| (step.id.as_str(), place)).collect();
    steps.iter().enumerate().flat_map(move |(place, step)| {
        let firsts: Vec<usize> = step.needs.iter().filter_map(|need| places.get(need.as_str()).copied()).collect();
        firsts.into_iter().map(move |first| (first, place))
    })
}
