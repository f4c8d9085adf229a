//! How often somebody may call: token buckets by address and by user.
//!
//! One bucket holds for all routes (contract §1.3). It never waits: a request
//! over the limit is refused with `Retry-After: 1`.

use std::{
    hash::{BuildHasher as _, Hash, RandomState},
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use bowsprit_host_core::id::Id;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::problem::Problem;

/// Buckets that are full again are looked for after this many requests.
const SWEEP: usize = 4096;
/// With more buckets than this, strangers share some: memory stays bounded
/// whoever calls from wherever.
const CROWD: usize = 100_000;

/// Requests per second, and how many at once before that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests per second in the long run.
    pub per_second: NonZeroU32,
    /// Requests at once.
    pub burst: NonZeroU32,
}

impl Default for Rate {
    fn default() -> Self {
        let number = |it| NonZeroU32::new(it).unwrap_or(NonZeroU32::MIN);
        Self { per_second: number(10), burst: number(20) }
    }
}

/// The buckets of everybody.
pub(crate) struct RateLimits {
    addresses: Buckets<IpAddr>,
    users: Buckets<Id>,
}

impl RateLimits {
    pub(crate) fn new(addresses: Rate, users: Rate) -> Self {
        Self { addresses: Buckets::new(addresses), users: Buckets::new(users) }
    }

    /// Takes a token of the address a request comes from.
    pub(crate) fn admit_address(&self, address: IpAddr) -> Result<(), Problem> {
        self.addresses.take(network(address))
    }

    /// Takes a token of a user, wherever they are.
    pub(crate) fn admit_user(&self, user: Id) -> Result<(), Problem> {
        self.users.take(user)
    }
}

/// A customer has one IPv4 address, but 2^64 of IPv6 (RFC 6177 §2).
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(it) => IpAddr::V6(Ipv6Addr::from_bits(it.to_bits() & (u128::MAX << 64))),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Bucket<K> {
    Of(K),
    Shared(u16),
}

struct Buckets<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<Bucket<K>>,
    taken: AtomicUsize,
    crowded: AtomicBool,
    hasher: RandomState,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    fn new(rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self {
            limiter: RateLimiter::keyed(quota),
            taken: AtomicUsize::new(0),
            crowded: AtomicBool::new(false),
            hasher: RandomState::new(),
        }
    }

    fn take(&self, key: K) -> Result<(), Problem> {
        if self.taken.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.limiter.retain_recent();
            self.crowded.store(self.limiter.len() > CROWD, Ordering::Relaxed);
        }
        let bucket = if self.crowded.load(Ordering::Relaxed) {
            Bucket::Shared((self.hasher.hash_one(&key) & 0xffff) as u16)
        } else {
            Bucket::Of(key)
        };
        self.limiter.check_key(&bucket).map_err(|_| {
            // With whole numbers of requests a second, one second always helps.
            Problem::refusal("rate.exceeded", "too many requests; wait a second").retry_after(1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_second: u32, burst: u32) -> Rate {
        let number = |it| NonZeroU32::new(it).unwrap();
        Rate { per_second: number(per_second), burst: number(burst) }
    }

    #[test]
    fn a_burst_is_admitted_and_no_more() {
        let limits = RateLimits::new(Rate::default(), Rate::default());
        let address = "192.0.2.1".parse().unwrap();
        let admitted = (0..60).filter(|_| limits.admit_address(address).is_ok()).count();
        assert!((20..=22).contains(&admitted), "{admitted}");
        limits.admit_address("192.0.2.2".parse().unwrap()).expect("others are not concerned");
        let user = Id::new();
        let admitted = (0..60).filter(|_| limits.admit_user(user).is_ok()).count();
        assert!((20..=22).contains(&admitted), "{admitted}");
    }

    #[test]
    fn addresses_of_one_customer_share_a_bucket() {
        let limits = RateLimits::new(rate(1, 2), Rate::default());
        let admit = |it: &str| limits.admit_address(it.parse().unwrap()).is_ok();
        assert!(admit("2001:db8:0:1::1") && admit("2001:db8:0:1::2"));
        assert!(!admit("2001:db8:0:1::3"));
        assert!(admit("2001:db8:0:2::1"));
    }

    #[test]
    fn a_million_addresses_do_not_take_a_million_buckets() {
        // Nothing is full again within a test: the worst case.
        let limits = RateLimits::new(rate(1, 1000), Rate::default());
        for n in 0..1_000_000_u32 {
            let _ = limits.admit_address(IpAddr::V4(n.into()));
        }
        let kept = limits.addresses.limiter.len();
        assert!(kept <= CROWD + SWEEP + 0x1_0000, "{kept} buckets");
    }
}
