//! What the user wants to hear of: the `[lint]` table of cutover.toml.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Severity};
use crate::rules::{self, Persona};
use crate::settings::{self, Unreadable};
use crate::syntax::Entry;

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

impl Settings {
    /// Everything that any rule has to say.
    pub fn pedantic() -> Self {
        Self { persona: Persona::Pedantic, ..Self::default() }
    }

    /// # Errors
    /// At the first thing that is not as it should be: a setting that is silently not heeded would
    /// be worse.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let mut read = Self::default();
        let Some(lint) = settings::section(text, "lint", belongs)? else { return Ok(read) };
        settings::refuse_others(&lint, "in `[lint]`", &["persona", "rules"], belongs)?;
        if let Some(persona) = lint.get("persona") {
            read.persona = settings::word(persona, "the persona", PERSONAS)?;
        }
        if let Some(rules) = lint.get("rules") {
            let rules = &settings::table(rules, "`lint.rules`")?.entries;
            read.rules = rules.iter().map(level_of_rule).collect::<Result<_, _>>()?;
        }
        Ok(read)
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

fn level_of_rule(Entry { key, value }: &Entry) -> Result<(&'static str, Option<Severity>), Unreadable> {
    let Some(rule) = rules::find(&key.value) else {
        let mut error = Unreadable::new(key.span, format!("there is no rule `{}`", key.value));
        error.help = Some(match rules::closest(&key.value) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`cutover explain --all` shows every rule".into(),
        });
        return Err(error);
    };
    Ok((rule.id, settings::word(value, &format!("`{}`", rule.id), LEVELS)?))
}

/// Where a key belongs that is about findings.
fn belongs(key: &str) -> Option<String> {
    if ["persona", "rules"].contains(&key) {
        return Some(format!("`{key}` belongs in `[lint]`"));
    }
    rules::find(key).map(|_| format!("`{key}` belongs in `[lint.rules]`"))
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
