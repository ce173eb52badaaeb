//! The door through which `tests/fuzz` reaches what is private: bytes in, values out, and nothing that could disagree
//! with what the server itself does. Not part of the public API; there only with `--cfg fuzzing`.

pub use crate::http1::fuzzing::{Body, BodyEnd, Request, Written, body, head, head_readers, response};
pub use crate::websocket::fuzzing::{
    Deflate, Inflated, Malformed, Messages, Received, agree, deflate, frame, inflate, messages,
};
