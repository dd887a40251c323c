//! Findings, plans and events as text for people and in the forms of other programs. Knows every kind of value;
//! knows nothing of where the output goes: width and colour are arguments.

pub mod github;
pub mod gitlab;
pub mod json;
mod json_schema;
pub mod junit;
mod mask;
pub mod sarif;
mod severity;
pub mod text;

use crate::lint::Report;

pub use json_schema::{Of, json_schema};
pub use severity::{Level, level};

/// One file and what was found in it.
#[derive(Debug, Clone, Copy)]
pub struct Checked<'a> {
    pub path: &'a str,
    pub text: &'a str,
    pub report: &'a Report,
}

/// The address of a rule's page.
pub fn rule_url(id: &str) -> String {
    format!("https://cutover.dev/rules/{id}")
}
