//! The canonical form of a JSON value (RFC 8785) and hashes over it: what makes two documents the
//! same document, whoever wrote them.

use std::fmt::Write;

use serde_json::{Number, Value};
use sha2::{Digest, Sha256};

/// The SHA-256 of the canonical form of `value`, in hex.
pub(super) fn hash(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value);
    sha256(text.as_bytes())
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Number(number) => write_number(out, number),
        Value::Array(items) => write_list(out, '[', ']', items, write_value),
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            write_list(out, '{', '}', &entries, |out, (key, value)| {
                write_text(out, key);
                out.push(':');
                write_value(out, value);
            });
        }
        Value::String(text) => write_text(out, text),
        Value::Null | Value::Bool(_) => out.push_str(&value.to_string()),
    }
}

fn write_list<T>(out: &mut String, open: char, close: char, items: &[T], write: impl Fn(&mut String, &T)) {
    out.push(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(close);
}

/// `serde_json` escapes what RFC 8785 asks for, and nothing else.
fn write_text(out: &mut String, text: &str) {
    out.push_str(&Value::from(text).to_string());
}

/// As ECMAScript prints a double: the RFC knows no other numbers.
fn write_number(out: &mut String, number: &Number) {
    let exact = number.as_i64().filter(|whole| whole.unsigned_abs() <= 1 << 53);
    match (exact, number.as_f64()) {
        (Some(whole), _) => {
            let _ = write!(out, "{whole}");
        }
        (None, Some(double)) => write_double(out, double),
        (None, None) => out.push_str(&number.to_string()),
    }
}

fn write_double(out: &mut String, double: f64) {
    if double == 0.0 {
        return out.push('0');
    }
    // Rust gives the shortest digits that read back the same, as ECMAScript asks.
    let scientific = format!("{:e}", double.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.replace('.', "");
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    if double < 0.0 {
        out.push('-');
    }
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    out.push_str(&match point {
        _ if count <= point && point <= 21 => digits + &zeros(point - count),
        1..=21 => {
            let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
            format!("{whole}.{fraction}")
        }
        -5..=0 => format!("0.{}{digits}", zeros(-point)),
        _ => {
            let (first, rest) = digits.split_at(1);
            let fraction = if rest.is_empty() { String::new() } else { format!(".{rest}") };
            format!("{first}{fraction}e{:+}", point - 1)
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, canonical: &str) {
        let mut text = String::new();
        write_value(&mut text, &serde_json::from_str(json).unwrap());
        assert_eq!(text, canonical);
    }

    #[test]
    fn numbers_are_written_as_ecmascript_writes_them() {
        check(
            "[333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001]",
            "[333333333.3333333,1e+30,4.5,0.002,1e-27]",
        );
        check(
            "[0, -0, -0.0, 1.0, 100, -1.5, 1e21, 1e20, 123456789012345680000]",
            "[0,0,0,1,100,-1.5,1e+21,100000000000000000000,123456789012345680000]",
        );
        check(
            "[9007199254740992, 9007199254740993, 18446744073709551615]",
            "[9007199254740992,9007199254740992,18446744073709552000]",
        );
        check(
            "[0.000001, 0.0000001, 5e-324, 1.7976931348623157e308]",
            "[0.000001,1e-7,5e-324,1.7976931348623157e+308]",
        );
    }

    #[test]
    fn texts_escape_only_what_they_must() {
        check(r#""\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/""#, r#""€$\u000f\nA'B\"\\\\\"/""#);
    }

    #[test]
    fn keys_are_sorted_by_utf_16() {
        check(
            r#"{"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\ud83d\ude00": 5, "\u0080": 6, "\u00f6": 7}"#,
            "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}",
        );
    }

    #[test]
    fn the_hash_is_that_of_the_text() {
        assert_eq!(
            hash(&Value::Object(serde_json::Map::new())),
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
    }
}
