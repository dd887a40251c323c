//! Pages of the documentation: a rule, all rules, all keys of fly.toml. Say what the tables say.

use super::page::{self, Part};
use super::{level, what_flyctl_does};
use crate::rules::{Persona, RULES, Rule};
use crate::schema::{Key, Kind, Known, Older, ROOT, Section};

/// `docs/rules/<id>.md`.
pub fn rule(rule: &Rule) -> String {
    let (id, severity, persona) = (rule.id, level(rule.severity).name, page::persona(rule));
    let mut out = format!("{GENERATED}# {id}\n\n{}.\n\nSeverity: {severity}{persona}.\n", sentence(rule.summary));
    for section in page::sections(rule) {
        out.push_str(&format!("\n## {}\n", section.title));
        for part in section.parts {
            out.push_str(&match part {
                Part::Text(text) => format!("\n{text}\n"),
                Part::Code(language, text) => format!("\n```{language}\n{text}\n```\n"),
            });
        }
    }
    out
}

/// `docs/rules/README.md`.
pub fn rules() -> String {
    let mut out = format!(
        "{GENERATED}# Rules\n\n{} rules. `cutover explain RULE` shows the same pages.\n\n\
         | rule | severity | flyctl | what it finds |\n| --- | --- | --- | --- |\n",
        RULES.len(),
    );
    for rule in RULES {
        let persona = if rule.persona == Persona::Pedantic { ", pedantic" } else { "" };
        out.push_str(&format!(
            "| [{id}]({id}.md) | {}{persona} | {} | {} |\n",
            level(rule.severity).name,
            what_flyctl_does(rule.flyctl),
            cell(rule.summary),
            id = rule.id,
        ));
    }
    out
}

/// `docs/fly-toml.md`.
pub fn fly_toml() -> String {
    let mut out = format!(
        "{GENERATED}# Keys of fly.toml\n\nWhat flyctl decodes. It passes over any other key without a word; \
         `cutover check` finds those. Older forms that flyctl still translates are accepted, and \
         `cutover check --fix` rewrites them.\n"
    );
    section(&ROOT, "", "The top level", &mut out);
    out
}

fn section(of: &Section, path: &str, title: &str, out: &mut String) {
    out.push_str(&format!(
        "\n## {title}\n\n<{}>\n\n| key | type | default | |\n| --- | --- | --- | --- |\n",
        of.source
    ));
    for key in of.keys {
        out.push_str(&format!(
            "| `{}` | {} | {} | {} |\n",
            key.name,
            kind(key.kind),
            cell(key.default.unwrap_or("")),
            cell(&documentation(key, FEW))
        ));
    }
    for key in of.keys {
        let Some(below) = key.kind.section() else { continue };
        let path = if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
        let (header, below_path) = match key.kind {
            Kind::Tables(_) => (format!("`[[{path}]]`"), path),
            Kind::NamedTables(_) => (format!("`[{path}.NAME]`"), format!("{path}.NAME")),
            _ => (format!("`[{path}]`"), path),
        };
        section(below, &below_path, &header, out);
    }
}

/// A key of fly.toml, as an editor shows it: at `path`, in the section documented at `source`.
pub fn key(known: &Known, path: &str, source: &str) -> Option<String> {
    let key = known.key?;
    let mut out = format!("`{path}`: {}\n\n{}\n", kind(key.kind), documentation(key, usize::MAX));
    if let Some(default) = key.default {
        out.push_str(&format!("\nUnset: {default}.\n"));
    }
    if let Some(form) = older(key.older).filter(|_| known.is_translated) {
        out.push_str(&format!("\nflyctl also reads an older form: {form}.\n"));
    }
    out.push_str(&format!("\n<{source}>\n"));
    Some(out)
}

/// What a key is for, and at most `few` values that it may have.
fn documentation(key: &Key, few: usize) -> String {
    let mut doc = key.doc.to_owned();
    if !key.values.is_empty() && key.values.len() <= few {
        doc.push_str(&format!(" One of `{}`.", key.values.join("`, `")));
    }
    if !key.aliases.is_empty() {
        doc.push_str(&format!(" Also `{}`.", key.aliases.join("`, `")));
    }
    if let Some(instead) = key.deprecated {
        doc.push_str(&format!(" **Deprecated:** {instead}"));
    }
    doc
}

fn older(form: Older) -> Option<&'static str> {
    Some(match form {
        Older::None | Older::NoneBelow => return None,
        Older::SingleTable | Older::SingleService => "one table for a list with one",
        Older::NumericText => "the number as text",
        Older::AnyAsText => "a bare number",
        Older::Millis => "a bare number of milliseconds",
        Older::Seconds => "a bare number of seconds",
        Older::OneText => "one text for a list with one",
        Older::LimitPair => "`\"20,25\"` for soft and hard limit",
        Older::HeaderList => "a list of tables with `name` and `value`",
        Older::AnyValues => "values of any type, or a list of tables",
        Older::CommandList => "a list of tables with `name` and `command`",
        Older::NamedList => "a list of tables with `name`",
    })
}

/// The type of a key in a few words.
pub(crate) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Integer => "integer",
        Kind::Unsigned => "integer, not negative",
        Kind::Float => "number",
        Kind::Boolean => "boolean",
        Kind::Duration => "duration",
        Kind::Autostop => "text or boolean",
        Kind::PersistRootfs => "text",
        Kind::TextList => "list of texts",
        Kind::TextMap => "table of texts",
        Kind::AnyMap | Kind::Table(_) => "table",
        Kind::Tables(_) => "list of tables",
        Kind::NamedTables(_) => "table of tables",
    }
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

const GENERATED: &str = "<!-- Generated: UPDATE_DOCS=1 cargo test --test docs -->\n";

/// Longer lists are for editors.
const FEW: usize = 8;
