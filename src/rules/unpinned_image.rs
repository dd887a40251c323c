//! An image by a name that can come to mean another.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "unpinned-image",
    persona: Persona::Pedantic,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "`[build] image` without a digest",
    why: "A tag can be moved. Two deploys of the same file may bring up different software, and a machine that is \
          made later runs something other than its siblings. A digest names the content.",
    bad: "app = \"shop\"\n\n[build]\nimage = \"redis:7-alpine\"\n",
    good: "app = \"shop\"\n\n\
           [build]\nimage = \"redis:7-alpine@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n",
    given: Given::NOTHING,
    source: "flyctl#1350, flyctl#5010",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let image = facts.config().build.as_ref().and_then(|build| build.image.as_ref());
    let Some(image) = image.filter(|image| !image.is_empty() && !image.contains('@')) else { return };
    let name = image.rsplit('/').next().unwrap_or_default();
    let message = match name.split_once(':') {
        None => "without a tag this is whatever is called `latest` at the time of the deploy".to_owned(),
        Some((_, "latest")) => "`latest` is another image from day to day".to_owned(),
        Some((_, tag)) => format!("the tag `{tag}` can be moved to another image"),
    };
    sink.report(image.span, message).help("name the content: `image@sha256:...`");
}
