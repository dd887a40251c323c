//! Durations and sizes as flyctl reads and prints them (Go's `time.Duration`, docker's
//! `go-units`). Knows no key that uses them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A signed time span in nanoseconds, written as Go writes it: `1m30s`, `1.5s`, `0s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration {
    pub nanos: i64,
}

impl Duration {
    pub const fn from_nanos(nanos: i64) -> Self {
        Self { nanos }
    }

    pub const fn from_millis(millis: i64) -> Self {
        Self { nanos: millis.saturating_mul(1_000_000) }
    }

    pub const fn from_secs(secs: i64) -> Self {
        Self { nanos: secs.saturating_mul(1_000_000_000) }
    }

    /// Whole milliseconds, rounded up, never negative: what a timer can wait.
    pub fn as_millis(self) -> u64 {
        u64::try_from(self.nanos).map_or(0, |nanos| nanos.div_ceil(1_000_000))
    }
}

impl Duration {
    /// Go's `time.ParseDuration`: a sign, then numbers with units (`1h2m`, `1.5s`, `300ms`), or
    /// a bare `0`.
    ///
    /// # Errors
    /// What is wrong, without the text itself.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest == "0" {
            return Ok(Self::default());
        }
        if rest.is_empty() {
            return Err("it is empty".into());
        }
        let mut total: u64 = 0;
        while !rest.is_empty() {
            let part;
            (part, rest) = leading_part(rest)?;
            total = total.checked_add(part).filter(|sum| *sum <= 1 << 63).ok_or(TOO_LONG)?;
        }
        if negative {
            return Ok(Self::from_nanos((total as i64).wrapping_neg()));
        }
        i64::try_from(total).map(Self::from_nanos).map_err(|_| TOO_LONG.into())
    }
}

/// The nanoseconds of the first number and unit, and what follows.
fn leading_part(text: &str) -> Result<(u64, &str), String> {
    let number_len = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, behind) = text.split_at(number_len);
    let unit_len = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
    let (unit, behind) = behind.split_at(unit_len);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return Err("a number is expected".into());
    }
    if unit.is_empty() {
        return Err("a unit is missing: write `ms`, `s`, `m` or `h`".into());
    }
    let scale = unit_nanos(unit).ok_or_else(|| format!("unknown unit `{unit}`"))?;
    Ok((part_nanos(whole, fraction, scale).ok_or(TOO_LONG)?, behind))
}

const TOO_LONG: &str = "it is too long";

impl std::str::FromStr for Duration {
    type Err = String;

    /// [`Duration::parse`]; the error names the text too.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|why| format!("`{text}` is not a duration: {why}"))
    }
}

fn unit_nanos(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// `whole.fraction` units of `scale` nanoseconds; digits of the fraction that no longer fit are
/// dropped, as Go does.
fn part_nanos(whole: &str, fraction: &str, scale: u64) -> Option<u64> {
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut part = whole.checked_mul(scale).filter(|part| *part <= 1 << 63)?;
    let (mut digits, mut divisor) = (0_u64, 1.0_f64);
    for digit in fraction.bytes() {
        let Some(next) = digits.checked_mul(10).and_then(|d| d.checked_add(u64::from(digit - b'0'))) else { break };
        if next > 1 << 63 {
            break;
        }
        digits = next;
        divisor *= 10.0;
    }
    if digits > 0 {
        part = part.checked_add((digits as f64 * (scale as f64 / divisor)) as u64)?;
    }
    (part <= 1 << 63).then_some(part)
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.nanos.unsigned_abs();
        let sign = if self.nanos < 0 { "-" } else { "" };
        match nanos {
            0 => return f.write_str("0s"),
            1..1_000 => return write!(f, "{sign}{nanos}ns"),
            1_000..1_000_000 => return write!(f, "{sign}{}µs", decimal(nanos, 1_000)),
            1_000_000..1_000_000_000 => return write!(f, "{sign}{}ms", decimal(nanos, 1_000_000)),
            _ => {}
        }
        let minutes = nanos / 60_000_000_000;
        let seconds = decimal(nanos % 60_000_000_000, 1_000_000_000);
        match (minutes / 60, minutes % 60) {
            (0, 0) => write!(f, "{sign}{seconds}s"),
            (0, minutes) => write!(f, "{sign}{minutes}m{seconds}s"),
            (hours, minutes) => write!(f, "{sign}{hours}h{minutes}m{seconds}s"),
        }
    }
}

/// `number / scale` without trailing zeros; `scale` is a power of ten.
fn decimal(number: u64, scale: u64) -> String {
    let (whole, rest) = (number / scale, number % scale);
    if rest == 0 {
        return whole.to_string();
    }
    let width = scale.ilog10() as usize;
    format!("{whole}.{rest:0width$}").trim_end_matches('0').to_owned()
}

/// Go's conversion to a whole number as it comes out on amd64: what does not fit becomes the
/// smallest.
pub fn truncated(number: f64) -> i64 {
    const TOO_LARGE: f64 = 9_223_372_036_854_775_808.0;
    if number > -TOO_LARGE && number < TOO_LARGE { number as i64 } else { i64::MIN }
}

/// Which power a `k` in a size stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// 1000: volumes.
    Decimal,
    /// 1024: memory.
    Binary,
}

/// Bytes of a size such as `1.5gb`, `512 MiB` or `1024`.
///
/// # Errors
/// Names the text and what is wrong with it.
pub fn parse_bytes(text: &str, scale: Scale) -> Result<i64, String> {
    let bad = |why: &str| format!("`{text}` is not a size: {why}");
    let Some(last) = text.rfind(|c: char| c.is_ascii_digit() || matches!(c, '.' | ' ')) else {
        return Err(bad("there is no number"));
    };
    let (number, unit) = (&text[..=last], &text[last + 1..]);
    let number = number.strip_suffix(' ').unwrap_or(number);
    let number: f64 = number.parse().map_err(|_| bad("a number is expected"))?;
    if number.is_infinite() {
        return Err(bad("it is too large"));
    }
    if number < 0.0 {
        return Err(bad("it is negative"));
    }
    let factor = unit_bytes(&unit.to_lowercase(), scale).ok_or_else(|| bad(&format!("unknown unit `{unit}`")))?;
    Ok(truncated(number * factor))
}

fn unit_bytes(unit: &str, scale: Scale) -> Option<f64> {
    let base: f64 = match scale {
        Scale::Decimal => 1000.0,
        Scale::Binary => 1024.0,
    };
    let prefix = match unit {
        "" | "b" => return Some(1.0),
        _ => unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(unit),
    };
    let power = ["k", "m", "g", "t", "p"].iter().position(|known| *known == prefix)?;
    Some(base.powi(power as i32 + 1))
}

/// Whole gigabytes of a volume's size; a bare number is gigabytes already.
///
/// # Errors
/// As [`parse_bytes`].
pub fn parse_gigabytes(text: &str) -> Result<i64, String> {
    text.parse().or_else(|_| Ok(parse_bytes(text, Scale::Decimal)? / 1_000_000_000))
}

/// Whole mebibytes of memory; a bare number is mebibytes already.
///
/// # Errors
/// As [`parse_bytes`].
pub fn parse_mebibytes(text: &str) -> Result<i64, String> {
    text.parse().or_else(|_| Ok(parse_bytes(text, Scale::Binary)? / (1024 * 1024)))
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    /// A Go duration string, or a number of nanoseconds, as the Machines API takes both.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Nanos(i64),
            Text(String),
        }
        match Raw::deserialize(deserializer)? {
            Raw::Nanos(nanos) => Ok(Self::from_nanos(nanos)),
            Raw::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_print_as_go_prints_them() {
        for text in [
            "0s",
            "1ns",
            "1.1µs",
            "2.2ms",
            "3.3s",
            "4m5s",
            "4m5.001s",
            "5h6m7.001s",
            "8m0.000000001s",
            "-1.5s",
            "2562047h47m16.854775807s",
        ] {
            assert_eq!(text.parse::<Duration>().map(|d| d.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("90s".parse::<Duration>().map(|d| d.to_string()), Ok("1m30s".to_owned()));
        assert_eq!("1.5h".parse(), Ok(Duration::from_secs(5400)));
        assert_eq!("0".parse(), Ok(Duration::default()));
    }

    #[test]
    fn sizes_are_read_with_and_without_units() {
        for (text, gigabytes, mebibytes) in [
            ("3", 3, 3),
            ("10gb", 10, 10240),
            ("1.5 GiB", 1, 1536),
            ("2048m", 2, 2048),
            ("999mb", 0, 999),
            ("1TB", 1000, 1024 * 1024),
        ] {
            assert_eq!(parse_gigabytes(text), Ok(gigabytes), "{text}");
            assert_eq!(parse_mebibytes(text), Ok(mebibytes), "{text}");
        }
        for text in ["", "gb", "-1gb", "1xb", "1gbit", "1 2gb", "[2048 1]"] {
            assert!(parse_mebibytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for text in ["", "3", "-", "s", ".", ".s", "1d", "1m 30s", "9223372036854775810ns", "1..5s"] {
            assert!(text.parse::<Duration>().is_err(), "{text:?}");
        }
    }
}
