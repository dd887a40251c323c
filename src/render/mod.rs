//! Findings, plans and events as text for people and in the forms of other programs. Knows every kind of value;
//! knows nothing of where the output goes: width and colour are arguments.

pub mod github;
pub mod gitlab;
pub mod json;
mod json_schema;
pub mod junit;
pub mod markdown;
mod mask;
pub mod review;
pub mod sarif;
mod severity;
pub mod text;
mod told;

use crate::diagnostic::Flyctl;
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

/// In a few words.
fn what_flyctl_does(verdict: Flyctl) -> &'static str {
    match verdict {
        Flyctl::Silent => "says nothing",
        Flyctl::Warns => "prints a warning and goes on",
        Flyctl::FailsDeploy => "accepts the file; the deploy is refused or fails",
        Flyctl::Rejects => "rejects the file",
    }
}
