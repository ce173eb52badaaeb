use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// A range of addresses: `10.0.0.0/8`, `fd00::/8`, or one address alone.
///
/// ```
/// use transom_web::middleware::{BadNetwork, Network};
///
/// let private: Network = "10.0.0.0/8".parse()?;
/// assert!(private.contains("10.1.2.3".parse().unwrap()) && !private.contains("11.1.2.3".parse().unwrap()));
/// assert_eq!("10.0.0.1/8".parse::<Network>(), Err(BadNetwork::HostBits));
/// # Ok::<(), BadNetwork>(())
/// ```
///
/// An IPv4 address that is written as an IPv6 one (`::ffff:10.0.0.1`, as a socket for both gives it) counts as IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is no [`Network`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadNetwork {
    /// What comes before the slash is no address.
    Address,
    /// What comes after it is no number, or more than the address has bits.
    Prefix,
    /// The address has bits beyond the prefix: one of the two is a mistake.
    HostBits,
}

impl Network {
    /// Whether `address` is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                same(own.to_bits().into(), other.to_bits().into(), 32 - self.prefix)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => same(own.to_bits(), other.to_bits(), 128 - self.prefix),
            _ => false,
        }
    }
}

/// Whether two numbers are the same but for the lowest bits.
fn same(one: u128, other: u128, but: u8) -> bool {
    // All the bits may be left out, and they are as many as a `u128` has.
    (one ^ other).checked_shr(but.into()).unwrap_or(0) == 0
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { address, prefix: bits(address) }
    }
}

impl FromStr for Network {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| BadNetwork::Address)?;
        let Some(prefix) = prefix else { return Ok(address.into()) };
        let is_number = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix: u8 = prefix.parse().ok().filter(|_| is_number).ok_or(BadNetwork::Prefix)?;
        if prefix > bits(address) {
            return Err(BadNetwork::Prefix);
        }
        // A network of IPv4 that is written as one of IPv6.
        let mapped = |address: Ipv6Addr| address.to_ipv4_mapped().filter(|_| prefix >= 96);
        let network = match address {
            IpAddr::V6(long) => match mapped(long) {
                Some(short) => Self { address: short.into(), prefix: prefix - 96 },
                None => Self { address, prefix },
            },
            IpAddr::V4(_) => Self { address, prefix },
        };
        if network.has_host_bits() {
            return Err(BadNetwork::HostBits);
        }
        Ok(network)
    }
}

impl Network {
    fn has_host_bits(&self) -> bool {
        let (number, bits) = match self.address {
            IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, 32),
            IpAddr::V6(address) => (address.to_bits(), 128),
        };
        debug_assert!(self.prefix <= bits);
        number.checked_shl(self.prefix.into()).unwrap_or(0) != 0
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl fmt::Display for BadNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "not an IP address",
            Self::Prefix => "the length of the prefix is not a number of bits of that address",
            Self::HostBits => "the address has bits beyond its prefix",
        })
    }
}

impl std::error::Error for BadNetwork {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_addresses() {
        for (network, address, is_in) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "::1", true),
            ("::/0", "1.2.3.4", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.0/31", "192.0.2.1", true),
            ("192.0.2.0/31", "192.0.2.2", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
            ("::ffff:10.0.0.0/104", "10.0.0.1", true),
            ("::ffff:10.0.0.1", "10.0.0.1", true),
            ("fd00::/8", "fdff::1", true),
            ("fd00::/8", "fe00::1", false),
            ("2001:db8::1/128", "2001:db8::1", true),
        ] {
            let parsed: Network = network.parse().unwrap();
            assert_eq!(parsed.contains(address.parse().unwrap()), is_in, "{network} {address}");
        }
    }

    #[test]
    fn what_is_none() {
        use BadNetwork::{Address, HostBits, Prefix};
        for (text, why) in [
            ("", Address),
            ("*", Address),
            ("10.0.0", Address),
            ("10.0.0.0/", Prefix),
            ("10.0.0.0/+8", Prefix),
            ("10.0.0.0/33", Prefix),
            ("::/129", Prefix),
            ("::/256", Prefix),
            ("10.0.0.1/31", HostBits),
            ("10.0.0.1/0", HostBits),
            ("fd00::1/8", HostBits),
        ] {
            assert_eq!(text.parse::<Network>(), Err(why), "{text}");
        }
    }
}
