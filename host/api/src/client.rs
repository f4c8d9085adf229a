//! Where a request comes from.
//!
//! [`serve`](crate::serve) notes the peer of each connection. Behind a proxy
//! that the settings name, the client is the last address of `X-Forwarded-For`
//! that no such proxy has: what lies further left is the client's own word.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
};

use axum::{
    extract::FromRequestParts,
    http::{Extensions, HeaderMap, header, request::Parts},
};
use bowsprit_host_core::access::Client;
use ipnet::IpNet;

use crate::ApiState;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The other end of the connection, noted in each request's extensions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The address a request comes from; an IPv4 address in IPv6 form is given as
/// IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl ClientAddress {
    /// The address of a request with these parts. Without a noted peer (no
    /// request of the server loop) it is `0.0.0.0`.
    pub(crate) fn of(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let peer = extensions.get::<Peer>().map_or(Ipv4Addr::UNSPECIFIED.into(), |it| it.0);
        let mut client = peer.to_canonical();
        let lists = headers.get_all(FORWARDED_FOR).iter().rev();
        let mut hops = lists.flat_map(|it| it.to_str().unwrap_or_default().rsplit(','));
        while trusted.iter().any(|it| it.contains(&client)) {
            let Some(Ok(hop)) = hops.next().map(|it| it.trim().parse::<IpAddr>()) else { break };
            client = hop.to_canonical();
        }
        Self(client)
    }
}

/// Whoever sends a request, for use-cases that have no caller yet.
pub(crate) struct Requester(pub(crate) Client);

impl Requester {
    /// Of a request with these parts.
    pub(crate) fn of(parts: &Parts, state: &ApiState) -> Self {
        let ClientAddress(address) =
            ClientAddress::of(&parts.extensions, &parts.headers, &state.limits.trusted_proxies);
        let agent = parts.headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok());
        Self(Client { address, agent: agent.unwrap_or_default().to_owned() })
    }
}

impl FromRequestParts<ApiState> for Requester {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &ApiState,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts, state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, lists: &[&str], trusted: &[&str]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(Peer(peer.parse().unwrap()));
        let mut headers = HeaderMap::new();
        for list in lists {
            headers.append(FORWARDED_FOR, list.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|it| it.parse().unwrap()).collect();
        ClientAddress::of(&extensions, &headers, &trusted).0.to_string()
    }

    #[test]
    fn nobody_is_believed_unless_the_settings_say_so() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"], &[]), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &["198.51.100.7"], &["10.0.0.0/8"]), "192.0.2.1");
        assert_eq!(client("::ffff:192.0.2.1", &[], &[]), "192.0.2.1");
    }

    #[test]
    fn a_trusted_proxy_names_its_client() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        let seen = |peer, lists: &[&str]| client(peer, lists, &trusted);
        assert_eq!(seen("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(seen("fd00::1", &["2001:db8::7"]), "2001:db8::7");
        assert_eq!(seen("::ffff:10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        // The left part is what the client sent itself.
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, 198.51.100.7, 10.0.0.2"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1", "198.51.100.7", "10.0.0.2"]), "198.51.100.7");
        // A proxy that names nobody, or nonsense, is the client itself.
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["198.51.100.7, unknown"]), "10.0.0.1");
    }
}
