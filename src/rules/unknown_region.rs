//! A primary region that is not in the list.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::Facts;
use crate::limits;

pub(super) const RULE: Rule = Rule {
    id: "unknown-region",
    persona: Persona::Regular,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "a primary region that Fly does not list",
    why: "New machines are made in the primary region, and `min_machines_running` counts there alone. Fly closed 17 \
          regions in 2025; a file that names one of them deploys nothing new there. The list that is compared with is \
          of August 2026 and grows old: `fly platform regions` prints the current one.",
    bad: "app = \"shop\"\nprimary_region = \"sea\"\n",
    good: "app = \"shop\"\nprimary_region = \"sjc\"\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/regions, superfly/docs#2270",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let Some(region) = facts.config().primary_region.as_ref().filter(|region| !region.is_empty()) else { return };
    if limits::REGIONS.contains(&region.as_str()) {
        return;
    }
    let is_code = region.len() == 3 && region.chars().all(|c| c.is_ascii_lowercase());
    let message = match is_code {
        true => format!("`{}` is not among the regions that Fly listed in August 2026", region.value),
        false => format!("`{}` is not a region: they have three lower-case letters", region.value),
    };
    let finding = sink.report(region.span, message).help("`fly platform regions` lists those there are");
    let plain = region.trim().to_lowercase();
    if limits::REGIONS.contains(&plain.as_str()) {
        let edit = Edit { span: region.span, text: format!("\"{plain}\"") };
        finding.fix(Safety::Unsafe, format!("write `{plain}`"), vec![edit]);
    }
}
