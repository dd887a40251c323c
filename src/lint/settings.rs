//! What the user wants to hear of: the `[lint]` table of cutover.toml.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Severity};
use crate::rules::{self, Persona};
use crate::schema;
use crate::span::{LineIndex, Span, Spanned};
use crate::syntax::{self, Entry, Format, Node, Table};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub persona: Persona,
    /// What is to become of a rule's findings, whatever the persona: another severity, or nothing.
    pub rules: BTreeMap<&'static str, Option<Severity>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { persona: Persona::Regular, rules: BTreeMap::new() }
    }
}

/// Why a cutover.toml cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// In the settings.
    pub span: Span,
    pub message: String,
    pub help: Option<String>,
}

impl Unreadable {
    /// `line:column: message`, in the settings that this `text` are.
    pub fn placed(&self, text: &str) -> String {
        let at = LineIndex::new(text).position(text, self.span.start);
        format!("{}:{}: {}", at.line, at.column, self.message)
    }
}

impl Settings {
    /// Everything that any rule has to say.
    pub fn pedantic() -> Self {
        Self { persona: Persona::Pedantic, ..Self::default() }
    }

    /// # Errors
    /// At the first thing that is not as it should be: a setting that is silently not heeded would
    /// be worse.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let document = syntax::parse(text, Format::Toml);
        if let Some(error) = document.errors.first() {
            return Err(Unreadable { help: error.help.clone(), ..wrong(error.span, error.message.clone()) });
        }
        let root = table(&document.root, "cutover.toml")?;
        refuse_others(root, "at the top", &["lint", "policy"])?;
        let mut settings = Self::default();
        // What it holds is for deploys.
        root.get("policy").map_or(Ok(()), |policy| table(policy, "`policy`").map(drop))?;
        let Some(lint) = root.get("lint") else { return Ok(settings) };
        let lint = table(lint, "`lint`")?;
        refuse_others(lint, "in `[lint]`", &["persona", "rules"])?;
        if let Some(persona) = lint.get("persona") {
            settings.persona = word(persona, "the persona", PERSONAS)?;
        }
        if let Some(rules) = lint.get("rules") {
            let rules = &table(rules, "`lint.rules`")?.entries;
            settings.rules = rules.iter().map(rule).collect::<Result<_, _>>()?;
        }
        Ok(settings)
    }

    pub(super) fn apply(&self, found: &mut Vec<Diagnostic>) {
        found.retain_mut(|one| self.judge(one));
    }

    /// Whether anybody wants to hear of it; gives it the severity that was asked for.
    pub(super) fn judge(&self, found: &mut Diagnostic) -> bool {
        match self.rules.get(found.rule) {
            Some(Some(severity)) => found.severity = *severity,
            Some(None) => return false,
            None => return rules::find(found.rule).is_none_or(|rule| rule.persona <= self.persona),
        }
        true
    }
}

fn rule(Entry { key, value }: &Entry) -> Result<(&'static str, Option<Severity>), Unreadable> {
    let Some(rule) = rules::find(&key.value) else {
        let mut error = wrong(key.span, format!("there is no rule `{}`", key.value));
        error.help = Some(match rules::closest(&key.value) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`cutover explain --all` shows every rule".into(),
        });
        return Err(error);
    };
    Ok((rule.id, word(value, &format!("`{}`", rule.id), LEVELS)?))
}

fn table<'n>(node: &'n Node, what: &str) -> Result<&'n Table, Unreadable> {
    node.as_table().ok_or_else(|| wrong(node.span, format!("{what} must be a table")))
}

fn word<T: Copy>(node: &Node, what: &str, words: &[(&str, T)]) -> Result<T, Unreadable> {
    let found = words.iter().find(|(word, _)| node.as_text() == Some(word));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let mut error = wrong(node.span, format!("{what} must be one of {}", names.join(", ")));
        error.help = node.as_text().and_then(|text| meant(words.iter().map(|(word, _)| *word), text));
        error
    })
}

fn refuse_others(table: &Table, place: &str, known: &[&str]) -> Result<(), Unreadable> {
    let other = table.entries.iter().map(|entry| &entry.key).find(|key| !known.contains(&key.value.as_str()));
    let Some(Spanned { value: key, span }) = other else { return Ok(()) };
    let mut error = wrong(*span, format!("there is no key `{key}` {place}"));
    error.help = Some(if ["persona", "rules"].contains(&key.as_str()) {
        format!("`{key}` belongs in `[lint]`")
    } else if rules::find(key).is_some() {
        format!("`{key}` belongs in `[lint.rules]`")
    } else {
        meant(known.iter().copied(), key).unwrap_or_else(|| format!("there are: {}", known.join(", ")))
    });
    Err(error)
}

fn meant<'a>(known: impl Iterator<Item = &'a str>, written: &str) -> Option<String> {
    schema::closest(known, written).map(|meant| format!("did you mean `{meant}`?"))
}

fn wrong(span: Span, message: String) -> Unreadable {
    Unreadable { span, message, help: None }
}

/// Beside fly.toml.
pub const SETTINGS_NAME: &str = "cutover.toml";

const PERSONAS: &[(&str, Persona)] = &[("regular", Persona::Regular), ("pedantic", Persona::Pedantic)];

const LEVELS: &[(&str, Option<Severity>)] = &[
    ("off", None),
    ("hint", Some(Severity::Hint)),
    ("warning", Some(Severity::Warning)),
    ("error", Some(Severity::Error)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::{Input, Verdict, check};

    fn error(text: &str) -> String {
        let error = Settings::read(text).unwrap_err();
        format!("{} ({})", error.placed(text), error.help.unwrap_or_default())
    }

    #[test]
    fn what_is_not_understood_is_refused_at_its_place() {
        for (text, expected) in [
            ("lnt = 1", "1:1: there is no key `lnt` at the top (did you mean `lint`?)"),
            ("[lint]\nfoo = 1", "2:1: there is no key `foo` in `[lint]` (there are: persona, rules)"),
            (
                "[lint]\npersona = 'pedant'",
                "2:11: the persona must be one of \"regular\", \"pedantic\" (did you mean `pedantic`?)",
            ),
            ("[lint]\npersona = 1", "2:11: the persona must be one of \"regular\", \"pedantic\" ()"),
            (
                "[lint]\nunknown-key = 'off'",
                "2:1: there is no key `unknown-key` in `[lint]` (`unknown-key` belongs in `[lint.rules]`)",
            ),
            ("[rules]\nunknown-key = 'off'", "1:2: there is no key `rules` at the top (`rules` belongs in `[lint]`)"),
            ("policy = 3", "1:10: `policy` must be a table ()"),
            ("[lint.rules]\nunknown-kex = 'off'", "2:1: there is no rule `unknown-kex` (did you mean `unknown-key`?)"),
            (
                "[lint.rules]\nunknown-key = true",
                "2:15: `unknown-key` must be one of \"off\", \"hint\", \"warning\", \"error\" ()",
            ),
            ("lint = 1", "1:8: `lint` must be a table ()"),
        ] {
            assert_eq!(error(text), expected);
        }
        assert_eq!(error("[lint"), "1:1: `[lint` has no closing `]` (write `[lint]`)");
    }

    /// Severities of what is found under these settings, and flyctl's verdict.
    fn found(settings: &str, text: &str) -> (Vec<Severity>, Verdict) {
        let report = check(&Input::new("fly.toml", text), &Settings::read(settings).unwrap());
        (report.diagnostics.iter().map(|found| found.severity).collect(), report.flyctl)
    }

    #[test]
    fn a_rule_can_be_turned_off_or_weighed_otherwise() {
        let text = "kil_signal = 1\n";
        assert_eq!(found("", text).0, [Severity::Warning]);
        assert_eq!(found("[lint.rules]\nunknown-key = 'off'", text).0, []);
        assert_eq!(found("[lint.rules]\nunknown-key = 'error'", text).0, [Severity::Error]);
        assert_eq!(found("[policy]\nsettle = '10s'", text).0, [Severity::Warning]);
    }

    #[test]
    fn what_flyctl_does_is_not_a_matter_of_settings() {
        let (found, verdict) = found("[lint.rules]\nwrong-type = 'off'", "app = 5\n");
        assert_eq!((found, verdict), (Vec::new(), Verdict::Rejects));
    }
}
