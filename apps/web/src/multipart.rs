//! Forms with files (`multipart/form-data`, RFC 7578).
