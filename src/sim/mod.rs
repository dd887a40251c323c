//! A Fly of our own: machines, leases, checks and faults in virtual time, deterministic for a
//! seed. Nothing here knows how a plan is made or what an executor intends; a checker beside the
//! world watches what is done to it.

mod check;
pub mod explore;
mod fault;
pub mod http;
mod limit;
mod machine;
mod proxy;
mod run;
mod world;

pub use check::{Breach, Promise};
pub use fault::{Act, Behaviour, Effect, Fault, Jump, Refusal};
pub use proxy::{Dropped, Edge, Load, Loss, Network, Share, Traffic};
pub use run::{Moment, Options, Run};
pub use world::{Answered, Release, Settings, Waiting, World};
