//! cutover lints a `fly.toml`, previews a blue-green deploy on Fly.io as a plan that people can
//! review, and executes exactly that plan.
//!
//! One pure core serves the command line, the language server, the browser and the npm package.
//! Its layers, from the lowest; each may use only what stands above it here, and not all of that
//! (`tests/architecture.rs` holds the table to it):
//!
//! | layer | what it is |
//! | --- | --- |
//! | [`span`], [`units`] | places in a text; durations and sizes as Go writes them |
//! | [`limits`] | each number of the platform once, with source and date |
//! | [`diagnostic`] | what is wrong, where, and how to mend it |
//! | [`schema`] | every key of fly.toml once: type, older forms, default, documentation |
//! | [`syntax`] | TOML, JSON, YAML to a tree that knows where it stands |
//! | [`settings`] | how cutover.toml is read, whichever part of it |
//! | [`config`] | fly.toml as types, read as flyctl reads it |
//! | [`fleet`] | machines as observed |
//! | [`machine`] | the Machine config that Fly receives for a process group |
//! | [`facts`] | what follows from config and fleet together |
//! | [`rules`], [`lint`] | one file per rule; the driver with settings and suppressions |
//! | [`plan`], [`policy`], [`propose`] | from config, fleet and policy to steps; what a policy can say; from texts to a plan |
//! | [`execute`] | the state machine that runs a plan, without I/O |
//! | [`protocol`] | its calls as HTTP requests and responses, as values |
//! | [`sim`] | a Fly in virtual time |
//! | [`render`], [`language`] | text, JSON, SARIF and the like; the language server |
//! | `native`, `web` | the command line; the Wasm exports |
//!
//! What holds everywhere:
//!
//! 1. No layer but `native` and `web` knows a clock, the environment, files, the network, threads,
//!    randomness or `async` (`clippy.toml` bans the calls).
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
pub mod policy;
pub mod propose;
pub mod protocol;
pub mod render;
pub mod rules;
pub mod schema;
pub mod settings;
pub mod sim;
pub mod span;
pub mod syntax;
pub mod units;
#[cfg(target_arch = "wasm32")]
pub mod web;
