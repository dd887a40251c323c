//! Pages of the documentation: a rule, all rules, all keys of fly.toml and of a policy. Say what the
//! tables say.

use super::page::{self, Part};
use super::{level, what_flyctl_does};
use crate::policy::KEYS;
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

/// `docs/plans.md`.
pub fn plans() -> String {
    let mut out =
        format!("{GENERATED}{PLANS}\n| key | flag | by example | default | |\n| --- | --- | --- | --- | --- |\n");
    for key in KEYS {
        let in_file = if key.is_flag_only { String::new() } else { format!("`{}`", key.name) };
        let argument = key.value_name().map_or(String::new(), |name| format!(" {name}"));
        let example = if key.is_flag_only { String::new() } else { format!("`{}`", key.example()) };
        out.push_str(&format!(
            "| {in_file} | {} | {example} | {} | {}. |\n",
            cell(&format!("`--{}{argument}`", key.name)),
            cell(key.default),
            cell(key.doc)
        ));
    }
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

const PLANS: &str = r#"# Plans and policy

`cutover plan` says what a blue-green deploy would do, and touches nothing. The *blues* are the machines that
there are, the *greens* those that take their place.

```sh
fly machine list --json > machines.json
cutover plan --machines machines.json --image registry.fly.io/shop:v2 -o plan.json
cutover show plan.json                      # again, for whoever reviews it
cutover show plan.json --format markdown    # as a comment on a pull request
cutover apply plan.json                     # exactly this, or nothing
```

With a token in `FLY_API_TOKEN` the machines are read from the Machines API, and `--machines` is not needed.

## What a plan says

- **What becomes of each machine**, with the reason, and what differs between a blue and its green.
- **The steps**, each with what must be done before it, what takes it back and which calls it makes. No green gets
  a request before its checks pass; no blue loses its traffic before its green has some; no blue is destroyed before
  every green was seen to serve.
- **The point of no return**: the first blue that is destroyed. Until then an abort or a failure brings everything back;
  afterwards it finishes forward. What a release command did stays done in either case.
- **How many machines serve** in each group and region after every step, and the floor that they never go below.
- **How long it takes** when all goes well and at the most, how many machines there are at once, how many calls
  it makes.
- **Warnings.** Where no safe plan can be made, the reasons for that and the commands that help; the exit status is 1.

The saved plan holds the values of `[env]`, so only its owner can read it; everything else that prints a plan masks what
looks like a secret. `apply` takes a plan only as it was written: cut off, edited or of a newer version it is refused, and
when the machines have changed since, nothing is touched.

## Policy

What fly.toml does not say about a deploy, flags do, or `[policy]` of a `cutover.toml` beside it (another file with
`--policy FILE`). Flags win; a switch that the file turns on is turned off with `--hold=false`. Durations are written as in
fly.toml: `"500ms"`, `"1m30s"`.

```toml
[policy]
settle = "20s"
drain = "until-idle"
drain-timeout = "10m"
floor = "50%"
group-order = ["api", "web"]
```

Settings that exclude one another are refused, with the reason: `keep-blue` with `surge`, `idle-command` with a fixed drain,
a `drain` until idle without any time. What has no key below is about one deploy, and is only a flag.
"#;
