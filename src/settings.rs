//! How cutover.toml is read, whichever part of it: tables, words, and refusals that say where and
//! what was meant. Knows none of its keys but the names of its tables.

use crate::schema;
use crate::span::{LineIndex, Span, Spanned};
use crate::syntax::{self, Format, Node, Table};

/// Why a cutover.toml cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// `line:column: what is wrong`
    pub message: String,
    pub help: Option<String>,
}

/// A cutover.toml. Each part of the program reads its own table; each refuses a file with a table
/// that nobody reads, since a setting that is silently not heeded would be worse.
pub struct Reader<'a> {
    text: &'a str,
    lines: LineIndex,
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, lines: LineIndex::new(text) }
    }

    /// The table of this name, when there is one.
    ///
    /// # Errors
    /// When the text is no TOML, or has a table that there is not.
    pub fn section(&self, name: &str) -> Result<Option<Table>, Unreadable> {
        let document = syntax::parse(self.text, Format::Toml);
        if let Some(error) = document.errors.first() {
            return Err(self.wrong(error.span, error.message.clone()));
        }
        let root = self.table(&document.root, "cutover.toml")?;
        self.refuse_others(root, "at the top", SECTIONS)?;
        let Some(section) = root.get(name) else { return Ok(None) };
        Ok(Some(self.table(section, &format!("`{name}`"))?.clone()))
    }

    /// # Errors
    /// When it is none.
    pub fn table<'n>(&self, node: &'n Node, what: &str) -> Result<&'n Table, Unreadable> {
        node.as_table().ok_or_else(|| self.wrong(node.span, format!("{what} must be a table")))
    }

    /// What one of `words` stands for.
    ///
    /// # Errors
    /// When it is none of them.
    pub fn word<T: Copy>(&self, node: &Node, what: &str, words: &[(&str, T)]) -> Result<T, Unreadable> {
        let found = words.iter().find(|(word, _)| node.as_text() == Some(word));
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.wrong(node.span, format!("{what} must be one of {}", names.join(", ")))
        })
    }

    /// # Errors
    /// At the first key that is not among `known`.
    pub fn refuse_others(&self, table: &Table, place: &str, known: &[&str]) -> Result<(), Unreadable> {
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

    pub fn wrong(&self, span: Span, message: String) -> Unreadable {
        let at = self.lines.position(self.text, span.start);
        Unreadable { message: format!("{}:{}: {message}", at.line, at.column), help: None }
    }
}

const SECTIONS: &[&str] = &["lint", "policy"];
