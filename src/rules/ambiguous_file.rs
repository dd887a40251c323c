//! `[[files]]` that do not say one thing.

use std::collections::BTreeMap;

use super::{Given, Persona, Rule, Sink};
use crate::config::File;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::span::{Span, Spanned};

pub(super) const RULE: Rule = Rule {
    id: "ambiguous-file",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a `[[files]]` without an absolute path of its own or with other than one source",
    why: "A file needs an absolute `guest_path` and one source. Of several flyctl takes `local_path` before \
          `secret_name` before `raw_value`; without any, Fly refuses the machine. A source that is there and empty \
          removes the file. Of two files for one path the later counts.",
    bad: "app = \"shop\"\n\n\
          [[files]]\nguest_path = \"/etc/shop.conf\"\nraw_value = \"a = 1\"\nsecret_name = \"SHOP_CONF\"\n",
    good: "app = \"shop\"\n\n[[files]]\nguest_path = \"/etc/shop.conf\"\nsecret_name = \"SHOP_CONF\"\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: files; flyctl internal/appconfig/config.go: toMachineFile, \
             MergeFiles; Machines API specification: fly.File",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let mut written = BTreeMap::new();
    for file in &facts.config().files {
        match file.guest_path.as_ref().filter(|path| !path.is_empty()) {
            None => {
                sink.report(file.span, "this file has no `guest_path`: it has no place to go")
                    .severity(Severity::Error)
                    .flyctl(Flyctl::FailsDeploy)
                    .help("say where the machine has it: `guest_path = \"/etc/app.conf\"`");
            }
            Some(path) if !path.starts_with('/') => {
                sink.report(path.span, format!("`{}` is not an absolute path", path.value))
                    .severity(Severity::Error)
                    .flyctl(Flyctl::FailsDeploy)
                    .help(format!("write `/{}`", path.value));
            }
            Some(path) => {
                if let Some(earlier) = written.insert(path.as_str(), path.span) {
                    written_before(path, earlier, sink);
                }
            }
        }
        sources(file, sink);
    }
}

fn written_before(path: &Spanned<String>, earlier: Span, sink: &mut Sink) {
    sink.report(path.span, format!("`{}` is written already: only this one counts", path.value))
        .label(earlier, "this file never gets there")
        .help("keep the one that is meant");
}

fn sources(file: &File, sink: &mut Sink) {
    let all = [("local_path", &file.local_path), ("secret_name", &file.secret_name), ("raw_value", &file.raw_value)];
    if all.iter().all(|(_, field)| field.is_none()) {
        sink.report(file.span, "this file has no content")
            .flyctl(Flyctl::FailsDeploy)
            .help("say where it comes from: `local_path`, `secret_name` or `raw_value`");
    }
    let set = all.into_iter().filter_map(|(key, field)| Some((key, field.as_ref().filter(|text| !text.is_empty())?)));
    let mut set = set.map(|(key, text)| (key, text.span));
    let Some((key, place)) = set.next() else { return };
    for (other, span) in set {
        sink.report(span, format!("`{key}` counts, and `{other}` does not"))
            .label(place, "the content comes from here")
            .help("keep the one that is meant");
    }
}
