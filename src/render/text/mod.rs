//! Text for people: what a terminal shows.

mod board;
mod check;
mod diff;
mod explain;
mod left;
mod look;
mod plan;
mod progress;
mod refusal;
#[cfg(test)]
pub(super) mod sample;

pub use board::Board;
pub use check::check;
pub use diff::diff;
pub use explain::explain;
pub use look::Look;
pub use plan::plan;
pub use progress::{Log, Times, event, outcome};
pub use refusal::refusals;

pub use super::told::words::seconds;
