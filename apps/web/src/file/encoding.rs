//! Files that are stored in a content coding, beside the files themselves.

use crate::coding::{AcceptEncoding, Coding};
use transom::Headers;

/// In the order of preference where the client has none: the shortest first, for they are compressed once.
pub(super) const ALL: [Coding; 3] = [Coding::Brotli, Coding::Zstd, Coding::Gzip];

/// What is added to the name of a file.
pub(super) fn suffix(coding: Coding) -> &'static str {
    match coding {
        Coding::Brotli => ".br",
        Coding::Zstd => ".zst",
        Coding::Gzip => ".gz",
    }
}

/// The codings that the client takes and does not like less than none, best first.
pub(super) fn accepted(headers: &Headers) -> Vec<Coding> {
    AcceptEncoding::parse(headers.get_all("accept-encoding")).best(&ALL)
}
