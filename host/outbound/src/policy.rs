//! What may be reached, by purpose.

use std::{net::IpAddr, sync::Arc, time::Duration};

use bowsprit_host_core::address::AddressClass;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// What requests of one purpose may reach, and what they may cost.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Whether networks that are not the Internet may be reached.
    pub private_networks: bool,
    /// Whether `http://` is allowed beyond this machine.
    pub plain_http: bool,
    /// Bytes of an answer's body.
    pub body_bytes: usize,
    /// Time for a request with its answer.
    pub time: Duration,
}

/// An address that may not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Neither `https` nor `http`, or no host.
    #[error("must begin with `https://` or `http://` and name a host")]
    Scheme,
    /// A password in a URL ends up in logs.
    #[error("must not hold a user name or password")]
    Credentials,
    /// `http` to another machine.
    #[error("must begin with `https://`: plain `http://` is for this machine only")]
    PlainHttp,
    /// Not a network this purpose may reach.
    #[error("leads to a network that may not be reached from here")]
    Network,
}

impl Policy {
    /// For an identity provider an operator configured: it may be anywhere but
    /// where clouds hand out credentials. Key sets have some kilobytes.
    pub fn identity_provider(plain_http: bool) -> Self {
        Self {
            private_networks: true,
            plain_http,
            body_bytes: 1 << 20,
            time: Duration::from_secs(10),
        }
    }

    /// For a registry that an operator or author names: it may be anywhere but
    /// where clouds hand out credentials. Whoever asks sets the bytes; the
    /// time is for the largest blob on a slow line.
    pub fn registry(plain_http: bool) -> Self {
        Self {
            private_networks: true,
            plain_http,
            body_bytes: 1 << 20,
            time: Duration::from_secs(300),
        }
    }

    /// Whether a request may go to `url`, as far as can be said before its
    /// host's name is resolved; [`Policy::resolver`] does the rest.
    pub fn check(&self, url: &Url) -> Result<(), Refusal> {
        let host = url.host().filter(|_| matches!(url.scheme(), "https" | "http"));
        let host = host.ok_or(Refusal::Scheme)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Credentials);
        }
        let address = match &host {
            Host::Ipv4(it) => Some(IpAddr::from(*it)),
            Host::Ipv6(it) => Some(IpAddr::from(*it)),
            Host::Domain(_) => None,
        };
        let local = match &host {
            // RFC 6761 §6.3: resolvers answer with loopback addresses.
            Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
            _ => address.is_some_and(|it| AddressClass::of(it) == AddressClass::Loopback),
        };
        if address.is_some_and(|it| !self.permits(it)) {
            return Err(Refusal::Network);
        }
        if url.scheme() == "http" && !local && !self.plain_http {
            return Err(Refusal::PlainHttp);
        }
        Ok(())
    }

    /// Whether this purpose may connect to `address`.
    pub fn permits(&self, address: IpAddr) -> bool {
        match AddressClass::of(address) {
            AddressClass::Public => true,
            AddressClass::Private | AddressClass::Loopback => self.private_networks,
            AddressClass::Metadata | AddressClass::Reserved => false,
        }
    }

    /// The system's resolver without the addresses this purpose may not reach.
    /// What is connected to is what was checked: a name that changes its
    /// address in between gains nothing.
    pub(crate) fn resolver(self) -> Arc<dyn Resolve> {
        Arc::new(Resolver(self))
    }
}

struct Resolver(Policy);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0;
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let (fine, refused): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|it| policy.permits(it.ip()));
            if fine.is_empty() && !refused.is_empty() {
                return Err(Refusal::Network.into());
            }
            Ok(Box::new(fine.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(policy: Policy, url: &str) -> Result<(), Refusal> {
        policy.check(&url.parse().unwrap())
    }

    #[test]
    fn lets_identity_providers_be_where_companies_have_them() {
        let strict = Policy::identity_provider(false);
        for fine in [
            "https://id.example.com/realms/a",
            "https://10.0.0.7:8443",
            "http://127.0.0.1:8080/oidc",
            "http://localhost:8080",
            "http://[::1]:8080",
        ] {
            assert_eq!(check(strict, fine), Ok(()), "{fine}");
        }
        for (url, refusal) in [
            ("http://id.example.com", Refusal::PlainHttp),
            ("http://10.0.0.7", Refusal::PlainHttp),
            ("http://localhost.example.com", Refusal::PlainHttp),
            ("https://169.254.169.254", Refusal::Network),
            ("https://[fd00:ec2::254]", Refusal::Network),
            ("https://0.0.0.0", Refusal::Network),
            ("https://u:p@id.example.com", Refusal::Credentials),
            ("ftp://id.example.com", Refusal::Scheme),
            ("file:///etc/passwd", Refusal::Scheme),
        ] {
            assert_eq!(check(strict, url), Err(refusal), "{url}");
        }
        let lax = Policy::identity_provider(true);
        assert_eq!(check(lax, "http://10.0.0.7"), Ok(()));
        assert_eq!(check(lax, "http://169.254.169.254"), Err(Refusal::Network));
    }

    #[test]
    fn keeps_other_purposes_on_the_internet() {
        let policy = Policy { private_networks: false, ..Policy::identity_provider(true) };
        assert_eq!(check(policy, "https://example.com"), Ok(()));
        for inside in ["https://10.0.0.7", "http://127.0.0.1", "https://[fd12::1]"] {
            assert_eq!(check(policy, inside), Err(Refusal::Network), "{inside}");
        }
    }

    #[tokio::test]
    async fn drops_addresses_that_a_name_resolves_to() {
        let look = async |private_networks: bool| {
            let policy = Policy { private_networks, ..Policy::identity_provider(false) };
            policy.resolver().resolve("localhost".parse().unwrap()).await.map(Iterator::count)
        };
        assert!(look(true).await.unwrap() > 0);
        let refused = look(false).await.unwrap_err();
        assert_eq!(refused.downcast_ref(), Some(&Refusal::Network));
    }
}
