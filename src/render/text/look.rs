//! How text is laid out: width, colour, wrapping, columns. Knows nothing of what it says.

use anstyle::{AnsiColor, Style};

/// What the reader's terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// In columns.
    pub width: usize,
    pub color: bool,
    /// Addresses can be followed (OSC 8).
    pub links: bool,
    /// `width` is that of a terminal, which breaks what is longer within a word. Elsewhere a line that
    /// programs look through stays whole.
    pub is_terminal: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { width: 80, color: false, links: false, is_terminal: false }
    }
}

impl Look {
    /// `text` in `style`; as it is where there is no colour.
    pub fn paint(self, style: Style, text: impl AsRef<str>) -> String {
        let text = clean(text.as_ref());
        if self.color && !text.is_empty() { format!("{style}{text}{style:#}") } else { text }
    }

    /// `text` in lines of this width: the first begins with `head`, the others with as many
    /// blanks. A word that is too long for a line gets one of its own.
    pub fn wrap(self, head: &str, text: &str) -> String {
        self.hang(head, visible_width(head), text)
    }

    /// One line; in a terminal as many as it takes.
    pub fn line(self, head: &str, text: &str) -> String {
        if self.is_terminal { self.hang(head, 0, text) } else { format!("{head}{}\n", clean(text)) }
    }

    /// As [`Look::wrap`], with the text in `style`; outside a terminal it is one line.
    pub(super) fn painted_line(self, head: &str, style: Style, text: &str) -> String {
        let width = if self.is_terminal { self.width } else { usize::MAX };
        with_last(head.to_owned(), &(style, text.to_owned()), Self { width, ..self })
    }

    /// As [`Look::wrap`], with `indent` blanks before the other lines.
    pub(super) fn hang(self, head: &str, indent: usize, text: &str) -> String {
        let width = self.width.max(indent + MIN_ROOM);
        let mut out = head.to_owned();
        let mut column = visible_width(head);
        let mut is_first = true;
        for word in clean(text).split_whitespace() {
            let len = word.chars().count();
            if !is_first && column + 1 + len > width {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                column = indent;
            } else if !is_first {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += len;
            is_first = false;
        }
        out.push('\n');
        out
    }
}

/// Rows in columns as wide as their widest cell; the last column wraps, and goes below the others
/// where there is hardly any room beside them. Each cell has its style.
pub(super) struct Table {
    indent: usize,
    rows: Vec<Vec<(Style, String)>>,
}

impl Table {
    pub(super) fn new(indent: usize) -> Self {
        Self { indent, rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = (Style, String)>) {
        self.rows.push(cells.into_iter().map(|(style, text)| (style, clean(&text))).collect());
    }

    pub(super) fn render(&self, look: Look) -> String {
        let widths = self.widths();
        let head_width = self.indent + widths.iter().rev().skip(1).map(|width| width + GAP).sum::<usize>();
        let is_narrow = head_width + MIN_ROOM > look.width;
        let mut out = String::new();
        for row in &self.rows {
            let Some((last, cells)) = row.split_last() else { continue };
            let mut head = " ".repeat(self.indent);
            for ((style, cell), width) in cells.iter().zip(&widths) {
                let blanks = width.saturating_sub(cell.chars().count()) + GAP;
                head.push_str(&look.paint(*style, cell));
                head.push_str(&" ".repeat(blanks));
            }
            if is_narrow && !last.1.is_empty() {
                out.push_str(head.trim_end());
                out.push('\n');
                head = " ".repeat(self.indent + 4);
            }
            out.push_str(&with_last(head, last, look));
        }
        out
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|(_, cell)| cell.chars().count()).max().unwrap_or(0)
        };
        (0..columns).map(width).collect()
    }
}

/// The line that begins with `head`, and as many as the last cell needs.
fn with_last(head: String, (style, last): &(Style, String), look: Look) -> String {
    let wrapped = look.wrap(&head, last);
    let body = wrapped.get(head.len()..).unwrap_or("").trim_end_matches('\n');
    let painted: Vec<String> = body.split('\n').map(|line| paint_inside(look, *style, line)).collect();
    format!("{}\n", format!("{head}{}", painted.join("\n")).trim_end())
}

/// Paints the words of a line and leaves its indent alone.
fn paint_inside(look: Look, style: Style, line: &str) -> String {
    let words = line.trim_start();
    format!("{}{}", &line[..line.len() - words.len()], look.paint(style, words))
}

/// Without control characters: a name or a message cannot move the cursor or change colours.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// Columns that `text` takes, leaving out colours.
fn visible_width(text: &str) -> usize {
    let mut inside_escape = false;
    let visible = text.chars().filter(|c| match c {
        '\u{1b}' => {
            inside_escape = true;
            false
        }
        'm' if inside_escape => {
            inside_escape = false;
            false
        }
        _ => !inside_escape,
    });
    visible.count()
}

pub(super) const NORMAL: Style = Style::new();
pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const BLUE: Style = AnsiColor::BrightBlue.on_default();
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(super) const RED: Style = AnsiColor::BrightRed.on_default();

const GAP: usize = 2;
const MIN_ROOM: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    const NARROW: Look = Look { width: 30, color: false, links: false, is_terminal: false };

    #[test]
    fn wrapped_text_hangs_under_its_head() {
        assert_eq!(
            NARROW.wrap("  why  ", "one two three four five six"),
            "  why  one two three four five\n       six\n"
        );
    }

    #[test]
    fn columns_line_up_and_the_last_wraps() {
        let mut table = Table::new(1);
        table.row([(BOLD, "a".into()), (NORMAL, "short".into())]);
        table.row([(BOLD, "long".into()), (DIM, "this one is too long for the line".into())]);
        assert_eq!(table.render(NARROW), " a     short\n long  this one is too long\n       for the line\n");
        let colored = table.render(Look { color: true, ..NARROW });
        assert!(colored.contains("       \u{1b}[2mfor the line\u{1b}[0m\n"), "{colored:?}");
    }

    #[test]
    fn a_name_cannot_write_escape_sequences() {
        assert_eq!(Look::default().paint(BOLD, "a\u{1b}[2Jb"), "a\u{fffd}[2Jb");
        assert_eq!(Look::default().wrap("", "a\u{7}b"), "a\u{fffd}b\n");
    }
}
