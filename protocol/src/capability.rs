use std::fmt;
use std::ops::BitOr;

/// A set of optional abilities: what a server can do, what an exchange allows, what an app asks for.
///
/// A server states its set once ([`ServerInfo`](crate::ServerInfo)); each scope carries the subset that
/// holds for that exchange (HTTP/1.0 has no trailers). A layer that breaks one removes it before it
/// calls inward. An event that needs an absent capability is refused with
/// [`SendError::Unsupported`](crate::SendError::Unsupported), never dropped.
///
/// ```
/// use transom::Capabilities;
///
/// let both = Capabilities::TRAILERS | Capabilities::FILE;
/// assert!(both.contains(Capabilities::FILE));
/// assert!(!both.without(Capabilities::FILE).contains(Capabilities::FILE));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Capabilities(u32);

impl Capabilities {
    /// None.
    pub const NONE: Self = Self(0);
    /// [`Outgoing::Informational`](crate::Outgoing::Informational): 1xx responses before the final one.
    pub const INFORMATIONAL: Self = Self(1);
    /// [`Outgoing::Trailers`](crate::Outgoing::Trailers) after a response body.
    pub const TRAILERS: Self = Self(1 << 1);
    /// [`Outgoing::File`](crate::Outgoing::File) is accepted. How the bytes travel is the server's affair.
    pub const FILE: Self = Self(1 << 2);
    /// The response may be sent while the request body is still being received.
    pub const FULL_DUPLEX: Self = Self(1 << 3);
    /// `Start` with status 101 (or 2xx to CONNECT) turns the exchange into a tunnel.
    pub const UPGRADE: Self = Self(1 << 4);
    /// WebSocket pings and pongs are handed to the app and may be sent by it.
    pub const WEBSOCKET_CONTROL: Self = Self(1 << 5);
    /// A WebSocket handshake may be denied with an ordinary HTTP response.
    pub const WEBSOCKET_DENIAL: Self = Self(1 << 6);
    /// The server notices that the peer left even while the app awaits something else.
    pub const CLOSED_WATCH: Self = Self(1 << 7);

    const NAMES: [(Self, &'static str); 8] = [
        (Self::INFORMATIONAL, "informational"),
        (Self::TRAILERS, "trailers"),
        (Self::FILE, "file"),
        (Self::FULL_DUPLEX, "full-duplex"),
        (Self::UPGRADE, "upgrade"),
        (Self::WEBSOCKET_CONTROL, "websocket-control"),
        (Self::WEBSOCKET_DENIAL, "websocket-denial"),
        (Self::CLOSED_WATCH, "closed-watch"),
    ];

    /// Whether every capability of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The capabilities in either set.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set less `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Capabilities {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

/// The names, separated by commas.
impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (_, name) in Self::NAMES.iter().filter(|(capability, _)| self.contains(*capability)) {
            write!(f, "{separator}{name}")?;
            separator = ", ";
        }
        Ok(())
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Capabilities({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set() {
        let set = Capabilities::FILE | Capabilities::TRAILERS;
        assert!(set.contains(Capabilities::NONE) && set.contains(set));
        assert!(!set.contains(Capabilities::FILE | Capabilities::UPGRADE));
        assert_eq!(set.to_string(), "trailers, file");
        assert!(set.without(set).is_empty());
    }
}
