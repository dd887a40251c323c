//! A serializer that writes JSON in its canonical form: the fields of objects are put in order as
//! each object ends.

use std::cmp::Ordering;
use std::fmt::Write;
use std::ops::Range;

use serde::de::value::Error;
use serde::ser::{self, Impossible, Serialize, Serializer};

use super::hex;

#[derive(Default)]
pub(super) struct Writer<'o> {
    out: String,
    omitted: &'o str,
    /// The entries of the outermost object in their order, where they were not written so: it is
    /// the one that would be dear to write again.
    root: Option<Vec<Range<usize>>>,
}

impl<'o> Writer<'o> {
    /// Leaves out the field of this name of the outermost object.
    pub(super) fn without(omitted: &'o str) -> Self {
        Self { omitted, ..Self::default() }
    }

    /// Gives what was written, from its begin to its end.
    pub(super) fn pieces(&self, mut each: impl FnMut(&str)) {
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
pub(super) struct Items<'w, 'o> {
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
pub(super) struct Entries<'w, 'o> {
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
