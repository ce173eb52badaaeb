//! Which responses are worth it.

use super::UnlessType;
use transom::Headers;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Eligible {
    /// It may be compressed.
    Yes,
    /// This one has no body, or a part of one: the whole one might have been.
    NotThis,
    /// It is never compressed.
    Never,
}

/// Whether a response may be compressed. `whatever`: a client that refuses what is not compressed gets so whatever the
/// media type is.
pub(super) fn eligible(status: u16, headers: &Headers, unless: Option<&UnlessType>, whatever: bool) -> Eligible {
    if !matches!(status, 200..=599)
        || headers.has_token("cache-control", "no-transform")
        || headers.get_all("content-encoding").any(|coding| !coding.eq_ignore_ascii_case(b"identity"))
        // They are of these very bytes (RFC 9530 sections 2 and 3).
        || ["content-digest", "repr-digest", "digest", "content-md5"].iter().any(|name| headers.get(name).is_some())
    {
        return Eligible::Never;
    }
    let media_type = headers.get("content-type").and_then(|value| std::str::from_utf8(value).ok()).map(essence);
    if let Some(media_type) = media_type
        && (media_type == "text/event-stream"
            || !whatever && (is_compressed(&media_type) || unless.is_some_and(|unless| unless(&media_type))))
    {
        return Eligible::Never;
    }
    if matches!(status, 204 | 205 | 206 | 304) || headers.get("content-range").is_some() {
        return Eligible::NotThis;
    }
    Eligible::Yes
}

/// The media type without its parameters.
fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim_ascii().to_ascii_lowercase()
}

/// Whether what is of this type is compressed already.
fn is_compressed(media_type: &str) -> bool {
    let Some((kind, name)) = media_type.split_once('/') else { return false };
    match kind {
        "image" => !matches!(name, "svg+xml" | "bmp" | "x-icon" | "vnd.microsoft.icon"),
        "video" | "audio" => true,
        "font" => matches!(name, "woff" | "woff2"),
        "application" => {
            name.ends_with("+zip")
                || name.starts_with("vnd.openxmlformats-officedocument.")
                || name.starts_with("vnd.oasis.opendocument.")
                || name.starts_with("grpc")
                || matches!(
                    name,
                    "font-woff"
                        | "gzip"
                        | "java-archive"
                        | "pdf"
                        | "vnd.android.package-archive"
                        | "vnd.rar"
                        | "x-7z-compressed"
                        | "x-bzip"
                        | "x-bzip2"
                        | "x-gzip"
                        | "x-rar-compressed"
                        | "x-xz"
                        | "zip"
                        | "zstd"
                )
        }
        _ => false,
    }
}

/// Makes the entity tag weak: the bytes differ with the coding (RFC 9110 section 8.8.3.3).
pub(super) fn weaken(headers: &mut Headers) {
    if let Some(tag) = headers.get("etag").filter(|tag| tag.starts_with(b"\"")) {
        let weak = [b"W/", tag].concat();
        headers.set("etag", &weak);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Eligible::{Never, NotThis, Yes};

    #[test]
    fn responses() {
        let html = ("content-type", "text/html; charset=utf-8");
        for (status, fields, expected) in [
            (200, &[html][..], Yes),
            (404, &[html], Yes),
            (200, &[], Yes),
            (200, &[("content-type", "application/json")], Yes),
            (200, &[("content-type", "application/wasm")], Yes),
            (200, &[("content-type", "image/svg+xml")], Yes),
            (200, &[("content-type", "nonsense")], Yes),
            (200, &[("content-type", "IMAGE/png")], Never),
            (200, &[("content-type", "video/mp4")], Never),
            (200, &[("content-type", "font/woff2")], Never),
            (200, &[("content-type", "font/ttf")], Yes),
            (200, &[("content-type", "application/zip")], Never),
            (200, &[("content-type", "application/epub+zip")], Never),
            (200, &[("content-type", "text/event-stream; charset=utf-8")], Never),
            (200, &[("content-type", "text/private")], Never),
            (200, &[html, ("content-encoding", "br")], Never),
            (200, &[html, ("content-encoding", "identity")], Yes),
            (200, &[html, ("cache-control", "max-age=1, No-Transform")], Never),
            (200, &[html, ("repr-digest", "sha-256=:x:")], Never),
            (204, &[html], NotThis),
            (206, &[html], NotThis),
            (304, &[], NotThis),
            (416, &[html, ("content-range", "bytes */9")], NotThis),
            (206, &[("content-type", "video/mp4")], Never),
            (101, &[], Never),
        ] {
            let headers = fields.iter().copied().collect();
            let unless = |media_type: &str| media_type == "text/private";
            assert_eq!(eligible(status, &headers, Some(&unless), false), expected, "{status} {fields:?}");
        }
        let image = Headers::from_static(&[("content-type", "image/png")]);
        assert_eq!(eligible(200, &image, None, true), Yes);
    }

    #[test]
    fn tags() {
        for (tag, weak) in [("\"a\"", "W/\"a\""), ("W/\"a\"", "W/\"a\""), ("nonsense", "nonsense")] {
            let mut headers = Headers::from_iter([("etag", tag)]);
            weaken(&mut headers);
            assert_eq!(headers.get("etag"), Some(weak.as_bytes()));
        }
    }
}
