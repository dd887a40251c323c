//! Machines of one group that run different software.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::fleet::{Image, Machine, by_image};
use crate::span::Span;

pub(super) const RULE: Rule = Rule {
    id: "mixed-images",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a process group whose machines run different images",
    why: "A group runs several images after a deploy that failed, was interrupted or was for some of the machines. \
          Users get one version or the other. flyctl refuses a blue-green deploy of such an app, after it has built \
          the image and run the release command; for that it counts the images of all groups together.",
    bad: "app = \"shop\"\nprimary_region = \"iad\"\n\n[http_service]\ninternal_port = 8080\n",
    good: "app = \"shop\"\nprimary_region = \"iad\"\n\n[http_service]\ninternal_port = 8080\n",
    given: Given::fleet(FLEET).mended(MENDED),
    source: "flyctl internal/command/deploy/strategy_bluegreen.go: DetectMultipleImageVersions; flyctl#3456",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let groups = facts.config().group_names();
    let mut is_mixed = false;
    for group in &groups {
        let images = images(&facts.managed_in(group));
        if images.len() < 2 {
            continue;
        }
        is_mixed = true;
        let message = format!("group `{group}` runs {} images: {}", images.len(), each(&images));
        let finding = sink.report(facts.place_of(group), message);
        match facts.bluegreen() {
            Some(strategy) => finding
                .severity(Severity::Error)
                .flyctl(Flyctl::FailsDeploy)
                .label(strategy, "a blue-green deploy is refused")
                .help("`cutover plan` says which of them serve, and how to be rid of the others"),
            None => finding.help("the next deploy of all machines mends it"),
        };
    }
    if let Some(strategy) = facts.bluegreen().filter(|_| !is_mixed) {
        let machines: Vec<&Machine> = groups.iter().flat_map(|group| facts.managed_in(group)).collect();
        between_groups(sink, strategy, &images(&machines));
    }
}

/// Groups may differ on purpose, after a deploy of some of them; flyctl counts the images of all.
fn between_groups(sink: &mut Sink, strategy: Span, images: &[(Image, Vec<&str>)]) {
    if images.len() > 1 {
        let message = format!("flyctl refuses this: the groups run {} images: {}", images.len(), each(images));
        sink.report(strategy, message).flyctl(Flyctl::FailsDeploy).help(
            "deploy all groups once with `--strategy rolling`, or use `cutover deploy`, which looks at each group",
        );
    }
}

fn each(images: &[(Image, Vec<&str>)]) -> String {
    let each = images.iter().map(|(image, machines)| format!("{} on {}", image.brief(), machines.join(", ")));
    each.collect::<Vec<String>>().join("; ")
}

/// Each image with the ids of the machines that run it.
fn images<'a>(machines: &[&'a Machine]) -> Vec<(Image, Vec<&'a str>)> {
    by_image(machines.iter().filter_map(|machine| Some((machine.image()?, machine.id.as_str()))))
}

const FLEET: &str = r#"[
  {"id": "3287e0a1", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "app"}}},
  {"id": "3287e0a2", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v2"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "app"}}}
]"#;

const MENDED: &str = r#"[
  {"id": "3287e0a1", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "app"}}},
  {"id": "3287e0a2", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "app"}}}
]"#;
