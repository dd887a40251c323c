//! A rule's page for a terminal.

use super::look::{BOLD, DIM, Look, NORMAL};
use crate::render::page::{self, Part};
use crate::render::{level, rule_page};
use crate::rules::Rule;

pub fn explain(rule: &Rule, look: Look) -> String {
    let row = level(rule.severity);
    let head = format!("{} {}", look.paint(row.style, format!("{}:", row.name)), look.paint(BOLD, rule.id));
    let mut out = format!("{head}{}\n", page::persona(rule));
    out.push_str(&look.wrap("", rule.summary));
    for section in page::sections(rule) {
        out.push_str(&format!("\n{}\n", look.paint(BOLD, section.title)));
        section.parts.iter().for_each(|part| out.push_str(&shown(part, look)));
    }
    if let Some(address) = rule_page(rule.id) {
        out.push_str(&look.hang("  ", 2, &address));
    }
    out
}

fn shown(part: &Part, look: Look) -> String {
    match part {
        Part::Text(text) => look.hang("  ", 2, text),
        Part::Code(_, text) => text.lines().map(|line| code(line, look)).collect(),
    }
}

fn code(line: &str, look: Look) -> String {
    let style = if line.trim_start().starts_with('#') { DIM } else { NORMAL };
    if line.is_empty() { "\n".to_owned() } else { format!("    {}\n", look.paint(style, line)) }
}
