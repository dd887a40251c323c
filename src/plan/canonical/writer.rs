//! A serializer that writes JSON in its canonical form: the fields of objects are put in order as
//! each object ends.

use std::cmp::Ordering;
use std::fmt::Write;
use std::ops::Range;

use serde::de::value::Error;
use serde::ser::{self, Impossible, Serialize, Serializer};

use super::hex;

#[derive(Default)]
pub(super) struct Writer {
    /// What was written.
    pub(super) out: String,
    /// Of every object that is open, the outermost first.
    entries: Vec<Entry>,
    /// The latest value with a type of its own, by its address, as it was written: greens share configs.
    latest: (usize, String),
}

impl Writer {
    /// As ECMAScript prints a double: the RFC knows no other numbers.
    fn whole(&mut self, negative: bool, size: u64) -> Result<(), Error> {
        if size > 1 << 53 {
            let double = size as f64;
            return self.serialize_f64(if negative { -double } else { double });
        }
        let sign = if negative { "-" } else { "" };
        write!(self.out, "{sign}{size}").map_err(ser::Error::custom)
    }

    /// Most texts have nothing to escape, and that is told without a branch for each byte.
    fn text(&mut self, text: &str) {
        self.out.push('"');
        if text.bytes().fold(0, |any, byte| any | u8::from(is_special(byte))) > 0 {
            self.escaped(text);
        } else {
            self.out.push_str(text);
        }
        self.out.push('"');
    }

    fn escaped(&mut self, text: &str) {
        let mut done = 0;
        for (at, byte) in text.bytes().enumerate().filter(|(_, byte)| is_special(*byte)) {
            self.out.push_str(&text[done..at]);
            self.escape(byte);
            done = at + 1;
        }
        self.out.push_str(&text[done..]);
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

    /// Puts the entries from `first` on, written from `start` on, in order.
    fn sort(&mut self, start: usize, first: usize, order: fn(&str, &str) -> Ordering) {
        let Self { out, entries, .. } = self;
        entries[first..].sort_by(|a, b| order(&out[a.key.clone()], &out[b.key.clone()]));
        let sorted = entries[first..].iter().map(|entry| entry.key.start..entry.end);
        let end = out.len();
        for (index, entry) in sorted.enumerate() {
            if index > 0 {
                out.push(',');
            }
            out.extend_from_within(entry);
        }
        out.drain(start..end);
    }

    fn open(&mut self, bracket: char) -> usize {
        self.out.push(bracket);
        self.out.len()
    }
}

/// A list of which some is written.
pub(super) struct Items<'w> {
    writer: &'w mut Writer,
    start: usize,
}

impl Items<'_> {
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
pub(super) struct Entries<'w> {
    writer: &'w mut Writer,
    start: usize,
    /// Where its entries begin in [`Writer::entries`].
    first: usize,
    /// The latest field of a struct: such names are words.
    field: &'static str,
    is_sorted: bool,
    /// Its keys are ASCII without escapes: their bytes are in the order that they must have.
    is_plain: bool,
}

/// Where the key is, and where the value after it ends.
#[derive(Clone)]
struct Entry {
    key: Range<usize>,
    end: usize,
}

impl Entries<'_> {
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        let start = self.separated();
        key.serialize(&mut *self.writer)?;
        let Writer { out, entries, .. } = &*self.writer;
        self.is_plain &= is_plain(&out[start..]);
        let order = order(self.is_plain);
        let last = entries[self.first..].last();
        self.is_sorted &= last.is_none_or(|last| order(&out[last.key.clone()], &out[start..]).is_le());
        self.begun(start);
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.writer)?;
        let end = self.writer.out.len();
        self.writer.entries.last_mut().into_iter().for_each(|entry| entry.end = end);
        Ok(())
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        let start = self.separated();
        self.writer.out.extend(["\"", key, "\""]);
        self.is_sorted &= self.field <= key;
        self.field = key;
        self.begun(start);
        self.value(value)
    }

    /// Gives where the next key begins.
    fn separated(&mut self) -> usize {
        if self.writer.out.len() > self.start {
            self.writer.out.push(',');
        }
        self.writer.out.len()
    }

    /// The key that begins at `start` is written.
    fn begun(&mut self, start: usize) {
        let Writer { out, entries, .. } = &mut *self.writer;
        entries.push(Entry { key: start..out.len(), end: 0 });
        out.push(':');
    }

    fn close(self) {
        let Self { writer, start, first, is_sorted, is_plain, .. } = self;
        if !is_sorted {
            writer.sort(start, first, order(is_plain));
        }
        writer.entries.truncate(first);
        writer.out.push('}');
    }
}

/// The order of two keys as they are written, with quotes and escapes.
fn order(is_plain: bool) -> fn(&str, &str) -> Ordering {
    if is_plain { as_written } else { in_utf16 }
}

/// Less the closing quote, which may stand where the other goes on.
fn as_written(a: &str, b: &str) -> Ordering {
    a[..a.len() - 1].cmp(&b[..b.len() - 1])
}

fn in_utf16(a: &str, b: &str) -> Ordering {
    let meant = |key| serde_json::from_str::<String>(key).unwrap_or_default();
    meant(a).encode_utf16().cmp(meant(b).encode_utf16())
}

fn is_plain(key: &str) -> bool {
    key.bytes().fold(0, |any, byte| any | u8::from(!byte.is_ascii()) | u8::from(byte == b'\\')) == 0
}

impl<'w> Serializer for &'w mut Writer {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Items<'w>;
    type SerializeTuple = Items<'w>;
    type SerializeTupleStruct = Items<'w>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Entries<'w>;
    type SerializeStruct = Entries<'w>;
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
        let address = std::ptr::from_ref(value).addr();
        if self.latest.0 != address {
            let start = self.out.len();
            value.serialize(&mut *self)?;
            self.latest.0 = address;
            self.latest.1.clear();
            self.latest.1.push_str(&self.out[start..]);
            return Ok(());
        }
        self.out.push_str(&self.latest.1);
        Ok(())
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

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'w>, Error> {
        let start = self.open('[');
        Ok(Items { writer: self, start })
    }

    fn serialize_tuple(self, len: usize) -> Result<Items<'w>, Error> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Items<'w>, Error> {
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

    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'w>, Error> {
        let start = self.open('{');
        let first = self.entries.len();
        Ok(Entries { writer: self, start, first, field: "", is_sorted: true, is_plain: true })
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Entries<'w>, Error> {
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

impl ser::SerializeSeq for Items<'_> {
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

impl ser::SerializeTuple for Items<'_> {
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

impl ser::SerializeTupleStruct for Items<'_> {
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

impl ser::SerializeMap for Entries<'_> {
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

impl ser::SerializeStruct for Entries<'_> {
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

const fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
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
