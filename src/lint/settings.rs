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
    /// `line:column: what is wrong`
    pub message: String,
    pub help: Option<String>,
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
        Reader { text, lines: LineIndex::new(text) }.settings()
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

struct Reader<'a> {
    text: &'a str,
    lines: LineIndex,
}

impl Reader<'_> {
    fn settings(&self) -> Result<Settings, Unreadable> {
        let document = syntax::parse(self.text, Format::Toml);
        if let Some(error) = document.errors.first() {
            return Err(Unreadable { help: error.help.clone(), ..self.wrong(error.span, error.message.clone()) });
        }
        let root = self.table(&document.root, "cutover.toml")?;
        self.refuse_others(root, "at the top", &["lint", "policy"])?;
        let mut settings = Settings::default();
        let Some(lint) = root.get("lint") else { return Ok(settings) };
        let lint = self.table(lint, "`lint`")?;
        self.refuse_others(lint, "in `[lint]`", &["persona", "rules"])?;
        if let Some(persona) = lint.get("persona") {
            settings.persona = self.word(persona, "the persona", PERSONAS)?;
        }
        if let Some(rules) = lint.get("rules") {
            let rules = &self.table(rules, "`lint.rules`")?.entries;
            settings.rules = rules.iter().map(|entry| self.rule(entry)).collect::<Result<_, _>>()?;
        }
        Ok(settings)
    }

    fn rule(&self, Entry { key, value }: &Entry) -> Result<(&'static str, Option<Severity>), Unreadable> {
        let Some(rule) = rules::find(&key.value) else {
            let mut error = self.wrong(key.span, format!("there is no rule `{}`", key.value));
            error.help = Some(match rules::closest(&key.value) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "`cutover explain --all` shows every rule".into(),
            });
            return Err(error);
        };
        Ok((rule.id, self.word(value, &format!("`{}`", rule.id), LEVELS)?))
    }

    fn table<'n>(&self, node: &'n Node, what: &str) -> Result<&'n Table, Unreadable> {
        node.as_table().ok_or_else(|| self.wrong(node.span, format!("{what} must be a table")))
    }

    fn word<T: Copy>(&self, node: &Node, what: &str, words: &[(&str, T)]) -> Result<T, Unreadable> {
        let found = words.iter().find(|(word, _)| node.as_text() == Some(word));
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.wrong(node.span, format!("{what} must be one of {}", names.join(", ")))
        })
    }

    fn refuse_others(&self, table: &Table, place: &str, known: &[&str]) -> Result<(), Unreadable> {
        let other = table.entries.iter().map(|entry| &entry.key).find(|key| !known.contains(&key.value.as_str()));
        let Some(Spanned { value: key, span }) = other else { return Ok(()) };
        let mut error = self.wrong(*span, format!("there is no key `{key}` {place}"));
        let there_are = || format!("there are: {}", known.join(", "));
        error.help = Some(
            schema::closest(known.iter().copied(), key)
                .map_or_else(there_are, |meant| format!("did you mean `{meant}`?")),
        );
        Err(error)
    }

    fn wrong(&self, span: Span, message: String) -> Unreadable {
        let at = self.lines.position(self.text, span.start);
        Unreadable { message: format!("{}:{}: {message}", at.line, at.column), help: None }
    }
}

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
        format!("{} ({})", error.message, error.help.unwrap_or_default())
    }

    #[test]
    fn what_is_not_understood_is_refused_at_its_place() {
        for (text, expected) in [
            ("lnt = 1", "1:1: there is no key `lnt` at the top (did you mean `lint`?)"),
            ("[lint]\nfoo = 1", "2:1: there is no key `foo` in `[lint]` (there are: persona, rules)"),
            ("[lint]\npersona = 'pedant'", "2:11: the persona must be one of \"regular\", \"pedantic\" ()"),
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
