//! Values in text, as Go's `fmt` and `encoding/json` write them: flyctl turns values of other types
//! into text with them.

use crate::syntax::{Entry, Node, Value};

/// Go's `%v`.
pub(super) fn printed(node: &Node) -> String {
    match &node.value {
        Value::Null => "<nil>".into(),
        Value::Bool(on) => on.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => float(*number),
        Value::Text(text) => text.clone(),
        Value::Date(date) => printed_date(date),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(printed).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Table(table) => {
            let mut entries: Vec<&Entry> = table.entries.iter().collect();
            entries.sort_by(|a, b| a.key.value.cmp(&b.key.value));
            let pairs = entries.iter().map(|entry| format!("{}:{}", entry.key.value, printed(&entry.value)));
            format!("map[{}]", pairs.collect::<Vec<_>>().join(" "))
        }
    }
}

/// The shortest digits that mean the same number, with an exponent below 1e-4 and from 1e6 on: Go's
/// `%g` without a precision.
fn float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf".into() } else { "-Inf".into() };
    }
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..FIRST_EXPONENT).contains(&exponent) || number == 0.0 {
        return number.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

const FIRST_EXPONENT: i32 = 6;

/// A TOML date as Go's JSON has it: local ones as written, with `T` and seconds; others in RFC
/// 3339 without trailing zeros.
pub(super) fn json_date(text: &str) -> String {
    let date = Date::of(text);
    match date.offset {
        None => date.local(),
        Some(ref offset) => format!("{}{offset}", date.local_with_short_fraction('T')),
    }
}

/// A TOML date as `%v` has it: an instant with its offset twice, once in place of a zone's name.
fn printed_date(text: &str) -> String {
    let date = Date::of(text);
    match date.offset.as_deref() {
        None => date.local(),
        Some("Z") => format!("{} +0000 UTC", date.local_with_short_fraction(' ')),
        Some(offset) => {
            let offset = offset.replace(':', "");
            format!("{} {offset} {offset}", date.local_with_short_fraction(' '))
        }
    }
}

/// The parts of a date that the parser accepted.
struct Date<'a> {
    day: Option<&'a str>,
    time: Option<String>,
    fraction: &'a str,
    /// `Z`, or hours and minutes with a sign; no offset at all counts as `Z`.
    offset: Option<String>,
}

impl<'a> Date<'a> {
    fn of(text: &'a str) -> Self {
        let has_day = text.as_bytes().get(4) == Some(&b'-');
        let (day, rest) = if has_day { text.split_at(text.len().min(10)) } else { ("", text) };
        let rest = rest.trim_start_matches(['T', 't', ' ']);
        let offset_at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
        let (time, offset) = rest.split_at(offset_at);
        let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
        let time = match time.len() {
            0 => None,
            5 => Some(format!("{time}:00")),
            _ => Some(time.to_owned()),
        };
        let offset = match offset {
            "" => None,
            "Z" | "z" | "+00:00" | "-00:00" => Some("Z".to_owned()),
            other => Some(other.to_owned()),
        };
        Self { day: has_day.then_some(day), time, fraction, offset }
    }

    fn local(&self) -> String {
        let fraction = if self.fraction.is_empty() { String::new() } else { format!(".{}", self.fraction) };
        match (self.day, &self.time) {
            (Some(day), Some(time)) => format!("{day}T{time}{fraction}"),
            (Some(day), None) => day.to_owned(),
            (None, time) => format!("{}{fraction}", time.as_deref().unwrap_or_default()),
        }
    }

    fn local_with_short_fraction(&self, separator: char) -> String {
        let fraction = self.fraction.trim_end_matches('0');
        let dot = if fraction.is_empty() { "" } else { "." };
        let (day, time) = (self.day.unwrap_or_default(), self.time.as_deref().unwrap_or_default());
        format!("{day}{separator}{time}{dot}{fraction}")
    }
}
