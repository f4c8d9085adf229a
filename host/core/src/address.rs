//! What kind of network an address belongs to.
//!
//! Whatever the host connects to at a user's word is judged by this: see
//! `host/cluster` for clusters and `host/outbound` for everything else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The IPv6 address of the EC2 instance metadata service; its IPv4 address is
/// link-local.
const EC2_METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// A kind of network, by the registries of special-purpose addresses
/// (RFC 6890, IANA).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressClass {
    /// The Internet.
    Public,
    /// Networks of an organisation or a provider.
    Private,
    /// This machine.
    Loopback,
    /// Link-local addresses, where clouds answer with a machine's own
    /// credentials, and the other addresses they use for that.
    Metadata,
    /// Addresses no server has: unspecified, multicast, documentation, …
    Reserved,
}

impl AddressClass {
    /// The class of `address`. An IPv6 address that stands for an IPv4 one is
    /// judged by that.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(it) => of_v4(it),
            IpAddr::V6(it) => of_v6(it),
        }
    }
}

fn of_v4(it: Ipv4Addr) -> AddressClass {
    match it.octets() {
        _ if it.is_loopback() => AddressClass::Loopback,
        _ if it.is_link_local() => AddressClass::Metadata,
        // 100.64/10 is shared between a provider and its customers.
        [100, 64..=127, ..] => AddressClass::Private,
        _ if it.is_private() => AddressClass::Private,
        [0 | 224..=255, ..] | [192, 0, 0, _] | [198, 18 | 19, ..] => AddressClass::Reserved,
        _ if it.is_documentation() => AddressClass::Reserved,
        _ => AddressClass::Public,
    }
}

fn of_v6(it: Ipv6Addr) -> AddressClass {
    let embedded = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        of_v4(Ipv4Addr::new(a, b, c, d))
    };
    match it.segments() {
        _ if it == EC2_METADATA || it.is_unicast_link_local() => AddressClass::Metadata,
        _ if it.is_loopback() => AddressClass::Loopback,
        _ if it.is_unique_local() => AddressClass::Private,
        // NAT64 and 6to4 carry an IPv4 address.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => embedded(high, low),
        // IPv4-compatible (deprecated), documentation, multicast.
        [0, 0, 0, 0, 0, 0, ..] | [0x2001, 0xdb8, ..] => AddressClass::Reserved,
        _ if it.is_multicast() => AddressClass::Reserved,
        _ => AddressClass::Public,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_addresses() {
        use AddressClass::{Loopback, Metadata, Private, Public, Reserved};
        for (address, class) in [
            ("1.1.1.1", Public),
            ("100.63.0.1", Public),
            ("172.32.0.1", Public),
            ("2606:4700::1111", Public),
            ("2002:101:101::1", Public),
            ("10.0.0.1", Private),
            ("172.16.0.1", Private),
            ("192.168.1.1", Private),
            ("100.64.0.1", Private),
            ("fd12::1", Private),
            ("::ffff:10.0.0.1", Private),
            ("64:ff9b::10.0.0.1", Private),
            ("127.0.0.1", Loopback),
            ("127.9.9.9", Loopback),
            ("::1", Loopback),
            ("::ffff:127.0.0.1", Loopback),
            ("169.254.169.254", Metadata),
            ("::ffff:169.254.169.254", Metadata),
            ("64:ff9b::169.254.169.254", Metadata),
            ("2002:a9fe:a9fe::1", Metadata),
            ("fe80::1", Metadata),
            ("fd00:ec2::254", Metadata),
            ("0.0.0.0", Reserved),
            ("255.255.255.255", Reserved),
            ("224.0.0.1", Reserved),
            ("192.0.2.1", Reserved),
            ("198.18.0.1", Reserved),
            ("::", Reserved),
            ("::10.0.0.1", Reserved),
            ("ff02::1", Reserved),
            ("2001:db8::1", Reserved),
        ] {
            assert_eq!(AddressClass::of(address.parse().unwrap()), class, "{address}");
        }
    }
}
