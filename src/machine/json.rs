//! JSON objects put together as Go's structs print theirs: which fields are left out.

use serde_json::{Map, Value};

use crate::config::{Autostop, Field};
use crate::span::Spanned;
use crate::units::Duration;

/// A JSON object in the making.
#[derive(Debug, Clone, Default)]
pub(super) struct Object(pub(super) Map<String, Value>);

impl Object {
    pub(super) fn of<V: Into<Value>, const N: usize>(fields: [(&str, V); N]) -> Self {
        Self(fields.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect())
    }

    pub(super) fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }

    /// Puts what is there; takes away what was there before when nothing is.
    pub(super) fn replace(&mut self, key: &str, value: impl Into<Value>) {
        match value.into() {
            Value::Null => drop(self.0.remove(key)),
            Value::Array(items) if items.is_empty() => drop(self.0.remove(key)),
            Value::Object(fields) if fields.is_empty() => drop(self.0.remove(key)),
            value => self.put(key, value),
        }
    }

    pub(super) fn put_some(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    pub(super) fn put_all(&mut self, key: &str, items: Vec<impl Into<Value>>) {
        if !items.is_empty() {
            self.put(key, items);
        }
    }

    /// A field whose zero is a value like any other.
    pub(super) fn put_field<T: AsJson>(&mut self, key: &str, field: &Field<T>) {
        self.put_some(key, field.as_ref().map(|field| field.value.as_json()));
    }

    pub(super) fn put_nonzero(&mut self, key: &str, field: &Field<i64>) {
        self.put_some(key, field.as_ref().map(|field| field.value).filter(|number| *number != 0));
    }

    pub(super) fn put_text(&mut self, key: &str, field: &Field<String>) {
        self.put_some(key, field.as_ref().map(|field| field.value.clone()).filter(|text| !text.is_empty()));
    }

    pub(super) fn put_true(&mut self, key: &str, field: &Field<bool>) {
        self.put_some(key, field.as_ref().map(|field| field.value).filter(|on| *on));
    }

    pub(super) fn put_texts(&mut self, key: &str, list: &[Spanned<String>]) {
        self.put_all(key, list.iter().map(|text| text.value.clone()).collect());
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object.0)
    }
}

/// How a field's value looks in a Machine config.
pub(super) trait AsJson {
    fn as_json(&self) -> Value;
}

impl AsJson for String {
    fn as_json(&self) -> Value {
        self.as_str().into()
    }
}

impl AsJson for i64 {
    fn as_json(&self) -> Value {
        (*self).into()
    }
}

impl AsJson for bool {
    fn as_json(&self) -> Value {
        (*self).into()
    }
}

impl AsJson for Duration {
    fn as_json(&self) -> Value {
        self.to_string().into()
    }
}

/// `stop` and `off` stay booleans, for older clients.
impl AsJson for Autostop {
    fn as_json(&self) -> Value {
        match self {
            Self::Off => false.into(),
            Self::Stop => true.into(),
            Self::Suspend => "suspend".into(),
        }
    }
}
