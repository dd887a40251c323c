//! Where the comments of a text stand. Found by the tokens of the language: a `#` inside a string
//! begins none.

use toml_parser::Source;
use toml_parser::lexer::{Token, TokenKind};

use super::{Format, yaml};
use crate::span::Span;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment {
    /// From the `#` to the end of the line, without it.
    pub span: Span,
    /// Nothing but blanks stands before it on its line.
    pub is_alone: bool,
}

/// In the order of the text. JSON has no comments.
pub fn comments(text: &str, format: Format) -> Vec<Comment> {
    match format {
        Format::Toml => of_toml(text),
        Format::Yaml => yaml::comments(text),
        Format::Json => Vec::new(),
    }
}

fn of_toml(text: &str) -> Vec<Comment> {
    let mut is_alone = true;
    let mut found = Vec::new();
    for token in Source::new(text).lex() {
        match token.kind() {
            TokenKind::Newline => is_alone = true,
            TokenKind::Whitespace => {}
            TokenKind::Comment => found.push(Comment { span: trimmed(text, token), is_alone }),
            _ => is_alone = false,
        }
    }
    found
}

/// Without the carriage return of a line that ends as on Windows.
fn trimmed(text: &str, token: Token) -> Span {
    let span = Span::new(token.span().start(), token.span().end());
    Span::new(span.start, span.start + span.of(text).trim_end().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_told_from_what_looks_like_them() {
        let text = "# a\r\nb = '# c' # d\n  # e\nf = \"\"\"\n# g\n\"\"\" # h\ni = [ # j\n 1, # k\n]\n[#l\n";
        let found: Vec<(&str, bool)> =
            comments(text, Format::Toml).iter().map(|one| (one.span.of(text), one.is_alone)).collect();
        let expected = [
            ("# a", true),
            ("# d", false),
            ("# e", true),
            ("# h", false),
            ("# j", false),
            ("# k", false),
            ("#l", false),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn comments_of_yaml_stand_behind_a_blank_and_in_no_text() {
        let text = "# a\nb: 'x # y' # c\n  # d\r\ne: f#g\nh: |\n  # i\n  j # k\n# l\nm: [ # n\n  \"o\\\" # p\" ] # q\n";
        let found: Vec<(&str, bool)> =
            comments(text, Format::Yaml).iter().map(|one| (one.span.of(text), one.is_alone)).collect();
        let expected = [("# a", true), ("# c", false), ("# d", true), ("# l", true), ("# n", false), ("# q", false)];
        assert_eq!(found, expected);
    }
}
