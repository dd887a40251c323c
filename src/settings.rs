//! How cutover.toml is read, whichever part of it: tables, words, and refusals that say where and
//! what was meant. Knows none of its keys but the names of its tables.

use crate::schema;
use crate::span::{LineIndex, Span, Spanned};
use crate::syntax::{self, Format, Node, Table};

/// Beside fly.toml.
pub const SETTINGS_NAME: &str = "cutover.toml";

/// Why a cutover.toml cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// In the settings.
    pub span: Span,
    pub message: String,
    pub help: Option<String>,
}

impl Unreadable {
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }

    /// `line:column: message`, in the settings that this `text` are.
    pub fn placed(&self, text: &str) -> String {
        let at = LineIndex::new(text).position(text, self.span.start);
        format!("{}:{}: {}", at.line, at.column, self.message)
    }
}

/// The table of this name in a cutover.toml, when there is one. Each part of the program reads its
/// own; each refuses a file with a table that nobody reads, since a setting that is silently not
/// heeded would be worse.
///
/// # Errors
/// When the text is no TOML, or has a table that there is not. `belongs`: where a key that stands
/// at the top belongs, as help.
pub fn section(text: &str, name: &str, belongs: impl Fn(&str) -> Option<String>) -> Result<Option<Table>, Unreadable> {
    let document = syntax::parse(text, Format::Toml);
    if let Some(error) = document.errors.first() {
        return Err(Unreadable { help: error.help.clone(), ..Unreadable::new(error.span, error.message.clone()) });
    }
    let root = table(&document.root, SETTINGS_NAME)?;
    refuse_others(root, "at the top", SECTIONS, belongs)?;
    for entry in &root.entries {
        table(&entry.value, &format!("`{}`", entry.key.value))?;
    }
    Ok(root.get(name).and_then(Node::as_table).cloned())
}

/// # Errors
/// When it is none.
pub fn table<'n>(node: &'n Node, what: &str) -> Result<&'n Table, Unreadable> {
    node.as_table().ok_or_else(|| Unreadable::new(node.span, format!("{what} must be a table")))
}

/// What one of `words` stands for.
///
/// # Errors
/// When it is none of them.
pub fn word<T: Copy>(node: &Node, what: &str, words: &[(&str, T)]) -> Result<T, Unreadable> {
    let found = words.iter().find(|(word, _)| node.as_text() == Some(word));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let mut error = Unreadable::new(node.span, format!("{what} must be one of {}", names.join(", ")));
        error.help = node.as_text().and_then(|text| meant(words.iter().map(|(word, _)| *word), text));
        error
    })
}

/// # Errors
/// At the first key that is not among `known`. `belongs`: where it belongs, as help.
pub fn refuse_others(
    table: &Table,
    place: &str,
    known: &[&str],
    belongs: impl Fn(&str) -> Option<String>,
) -> Result<(), Unreadable> {
    let other = table.entries.iter().map(|entry| &entry.key).find(|key| !known.contains(&key.value.as_str()));
    let Some(Spanned { value: key, span }) = other else { return Ok(()) };
    let mut error = Unreadable::new(*span, format!("there is no key `{key}` {place}"));
    let there_are = || format!("there are: {}", known.join(", "));
    error.help = belongs(key).or_else(|| meant(known.iter().copied(), key)).or_else(|| Some(there_are()));
    Err(error)
}

fn meant<'a>(known: impl Iterator<Item = &'a str>, written: &str) -> Option<String> {
    schema::closest(known, written).map(|meant| format!("did you mean `{meant}`?"))
}

const SECTIONS: &[&str] = &["lint", "policy"];
