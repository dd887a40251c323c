//! Every key of fly.toml, once: what flyctl decodes there, which older forms it still takes, the
//! platform's default, and what the key is for. Reading, completion, hover, documentation and the
//! JSON Schema come from this table. Knows nothing of files or of values.

mod machines;
mod services;
mod top;

pub use top::ROOT;

/// A table of fly.toml and the keys that it may hold.
#[derive(Debug)]
pub struct Section {
    pub keys: &'static [Key],
    /// Where the section is documented.
    pub source: &'static str,
}

#[derive(Debug, Clone, Copy)]
pub struct Key {
    pub name: &'static str,
    pub kind: Kind,
    pub older: Older,
    /// One or two sentences, with the unit.
    pub doc: &'static str,
    /// What holds when the key is unset, in words.
    pub default: Option<&'static str>,
    /// The texts that make sense there; empty: any.
    pub values: &'static [&'static str],
    /// Names of the same key that flyctl translates.
    pub aliases: &'static [&'static str],
    /// What to use instead, for a key that does nothing or is on its way out.
    pub deprecated: Option<&'static str>,
    pub zero: Zero,
}

/// What `0`, `false`, an empty text or an empty table mean to flyctl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zero {
    /// The same as unset: left out of what flyctl writes.
    Unset,
    /// A value like any other.
    Kept,
    /// The same as unset, and written for it.
    Written,
}

/// What flyctl decodes a key into, by Go's rules: a whole float is an integer, nothing else is
/// converted.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Text,
    Integer,
    /// A whole number of 32 bits without sign.
    Unsigned,
    Float,
    Boolean,
    /// Text as Go writes durations (`1m30s`), or a number of nanoseconds.
    Duration,
    /// `"off"`, `"stop"`, `"suspend"`, or a boolean.
    Autostop,
    /// `"never"`, `"restart"`, `"always"`, or the number of one of them.
    PersistRootfs,
    TextList,
    TextMap,
    /// Any table, passed on as it is.
    AnyMap,
    Table(&'static Section),
    /// `[[name]]`
    Tables(&'static Section),
    /// `[name.KEY]`
    NamedTables(&'static Section),
}

/// An older form that flyctl translates before decoding, where every key up to it is written in
/// lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Older {
    None,
    /// Nothing below this key is translated, whatever the table says.
    NoneBelow,
    /// One table for a list with one.
    SingleTable,
    /// The same, and empty tables are dropped.
    SingleService,
    /// `"8080"` for 8080, and fractions are cut off.
    NumericText,
    /// 512 for `"512"`.
    AnyAsText,
    /// A bare number of milliseconds; empty text, or no text at all, for unset.
    Millis,
    /// A bare number of seconds; empty text, or no text at all, for unset.
    Seconds,
    /// `"cmd"` for `["cmd"]`.
    OneText,
    /// `"20,25"` for soft and hard limit.
    LimitPair,
    /// A list of tables with `name` and `value`; values of any type.
    HeaderList,
    /// Values of any type; a list of tables.
    AnyValues,
    /// `[[processes]]` with `name` and `command`.
    CommandList,
    /// `[[checks]]` with `name`.
    NamedList,
}

impl Section {
    /// The key that Go decodes `name` into, in whatever case it is written.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        let exact = self.keys.iter().find(|key| key.name == name);
        exact.or_else(|| self.keys.iter().find(|key| folds_to(name, key.name)))
    }
}

/// What the table says of a path.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// The last key of the path; `None` for the top level.
    pub key: Option<&'static Key>,
    /// How many names of the path lead to it; what is left are names that the user gives.
    pub depth: usize,
    /// What may stand below.
    pub section: Option<&'static Section>,
    /// Whether flyctl translates older forms here.
    pub is_translated: bool,
}

/// At the keys of `path`, from the top, the names that the user gives included: `checks`, `alive`,
/// `port`.
pub fn known(path: &[&str]) -> Option<Known> {
    let mut known = Known { key: None, depth: 0, section: Some(&ROOT), is_translated: true };
    let mut names = path.iter().enumerate();
    while let Some((at, name)) = names.next() {
        let Some(section) = known.section else {
            let is_map = known.key.is_some_and(|key| matches!(key.kind, Kind::TextMap | Kind::AnyMap));
            return is_map.then_some(known);
        };
        let key = section.key(name).or_else(|| section.keys.iter().find(|key| key.aliases.contains(name)))?;
        known.key = Some(key);
        known.depth = at + 1;
        known.is_translated &= key.older != Older::NoneBelow;
        known.section = match key.kind {
            Kind::NamedTables(of) => names.next().map(|_| of),
            _ => key.kind.section(),
        };
    }
    Some(known)
}

/// The one of `names` that was probably meant by `written`: the most similar, when it is similar
/// enough.
pub fn closest<'a>(names: impl IntoIterator<Item = &'a str>, written: &str) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let written = plain(written);
    let scored = names.into_iter().map(|name| (strsim::jaro_winkler(&plain(name), &written), name));
    let (similarity, name) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let is_alike = strsim::normalized_levenshtein(&plain(name), &written) >= ALIKE_ENOUGH;
    (similarity >= SIMILAR_ENOUGH && is_alike).then_some(name)
}

/// A table that has a certain key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// `""` for the top level, `services.ports`.
    pub path: String,
    /// How the table is written: `[http_service]`, `[[services.ports]]`, `[checks.NAME]`.
    pub header: String,
}

/// Every table that has a key of exactly this name, the top level first.
pub fn places(key: &str) -> Vec<Place> {
    let mut out = Vec::new();
    find_places(&ROOT, key, &mut Vec::new(), &mut out);
    out
}

/// `above`: the keys that lead to `section`. Most have no such key, and get no name.
fn find_places(section: &Section, key: &str, above: &mut Vec<&'static Key>, out: &mut Vec<Place>) {
    if section.keys.iter().any(|known| known.name == key || known.aliases.contains(&key)) {
        let path = above.iter().map(|key| key.name).collect::<Vec<_>>().join(".");
        let header = above.last().and_then(|last| last.kind.header(&path)).unwrap_or_default();
        out.push(Place { path, header });
    }
    for inner in section.keys {
        let Some(below) = inner.kind.section() else { continue };
        above.push(inner);
        find_places(below, key, above, out);
        above.pop();
    }
}

impl Kind {
    /// How a table at `path` is begun; `None` for single values.
    pub fn header(&self, path: &str) -> Option<String> {
        match self {
            Self::Tables(_) => Some(format!("[[{path}]]")),
            Self::NamedTables(_) => Some(format!("[{path}.NAME]")),
            Self::Table(_) | Self::TextMap | Self::AnyMap => Some(format!("[{path}]")),
            _ => None,
        }
    }

    /// The section that the values of this key are tables of.
    pub fn section(&self) -> Option<&'static Section> {
        match self {
            Self::Table(section) | Self::Tables(section) | Self::NamedTables(section) => Some(section),
            _ => None,
        }
    }
}

/// Whether `written` is `name` in another case. Names are ASCII; Unicode folds two more characters
/// into it.
fn folds_to(written: &str, name: &str) -> bool {
    let folded = written.chars().map(|character| match character {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    });
    folded.eq(name.chars())
}

const fn key(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key {
        name,
        kind,
        older: Older::None,
        doc,
        default: None,
        values: &[],
        aliases: &[],
        deprecated: None,
        zero: Zero::Unset,
    }
}

impl Key {
    const fn older(self, older: Older) -> Self {
        Self { older, ..self }
    }

    const fn default(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    const fn values(self, values: &'static [&'static str]) -> Self {
        Self { values, ..self }
    }

    const fn aliases(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    const fn deprecated(self, instead: &'static str) -> Self {
        Self { deprecated: Some(instead), ..self }
    }

    const fn keeps_zero(self) -> Self {
        Self { zero: Zero::Kept, ..self }
    }

    const fn written_when_unset(self) -> Self {
        Self { zero: Zero::Written, ..self }
    }
}

/// Below this, a suggestion is more often wrong than right.
const SIMILAR_ENOUGH: f64 = 0.85;

/// The same for how many characters are right: a common beginning is not enough.
const ALIKE_ENOUGH: f64 = 0.65;
