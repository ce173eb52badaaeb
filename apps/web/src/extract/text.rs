//! Values from texts with names: the parameters of a path or query, the fields of a head or form, cookies.

use crate::Problem;
use crate::problem::Part;
use serde::de::value::{CowStrDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// A text with a name.
type Named<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The parameters of a query, or the fields of a form, decoded.
pub(super) fn pairs(text: &[u8]) -> impl Iterator<Item = Named<'_>> {
    // Where nothing is encoded, which is usual, there is nothing to decode, and a check for that is quick.
    let is_plain = !text.iter().any(|byte| matches!(byte, b'%' | b'+'));
    let plain = if is_plain { std::str::from_utf8(text).ok() } else { None };
    let encoded = if plain.is_some() { &[] } else { text };
    let plain = plain.into_iter().flat_map(|text| text.split('&')).filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.into(), value.into())
    });
    plain.chain(form_urlencoded::parse(encoded))
}

/// So many names are found without a table.
const FEW: usize = 16;

/// What a struct or map is made of: a member per name, or several values for one that is a sequence.
pub(crate) fn members<'a, T: DeserializeOwned>(
    texts: impl Iterator<Item = Named<'a>>,
    part: Part,
) -> Result<T, Problem> {
    let mut groups: Vec<Values<'_>> = Vec::new();
    // Where they are, once there are so many that to look through them all would take its time.
    let mut places = HashMap::new();
    for (name, value) in texts {
        let place = match groups.len() {
            0..FEW => groups.iter().position(|group| group.name == name),
            _ => places.get(&name).copied(),
        };
        match place {
            Some(place) => groups[place].others.push(value),
            None => {
                groups.push(Values { name, first: value, others: Vec::new() });
                if groups.len() >= FEW {
                    let from = if groups.len() == FEW { 0 } else { groups.len() - 1 };
                    places.extend((from..groups.len()).map(|place| (groups[place].name.clone(), place)));
                }
            }
        }
    }
    let members = groups.into_iter().map(|values| (Name(values.name.clone()), values));
    T::deserialize(Members(members)).map_err(|error| error.problem(part))
}

/// What a single value, a tuple, or a struct or map is made of.
pub(super) fn values<'a, T: DeserializeOwned>(
    texts: impl Iterator<Item = Named<'a>>,
    part: Part,
) -> Result<T, Problem> {
    let texts = texts.map(|(name, value)| Text { name, value });
    T::deserialize(All(texts)).map_err(|error| error.problem(part))
}

/// Which text is not what it should be, and why.
#[derive(Debug)]
pub(super) struct TextError {
    at: String,
    message: String,
}

impl TextError {
    fn problem(self, part: Part) -> Problem {
        // serde tells of a missing field by its name alone.
        let missing = self.message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
        let at = missing.filter(|_| self.at.is_empty()).map_or(self.at.clone(), str::to_owned);
        Problem::new(422).detail("the request is not what it should be").fault(part, at, self.message)
    }
}

impl de::Error for TextError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { at: String::new(), message: message.to_string() }
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TextError {}

/// The values of one name.
struct Values<'a> {
    name: Cow<'a, str>,
    first: Cow<'a, str>,
    /// Nearly always there is none.
    others: Vec<Cow<'a, str>>,
}

impl<'a> Values<'a> {
    fn only(self) -> Result<Text<'a>, TextError> {
        let Self { name, first, others } = self;
        if others.is_empty() {
            return Ok(Text { name, value: first });
        }
        Err(TextError { at: name.into_owned(), message: "there is more than one value".to_owned() })
    }
}

/// A value and its name.
struct Text<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, str>,
}

impl Text<'_> {
    fn error(&self, message: impl fmt::Display) -> TextError {
        TextError { at: self.name.to_string(), message: message.to_string() }
    }
}

struct Name<'a>(Cow<'a, str>);

impl<'a, 'de> IntoDeserializer<'de, TextError> for Name<'a> {
    type Deserializer = CowStrDeserializer<'a, TextError>;

    fn into_deserializer(self) -> Self::Deserializer {
        self.0.into_deserializer()
    }
}

impl<'de> IntoDeserializer<'de, TextError> for Values<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> IntoDeserializer<'de, TextError> for Text<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
            match self.value.parse() {
                Ok(value) => visitor.$visit(value),
                Err(error) => Err(self.error(error)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Text<'_> {
    type Error = TextError;

    parsed! {
        deserialize_i8 visit_i8
        deserialize_i16 visit_i16
        deserialize_i32 visit_i32
        deserialize_i64 visit_i64
        deserialize_i128 visit_i128
        deserialize_u8 visit_u8
        deserialize_u16 visit_u16
        deserialize_u32 visit_u32
        deserialize_u64 visit_u64
        deserialize_u128 visit_u128
        deserialize_f32 visit_f32
        deserialize_f64 visit_f64
        deserialize_char visit_char
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        let name = self.name;
        visitor.visit_str::<TextError>(&self.value).map_err(|error| TextError { at: name.into_owned(), ..error })
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        match &*self.value {
            "true" | "1" | "on" | "yes" => visitor.visit_bool(true),
            "false" | "0" | "off" | "no" => visitor.visit_bool(false),
            _ => Err(self.error("it is none of true, 1, on, yes, false, 0, off, no")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TextError> {
        let name = self.name.clone();
        let variant: CowStrDeserializer<'_, TextError> = self.value.into_deserializer();
        visitor.visit_enum(variant).map_err(|error| TextError { at: name.into_owned(), ..error })
    }

    forward_to_deserialize_any! {
        str string bytes byte_buf unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// All values of a name are one text, unless a sequence is asked for.
macro_rules! only {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
            self.only()?.$method(visitor)
        }
    )*};
}

/// What several texts are where one value, nothing, or a sequence is asked for.
macro_rules! several {
    () => {
        fn deserialize_newtype_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            visitor: V,
        ) -> Result<V::Value, TextError> {
            visitor.visit_newtype_struct(self)
        }

        fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, TextError> {
            visitor.visit_unit()
        }

        fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, TextError> {
            self.deserialize_seq(visitor)
        }

        fn deserialize_tuple_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            _: usize,
            visitor: V,
        ) -> Result<V::Value, TextError> {
            self.deserialize_seq(visitor)
        }

        fn deserialize_enum<V: Visitor<'de>>(
            self,
            name: &'static str,
            variants: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, TextError> {
            self.only()?.deserialize_enum(name, variants, visitor)
        }

        fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
            visitor.visit_unit()
        }
    };
}

impl<'de> Deserializer<'de> for Values<'_> {
    type Error = TextError;

    several!();

    only! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_unit
        deserialize_identifier deserialize_map
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        let Self { name, first, others } = self;
        let values = std::iter::once(first).chain(others);
        visitor.visit_seq(SeqDeserializer::new(values.map(|value| Text { name: name.clone(), value })))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TextError> {
        self.only()?.deserialize_struct(name, fields, visitor)
    }
}

/// The groups as a map, whatever is asked for.
struct Members<I>(I);

impl<'a, 'de, I: Iterator<Item = (Name<'a>, Values<'a>)>> Deserializer<'de> for Members<I> {
    type Error = TextError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_map(Entries::new(self.0))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// Members one after the other. A value that is refused by who made something of it, as by `try_from`, has its place too.
struct Entries<'a, I, V> {
    members: I,
    current: Option<(Cow<'a, str>, V)>,
}

impl<I, V> Entries<'_, I, V> {
    fn new(members: I) -> Self {
        Self { members, current: None }
    }
}

impl<'a, 'de, I, V> MapAccess<'de> for Entries<'a, I, V>
where
    I: Iterator<Item = (Name<'a>, V)>,
    V: IntoDeserializer<'de, TextError>,
{
    type Error = TextError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, TextError> {
        let Some((Name(name), value)) = self.members.next() else { return Ok(None) };
        self.current = Some((name.clone(), value));
        seed.deserialize(Name(name).into_deserializer()).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, TextError> {
        let (name, value) = self.current.take().expect("a value is asked for after its key");
        let placed = |error: TextError| match error.at.is_empty() {
            true => TextError { at: name.into_owned(), ..error },
            false => error,
        };
        seed.deserialize(value.into_deserializer()).map_err(placed)
    }
}

/// All texts by position, or by name.
struct All<I>(I);

impl<'a, I: Iterator<Item = Text<'a>>> All<I> {
    fn only(mut self) -> Result<Text<'a>, TextError> {
        match (self.0.next(), self.0.count()) {
            (Some(text), 0) => Ok(text),
            (first, more) => {
                let count = usize::from(first.is_some()) + more;
                Err(de::Error::custom(format_args!("one parameter is wanted, and there are {count}")))
            }
        }
    }
}

impl<'a, 'de, I: Iterator<Item = Text<'a>>> Deserializer<'de> for All<I> {
    type Error = TextError;

    several!();

    only! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_identifier
        deserialize_option
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_unit()
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_seq(SeqDeserializer::new(self.0))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        let members = self.0.map(|text| (Name(text.name.clone()), text));
        visitor.visit_map(Entries::new(members))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TextError> {
        self.deserialize_map(visitor)
    }
}

#[cfg(test)]
mod tests;
