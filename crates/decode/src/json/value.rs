//! JSON as the shapes need it: keys in order, texts borrowed from the line where possible.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt::{self, Write};
use model::CompactString;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Any JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Value<'a>>),
    Object(Object<'a>),
}

/// A JSON object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Object<'a>(pub(super) Vec<(Cow<'a, str>, Value<'a>)>);

static NULL: Value<'static> = Value::Null;
static EMPTY: Object<'static> = Object(Vec::new());

impl<'a> Object<'a> {
    /// Reads a line that holds one object and nothing else.
    pub(super) fn parse(line: &'a [u8]) -> Option<Object<'a>> {
        match serde_json::from_slice(line).ok()? {
            Value::Object(object) => Some(object),
            Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_) => None,
        }
    }

    /// The value of a key; null where there is none.
    pub(super) fn get(&self, key: &str) -> &Value<'a> {
        self.0.iter().find(|(name, _)| name == key).map_or(&NULL, |(_, value)| value)
    }

    /// The value of the first of these keys that is there and not null.
    pub(super) fn first(&self, keys: &[&str]) -> &Value<'a> {
        keys.iter().map(|key| self.get(key)).find(|value| **value != Value::Null).unwrap_or(&NULL)
    }

    /// Whether the key is there, be it null.
    pub(super) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(name, _)| name == key)
    }

    /// The object of a key; empty where there is none.
    pub(super) fn object(&self, key: &str) -> &Object<'a> {
        self.get(key).as_object().unwrap_or(&EMPTY)
    }
}

impl<'a> Value<'a> {
    /// The object, if it is one.
    pub(super) fn as_object(&self) -> Option<&Object<'a>> {
        match self {
            Value::Object(object) => Some(object),
            Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_) => None,
        }
    }

    /// The text, if it is one.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::List(_)
            | Value::Object(_) => None,
        }
    }

    /// Whether it is `true`.
    pub(super) fn is_true(&self) -> bool {
        *self == Value::Bool(true)
    }

    /// Applies a reader of field texts: null is empty, numbers are as they would be written with
    /// the fewest digits, so that rounding to units is that of the decimal number in the line.
    pub(super) fn read<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        let mut number = CompactString::const_new("");
        let text = match self {
            Value::Null => "",
            Value::Text(text) => text.trim_ascii(),
            Value::Bool(true) => "true",
            Value::Bool(false) => "false",
            Value::Integer(value) => written(&mut number, format_args!("{value}")),
            Value::Float(value) => written(&mut number, format_args!("{value}")),
            Value::List(_) => "[]",
            Value::Object(_) => "{}",
        };
        read(text.as_bytes())
    }
}

fn written<'n>(number: &'n mut CompactString, arguments: fmt::Arguments<'_>) -> &'n str {
    // Writing to a string cannot fail.
    let _ = number.write_fmt(arguments);
    number
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

/// Keys and texts: borrowed where the line has no escapes in them.
struct Borrowed<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Borrowed<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyText;
        impl<'de> Visitor<'de> for AnyText {
            type Value = Borrowed<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Borrowed<'de>, E> {
                Ok(Borrowed(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Borrowed<'de>, E> {
                Ok(Borrowed(Cow::Owned(text.into())))
            }
        }
        deserializer.deserialize_str(AnyText)
    }
}

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value<'de>, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value<'de>, E> {
        Ok(i64::try_from(value).map_or(Value::Float(value as f64), Value::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value<'de>, E> {
        Ok(Value::Float(value))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.into())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = access.next_element()? {
            list.push(value);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value<'de>, A::Error> {
        // Objects of these shapes have some twenty keys.
        let mut entries = Vec::with_capacity(16);
        while let Some(Borrowed(key)) = access.next_key()? {
            entries.push((key, access.next_value()?));
        }
        Ok(Value::Object(Object(entries)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::values::{self, Told};

    #[test]
    fn numbers_round_as_their_decimals_do() {
        let line = br#"{"a":0.0000005,"b":-118.0736445,"c":1e-7,"d":1e300,"e":"12.5","f":18446744073709551615,"g":60}"#;
        let object = Object::parse(line).unwrap();
        let units = |key: &str| object.get(key).read(values::coordinate);
        assert_eq!(
            [units("a"), units("b"), units("c")],
            [Told::Value(1), Told::Value(-118_073_645), Told::Value(0)]
        );
        assert_eq!([units("e"), units("g")], [Told::Value(12_500_000), Told::Value(60_000_000)]);
        assert_eq!(
            [units("d"), units("f"), units("missing")],
            [Told::Malformed, Told::Malformed, Told::Absent]
        );
    }

    #[test]
    fn only_a_whole_object_is_one() {
        for line in ["", "1", "[]", "{", "{}x", "{\"a\":}", "\"{}\"", "{'a':1}"] {
            assert_eq!(Object::parse(line.as_bytes()), None, "{line}");
        }
        let object = Object::parse(b" {\"a\\u0041\":{\"b\":[true,null,\"c\"]}} ").unwrap();
        let list = [Value::Bool(true), Value::Null, Value::Text("c".into())];
        assert_eq!(*object.object("aA").get("b"), Value::List(list.to_vec()));
        assert!(object.object("no").0.is_empty());
    }
}
