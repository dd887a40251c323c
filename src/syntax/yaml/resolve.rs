//! What a scalar without quotes means: null, a boolean, a number, a time, or its own text. YAML 1.2
//! with the octal numbers of 1.1, as `gopkg.in/yaml.v3` has it; `yes`, `no`, `on` and `off` are
//! text.

use super::super::Value;

/// The value of `text`, and the tag that says what kind it is.
pub(super) fn resolve(text: &str) -> (&'static str, Value) {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => ("!!null", Value::Null),
        "true" | "True" | "TRUE" => ("!!bool", Value::Bool(true)),
        "false" | "False" | "FALSE" => ("!!bool", Value::Bool(false)),
        ".nan" | ".NaN" | ".NAN" => ("!!float", Value::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => ("!!float", Value::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => ("!!float", Value::Float(f64::NEG_INFINITY)),
        _ => number_or_time(text).unwrap_or_else(|| ("!!str", Value::Text(text.to_owned()))),
    }
}

fn number_or_time(text: &str) -> Option<(&'static str, Value)> {
    match text.as_bytes().first()? {
        b'.' => Some(("!!float", Value::Float(float(text)?))),
        b'0'..=b'9' | b'+' | b'-' => {
            if let Some(time) = timestamp(text) {
                return Some(("!!timestamp", Value::Date(time)));
            }
            let plain = text.replace('_', "");
            match integer(&plain) {
                Some(number) => Some(("!!int", number)),
                None => Some(("!!float", Value::Float(float(&plain)?))),
            }
        }
        _ => None,
    }
}

/// A whole number by its prefix: `0b`, `0o`, `0x`, or a bare `0` for octal. What fits only without
/// a sign becomes a float.
fn integer(text: &str) -> Option<Value> {
    let (is_negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, radix) = match unsigned.as_bytes() {
        [b'0', b'b' | b'B', _, ..] => (&unsigned[2..], 2),
        [b'0', b'o' | b'O', _, ..] => (&unsigned[2..], 8),
        [b'0', b'x' | b'X', _, ..] => (&unsigned[2..], 16),
        [b'0', _, ..] => (&unsigned[1..], 8),
        _ => (unsigned, 10),
    };
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let magnitude = i128::from(u64::from_str_radix(digits, radix).ok()?);
    match i64::try_from(if is_negative { -magnitude } else { magnitude }) {
        Ok(number) => Some(Value::Integer(number)),
        Err(_) if unsigned.len() == text.len() => Some(Value::Float(magnitude as f64)),
        Err(_) => None,
    }
}

/// Digits with a point or an exponent; Rust reads more than that.
fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_digits = !(whole.is_empty() && fraction.is_empty());
    let has_exponent = exponent.is_none_or(|digits| !digits.is_empty() && are_digits(digits));
    if !(has_digits && has_exponent && are_digits(whole) && are_digits(fraction)) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A time of day on a date, or a date alone, in RFC 3339; without an offset it is UTC.
fn timestamp(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.len() < 5 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' {
        return None;
    }
    let (year, rest) = (&text[..4], &text[5..]);
    let (month, rest) = small_number(rest)?;
    let (day, rest) = small_number(rest.strip_prefix('-')?)?;
    if !(1..=12).contains(&month) || !(1..=days_in(year.parse().ok()?, month)).contains(&day) {
        return None;
    }
    let date = format!("{year}-{month:02}-{day:02}");
    if rest.is_empty() {
        return Some(format!("{date}T00:00:00Z"));
    }
    let is_rfc = rest.starts_with(['T', 't']);
    let (time, rest) = clock_time(rest.strip_prefix(['T', 't', ' '])?)?;
    let offset = match (is_rfc, rest) {
        (false, "") | (true, "Z") => "Z".to_owned(),
        (true, rest) => offset(rest)?,
        (false, _) => return None,
    };
    Some(format!("{date}T{time}{offset}"))
}

/// One or two digits.
fn small_number(text: &str) -> Option<(u32, &str)> {
    let len = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    Some((text[..len].parse().ok()?, &text[len..]))
}

fn clock_time(text: &str) -> Option<(String, &str)> {
    let (hour, rest) = small_number(text)?;
    let (minute, rest) = small_number(rest.strip_prefix(':')?)?;
    let (second, rest) = small_number(rest.strip_prefix(':')?)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction_len = rest.bytes().skip(1).take_while(u8::is_ascii_digit).count();
    let (fraction, rest) = match rest.starts_with(['.', ',']) && fraction_len > 0 {
        true => (format!(".{}", &rest[1..=fraction_len.min(NANOSECOND_DIGITS)]), &rest[1 + fraction_len..]),
        false => (String::new(), rest),
    };
    Some((format!("{hour:02}:{minute:02}:{second:02}{fraction}"), rest))
}

/// `+hh:mm` or `-hh:mm`
fn offset(text: &str) -> Option<String> {
    let [b'+' | b'-', h1, h2, b':', m1, m2] = text.as_bytes() else { return None };
    let two = |tens: &u8, ones: &u8| {
        let digits = tens.is_ascii_digit() && ones.is_ascii_digit();
        digits.then(|| (tens - b'0') * 10 + (ones - b'0'))
    };
    (two(h1, h2)? <= 24 && two(m1, m2)? < 60).then(|| text.to_owned())
}

fn days_in(year: u32, month: u32) -> u32 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

const NANOSECOND_DIGITS: usize = 9;
