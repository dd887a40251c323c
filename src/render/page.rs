//! What is told of a rule, in the order of its page: the one content of `explain` and of
//! `docs/rules`. Knows nothing of how either looks.

use super::what_flyctl_does;
use crate::diagnostic::{Diagnostic, Safety};
use crate::lint;
use crate::rules::{Persona, Rule};

pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) parts: Vec<Part>,
}

pub(super) enum Part {
    /// A paragraph.
    Text(String),
    /// Lines to be shown as they are, and the language they are in.
    Code(&'static str, String),
}

pub(super) fn sections(rule: &Rule) -> Vec<Section> {
    let why = rule.why.split("\n\n").map(|paragraph| Part::Text(paragraph.to_owned()));
    let flyctl = Part::Text(format!("Given such a file, flyctl {}.", what_flyctl_does(rule.flyctl)));
    vec![
        Section { title: "Why", parts: why.chain([flyctl]).collect() },
        Section { title: "Found", parts: found(rule) },
        Section { title: "Better", parts: better(rule) },
        Section { title: "Fix", parts: vec![Part::Text(fix(rule).to_owned())] },
        Section { title: "Suppress", parts: suppress(rule.id) },
        Section { title: "Source", parts: vec![Part::Text(rule.source.to_owned())] },
    ]
}

/// Whether `--fix` mends the rule's bad example.
pub(super) fn fixed_in_example(rule: &Rule) -> Option<Safety> {
    in_example(rule)?.fix.map(|fix| fix.safety)
}

/// The rule's first finding in its bad example.
fn in_example(rule: &Rule) -> Option<Diagnostic> {
    lint::example(rule.bad, rule.given).diagnostics.into_iter().find(|found| found.rule == rule.id)
}

/// The bad example and what is said of it.
fn found(rule: &Rule) -> Vec<Part> {
    let mut parts = vec![Part::Code("toml", rule.bad.trim_matches('\n').to_owned())];
    for (name, content) in rule.given.files.unwrap_or_default() {
        parts.push(Part::Text(format!("beside `{name}`:")));
        parts.push(Part::Code("text", content.trim_matches('\n').to_owned()));
    }
    parts.extend(machines(rule.given.fleet));
    parts.extend(in_example(rule).map(said));
    parts
}

fn said(found: Diagnostic) -> Part {
    let help = found.help.map_or(String::new(), |help| format!(" ({help})"));
    Part::Text(format!("cutover says: {}{help}", found.message))
}

/// The cure may lie in the file, or among the machines.
fn better(rule: &Rule) -> Vec<Part> {
    let mut parts = Vec::new();
    if rule.good != rule.bad {
        parts.push(Part::Code("toml", rule.good.trim_matches('\n').to_owned()));
    }
    parts.extend(machines(rule.given.mended_fleet));
    parts
}

fn machines(list: Option<&str>) -> impl Iterator<Item = Part> {
    let shown = |list: &str| {
        let said = "with `--machines FILE`, from `fly machine list --json`:".to_owned();
        [Part::Text(said), Part::Code("json", list.trim_matches('\n').to_owned())]
    };
    list.map(shown).into_iter().flatten()
}

fn fix(rule: &Rule) -> &'static str {
    match fixed_in_example(rule) {
        Some(Safety::Safe) => "`cutover check --fix` mends this; with `--diff` it only shows how.",
        Some(Safety::Unsafe) => {
            "`cutover check --fix --unsafe-fixes` mends this. It changes what Fly does: see it first with \
             `cutover check --diff --unsafe-fixes`."
        }
        None => "By hand, as above: what is meant, the file does not tell.",
    }
}

fn suppress(id: &str) -> Vec<Part> {
    let comments = format!("# cutover: ignore[{id}] the reason\n# cutover: ignore-file[{id}] the reason");
    let settings = format!("[lint.rules]\n{id} = \"off\"");
    vec![
        Part::Text("At the end of the line or alone above it; anywhere, for the whole file:".to_owned()),
        Part::Code("toml", comments),
        Part::Text(
            "For every config of a folder, in the cutover.toml there (also \"hint\", \"warning\", \"error\"):"
                .to_owned(),
        ),
        Part::Code("toml", settings),
    ]
}

/// Whom the rule speaks to, where that is not everybody.
pub(super) fn persona(rule: &Rule) -> &'static str {
    match rule.persona {
        Persona::Regular => "",
        Persona::Pedantic => " (with `--persona pedantic`)",
    }
}
