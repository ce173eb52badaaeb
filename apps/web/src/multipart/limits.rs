/// How much there may be of a form.
///
/// | | by default |
/// |---|---|
/// | the body as a whole, on a route that has no [limit](crate::Route::body_limit) of its own | 32 MiB |
/// | parts | 1,000 |
/// | the header section of a part | 16 KiB |
/// | the text of a field, where a form is [collected](super::Multipart::collect) | 1 MiB |
/// | what an [`Upload`](super::Upload) keeps in memory before it goes on in a file | 1 MiB |
///
/// ```
/// use transom_web::multipart::Limits;
///
/// let limits = Limits::new().body(100 << 20).parts(20);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Limits {
    pub(super) body: u64,
    pub(super) parts: usize,
    pub(super) head: usize,
    pub(super) field: u64,
    pub(super) memory: usize,
}

impl Limits {
    /// Those that there are by default.
    pub const fn new() -> Self {
        Self { body: 32 << 20, parts: 1_000, head: 16 << 10, field: 1 << 20, memory: 1 << 20 }
    }

    /// The bytes of the body as a whole.
    pub const fn body(self, bytes: u64) -> Self {
        Self { body: bytes, ..self }
    }

    /// How many parts there may be.
    pub const fn parts(self, parts: usize) -> Self {
        Self { parts, ..self }
    }

    /// The bytes of the header section of a part, and of what stands before the first one.
    pub const fn head(self, bytes: usize) -> Self {
        Self { head: bytes, ..self }
    }

    /// The bytes of a field where a form is collected.
    pub const fn field(self, bytes: u64) -> Self {
        Self { field: bytes, ..self }
    }

    /// The bytes of an upload that are kept in memory.
    pub const fn memory(self, bytes: usize) -> Self {
        Self { memory: bytes, ..self }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
