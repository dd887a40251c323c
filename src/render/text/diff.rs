//! The difference between two texts in the unified form that `patch` takes.

use super::look::{BOLD, DIM, GREEN, Look, NORMAL, RED, clean};

/// Empty when nothing changed.
pub fn diff(path: &str, before: &str, after: &str, look: Look) -> String {
    let (before, after) = (lines(before), lines(after));
    let changes = compare(&before, &after);
    let hunks = hunks(&changes);
    if hunks.is_empty() {
        return String::new();
    }
    let mut out = look.paint(BOLD, format!("--- {path}")) + "\n" + &look.paint(BOLD, format!("+++ {path}")) + "\n";
    for hunk in hunks {
        out.push_str(&render(hunk, look));
    }
    out
}

/// One line of the comparison, and its number in each text.
#[derive(Debug, Clone, Copy)]
struct Change<'a> {
    kind: Kind,
    line: &'a str,
    old: usize,
    new: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Same,
    Removed,
    Added,
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// By the longest common subsequence of what is left between an equal start and an equal end:
/// fixes touch few lines, so the table stays small.
fn compare<'a>(before: &[&'a str], after: &[&'a str]) -> Vec<Change<'a>> {
    let head = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let (old, new) = (&before[head..], &after[head..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);

    let mut kinds = vec![Kind::Same; head];
    kinds.extend(changed(old, new));
    kinds.extend(vec![Kind::Same; tail]);
    number(&kinds, before, after)
}

fn changed(old: &[&str], new: &[&str]) -> Vec<Kind> {
    let mut common = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] =
                if old[i] == new[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut kinds = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            kinds.push(Kind::Same);
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || i < old.len() && common[i + 1][j] >= common[i][j + 1] {
            kinds.push(Kind::Removed);
            i += 1;
        } else {
            kinds.push(Kind::Added);
            j += 1;
        }
    }
    kinds
}

fn number<'a>(kinds: &[Kind], before: &[&'a str], after: &[&'a str]) -> Vec<Change<'a>> {
    let (mut old, mut new) = (0, 0);
    let change = |kind: &Kind| {
        let line = if *kind == Kind::Added { after[new] } else { before[old] };
        let change = Change { kind: *kind, line, old, new };
        old += usize::from(*kind != Kind::Added);
        new += usize::from(*kind != Kind::Removed);
        change
    };
    kinds.iter().map(change).collect()
}

/// Runs of changes with the lines around them.
fn hunks<'a, 'b>(changes: &'b [Change<'a>]) -> Vec<&'b [Change<'a>]> {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for (at, _) in changes.iter().enumerate().filter(|(_, change)| change.kind != Kind::Same) {
        let (start, end) = (at.saturating_sub(CONTEXT), (at + CONTEXT + 1).min(changes.len()));
        match ranges.last_mut() {
            Some(last) if start <= last.1 => last.1 = end,
            _ => ranges.push((start, end)),
        }
    }
    ranges.into_iter().map(|(start, end)| &changes[start..end]).collect()
}

fn render(hunk: &[Change], look: Look) -> String {
    let Some(first) = hunk.first() else { return String::new() };
    let old = hunk.iter().filter(|change| change.kind != Kind::Added).count();
    let new = hunk.iter().filter(|change| change.kind != Kind::Removed).count();
    // An empty side is numbered by the line before it.
    let start = |at: usize, len: usize| if len == 0 { at } else { at + 1 };
    let head = format!("@@ -{},{old} +{},{new} @@", start(first.old, old), start(first.new, new));
    let mut out = look.paint(DIM, head) + "\n";
    for change in hunk {
        let (mark, style) = match change.kind {
            Kind::Same => (' ', NORMAL),
            Kind::Removed => ('-', RED),
            Kind::Added => ('+', GREEN),
        };
        let text = change.line.strip_suffix('\n');
        let line = format!("{mark}{}", text.unwrap_or(change.line));
        // A carriage return belongs to the line; only a terminal must not see other controls.
        let line = if look.color { look.paint(style, clean(line.trim_end_matches('\r'))) } else { line };
        out.push_str(&line);
        out.push('\n');
        if text.is_none() {
            out.push_str("\\ No newline at end of file\n");
        }
    }
    out
}

const CONTEXT: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &str, after: &str, expected: &str) {
        assert_eq!(diff("fly.toml", before, after, Look::default()), expected);
    }

    #[test]
    fn equal_texts_have_no_difference() {
        check("a\nb\n", "a\nb\n", "");
    }

    #[test]
    fn a_hunk_has_three_lines_around_it() {
        check(
            "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
            "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
            "--- fly.toml\n+++ fly.toml\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n",
        );
    }

    #[test]
    fn a_missing_end_of_line_is_told() {
        check("a", "a\nb\n", "--- fly.toml\n+++ fly.toml\n@@ -1,1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n");
        check("", "a\n", "--- fly.toml\n+++ fly.toml\n@@ -0,0 +1,1 @@\n+a\n");
    }

    #[test]
    fn distant_changes_are_separate_hunks() {
        let before: String = (1..=20).map(|n| format!("{n}\n")).collect();
        let out = diff("f", &before, &before.replace("2\n3\n", "3\n").replace("18\n", "18\nx\n"), Look::default());
        assert_eq!(out.matches("@@ -").count(), 2, "{out}");
    }
}
