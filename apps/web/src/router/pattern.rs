use crate::path::decode;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::fmt;

/// The pattern of a path: `/boards/{board:int}/files/{name:path}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    segments: Vec<Segment>,
    names: Box<[Box<str>]>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Segment {
    before: String,
    param: Option<Kind>,
    after: String,
}

/// What the value of a parameter may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Str,
    Int,
    Float,
    Uuid,
    Path,
    /// Whatever is below a mount, or nothing; it has no name.
    Below,
}

/// Why a text is not a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PatternError {
    NoSlash,
    Brace,
    UnknownKind(String),
    BadName(String),
    Twice(String),
    /// One parameter is all that a segment may have.
    Crowded,
    /// What follows a `path` would never be reached.
    PathNotLast,
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        let text = text.strip_prefix('/').ok_or(PatternError::NoSlash)?;
        let mut names = Vec::new();
        let segments: Result<Vec<_>, _> = text.split('/').map(|segment| Segment::parse(segment, &mut names)).collect();
        let segments = segments?;
        for (at, name) in names.iter().enumerate() {
            if names[..at].contains(name) {
                return Err(PatternError::Twice(name.to_string()));
            }
        }
        let is_path = |segment: &Segment| segment.param == Some(Kind::Path);
        let last = segments.len() - 1;
        if segments.iter().enumerate().any(|(at, segment)| is_path(segment) && (at < last || !segment.is_bare())) {
            return Err(PatternError::PathNotLast);
        }
        Ok(Self { segments, names: names.into() })
    }

    /// The pattern of this one and of everything below it.
    pub(crate) fn below(mut self) -> Self {
        if self.segments.last().is_some_and(|last| *last == Segment::default()) {
            self.segments.pop();
        }
        self.segments.push(Segment { param: Some(Kind::Below), ..Segment::default() });
        self
    }

    /// This pattern below `prefix`.
    pub(crate) fn under(&self, prefix: &Pattern) -> Result<Self, PatternError> {
        let mut names = prefix.names.to_vec();
        for name in self.names.iter() {
            if names.contains(name) {
                return Err(PatternError::Twice(name.to_string()));
            }
            names.push(name.clone());
        }
        let mut segments = prefix.segments.clone();
        if segments.last().is_some_and(|last| *last == Segment::default()) {
            segments.pop();
        }
        segments.extend(self.segments.iter().cloned());
        Ok(Self { segments, names: names.into() })
    }

    pub(crate) fn names(&self) -> &[Box<str>] {
        &self.names
    }

    /// How many segments there are.
    pub(crate) fn len(&self) -> usize {
        self.segments.len()
    }

    /// How a pattern that takes the rest of a path compares to others of the kind: the more it says, the less it is.
    /// `None` if it takes so many segments and no more.
    pub(crate) fn rank(&self) -> Option<(Reverse<usize>, Vec<bool>)> {
        let last = self.segments.last()?.param;
        let params = self.segments.iter().map(|segment| segment.param.is_some()).collect();
        matches!(last, Some(Kind::Path | Kind::Below)).then_some((Reverse(self.len()), params))
    }

    /// What a matcher that knows no kinds has to be told.
    pub(crate) fn shape(&self) -> String {
        let mut shape = String::new();
        for (at, Segment { before, param, after }) in self.segments.iter().enumerate() {
            let escape = |text: &str| text.replace('{', "{{").replace('}', "}}");
            shape += "/";
            shape += &escape(before);
            if param.is_some() {
                shape += &format!("{{{at}}}");
            }
            shape += &escape(after);
        }
        shape
    }

    pub(crate) fn has_names(&self) -> bool {
        !self.names.is_empty()
    }

    /// Whether a [normal](crate::path::normalize) path matches.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let mut walk = self.walk(path);
        walk.by_ref().for_each(drop);
        walk.rest == Some("")
    }

    /// The parameters of a path that matches, decoded.
    pub(crate) fn params<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
        self.names.iter().map(|name| &**name).zip(self.walk(path).map(decode))
    }

    fn walk<'a>(&'a self, path: &'a str) -> Walk<'a> {
        Walk { segments: self.segments.iter(), rest: Some(path) }
    }

    /// The path for these values, in the order of the names; `None` if one is not of its kind.
    pub(crate) fn fill(&self, values: &[&str]) -> Option<String> {
        use percent_encoding::utf8_percent_encode;
        let mut values = values.iter();
        let mut path = String::new();
        for Segment { before, param, after } in &self.segments {
            path += "/";
            path.extend(utf8_percent_encode(before, SEGMENT));
            if let Some(kind) = param {
                let value = values.next().filter(|value| kind.takes(value))?;
                let kept = if *kind == Kind::Path { PATH } else { SEGMENT };
                path.extend(utf8_percent_encode(value, kept));
            }
            path.extend(utf8_percent_encode(after, SEGMENT));
        }
        Some(path)
    }
}

/// What may not stand in a segment (RFC 3986 section 3.3).
const SEGMENT: &percent_encoding::AsciiSet = &PATH.add(b'/');
const PATH: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The values of the parameters of a path, segment by segment.
struct Walk<'a> {
    segments: std::slice::Iter<'a, Segment>,
    /// What is left of the path; `None` if it does not match.
    rest: Option<&'a str>,
}

impl<'a> Iterator for Walk<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            let segment = self.segments.next()?;
            let rest = self.rest.take()?;
            if segment.param == Some(Kind::Below) && (rest.is_empty() || rest.starts_with('/')) {
                self.rest = Some("");
                return None;
            }
            let rest = rest.strip_prefix('/')?;
            let is_path = segment.param == Some(Kind::Path);
            // Segments are too short for a search that looks at many bytes at a time.
            let slash = rest.bytes().position(|byte| byte == b'/').filter(|_| !is_path);
            let end = slash.unwrap_or(rest.len());
            let (text, rest) = rest.split_at(end);
            match segment.param {
                None if text != segment.before => return None,
                None => self.rest = Some(rest),
                Some(kind) => {
                    let value = text.strip_prefix(segment.before.as_str())?.strip_suffix(segment.after.as_str())?;
                    if !kind.takes(value) {
                        return None;
                    }
                    self.rest = Some(rest);
                    return Some(value);
                }
            }
        }
    }
}

impl Segment {
    fn parse(text: &str, names: &mut Vec<Box<str>>) -> Result<Self, PatternError> {
        let mut segment = Self::default();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let brace = &rest[at..=at];
            segment.literal(&rest[..at]);
            rest = &rest[at + 1..];
            // Doubled, a brace is a brace.
            if let Some(tail) = rest.strip_prefix(brace) {
                segment.literal(brace);
                rest = tail;
                continue;
            }
            let (param, tail) = rest.split_once('}').filter(|_| brace == "{").ok_or(PatternError::Brace)?;
            rest = tail;
            let (name, kind) = param.split_once(':').unwrap_or((param, "str"));
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                return Err(PatternError::BadName(name.to_owned()));
            }
            if segment.param.replace(Kind::parse(kind)?).is_some() {
                return Err(PatternError::Crowded);
            }
            names.push(name.into());
        }
        segment.literal(rest);
        Ok(segment)
    }

    fn literal(&mut self, text: &str) {
        *if self.param.is_none() { &mut self.before } else { &mut self.after } += text;
    }

    fn is_bare(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }
}

impl Kind {
    fn parse(name: &str) -> Result<Self, PatternError> {
        let kinds = [Self::Str, Self::Int, Self::Float, Self::Uuid, Self::Path];
        kinds.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| PatternError::UnknownKind(name.to_owned()))
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Str => "str",
            Self::Int => "int",
            Self::Float => "float",
            Self::Uuid => "uuid",
            Self::Path | Self::Below => "path",
        }
    }

    fn takes(self, value: &str) -> bool {
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Self::Path | Self::Below => true,
            Self::Str => !value.is_empty(),
            Self::Int => is_digits(value.strip_prefix('-').unwrap_or(value)),
            Self::Float => {
                let (whole, part) = value.strip_prefix('-').unwrap_or(value).split_once('.').unwrap_or((value, "0"));
                is_digits(whole.strip_prefix('-').unwrap_or(whole)) && is_digits(part)
            }
            Self::Uuid => {
                let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
                let lengths = value.split('-').map(str::len);
                value.split('-').all(is_hex)
                    && (value.len() == 32 && !value.contains('-') || lengths.eq([8, 4, 4, 4, 12]))
            }
        }
    }
}

/// As it is written, but for braces.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = self.names.iter();
        for Segment { before, param, after } in &self.segments {
            match (param, names.as_slice()) {
                (Some(Kind::Below), _) => f.write_str("/*")?,
                (Some(kind), [name, ..]) => {
                    names.next();
                    write!(f, "/{before}{{{name}:{}}}{after}", kind.as_str())?;
                }
                _ => write!(f, "/{before}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSlash => f.write_str("it does not begin with `/`"),
            Self::Brace => f.write_str("a brace has no partner; a literal one is doubled"),
            Self::UnknownKind(kind) => write!(f, "`{kind}` is none of str, int, float, uuid, path"),
            Self::BadName(name) => write!(f, "`{name}` is not a name: letters, digits and `_`"),
            Self::Twice(name) => write!(f, "the parameter `{name}` is there twice"),
            Self::Crowded => f.write_str("a segment has two parameters"),
            Self::PathNotLast => f.write_str("a `path` has to be a segment of its own, and the last one"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pattern: &str, path: &str) -> Option<Vec<String>> {
        let pattern = Pattern::parse(pattern).unwrap();
        pattern.matches(path).then(|| pattern.params(path).map(|(_, value)| value.into_owned()).collect())
    }

    #[test]
    fn paths_that_match() {
        for (pattern, path, expected) in [
            ("/", "/", vec![]),
            ("/a/b", "/a/b", vec![]),
            ("/a/", "/a/", vec![]),
            ("/{x}", "/b", vec!["b"]),
            ("/{x:int}/{y:float}", "/-12/3.50", vec!["-12", "3.50"]),
            ("/{x:float}", "/-7", vec!["-7"]),
            ("/v{x:int}.json", "/v3.json", vec!["3"]),
            ("/{x:path}", "/", vec![""]),
            ("/a/{x:path}", "/a/b/c/", vec!["b/c/"]),
            ("/{x:uuid}", "/67e55044-10b1-426f-9247-bb680e5fe0c8", vec!["67e55044-10b1-426f-9247-bb680e5fe0c8"]),
            ("/{x:uuid}", "/67E5504410B1426F9247BB680E5FE0C8", vec!["67E5504410B1426F9247BB680E5FE0C8"]),
            ("/{{x}}", "/{x}", vec![]),
        ] {
            let expected: Vec<&str> = expected;
            assert_eq!(values(pattern, path).unwrap(), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn paths_that_do_not() {
        for (pattern, path) in [
            ("/", "/a"),
            ("/a", "/a/"),
            ("/a/", "/a"),
            ("/{x}", "/"),
            ("/{x}", "/a/b"),
            ("/{x:int}", "/1x"),
            ("/{x:int}", "/-"),
            ("/{x:int}", "/--1"),
            ("/{x:float}", "/1."),
            ("/{x:float}", "/.5"),
            ("/{x:float}", "/--1"),
            ("/{x:uuid}", "/67e5504410b1426f9247bb680e5fe0cg"),
            ("/{x:uuid}", "/67e55044-10b1426f-9247-bb68-0e5fe0c8"),
            ("/a/{x:path}", "/a"),
            ("/v{x}.json", "/v.json"),
        ] {
            assert_eq!(values(pattern, path), None, "{pattern} {path}");
        }
    }

    #[test]
    fn patterns_are_shown_as_they_are_written() {
        for text in ["/", "/a/{b:str}", "/v{c:int}.json/{d:path}"] {
            assert_eq!(Pattern::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn patterns_that_are_none() {
        for (text, error) in [
            ("a", PatternError::NoSlash),
            ("/{a", PatternError::Brace),
            ("/a}", PatternError::Brace),
            ("/{a:number}", PatternError::UnknownKind("number".into())),
            ("/{}", PatternError::BadName("".into())),
            ("/{a}/{a}", PatternError::Twice("a".into())),
            ("/{a}{b}", PatternError::Crowded),
            ("/{a:path}/b", PatternError::PathNotLast),
        ] {
            assert_eq!(Pattern::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn paths_are_made_of_values() {
        let pattern = Pattern::parse("/boards/{board:int}/{name}.txt/{rest:path}").unwrap();
        assert_eq!(pattern.fill(&["7", "ü/%", "x y/z"]).unwrap(), "/boards/7/%C3%BC%2F%25.txt/x%20y/z");
        assert_eq!(pattern.fill(&["x", "a", ""]), None);
        assert_eq!(pattern.fill(&["7"]), None);
    }

    #[test]
    fn patterns_below_others() {
        let parse = |text| Pattern::parse(text).unwrap();
        assert_eq!(parse("/x").under(&parse("/a/{b}")).unwrap(), parse("/a/{b}/x"));
        assert_eq!(parse("/x").under(&parse("/")).unwrap(), parse("/x"));
        assert_eq!(parse("/{b}").under(&parse("/{b}")), Err(PatternError::Twice("b".into())));
        let mount = parse("/a/").below();
        assert!(["/a", "/a/", "/a/b/c"].iter().all(|path| mount.matches(path)));
        assert!(!mount.matches("/ab"));
    }
}
