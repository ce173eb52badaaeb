//! What a peer does that ends its socket.

/// A breach of RFC 6455 or of a limit. The close frame tells the peer, and `End` the application, the same code and
/// reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Unmasked,
    ReservedBits,
    Opcode,
    /// A length that is not in its shortest form, or above 2^63.
    Length,
    FragmentedControl,
    LongControl,
    /// A continuation of nothing.
    Continuation,
    /// A new message inside of a fragmented one.
    Interleaved,
    /// A close frame of one byte.
    CloseLength,
    CloseCode,
    CloseReason,
    Utf8,
    /// What should inflate does not.
    Deflate,
    TooLarge,
    /// No byte came, not even after a ping.
    Silent,
}

impl Fault {
    /// The close code (RFC 6455 section 7.4.1).
    pub(super) fn code(self) -> u16 {
        match self {
            Self::Utf8 | Self::CloseReason | Self::Deflate => 1007,
            Self::TooLarge => 1009,
            Self::Silent => 1011,
            _ => 1002,
        }
    }

    /// For people.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Unmasked => "a frame is not masked",
            Self::ReservedBits => "a reserved bit is set",
            Self::Opcode => "unknown opcode",
            Self::Length => "the length of a frame is not in its shortest form",
            Self::FragmentedControl => "a control frame is fragmented",
            Self::LongControl => "a control frame is longer than 125 bytes",
            Self::Continuation => "there is no message to continue",
            Self::Interleaved => "a message begins inside of another one",
            Self::CloseLength => "a close frame of one byte",
            Self::CloseCode => "a close code that may not be sent",
            Self::CloseReason => "the reason of a close is not UTF-8",
            Self::Utf8 => "a text is not UTF-8",
            Self::Deflate => "a message cannot be inflated",
            Self::TooLarge => "the message is too large",
            Self::Silent => "no answer to a ping",
        }
    }
}
