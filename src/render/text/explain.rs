//! A rule's page for a terminal.

use super::look::{BOLD, DIM, Look, NORMAL};
use crate::render::{level, rule_url, what_flyctl_does};
use crate::rules::Rule;

pub fn explain(rule: &Rule, look: Look) -> String {
    let row = level(rule.severity);
    let mut out = format!("{} {}\n", look.paint(row.style, format!("{}:", row.name)), look.paint(BOLD, rule.id));
    out.push_str(&look.wrap("", rule.summary));
    out.push('\n');
    for paragraph in rule.why.split("\n\n") {
        out.push_str(&look.wrap("", paragraph));
        out.push('\n');
    }
    for (title, example) in [("Found", rule.bad), ("Better", rule.good)] {
        out.push_str(&format!("{}\n{}\n", look.paint(BOLD, title), indented(example, look)));
    }
    out.push_str(&look.wrap("flyctl  ", what_flyctl_does(rule.flyctl)));
    out.push_str(&look.wrap("source  ", rule.source));
    out.push_str(&look.wrap("page    ", &rule_url(rule.id)));
    out
}

fn indented(example: &str, look: Look) -> String {
    let line = |line: &str| {
        let style = if line.trim_start().starts_with('#') { DIM } else { NORMAL };
        if line.is_empty() { "\n".to_owned() } else { format!("    {}\n", look.paint(style, line)) }
    };
    example.trim_matches('\n').lines().map(line).collect()
}
