use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// Where to listen.
///
/// | written | meaning |
/// |---|---|
/// | `8000`, `:8000` | port 8000 of 127.0.0.1 |
/// | `0.0.0.0:8000`, `[::]:8000` | all addresses of one family; `[::]` is IPv6 alone |
/// | `*:8000` | all addresses of both families (one dual-stack socket) |
/// | `localhost:8000` | every address that the name has |
/// | `unix:/run/app.sock` | a Unix socket |
/// | `fd://3` | a socket that is open already |
/// | `systemd` | every socket that was passed by `LISTEN_FDS` |
///
/// Port 0 lets the system choose.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bind {
    /// One address.
    Tcp(SocketAddr),
    /// Both families on this port.
    DualStack(u16),
    /// A host name, looked up when the listener is made.
    Name(String, u16),
    /// A Unix socket of this path.
    Unix(PathBuf),
    /// An inherited descriptor.
    Descriptor(i32),
    /// The descriptors of `LISTEN_FDS`.
    Systemd,
}

/// The text is not a [`Bind`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindError(String);

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot listen on '{}': expected PORT, ADDRESS:PORT, [ADDRESS]:PORT, *:PORT, unix:PATH, fd://NUMBER or systemd",
            self.0
        )
    }
}

impl std::error::Error for BindError {}

impl FromStr for Bind {
    type Err = BindError;

    fn from_str(text: &str) -> Result<Self, BindError> {
        let error = || BindError(text.to_owned());
        if text == "systemd" {
            return Ok(Self::Systemd);
        }
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() { Err(error()) } else { Ok(Self::Unix(path.into())) };
        }
        if let Some(number) = text.strip_prefix("fd://") {
            return number.parse().ok().filter(|&number| number >= 0).map(Self::Descriptor).ok_or_else(error);
        }
        let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
        let port = port.parse().map_err(|_| error())?;
        if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            let address: Ipv6Addr = address.parse().map_err(|_| error())?;
            return Ok(Self::Tcp((address, port).into()));
        }
        match host {
            "" => Ok(Self::Tcp((Ipv4Addr::LOCALHOST, port).into())),
            "*" => Ok(Self::DualStack(port)),
            _ if host.contains([':', '/', '[', ']', ' ']) => Err(error()),
            _ => Ok(match host.parse::<IpAddr>() {
                Ok(address) => Self::Tcp((address, port).into()),
                Err(_) => Self::Name(host.to_owned(), port),
            }),
        }
    }
}

impl fmt::Display for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::DualStack(port) => write!(f, "*:{port}"),
            Self::Name(host, port) => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Descriptor(number) => write!(f, "fd://{number}"),
            Self::Systemd => f.write_str("systemd"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, bind) in [
            ("8000", Bind::Tcp(([127, 0, 0, 1], 8000).into())),
            (":0", Bind::Tcp(([127, 0, 0, 1], 0).into())),
            ("0.0.0.0:80", Bind::Tcp(([0, 0, 0, 0], 80).into())),
            ("[::1]:80", Bind::Tcp((Ipv6Addr::LOCALHOST, 80).into())),
            ("*:80", Bind::DualStack(80)),
            ("localhost:80", Bind::Name("localhost".into(), 80)),
            ("unix:/tmp/a b", Bind::Unix("/tmp/a b".into())),
            ("fd://3", Bind::Descriptor(3)),
            ("systemd", Bind::Systemd),
        ] {
            assert_eq!(text.parse(), Ok(bind), "{text}");
        }
        for bad in
            ["", "host", "1.2.3.4", "host:", "host:99999", "::1:80", "[::1]", "unix:", "fd://x", "fd://-1", "a b:1"]
        {
            assert!(bad.parse::<Bind>().is_err(), "{bad}");
        }
    }

    #[test]
    fn shown_as_written() {
        for text in ["127.0.0.1:80", "[::1]:80", "*:80", "localhost:80", "unix:/a", "fd://3", "systemd"] {
            assert_eq!(text.parse::<Bind>().map(|bind| bind.to_string()).as_deref(), Ok(text));
        }
    }
}
