//! How entries are laid out in the text: what an edit has to take away.

use crate::span::Span;

/// The lines of an entry `key = value` that has them for itself, with the line break behind; `None`
/// where something else stands there too, or where the entry is a table with a header. A comment
/// behind it is not part of it, and keeps its line; an entry with comments inside has `None`. The
/// key stands somewhere before the value at `value`, on the same line.
pub fn line_of_entry(text: &str, value: Span) -> Option<Span> {
    let start = text[..value.start].rfind('\n').map_or(0, |at| at + 1);
    let key = text[start..value.start].trim_end().strip_suffix('=')?.trim();
    let is_bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let written = value.of(text);
    if !is_bare || written.contains('\n') && written.contains('#') {
        return None;
    }
    let end = text[value.end..].find('\n').map_or(text.len(), |at| value.end + at + 1);
    let behind = text[value.end..end].trim_start();
    match behind.chars().next() {
        None => Some(Span::new(start, end)),
        Some('#') => Some(Span::new(start + text[start..].find(key)?, end - behind.len())),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, value: &str, expected: Option<&str>) {
        let at = text.find(value).unwrap();
        let line = line_of_entry(text, Span::new(at, at + value.len()));
        assert_eq!(line.map(|line| line.of(text)), expected);
    }

    #[test]
    fn an_entry_on_lines_of_its_own_has_a_line() {
        check("a = 1\n  b = 22 # why\nc = 3", "22", Some("b = 22 "));
        check("a = [\n1,\n]\n", "[\n1,\n]", Some("a = [\n1,\n]\n"));
        check("a = 9", "9", Some("a = 9"));
    }

    #[test]
    fn an_entry_among_others_has_none() {
        check("x = { a = 1, b = 2 }\n", "1", None);
        check("x = { b = 22 }\n", "22", None);
        check("a.b = 7\n", "7", None);
        check("[table]\n", "[table]", None);
        check("a = [\n1, # why\n]\n", "[\n1, # why\n]", None);
    }
}
