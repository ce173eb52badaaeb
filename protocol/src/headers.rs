use crate::field;
use std::fmt;

/// Header or trailer fields: in order, with duplicates, names in lower case, values as raw bytes.
///
/// Two parts make one list: a `'static` table, which costs nothing to build, and after it one packed
/// block of owned bytes. Nothing is hashed and no field is an allocation of its own; a look-up is a
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
    /// `[name length: u32][value length: u32][name][value]`, again and again, lengths in native order.
    block: Vec<u8>,
}

const PREFIX: usize = 8;

impl Headers {
    /// No fields; allocates nothing.
    pub const fn new() -> Self {
        Self { table: &[], block: Vec::new() }
    }

    /// The fields of a static table; allocates nothing. Names must be in lower case already.
    pub const fn from_static(table: &'static [(&'static str, &'static str)]) -> Self {
        Self { table, block: Vec::new() }
    }

    /// Appends a field, its name put in lower case.
    ///
    /// # Panics
    /// If name or value is 4 GiB or longer.
    pub fn push(&mut self, name: &str, value: &[u8]) {
        let [a, b, c, d] = u32::try_from(name.len()).expect("a field name under 4 GiB").to_ne_bytes();
        let [e, f, g, h] = u32::try_from(value.len()).expect("a field value under 4 GiB").to_ne_bytes();
        self.block.reserve(PREFIX + name.len() + value.len());
        self.block.extend_from_slice(&[a, b, c, d, e, f, g, h]);
        let start = self.block.len();
        self.block.extend_from_slice(name.as_bytes());
        self.block[start..].make_ascii_lowercase();
        self.block.extend_from_slice(value);
    }

    /// The fields in order.
    pub fn iter(&self) -> Iter<'_> {
        Iter { table: self.table.iter(), block: &self.block }
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
        self.iter().count()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty() && self.block.is_empty()
    }

    /// Removes every field and keeps the memory: how a server uses one list for request after request.
    pub fn clear(&mut self) {
        self.table = &[];
        self.block.clear();
    }

    /// Makes room for fields of `bytes` bytes, names and values together, in `count` fields.
    pub fn reserve(&mut self, count: usize, bytes: usize) {
        self.block.reserve(count * PREFIX + bytes);
    }

    /// The bytes of memory held for owned fields.
    pub fn capacity(&self) -> usize {
        self.block.capacity()
    }
}

/// The fields of a [`Headers`], in order.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    table: std::slice::Iter<'static, (&'static str, &'static str)>,
    block: &'a [u8],
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if let Some((name, value)) = self.table.next() {
            return Some((name, value.as_bytes()));
        }
        let (lengths, rest) = self.block.split_first_chunk::<PREFIX>()?;
        let [a, b, c, d, e, f, g, h] = *lengths;
        let (name, rest) = rest.split_at(u32::from_ne_bytes([a, b, c, d]) as usize);
        let (value, rest) = rest.split_at(u32::from_ne_bytes([e, f, g, h]) as usize);
        self.block = rest;
        // `push` took the name as a `&str`, and lower-casing ASCII keeps UTF-8 valid.
        Some((std::str::from_utf8(name).expect("names are UTF-8"), value))
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
        f.debug_list().entries(self.iter().map(|(name, value)| format!("{name}: {}", value.escape_ascii()))).finish()
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
    fn clear_keeps_the_memory() {
        let mut headers = Headers::new();
        headers.push("name", b"value");
        let capacity = headers.capacity();
        headers.clear();
        assert!(headers.is_empty() && headers.capacity() == capacity);
    }
}
