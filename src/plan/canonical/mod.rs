//! The canonical form of a JSON value (RFC 8785) and hashes over it: what makes two documents the
//! same document, whoever wrote them. Written straight from what is serialized, since plans of
//! large fleets are large.

mod writer;

use std::marker::PhantomData;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use writer::Writer;

/// The SHA-256 of the canonical form of `value`, in hex.
pub(super) fn hash(value: &impl Serialize) -> String {
    let mut writer = Writer::default();
    write(&mut writer, value);
    sha256(writer.out.as_bytes())
}

/// The canonical form of `value`.
pub(super) fn text(value: &Value) -> String {
    let mut writer = Writer::default();
    write(&mut writer, value);
    writer.out
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The hash of an object that is too large to be written as a whole. Its fields are given in their
/// order, and stay where they are until it is done.
#[derive(Default)]
pub(super) struct Hash<'v> {
    values: PhantomData<&'v ()>,
    sha: Sha256,
    writer: Writer,
    last: &'static str,
}

impl<'v> Hash<'v> {
    pub(super) fn field(&mut self, key: &'static str, value: &'v impl Serialize) {
        self.key(key);
        self.pass_on(value);
    }

    pub(super) fn list(&mut self, key: &'static str, items: &'v [impl Serialize]) {
        self.key(key);
        for (index, item) in items.iter().enumerate() {
            self.sha.update(if index == 0 { "[" } else { "," });
            self.pass_on(item);
        }
        self.sha.update(if items.is_empty() { "[]" } else { "]" });
    }

    pub(super) fn end(mut self) -> String {
        self.sha.update(if self.last.is_empty() { "{}" } else { "}" });
        hex(&self.sha.finalize())
    }

    fn key(&mut self, key: &'static str) {
        assert!(self.last < key, "`{key}` comes after `{}`", self.last);
        self.sha.update(if self.last.is_empty() { "{\"" } else { ",\"" });
        self.sha.update(key);
        self.sha.update("\":");
        self.last = key;
    }

    fn pass_on(&mut self, value: &impl Serialize) {
        write(&mut self.writer, value);
        self.sha.update(&self.writer.out);
        self.writer.out.clear();
    }
}

fn write(writer: &mut Writer, value: &impl Serialize) {
    let done = value.serialize(writer);
    assert!(done.is_ok(), "what is hashed has a form in JSON: {done:?}");
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
            inner: Option<Inner>,
            a: Vec<Inner>,
        }
        #[derive(Clone, serde::Serialize)]
        struct Inner {
            y: bool,
            c: Option<f64>,
            b: &'static str,
        }
        let inner = Inner { y: true, c: Some(0.5), b: "\u{7f}" };
        let outer = Outer { z: 1, a: vec![inner.clone(), inner.clone()], inner: Some(inner) };
        let text = "{\"b\":\"\u{7f}\",\"c\":0.5,\"y\":true}";
        let whole = format!("{{\"a\":[{text},{text}],\"inner\":{text},\"z\":1}}");
        assert_eq!(hash(&outer), sha256(whole.as_bytes()));
        let mut piecewise = Hash::default();
        piecewise.list("a", &outer.a);
        piecewise.field("inner", &outer.inner);
        piecewise.field("z", &outer.z);
        assert_eq!(piecewise.end(), hash(&outer));
        assert_eq!(Hash::default().end(), hash(&Value::Object(serde_json::Map::new())));
    }
}
