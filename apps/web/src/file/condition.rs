//! Conditional requests (RFC 9110 section 13).

use super::ETag;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use transom::{Headers, Method};

/// What tells the versions of a representation apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Validators {
    pub(super) etag: Option<ETag>,
    /// In whole seconds.
    pub(super) last_modified: Option<SystemTime>,
}

/// What the conditions of a request come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Perform,
    NotModified,
    PreconditionFailed,
}

impl Validators {
    /// Evaluates the conditions in the order of section 13.2.2, for a request whose answer would be 200.
    pub(super) fn evaluate(&self, method: &Method, headers: &Headers) -> Verdict {
        if headers.get("if-match").is_some() {
            if !self.any_tag(headers, "if-match", ETag::strongly_matches) {
                return Verdict::PreconditionFailed;
            }
        } else if self.is_modified_since(headers, "if-unmodified-since") == Some(true) {
            return Verdict::PreconditionFailed;
        }
        let is_fresh = if headers.get("if-none-match").is_some() {
            self.any_tag(headers, "if-none-match", ETag::weakly_matches)
        } else {
            matches!(method, Method::Get | Method::Head)
                && self.is_modified_since(headers, "if-modified-since") == Some(false)
        };
        match (is_fresh, method) {
            (false, _) => Verdict::Perform,
            (true, Method::Get | Method::Head) => Verdict::NotModified,
            (true, _) => Verdict::PreconditionFailed,
        }
    }

    /// Whether `if-range` lets a range be sent (section 13.1.5): it is absent, or names this very version.
    pub(super) fn permit_range(&self, headers: &Headers) -> bool {
        let mut values = headers.get_all("if-range");
        match (values.next(), values.next()) {
            (None, _) => true,
            (Some(value), None) => match (ETag::parse(value), &self.etag) {
                (Some(tag), Some(own)) => tag.strongly_matches(own),
                (Some(_), None) => false,
                (None, _) => date(value).is_some_and(|date| self.last_modified == Some(date)),
            },
            (Some(_), Some(_)) => false,
        }
    }

    fn any_tag(&self, headers: &Headers, name: &str, matches: fn(&ETag, &ETag) -> bool) -> bool {
        headers.get_all(name).any(|value| {
            value == b"*" || self.etag.as_ref().is_some_and(|own| ETag::list(value).any(|tag| matches(&tag, own)))
        })
    }

    /// `None` without a time, or where the field is to be ignored: no date, or more than one.
    fn is_modified_since(&self, headers: &Headers, name: &str) -> Option<bool> {
        let own = self.last_modified?;
        let mut values = headers.get_all(name);
        let since = values.next().and_then(date)?;
        values.next().is_none().then_some(own > since)
    }
}

/// A time without what a date of HTTP cannot tell.
pub(super) fn whole_seconds(time: SystemTime) -> SystemTime {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// The date of a field.
pub(super) fn date(value: &[u8]) -> Option<SystemTime> {
    httpdate::parse_http_date(std::str::from_utf8(value).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{NotModified, Perform, PreconditionFailed};

    const BEFORE: &str = "Tue, 14 Nov 2023 22:13:19 GMT";
    const EXACT: &str = "Tue, 14 Nov 2023 22:13:20 GMT";
    const AFTER: &str = "Tue, 14 Nov 2023 22:13:21 GMT";
    const OBSOLETE: &str = "Tuesday, 14-Nov-23 22:13:20 GMT";

    fn own() -> Validators {
        let last_modified = Some(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        Validators { etag: ETag::strong("a"), last_modified }
    }

    #[test]
    fn conditions_of_get() {
        for (expected, fields) in [
            (Perform, &[][..]),
            (Perform, &[("if-match", "\"a\"")]),
            (Perform, &[("if-match", "\"b\", \"a\"")]),
            (Perform, &[("if-match", "\"b\""), ("if-match", "\"a\"")]),
            (Perform, &[("if-match", "*")]),
            (PreconditionFailed, &[("if-match", "\"b\"")]),
            (PreconditionFailed, &[("if-match", "W/\"a\"")]),
            (PreconditionFailed, &[("if-match", "nonsense")]),
            (Perform, &[("if-unmodified-since", EXACT)]),
            (Perform, &[("if-unmodified-since", AFTER)]),
            (PreconditionFailed, &[("if-unmodified-since", BEFORE)]),
            (Perform, &[("if-unmodified-since", "yesterday")]),
            // If-Match takes the place of If-Unmodified-Since.
            (Perform, &[("if-unmodified-since", BEFORE), ("if-match", "\"a\"")]),
            (NotModified, &[("if-none-match", "\"a\"")]),
            (NotModified, &[("if-none-match", "W/\"a\"")]),
            (NotModified, &[("if-none-match", "\"b\", \"a\"")]),
            (NotModified, &[("if-none-match", "*")]),
            (Perform, &[("if-none-match", "\"b\"")]),
            (NotModified, &[("if-modified-since", EXACT)]),
            (NotModified, &[("if-modified-since", AFTER)]),
            (NotModified, &[("if-modified-since", OBSOLETE)]),
            (Perform, &[("if-modified-since", BEFORE)]),
            (Perform, &[("if-modified-since", "0")]),
            (Perform, &[("if-modified-since", EXACT), ("if-modified-since", EXACT)]),
            // If-None-Match takes the place of If-Modified-Since.
            (Perform, &[("if-modified-since", EXACT), ("if-none-match", "\"b\"")]),
            // What fails is asked before what is fresh.
            (PreconditionFailed, &[("if-none-match", "\"a\""), ("if-match", "\"b\"")]),
            (NotModified, &[("if-none-match", "\"a\""), ("if-match", "\"a\"")]),
        ] {
            let headers: Headers = fields.iter().copied().collect();
            assert_eq!(own().evaluate(&Method::Get, &headers), expected, "{fields:?}");
            assert_eq!(own().evaluate(&Method::Head, &headers), expected, "{fields:?}");
        }
    }

    #[test]
    fn other_methods_fail_where_get_is_fresh() {
        let evaluate = |name, value| own().evaluate(&Method::Put, &[(name, value)].into_iter().collect());
        assert_eq!(evaluate("if-none-match", "*"), PreconditionFailed);
        assert_eq!(evaluate("if-modified-since", AFTER), Perform);
    }

    #[test]
    fn without_validators() {
        let evaluate = |name, value| {
            Validators::default().evaluate(&Method::Get, &[(name, value)].into_iter().collect::<Headers>())
        };
        assert_eq!(evaluate("if-match", "\"a\""), PreconditionFailed);
        assert_eq!(evaluate("if-match", "*"), Perform);
        assert_eq!(evaluate("if-none-match", "\"a\""), Perform);
        assert_eq!(evaluate("if-modified-since", AFTER), Perform);
        assert_eq!(evaluate("if-unmodified-since", BEFORE), Perform);
    }

    #[test]
    fn if_range() {
        for (expected, fields) in [
            (true, &[][..]),
            (true, &[("if-range", "\"a\"")]),
            (false, &[("if-range", "\"b\"")]),
            (false, &[("if-range", "W/\"a\"")]),
            (true, &[("if-range", EXACT)]),
            (false, &[("if-range", BEFORE)]),
            (false, &[("if-range", AFTER)]),
            (false, &[("if-range", "*")]),
            (false, &[("if-range", "\"a\", \"b\"")]),
            (false, &[("if-range", "\"a\""), ("if-range", "\"a\"")]),
        ] {
            assert_eq!(own().permit_range(&fields.iter().copied().collect()), expected, "{fields:?}");
        }
        let weak = Validators { etag: ETag::weak("a"), ..own() };
        assert!(!weak.permit_range(&Headers::from_static(&[("if-range", "W/\"a\"")])));
        assert!(!Validators::default().permit_range(&Headers::from_static(&[("if-range", EXACT)])));
    }
}
