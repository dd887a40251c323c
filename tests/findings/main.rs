//! What is said of faults that have several faces, as a user reads it. The examples of the rules
//! are elsewhere.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads files and may fail")]

mod coverage;
mod groups_and_fleets;
mod modern;
mod services_and_checks;
