use crate::{Capabilities, End};
use std::fmt;
use std::io;

/// Why an application's call failed: any error, or text.
///
/// `?` turns every `std` error into one. The server logs it and answers for the application; nothing of
/// it reaches the peer. Two kinds are recognised: an app that does not serve a scope returns
/// [`Error::unsupported`], and a [`SendError::Disconnected`] that is passed on by `?` is no failure.
///
/// ```
/// use transom::Error;
///
/// fn parse(text: &str) -> Result<u8, Error> {
///     if text.is_empty() {
///         return Err("nothing to parse".into());
///     }
///     Ok(text.parse()?)
/// }
/// assert_eq!(parse("").unwrap_err().to_string(), "nothing to parse");
/// assert!(parse("x").is_err());
/// ```
pub struct Error(Box<dyn std::error::Error + Send + Sync>);

impl Error {
    /// "This application does not serve this kind of scope": the server answers 501, and for the
    /// lifespan carries on without it.
    pub fn unsupported() -> Self {
        Self(Box::new(Unsupported))
    }

    /// Whether this is [`Error::unsupported`].
    pub fn is_unsupported(&self) -> bool {
        self.0.is::<Unsupported>()
    }

    /// Whether this is, or was caused by, a [`SendError::Disconnected`]: the peer left, and nobody is to blame. Causes
    /// are followed through [`source`](std::error::Error::source) and into an [`io::Error`].
    pub fn is_disconnect(&self) -> bool {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&*self.0);
        while let Some(error) = cause {
            if let Some(SendError::Disconnected(_)) = error.downcast_ref() {
                return true;
            }
            // An I/O error is not the source of the error in it.
            cause = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                Some(inner) => Some(inner),
                None => error.source(),
            };
        }
        false
    }

    /// The error itself.
    pub fn into_inner(self) -> Box<dyn std::error::Error + Send + Sync> {
        self.0
    }
}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for Error {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// The error and its causes, on one line.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[derive(Debug)]
struct Unsupported;

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the application does not serve this kind of scope")
    }
}

impl std::error::Error for Unsupported {}

/// Why an event was not sent.
///
/// A refused event changes nothing: the state is as before, and the peer sees nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The exchange ended, for this reason, before the event could be sent.
    Disconnected(End),
    /// The response (or the handshake, or the socket) was finished already; or the call has returned, and the handle
    /// that it left behind is dead.
    Finished,
    /// The event needs this capability, which the exchange does not have; none for an unknown extension.
    Unsupported(Capabilities),
    /// The event is not legal here.
    Violation(Violation),
}

/// Which rule an event broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Violation {
    /// The event may not come at this point.
    OutOfOrder,
    /// The event belongs to another protocol.
    WrongProtocol,
    /// The status is not allowed for this event.
    BadStatus,
    /// A field name is not a token, a value has control characters, or the field may not be set here.
    BadHeader,
    /// The body does not match the announced `content-length`, or there may be none.
    LengthMismatch,
    /// The close code may not be sent, or the reason is longer than 123 bytes.
    BadCloseCode,
    /// The client did not offer this subprotocol.
    BadSubprotocol,
    /// The file cannot be opened or is shorter than the range.
    BadFile,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disconnected(end) => write!(f, "not sent: {end}"),
            Self::Finished => f.write_str("not sent: the response is finished already"),
            Self::Unsupported(missing) if missing.is_empty() => f.write_str("not sent: unknown extension"),
            Self::Unsupported(missing) => write!(f, "not sent: this exchange has no {missing}"),
            Self::Violation(violation) => write!(f, "not sent: {violation}"),
        }
    }
}

impl std::error::Error for SendError {}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutOfOrder => "the event may not come at this point",
            Self::WrongProtocol => "the event belongs to another protocol",
            Self::BadStatus => "the status is not allowed for this event",
            Self::BadHeader => "a header field is not allowed",
            Self::LengthMismatch => "the body does not match its announced length",
            Self::BadCloseCode => "the close code or reason is not allowed",
            Self::BadSubprotocol => "the client did not offer this subprotocol",
            Self::BadFile => "the file cannot be read as asked",
        })
    }
}

impl From<Violation> for SendError {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Capabilities = Capabilities::FILE;

    /// SPEC: ERROR-4, ERROR-5
    #[test]
    fn kinds_are_recognised() {
        let disconnect = Error::from(SendError::Disconnected(End::Timeout));
        assert!(disconnect.is_disconnect() && !disconnect.is_unsupported());
        assert!(Error::unsupported().is_unsupported());
        let wrapped = std::io::Error::other(SendError::Disconnected(End::Timeout));
        assert!(Error::from(wrapped).is_disconnect());
        for other in [SendError::from(Violation::BadStatus), SendError::Finished, SendError::Unsupported(FILE)] {
            let error = Error::from(other);
            assert!(!error.is_disconnect() && !error.is_unsupported(), "{error}");
        }
    }

    #[test]
    fn display_has_the_causes() {
        #[derive(Debug)]
        struct Outer(std::num::ParseIntError);
        impl fmt::Display for Outer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bad port")
            }
        }
        impl std::error::Error for Outer {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                Some(&self.0)
            }
        }
        let error = Error::from(Outer("x".parse::<u16>().unwrap_err()));
        assert_eq!(error.to_string(), "bad port: invalid digit found in string");
    }
}
