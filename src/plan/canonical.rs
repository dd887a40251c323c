//! The canonical form of a JSON value (RFC 8785) and hashes over it: what makes two documents the
//! same document, whoever wrote them. Written straight from what is serialized, since plans of
//! large fleets are large.

use std::cmp::Ordering;
use std::fmt::Write;
use std::ops::Range;

use serde::de::value::Error;
use serde::ser::{self, Impossible, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};

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
    let mut writer = Writer { omitted, ..Writer::default() };
    let done = value.serialize(&mut writer);
    assert!(done.is_ok(), "what is hashed has a form in JSON: {done:?}");
    writer
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

#[derive(Default)]
struct Writer<'o> {
    out: String,
    omitted: &'o str,
    /// The entries of the outermost object in their order, where they were not written so: it is
    /// the one that would be dear to write again.
    root: Option<Vec<Range<usize>>>,
}

impl Writer<'_> {
    fn pieces(&self, mut each: impl FnMut(&str)) {
        let Some(root) = &self.root else { return each(&self.out) };
        for (index, entry) in root.iter().enumerate() {
            each(if index == 0 { "{" } else { "," });
            each(&self.out[entry.clone()]);
        }
        each("}");
    }

    /// As ECMAScript prints a double: the RFC knows no other numbers.
    fn whole(&mut self, negative: bool, size: u64) -> Result<(), Error> {
        if size > 1 << 53 {
            let double = size as f64;
            return self.serialize_f64(if negative { -double } else { double });
        }
        let sign = if negative { "-" } else { "" };
        write!(self.out, "{sign}{size}").map_err(ser::Error::custom)
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        let mut done = 0;
        for (at, byte) in text.bytes().enumerate().filter(|(_, byte)| matches!(byte, 0..=0x1f | b'"' | b'\\')) {
            self.out.push_str(&text[done..at]);
            self.escape(byte);
            done = at + 1;
        }
        self.out.push_str(&text[done..]);
        self.out.push('"');
    }

    fn escape(&mut self, byte: u8) {
        let short = match byte {
            b'"' => '"',
            b'\\' => '\\',
            0x08 => 'b',
            b'\t' => 't',
            b'\n' => 'n',
            0x0c => 'f',
            b'\r' => 'r',
            _ => {
                self.out.push_str("\\u00");
                self.out.push_str(&hex(&[byte]));
                return;
            }
        };
        self.out.extend(['\\', short]);
    }

    fn open(&mut self, bracket: char) -> usize {
        self.out.push(bracket);
        self.out.len()
    }
}

/// A list of which some is written.
struct Items<'w, 'o> {
    writer: &'w mut Writer<'o>,
    start: usize,
}

impl Items<'_, '_> {
    fn item<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        if self.writer.out.len() > self.start {
            self.writer.out.push(',');
        }
        item.serialize(&mut *self.writer)
    }

    fn close(self) {
        self.writer.out.push(']');
    }
}

/// An object of which some is written.
struct Entries<'w, 'o> {
    writer: &'w mut Writer<'o>,
    start: usize,
    entries: Vec<Entry>,
}

/// Where the key is, and where the value after it ends.
struct Entry {
    key: Range<usize>,
    end: usize,
}

impl Entries<'_, '_> {
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        if self.writer.out.len() > self.start {
            self.writer.out.push(',');
        }
        let start = self.writer.out.len();
        key.serialize(&mut *self.writer)?;
        self.entries.push(Entry { key: start..self.writer.out.len(), end: 0 });
        self.writer.out.push(':');
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.writer)?;
        let end = self.writer.out.len();
        self.entries.last_mut().into_iter().for_each(|entry| entry.end = end);
        Ok(())
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        if self.start == 1 && key == self.writer.omitted {
            return Ok(());
        }
        self.key(key)?;
        self.value(value)
    }

    fn close(self) {
        let Self { writer, start, mut entries } = self;
        let out = &writer.out;
        let order = |a: &Entry, b: &Entry| in_utf16(&out[a.key.clone()], &out[b.key.clone()]);
        if !entries.is_sorted_by(|a, b| order(a, b).is_le()) {
            entries.sort_by(order);
            let sorted = entries.iter().map(|entry| entry.key.start..entry.end);
            if start == 1 {
                writer.root = Some(sorted.collect());
            } else {
                let sorted = sorted.map(|entry| &out[entry]).collect::<Vec<_>>().join(",");
                writer.out.truncate(start);
                writer.out.push_str(&sorted);
            }
        }
        writer.out.push('}');
    }
}

/// The order of two keys as they are written, with quotes and escapes.
fn in_utf16(a: &str, b: &str) -> Ordering {
    let is_plain = |key: &str| key.bytes().all(|byte| byte.is_ascii() && byte != b'\\');
    if is_plain(a) && is_plain(b) {
        return a[..a.len() - 1].cmp(&b[..b.len() - 1]);
    }
    let meant = |key| serde_json::from_str::<String>(key).unwrap_or_default();
    meant(a).encode_utf16().cmp(meant(b).encode_utf16())
}

impl<'w, 'o> Serializer for &'w mut Writer<'o> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Items<'w, 'o>;
    type SerializeTuple = Items<'w, 'o>;
    type SerializeTupleStruct = Items<'w, 'o>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Entries<'w, 'o>;
    type SerializeStruct = Entries<'w, 'o>;
    type SerializeStructVariant = Impossible<(), Error>;

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.out.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Error> {
        self.whole(value < 0, value.unsigned_abs())
    }

    fn serialize_u8(self, value: u8) -> Result<(), Error> {
        self.whole(false, value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Error> {
        self.whole(false, value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Error> {
        self.whole(false, value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        self.whole(false, value)
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        write_double(&mut self.out, value);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.text(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.out.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let mut entries = self.serialize_map(Some(1))?;
        entries.key(variant)?;
        entries.value(value)?;
        entries.close();
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'w, 'o>, Error> {
        let start = self.open('[');
        Ok(Items { writer: self, start })
    }

    fn serialize_tuple(self, len: usize) -> Result<Items<'w, 'o>, Error> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Items<'w, 'o>, Error> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(ser::Error::custom(name))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Entries<'w, 'o>, Error> {
        let start = self.open('{');
        Ok(Entries { writer: self, start, entries: Vec::with_capacity(len.unwrap_or(0)) })
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Entries<'w, 'o>, Error> {
        self.serialize_map(Some(len))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(ser::Error::custom(name))
    }
}

impl ser::SerializeSeq for Items<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
    }
}

impl ser::SerializeTuple for Items<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
    }
}

impl ser::SerializeTupleStruct for Items<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
    }
}

impl ser::SerializeMap for Entries<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
    }
}

impl ser::SerializeStruct for Entries<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        self.field(key, value)
    }

    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
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
