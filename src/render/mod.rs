//! Findings, plans and events as text for people and in the forms of other programs. Knows every kind of value;
//! knows nothing of where the output goes: width and colour are arguments.

pub mod github;
pub mod gitlab;
pub mod json;
mod json_schema;
pub mod junit;
pub mod markdown;
mod mask;
mod page;
pub mod review;
pub mod sarif;
mod severity;
pub mod text;
mod told;

use crate::diagnostic::Flyctl;
use crate::lint::Report;

pub use json_schema::{Of, json_schema};
pub use mask::MASK;
pub use severity::{Level, level};

/// One file and what was found in it.
#[derive(Debug, Clone, Copy)]
pub struct Checked<'a> {
    pub path: &'a str,
    pub text: &'a str,
    pub report: &'a Report,
}

/// Where a rule's page is: on the web, once the package names its repository; else in the project.
pub fn rule_url(id: &str) -> String {
    rule_page(id).unwrap_or_else(|| page_path(id))
}

/// The address of a rule's page on the web, where it has one.
pub fn rule_page(id: &str) -> Option<String> {
    page_in(REPOSITORY, id)
}

fn page_in(repository: &str, id: &str) -> Option<String> {
    (!repository.is_empty()).then(|| format!("{}/blob/HEAD/{}", repository.trim_end_matches('/'), page_path(id)))
}

fn page_path(id: &str) -> String {
    format!("docs/rules/{id}.md")
}

/// Of the package; empty where it names none.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// In a few words.
fn what_flyctl_does(verdict: Flyctl) -> &'static str {
    match verdict {
        Flyctl::Silent => "says nothing",
        Flyctl::Warns => "prints a warning and goes on",
        Flyctl::FailsDeploy => "accepts the file; the deploy is refused or fails",
        Flyctl::Rejects => "rejects the file",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_an_address_where_the_package_has_a_repository() {
        let page = page_in("https://example.com/cutover/", "unknown-key");
        assert_eq!(page.as_deref(), Some("https://example.com/cutover/blob/HEAD/docs/rules/unknown-key.md"));
        assert_eq!(page_in("", "unknown-key"), None);
    }
}
