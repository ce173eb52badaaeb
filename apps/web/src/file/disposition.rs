use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a user agent is to do with a response (RFC 6266).
#[derive(Clone, Debug)]
pub(super) struct Disposition {
    kind: Kind,
    name: String,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Attachment,
    Inline,
}

impl Disposition {
    /// `name` is the file name to be offered; what no file name has, separators and controls, becomes `_`.
    pub(super) fn new(kind: Kind, name: &str) -> Self {
        let name = name.chars().map(|c| if c.is_control() || matches!(c, '/' | '\\') { '_' } else { c }).collect();
        Self { kind, name }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The value of `content-disposition`. A name that is not plain ASCII comes twice: in the form of RFC 8187, and for
    /// user agents that do not know it with `_` for what they may misread, which `%` is too (RFC 6266 appendix D).
    pub(super) fn value(&self) -> String {
        let kind = match self.kind {
            Kind::Attachment => "attachment",
            Kind::Inline => "inline",
        };
        let is_plain = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '%');
        if self.name.chars().all(is_plain) {
            return format!("{kind}; filename=\"{}\"", self.name);
        }
        let plain: String = self.name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
        format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(&self.name, NOT_ATTR_CHAR))
    }
}

/// All but the `attr-char` of RFC 8187 section 3.2.1.
const NOT_ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

#[test]
fn values() {
    for (name, expected) in [
        ("report.pdf", r#"attachment; filename="report.pdf""#),
        ("a b;c.txt", r#"attachment; filename="a b;c.txt""#),
        ("ä.txt", r#"attachment; filename="_.txt"; filename*=UTF-8''%C3%A4.txt"#),
        ("a\"b", r#"attachment; filename="a_b"; filename*=UTF-8''a%22b"#),
        ("100%41", r#"attachment; filename="100_41"; filename*=UTF-8''100%2541"#),
        ("../etc\\x\r\nset-cookie: a", r#"attachment; filename=".._etc_x__set-cookie: a""#),
        ("'*()", r#"attachment; filename="'*()""#),
        ("'*()€", r#"attachment; filename="'*()_"; filename*=UTF-8''%27%2A%28%29%E2%82%AC"#),
    ] {
        assert_eq!(Disposition::new(Kind::Attachment, name).value(), expected);
    }
    assert_eq!(Disposition::new(Kind::Inline, "a").value(), r#"inline; filename="a""#);
}
