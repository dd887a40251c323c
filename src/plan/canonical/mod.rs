//! The canonical form of a JSON value (RFC 8785) and hashes over it: what makes two documents the
//! same document, whoever wrote them. Written straight from what is serialized, since plans of
//! large fleets are large.

mod writer;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use writer::Writer;

/// The SHA-256 of the canonical form of `value`, in hex.
pub(super) fn hash(value: &impl Serialize) -> String {
    hash_without(value, "")
}

/// The canonical form of `value`.
pub(super) fn text(value: &Value) -> String {
    let mut text = String::new();
    written(value, "").pieces(|piece| text.push_str(piece));
    text
}

/// As [`hash`], as if the outermost object had no field of this name.
pub(super) fn hash_without(value: &impl Serialize, omitted: &str) -> String {
    let mut sha = Sha256::new();
    written(value, omitted).pieces(|piece| sha.update(piece));
    hex(&sha.finalize())
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn written<'o>(value: &impl Serialize, omitted: &'o str) -> Writer<'o> {
    let mut writer = Writer::without(omitted);
    let done = value.serialize(&mut writer);
    assert!(done.is_ok(), "what is hashed has a form in JSON: {done:?}");
    writer
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, canonical: &str) {
        assert_eq!(text(&serde_json::from_str(json).unwrap()), canonical);
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

    #[test]
    fn fields_are_sorted_wherever_they_stand() {
        #[derive(serde::Serialize)]
        struct Outer {
            z: u8,
            omitted: &'static str,
            inner: Option<Inner>,
            a: Vec<Inner>,
        }
        #[derive(Clone, serde::Serialize)]
        struct Inner {
            y: bool,
            omitted: Option<f64>,
            b: &'static str,
        }
        let inner = Inner { y: true, omitted: Some(0.5), b: "\u{7f}" };
        let outer = Outer { z: 1, omitted: "x", a: vec![inner.clone(), inner.clone()], inner: Some(inner) };
        let inner = "{\"b\":\"\u{7f}\",\"omitted\":0.5,\"y\":true}";
        let whole = format!("{{\"a\":[{inner},{inner}],\"inner\":{inner},\"z\":1}}");
        assert_eq!(hash_without(&outer, "omitted"), sha256(whole.as_bytes()));
    }
}
