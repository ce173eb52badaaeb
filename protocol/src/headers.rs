use crate::field;
use std::fmt;
use std::ops::Range;

/// Header or trailer fields: in order, with duplicates, names in lower case, values as raw bytes.
///
/// Two parts make one list: a `'static` table, which costs nothing to build, and after it one block of
/// owned bytes with an index. Nothing is hashed and no field is an allocation of its own; a look-up is a
/// scan, which for the dozen fields of a real request is as fast as a map.
///
/// ```
/// use transom::Headers;
///
/// let mut headers = Headers::from_static(&[("content-type", "text/plain")]);
/// headers.push("Set-Cookie", b"a=1");
/// headers.push("set-cookie", b"b=2");
/// assert_eq!(headers.get("content-type"), Some(&b"text/plain"[..]));
/// assert_eq!(headers.get_all("set-cookie").count(), 2);
/// ```
///
/// Whether a name or a value is legal on the wire is not checked here but where the event is sent
/// ([`Violation::BadHeader`](crate::Violation::BadHeader)).
#[derive(Clone, Default)]
pub struct Headers {
    table: &'static [(&'static str, &'static str)],
    block: Vec<u8>,
    index: Vec<Place>,
}

/// Where a field stands in a block of bytes; see [`Headers::load`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: Range<u32>,
    /// Its value.
    pub value: Range<u32>,
}

impl Headers {
    /// No fields; allocates nothing.
    pub const fn new() -> Self {
        Self { table: &[], block: Vec::new(), index: Vec::new() }
    }

    /// The fields of a static table; allocates nothing.
    ///
    /// ```
    /// # use transom::Headers;
    /// const HTML: Headers = Headers::from_static(&[("content-type", "text/html; charset=utf-8")]);
    /// ```
    ///
    /// # Panics
    /// If a name is not a token in lower case or a value has control characters; in a `const`, as here, the
    /// program then does not compile.
    pub const fn from_static(table: &'static [(&'static str, &'static str)]) -> Self {
        let mut index = 0;
        while index < table.len() {
            let (name, value) = table[index];
            assert!(field::is_lowercase_token(name.as_bytes()), "a field name is not a token in lower case");
            assert!(field::is_static_value(value.as_bytes()), "a field value has control characters");
            index += 1;
        }
        Self { table, block: Vec::new(), index: Vec::new() }
    }

    /// The fields of the static table, which are known to be legal.
    pub(crate) fn table(&self) -> &'static [(&'static str, &'static str)] {
        self.table
    }

    /// The owned fields, which come after the static ones.
    pub(crate) fn owned(&self) -> Iter<'_> {
        Iter { table: [].iter(), block: &self.block, index: self.index.iter() }
    }

    /// Appends a field, its name put in lower case.
    ///
    /// # Panics
    /// If all the fields together are 4 GiB or longer.
    pub fn push(&mut self, name: &str, value: &[u8]) {
        let start = self.block.len();
        self.block.reserve(name.len() + value.len());
        self.block.extend_from_slice(name.as_bytes());
        self.block.extend_from_slice(value);
        let position = |at: usize| u32::try_from(at).expect("all the fields are shorter than 4 GiB");
        let (start, middle, end) = (position(start), position(start + name.len()), position(self.block.len()));
        self.index.push(Place { name: start..middle, value: middle..end });
        self.block[start as usize..middle as usize].make_ascii_lowercase();
    }

    /// Takes a copy of `block` in place of everything that was there, with what it holds between the fields of which
    /// `places` tells: how a server takes over a head at once. Names are to be in lower case.
    ///
    /// ```
    /// # use transom::{Headers, Place};
    /// let mut headers = Headers::new();
    /// headers.load(b"host: a\r\n\r\n", &[Place { name: 0..4, value: 6..7 }]);
    /// assert_eq!(headers.get("host"), Some(&b"a"[..]));
    /// ```
    ///
    /// # Panics
    /// When the fields are read, if a place is not within the block or a name is not UTF-8.
    pub fn load(&mut self, block: &[u8], places: &[Place]) {
        self.clear();
        self.block.extend_from_slice(block);
        self.index.extend_from_slice(places);
    }

    /// The fields in order.
    pub fn iter(&self) -> Iter<'_> {
        Iter { table: self.table.iter(), block: &self.block, index: self.index.iter() }
    }

    /// The value of the first field called `name` (in lower case).
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|field| field.0 == name).map(|field| field.1)
    }

    /// The values of every field called `name` (in lower case), in order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.iter().filter(move |field| field.0 == name).map(|field| field.1)
    }

    /// Whether some field `name` has the member `token` in its comma-separated list, whatever the case.
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.get_all(name).flat_map(field::list).any(|member| member.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// Makes `value` the only value of `name`: the first field of that name is replaced where it
    /// stands, the others go; without one the field is appended.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        let mut replaced = false;
        let mut fields = Headers::new();
        for (field, old) in self.iter() {
            if !field.eq_ignore_ascii_case(name) {
                fields.push(field, old);
            } else if !std::mem::replace(&mut replaced, true) {
                fields.push(field, value);
            }
        }
        if !replaced {
            fields.push(name, value);
        }
        *self = fields;
    }

    /// Removes every field called `name`; says whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let mut kept = Headers::new();
        for (field, value) in self.iter().filter(|field| !field.0.eq_ignore_ascii_case(name)) {
            kept.push(field, value);
        }
        let removed = kept.len() != self.len();
        if removed {
            *self = kept;
        }
        removed
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.table.len() + self.index.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty() && self.index.is_empty()
    }

    /// Removes every field and keeps the memory: how a server uses one list for request after request.
    pub fn clear(&mut self) {
        self.table = &[];
        self.block.clear();
        self.index.clear();
    }

    /// The bytes of memory held for owned fields.
    pub fn capacity(&self) -> usize {
        self.block.capacity() + self.index.capacity() * size_of::<Place>()
    }
}

/// The fields of a [`Headers`], in order.
#[derive(Clone)]
pub struct Iter<'a> {
    table: std::slice::Iter<'static, (&'static str, &'static str)>,
    block: &'a [u8],
    index: std::slice::Iter<'a, Place>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a [u8]);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        if let Some((name, value)) = self.table.next() {
            return Some((name, value.as_bytes()));
        }
        let Place { name, value } = self.index.next()?;
        let part = |place: &Range<u32>| &self.block[place.start as usize..place.end as usize];
        // `push` took a `&str`, and lower-casing ASCII keeps UTF-8 valid; `load` makes it the caller's duty.
        Some((std::str::from_utf8(part(name)).expect("field names are UTF-8"), part(value)))
    }
}

impl fmt::Debug for Iter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone().map(|(name, value)| format!("{name}: {}", value.escape_ascii()))).finish()
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = (&'a str, &'a [u8]);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let mut headers = Headers::new();
        headers.extend(fields);
        headers
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> Extend<(N, V)> for Headers {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, fields: I) {
        for (name, value) in fields {
            self.push(name.as_ref(), value.as_ref());
        }
    }
}

impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Headers {}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_duplicates_and_bytes() {
        let mut headers = Headers::from_static(&[("a", "1")]);
        headers.push("B", b"\xff");
        headers.push("a", b"");
        let fields: Vec<_> = headers.iter().collect();
        assert_eq!(fields, [("a", &b"1"[..]), ("b", b"\xff"), ("a", b"")]);
        assert_eq!((headers.len(), headers.is_empty()), (3, false));
    }

    #[test]
    #[should_panic(expected = "control characters")]
    fn a_static_table_is_checked() {
        Headers::from_static(&[("x", "a\r\nb: c")]);
    }

    #[test]
    fn set_replaces_in_place_and_drops_the_rest() {
        let mut headers = Headers::from_static(&[("a", "1"), ("b", "2"), ("a", "3")]);
        headers.set("A", b"9");
        assert_eq!(headers, [("a", "9"), ("b", "2")].into_iter().collect());
        headers.set("c", b"4");
        assert_eq!(headers.get("c"), Some(&b"4"[..]));
    }

    #[test]
    fn remove_says_whether_it_did() {
        let mut headers = Headers::from_static(&[("a", "1"), ("b", "2")]);
        assert!(headers.remove("A") && !headers.remove("a"));
        assert_eq!(headers, Headers::from_static(&[("b", "2")]));
    }

    #[test]
    fn tokens_across_fields_and_lists() {
        let headers = Headers::from_static(&[("connection", "keep-alive, Upgrade"), ("connection", "x")]);
        assert!(headers.has_token("connection", "upgrade") && headers.has_token("connection", "X"));
        assert!(!headers.has_token("connection", "keep"));
    }

    #[test]
    fn a_loaded_block_becomes_fields_where_they_stand() {
        let mut headers = Headers::from_static(&[("old", "")]);
        headers.load(b"host: a\r\nx-y:b\r\n", &[place(0..4, 6..7), place(9..12, 13..14)]);
        headers.push("Z", b"c");
        assert_eq!(headers, [("host", "a"), ("x-y", "b"), ("z", "c")].into_iter().collect());
    }

    fn place(name: Range<u32>, value: Range<u32>) -> Place {
        Place { name, value }
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn a_place_outside_the_block_is_refused() {
        let mut headers = Headers::new();
        headers.load(b"ab", &[place(0..1, 1..3)]);
        headers.get("a");
    }

    #[test]
    fn clear_keeps_the_memory() {
        let mut headers = Headers::new();
        headers.push("name", b"value");
        let capacity = headers.capacity();
        headers.clear();
        assert!(headers.is_empty() && headers.capacity() == capacity);
    }
}
