//! Places in a text: byte ranges, lines and columns, and the only conversion between UTF-8 and
//! UTF-16. Knows nothing of what the text means.

use serde::{Deserialize, Serialize};

/// A range of bytes in a text: `start` is in it, `end` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    pub fn new(start: usize, end: usize) -> Self {
        assert!(start <= end, "a span ends before it starts: {start}..{end}");
        Self { start, end }
    }

    /// The empty span at `offset`.
    pub fn at(offset: usize) -> Self {
        Self::new(offset, offset)
    }

    /// The smallest span that holds both.
    pub fn to(self, other: Self) -> Self {
        Self::new(self.start.min(other.start), self.end.max(other.end))
    }

    pub fn range(self) -> std::ops::Range<usize> {
        self.start..self.end
    }

    pub fn contains(self, offset: usize) -> bool {
        self.start <= offset && offset <= self.end
    }

    pub fn overlaps(self, other: Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }

    /// The part of `text` that this span covers.
    ///
    /// # Panics
    /// When the span was taken from another text.
    pub fn of(self, text: &str) -> &str {
        &text[self.range()]
    }
}

impl From<std::ops::Range<usize>> for Span {
    fn from(range: std::ops::Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

/// A value and the place it was read from. Serialises as the value alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

impl<T> Spanned<T> {
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: f(self.value), span: self.span }
    }
}

impl<T> std::ops::Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Serialize> Serialize for Spanned<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

/// How a peer counts columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf16,
}

/// A place as people count it: line and column from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    pub offset: usize,
    pub line: usize,
    pub column: usize,
}

/// A place as editors count it: line and character from 0, the character in code units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EditorPosition {
    pub line: u32,
    pub character: u32,
}

/// Where the lines of one text begin.
#[derive(Debug, Clone)]
pub struct LineIndex {
    starts: Vec<usize>,
    /// How many bytes before each [`BLOCK`] do not begin a character: a line may be as long as the
    /// text, and is not counted through for each place in it.
    continued: Vec<usize>,
}

impl LineIndex {
    pub fn new(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        let blocks = text.as_bytes().chunks(BLOCK).scan(0, |before, block| {
            *before += continuation_bytes(block);
            Some(*before)
        });
        Self { starts, continued: std::iter::once(0).chain(blocks).collect() }
    }

    /// `text` is the one the index was made from; an offset inside a character or behind the end
    /// counts as the character's start or the end.
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let offset = floor_char_boundary(text, offset);
        let line = self.line_of(offset);
        let column = self.characters_before(text, offset) - self.characters_before(text, self.starts[line]);
        Position { offset, line: line + 1, column: column + 1 }
    }

    /// The whole lines that `span` touches, the end of the last included.
    pub fn lines_around(&self, span: Span, text: &str) -> Span {
        let start = self.starts[self.line_of(span.start)];
        let end = self.starts.get(self.line_of(span.end) + 1).copied().unwrap_or(text.len());
        Span::new(start, end)
    }

    pub fn to_editor(&self, text: &str, offset: usize, encoding: Encoding) -> EditorPosition {
        let offset = floor_char_boundary(text, offset);
        let line = self.line_of(offset);
        let before = &text[self.starts[line]..offset];
        let units = match encoding {
            Encoding::Utf8 => before.len(),
            Encoding::Utf16 => before.chars().map(char::len_utf16).sum(),
        };
        EditorPosition { line: saturating_u32(line), character: saturating_u32(units) }
    }

    /// The offset of an editor's position; one behind the end of a line or of the text counts as
    /// that end, as the Language Server Protocol asks.
    pub fn from_editor(&self, text: &str, position: EditorPosition, encoding: Encoding) -> usize {
        let Some(&start) = self.starts.get(position.line as usize) else {
            return text.len();
        };
        let end = self.starts.get(position.line as usize + 1).map_or(text.len(), |next| next - 1);
        let line = text[start..end].trim_end_matches('\r');
        let mut units = 0;
        for (at, character) in line.char_indices() {
            if units >= position.character as usize {
                return start + at;
            }
            units += match encoding {
                Encoding::Utf8 => character.len_utf8(),
                Encoding::Utf16 => character.len_utf16(),
            };
        }
        start + line.len()
    }

    fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset) - 1
    }

    fn characters_before(&self, text: &str, offset: usize) -> usize {
        let block = offset / BLOCK;
        let continued = self.continued[block] + continuation_bytes(&text.as_bytes()[block * BLOCK..offset]);
        offset - continued
    }
}

fn continuation_bytes(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0b1100_0000 == 0b1000_0000).count()
}

fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

fn saturating_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// In bytes.
const BLOCK: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a = \"ä🦀\"\r\nb = 1\n";

    #[test]
    fn columns_count_characters() {
        let index = LineIndex::new(TEXT);
        let crab_end = TEXT.find('🦀').unwrap() + 4;
        assert_eq!(index.position(TEXT, crab_end), Position { offset: crab_end, line: 1, column: 8 });
        assert_eq!(index.position(TEXT, 999).line, 3);
        let long = "ä🦀".repeat(BLOCK);
        let index = LineIndex::new(&long);
        for characters in [0, 1, 2 * BLOCK / 3, 2 * BLOCK] {
            let offset = long.char_indices().nth(characters).map_or(long.len(), |(at, _)| at);
            assert_eq!(index.position(&long, offset).column, characters + 1);
        }
    }

    #[test]
    fn editor_positions_go_there_and_back_in_both_encodings() {
        let index = LineIndex::new(TEXT);
        for encoding in [Encoding::Utf8, Encoding::Utf16] {
            for (offset, character) in TEXT.char_indices().filter(|(_, c)| !matches!(c, '\r' | '\n')) {
                let there = index.to_editor(TEXT, offset, encoding);
                assert_eq!(index.from_editor(TEXT, there, encoding), offset, "{character:?}");
            }
        }
        let behind_the_crab = TEXT.find('🦀').unwrap() + 4;
        assert_eq!(index.to_editor(TEXT, behind_the_crab, Encoding::Utf16).character, 8);
        assert_eq!(index.to_editor(TEXT, behind_the_crab, Encoding::Utf8).character, 11);
    }

    #[test]
    fn positions_behind_the_end_are_the_end() {
        let index = LineIndex::new(TEXT);
        let behind = EditorPosition { line: 0, character: 99 };
        assert_eq!(index.from_editor(TEXT, behind, Encoding::Utf16), TEXT.find('\r').unwrap());
        let below = EditorPosition { line: 99, character: 0 };
        assert_eq!(index.from_editor(TEXT, below, Encoding::Utf16), TEXT.len());
    }
}
