//! From texts to a plan: what the command line and the page both ask for. Knows no files, no
//! arguments and no page.

use crate::config::{self, Config, Contents};
use crate::diagnostic::{Diagnostic, Flyctl};
use crate::fleet::Fleet;
use crate::lint::{self, Input, Settings, Verdict};
use crate::plan::{self, Desired, Plan, Policy, Refusal, shell_word};
use crate::span::LineIndex;
use crate::syntax::{self, Format};

/// What somebody wants to deploy.
#[derive(Debug, Clone, Copy)]
pub struct Proposal<'a> {
    /// Of fly.toml, as messages name it; decides its format.
    pub path: &'a str,
    pub text: &'a str,
    /// Goes before the file's `app`.
    pub app: Option<&'a str>,
    /// Goes before the file's `[build] image`.
    pub image: Option<&'a str>,
    /// Of the files that `[[files]]` names.
    pub contents: &'a Contents,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unplanned {
    Refused(Vec<Refusal>),
    /// Neither the file nor the proposal names an app.
    NoApp,
    /// Neither the file nor the proposal names an image.
    NoImage,
}

/// # Errors
/// When flyctl would reject the file, something is not named, or the planner refuses.
pub fn propose(proposal: &Proposal, fleet: &Fleet, policy: &Policy) -> Result<Plan, Unplanned> {
    let rejected = rejections(proposal);
    if !rejected.is_empty() {
        return Err(Unplanned::Refused(rejected));
    }
    let mut config = config::read(&syntax::parse(proposal.text, Format::of_path(proposal.path))).config;
    config.supply(proposal.contents);
    let named = |name: &&str| !name.trim().is_empty();
    let app = proposal.app.or_else(|| app_of(&config)).filter(named).ok_or(Unplanned::NoApp)?;
    let image = proposal.image.or_else(|| image_of(&config)).filter(named);
    // A cleanup makes no machine.
    let image = image.or(policy.cleanup.then_some("")).ok_or(Unplanned::NoImage)?;
    let desired = Desired { app, image, path: proposal.path, text: proposal.text, config: &config };
    plan::plan(&desired, fleet, policy).map_err(Unplanned::Refused)
}

/// A file that flyctl rejects cannot be deployed.
fn rejections(proposal: &Proposal) -> Vec<Refusal> {
    let report = lint::check(&Input::new(proposal.path, proposal.text), &Settings::default());
    if report.flyctl == Verdict::Accepts {
        return Vec::new();
    }
    let lines = LineIndex::new(proposal.text);
    let rejecting = report.all().filter(|found| found.flyctl == Flyctl::Rejects);
    rejecting.map(|found| rejection(proposal, &lines, found)).collect()
}

fn rejection(proposal: &Proposal, lines: &LineIndex, found: &Diagnostic) -> Refusal {
    let at = lines.position(proposal.text, found.span.start);
    let place = format!("{}:{}:{}", proposal.path, at.line, at.column);
    Refusal {
        code: "config-rejected",
        message: format!("{place}: {} ({})", found.message, found.rule),
        machines: Vec::new(),
        fix: vec![format!("cutover check {}", shell_word(proposal.path))],
    }
}

fn app_of(config: &Config) -> Option<&str> {
    config.app.as_ref().map(|app| app.value.as_str())
}

fn image_of(config: &Config) -> Option<&str> {
    config.build.as_ref()?.image.as_ref().map(|image| image.value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The image and app of the plan, or why there is none.
    fn check(text: &str, app: Option<&str>, image: Option<&str>) -> String {
        let policy = Policy { first_deploy: true, allow_unchecked: true, ..Policy::default() };
        match propose(
            &Proposal { path: "fly.toml", text, app, image, contents: &Contents::new() },
            &Fleet::default(),
            &policy,
        ) {
            Ok(plan) => format!("{} on {}", plan.image, plan.app),
            Err(Unplanned::Refused(refused)) => {
                refused.into_iter().map(|one| one.message).collect::<Vec<_>>().join("; ")
            }
            Err(why) => format!("{why:?}"),
        }
    }

    #[test]
    fn what_is_given_goes_before_what_the_file_says() {
        let file = "app = 'shop'\n[build]\nimage = 'shop:v1'\n";
        assert_eq!(check(file, None, None), "shop:v1 on shop");
        assert_eq!(check(file, None, Some("shop:v2")), "shop:v2 on shop");
        assert_eq!(check("[build]\nimage = 'shop:v1'\n", Some("other"), None), "shop:v1 on other");
    }

    #[test]
    fn what_nobody_names_is_asked_for() {
        assert_eq!(check("[build]\nimage = 'shop:v1'\n", None, None), "NoApp");
        assert_eq!(check("app = ''\n", None, Some("shop:v2")), "NoApp");
        assert_eq!(check("app = 'shop'\n", None, None), "NoImage");
        assert_eq!(check("app = 'shop'\n", None, Some("")), "NoImage");
        assert_eq!(check("app = 'shop'\n", None, Some(" ")), "NoImage");
    }

    #[test]
    fn a_cleanup_needs_no_image() {
        let (policy, contents) = (Policy { cleanup: true, ..Policy::default() }, Contents::new());
        let proposal =
            Proposal { path: "fly.toml", text: "app = 'shop'\n", app: None, image: None, contents: &contents };
        assert_eq!(propose(&proposal, &Fleet::default(), &policy).map(|plan| plan.image), Ok(String::new()));
    }

    #[test]
    fn a_file_that_flyctl_rejects_is_refused_at_its_place() {
        let refused = check("app = 'shop'\nkill_timeout =\n", None, Some("shop:v2"));
        assert!(refused.starts_with("fly.toml:2:"), "{refused}");
    }
}
