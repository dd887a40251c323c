//! cutover lints a `fly.toml`, previews a blue-green deploy on Fly.io as a plan that people can
//! review, and executes exactly that plan.
//!
//! One pure core serves the command line, the language server and the browser. The layers below
//! are listed from the lowest to the highest; each may use only those named behind it
//! (`tests/architecture.rs` holds the table, `clippy.toml` the banned calls):
//!
//! 1. No layer but `native` and `web` knows a clock, the environment, files, the network, threads,
//!    randomness or `async`.
//! 2. Parsing never fails: it gives a document and what is wrong with it.
//! 3. A fact about Fly is stated once: numbers in [`limits`], keys of fly.toml in [`schema`],
//!    Fly's error texts in [`protocol`].
//! 4. The planner is data in, data out; the same input gives the same bytes everywhere.
//! 5. The executor does no I/O: it is told what happened and answers with what to do next.
//! 6. Rendering knows every kind of value; no kind of value knows how it is rendered.

pub mod config;
pub mod diagnostic;
pub mod execute;
pub mod facts;
pub mod fleet;
pub mod language;
pub mod limits;
pub mod lint;
pub mod machine;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
pub mod plan;
pub mod propose;
pub mod protocol;
pub mod render;
pub mod rules;
pub mod schema;
pub mod sim;
pub mod span;
pub mod syntax;
pub mod units;
#[cfg(target_arch = "wasm32")]
pub mod web;
