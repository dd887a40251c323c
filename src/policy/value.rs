//! What a key of a policy takes, from a command line or from cutover.toml, and where it goes.

use crate::plan::{self, Drain, Policy};
use crate::syntax::{Node, Value};
use crate::units;

/// A part of a policy, by the kind of its value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Field {
    /// In milliseconds.
    Duration(fn(&mut Policy) -> &mut u64),
    DurationIf(fn(&mut Policy) -> &mut Option<u64>),
    /// One or more.
    Count(fn(&mut Policy) -> &mut u64),
    CountIf(fn(&mut Policy) -> &mut Option<u64>),
    /// With what it is set to when the key says true.
    Switch(fn(&mut Policy) -> &mut bool, bool),
    Names(fn(&mut Policy) -> &mut Vec<String>, &'static str),
    Command(fn(&mut Policy) -> &mut Option<String>),
    Url(fn(&mut Policy) -> &mut Option<String>),
    /// When a blue may be stopped.
    Choice,
    Floor,
}

/// A value as somebody wrote it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Written<'a> {
    Argument(&'a str),
    Node(&'a Node),
}

impl Field {
    /// Sets it in `policy`.
    ///
    /// # Errors
    /// What is expected.
    pub(super) fn set(self, policy: &mut Policy, written: Written) -> Result<(), String> {
        match self {
            Self::Duration(field) => *field(policy) = duration_ms(written)?,
            Self::DurationIf(field) => *field(policy) = Some(duration_ms(written)?),
            Self::Count(field) => *field(policy) = count(written)?,
            Self::CountIf(field) => *field(policy) = Some(count(written)?),
            Self::Switch(field, on) => *field(policy) = switch(written)? == on,
            Self::Names(field, _) => *field(policy) = names(written)?,
            Self::Command(field) => *field(policy) = Some(command(written)?),
            Self::Url(field) => *field(policy) = Some(url(written)?),
            Self::Choice => policy.drain = drain(written)?,
            Self::Floor => policy.floor = Some(floor(written)?),
        }
        Ok(())
    }

    pub(super) const fn value_name(self) -> Option<&'static str> {
        Some(match self {
            Self::Duration(_) | Self::DurationIf(_) => "DURATION",
            Self::Count(_) | Self::CountIf(_) => "N",
            Self::Switch(..) => return None,
            Self::Names(_, name) => name,
            Self::Command(_) => "COMMAND",
            Self::Url(_) => "URL",
            Self::Choice => "WHEN",
            Self::Floor => "N|PERCENT",
        })
    }

    pub(super) const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Choice => &["fixed", "until-idle"],
            _ => &[],
        }
    }

    pub(super) const fn example(self) -> &'static str {
        match self {
            Self::Duration(_) | Self::DurationIf(_) => "\"30s\"",
            Self::Count(_) | Self::CountIf(_) => "4",
            Self::Switch(..) => "true",
            Self::Names(..) => "[\"api\", \"web\"]",
            Self::Command(_) => "\"/app/bin/is-idle\"",
            Self::Url(_) => "\"https://shop.example/version\"",
            Self::Choice => "\"until-idle\"",
            Self::Floor => "2, \"50%\"",
        }
    }
}

fn duration_ms(written: Written) -> Result<u64, String> {
    let text = text(written).ok_or("a duration such as \"10s\" or \"1m30s\" is expected")?;
    let duration: units::Duration = text.parse()?;
    if duration.nanos < 0 { Err(format!("`{text}` is negative")) } else { Ok(duration.as_millis()) }
}

fn count(written: Written) -> Result<u64, String> {
    integer(written).filter(|count| *count > 0).ok_or_else(|| "a number of 1 or more is expected".to_owned())
}

fn switch(written: Written) -> Result<bool, String> {
    let on = match written {
        Written::Node(Node { value: Value::Bool(on), .. }) => Some(*on),
        Written::Argument(text) => text.parse().ok(),
        Written::Node(_) => None,
    };
    on.ok_or_else(|| "true or false is expected".to_owned())
}

fn names(written: Written) -> Result<Vec<String>, String> {
    let names: Option<Vec<String>> = match written {
        Written::Argument(text) => Some(text.split(',').map(|name| name.trim().to_owned()).collect()),
        Written::Node(node) => {
            node.as_array().and_then(|items| items.iter().map(|item| item.as_text().map(str::to_owned)).collect())
        }
    };
    let names = names.ok_or("a list of names such as [\"api\", \"web\"] is expected")?;
    if names.iter().any(String::is_empty) {
        return Err("a name is empty".to_owned());
    }
    match names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
        Some((_, twice)) => Err(format!("`{twice}` is named twice")),
        None => Ok(names),
    }
}

fn command(written: Written) -> Result<String, String> {
    let command = text(written).ok_or("a command, as text, is expected")?;
    if command.trim().is_empty() { Err("the command is empty".to_owned()) } else { Ok(command.to_owned()) }
}

fn url(written: Written) -> Result<String, String> {
    Ok(address(text(written).ok_or(ADDRESS_EXPECTED)?)?.to_owned())
}

/// The address of a site.
///
/// # Errors
/// What is expected.
pub fn address(text: &str) -> Result<&str, &'static str> {
    let rest = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme)).ok_or(ADDRESS_EXPECTED)?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    if host.is_empty() || text.contains(char::is_whitespace) { Err(ADDRESS_EXPECTED) } else { Ok(text) }
}

fn drain(written: Written) -> Result<Drain, String> {
    match text(written) {
        Some("fixed") => Ok(Drain::Fixed),
        Some("until-idle") => Ok(Drain::UntilIdle),
        _ => Err("\"fixed\" or \"until-idle\" is expected".to_owned()),
    }
}

fn floor(written: Written) -> Result<plan::Floor, String> {
    let expected = "a number of machines such as 2, or a share such as \"50%\", is expected";
    if let Some(machines) = integer(written) {
        return Ok(plan::Floor::Machines(machines));
    }
    let percent = text(written).and_then(|text| text.strip_suffix('%')).and_then(digits).ok_or(expected)?;
    if percent > 100 { Err(format!("{percent}% is more than all of them")) } else { Ok(plan::Floor::Percent(percent)) }
}

fn integer(written: Written) -> Option<u64> {
    match written {
        Written::Argument(text) => digits(text),
        Written::Node(Node { value: Value::Integer(number), .. }) => u64::try_from(*number).ok(),
        Written::Node(_) => None,
    }
}

/// Without the sign that [`str::parse`] would take.
fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn text(written: Written<'_>) -> Option<&str> {
    match written {
        Written::Argument(text) => Some(text),
        Written::Node(node) => node.as_text(),
    }
}

const ADDRESS_EXPECTED: &str = "an address that begins with `https://` or `http://` is expected";
