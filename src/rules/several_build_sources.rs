//! More than one way to come by the image.

use super::{Given, Persona, Rule, Sink};
use crate::config::Field;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "several-build-sources",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Warns,
    summary: "`[build]` says in more than one way where the image comes from",
    why: "An image is pulled, or built from a Dockerfile, by buildpacks or by a builtin builder. Of several flyctl uses \
          one and warns: the image where there is one; among the others the file does not say which.",
    bad: "app = \"shop\"\n\n\
          [build]\nimage = \"registry.example.com/shop:v1@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\ndockerfile = \"Dockerfile\"\n",
    good: "app = \"shop\"\n\n[build]\ndockerfile = \"Dockerfile\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/config.go: BuildStrategies; validation.go: validateBuildStrategies",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let Some(build) = &facts.config().build else { return };
    let set = |field: &Field<String>| field.as_ref().filter(|text| !text.is_empty()).map(|text| text.span);
    let buildpacks = set(&build.builder).or(build.buildpacks.first().map(|first| first.span));
    let dockerfile = set(&build.dockerfile).or(set(&build.build_target));
    let sources = [
        ("the image", set(&build.image)),
        ("a buildpacks builder", buildpacks),
        ("a Dockerfile", dockerfile),
        ("a builtin builder", set(&build.builtin)),
    ];
    let mut named = sources.into_iter().filter_map(|(name, span)| Some((name, span?)));
    let (Some((first, place)), rest) = (named.next(), named.collect::<Vec<_>>()) else { return };
    for (other, span) in rest {
        sink.report(span, format!("`[build]` names {other} and {first}: flyctl uses one of them"))
            .label(place, format!("here is {first}"))
            .help("keep the one that is meant");
    }
}
