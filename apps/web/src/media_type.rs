/// A media type without its parameters (RFC 9110 section 8.3.1), to be compared whatever the case.
pub(crate) fn essence(media_type: &[u8]) -> &[u8] {
    media_type.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii()
}
