//! What is said of faults that have several faces, as a user reads it. The examples of the rules
//! are elsewhere.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod groups_and_fleets;
mod services_and_checks;
