//! How many wrong passwords somebody may try.
//!
//! Counted per account and address together, and per address: guessing from
//! somewhere locks nobody out anywhere else. There is no count per account
//! alone, which would let an attacker lock its owner out.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sha2::{Digest as _, Sha256};

use crate::{Error, Result, access::Client};

/// Counts kept at most; some 80 bytes each.
const KEPT: usize = 20_000;

/// How many failures are let pass.
#[derive(Debug, Clone, Copy)]
pub struct ThrottleRules {
    /// Of one account from one address within the window.
    pub per_account: u32,
    /// Of all accounts from one address within the window.
    pub per_address: u32,
    /// The time in which all chances come back.
    pub window: Duration,
}

impl Default for ThrottleRules {
    fn default() -> Self {
        Self { per_account: 10, per_address: 100, window: Duration::from_secs(15 * 60) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    /// By a digest, so that long addresses of accounts take no space.
    Account([u8; 16], IpAddr),
    Address(IpAddr),
}

/// Remembers failures.
///
/// Of each key only the moment at which all its failures will be forgiven
/// (GCRA, ITU-T I.371 Annex A): a failure moves it away by one share of the
/// window.
#[derive(Clone)]
pub struct Throttle {
    rules: ThrottleRules,
    forgiven: Arc<Mutex<HashMap<Key, Instant>>>,
}

impl Throttle {
    /// Nothing has failed yet.
    pub fn new(rules: ThrottleRules) -> Self {
        Self { rules, forgiven: Arc::default() }
    }

    /// Fails while `client` has no chance left at `account`.
    pub fn admit(&self, account: &str, client: &Client) -> Result<()> {
        self.refuse(&keys(account, client), Instant::now(), &self.lock())
    }

    /// Fails while `client` has no chance left at anything.
    pub fn admit_address(&self, client: &Client) -> Result<()> {
        self.refuse(&[Key::Address(client.network())], Instant::now(), &self.lock())
    }

    /// Counts the outcome of an attempt. Fails, whatever the outcome, if by
    /// now others have used up the chances: a thousand guesses sent at once
    /// learn no more than ten sent one by one.
    pub fn settle(&self, account: &str, client: &Client, succeeded: bool) -> Result<()> {
        self.settle_at(account, client, succeeded, Instant::now())
    }

    fn settle_at(&self, account: &str, client: &Client, good: bool, now: Instant) -> Result<()> {
        let keys = keys(account, client);
        let mut forgiven = self.lock();
        self.refuse(&keys, now, &forgiven)?;
        if good {
            forgiven.remove(&keys[0]);
        } else {
            keys.into_iter().for_each(|it| self.count(it, now, &mut forgiven));
        }
        Ok(())
    }

    /// Counts a wrong guess that concerns no account.
    pub fn fail_address(&self, client: &Client) {
        self.count(Key::Address(client.network()), Instant::now(), &mut self.lock());
    }

    fn count(&self, key: Key, now: Instant, forgiven: &mut HashMap<Key, Instant>) {
        if forgiven.len() >= KEPT && !forgiven.contains_key(&key) {
            make_room(forgiven, now);
        }
        let at = forgiven.entry(key).or_insert(now);
        *at = (*at).max(now) + self.share(key);
    }

    fn refuse(&self, keys: &[Key], now: Instant, forgiven: &HashMap<Key, Instant>) -> Result<()> {
        let wait = keys.iter().filter_map(|key| {
            let until = forgiven.get(key)?.saturating_duration_since(now);
            (until + self.share(*key)).checked_sub(self.rules.window).filter(|it| !it.is_zero())
        });
        match wait.max() {
            None => Ok(()),
            Some(wait) => Err(Error::Busy {
                code: "auth.throttled",
                message: "too many failed attempts".into(),
                // Whole seconds are sent; an early return would be in vain.
                retry_after: wait + Duration::from_secs(1),
            }),
        }
    }

    /// What one failure costs.
    fn share(&self, key: Key) -> Duration {
        let chances = match key {
            Key::Account(..) => self.rules.per_account,
            Key::Address(_) => self.rules.per_address,
        };
        self.rules.window / chances.max(1)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Instant>> {
        self.forgiven.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keys(account: &str, client: &Client) -> [Key; 2] {
    let mut short = [0; 16];
    short.iter_mut().zip(Sha256::digest(account.as_bytes())).for_each(|(to, from)| *to = from);
    let network = client.network();
    [Key::Account(short, network), Key::Address(network)]
}

/// Forgets what is forgiven; if that is not enough, the half with the fewest
/// failures.
fn make_room(forgiven: &mut HashMap<Key, Instant>, now: Instant) {
    forgiven.retain(|_, at| *at > now);
    if forgiven.len() < KEPT {
        return;
    }
    let mut times: Vec<Instant> = forgiven.values().copied().collect();
    let (_, median, _) = times.select_nth_unstable(KEPT / 2);
    let median = *median;
    forgiven.retain(|_, at| *at > median);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(address: &str) -> Client {
        Client { address: address.parse().unwrap(), agent: String::new() }
    }

    fn wait(outcome: Result<()>) -> Option<u64> {
        match outcome {
            Ok(()) => None,
            Err(Error::Busy { code: "auth.throttled", retry_after, .. }) => {
                Some(retry_after.as_secs())
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn ten_failures_pass_and_come_back_one_by_one() {
        let throttle = Throttle::new(ThrottleRules::default());
        let (here, start) = (client("192.0.2.1"), Instant::now());
        let fail = |at| wait(throttle.settle_at("a@b.c", &here, false, at));
        for n in 0..10 {
            assert_eq!(fail(start), None, "failure {n}");
        }
        assert_eq!(fail(start), Some(91), "a tenth of 15 minutes");
        assert_eq!(fail(start + Duration::from_secs(91)), None);
        assert!(fail(start + Duration::from_secs(91)).is_some());
        let later = start + Duration::from_secs(15 * 60 + 91);
        assert!((0..10).all(|_| fail(later).is_none()), "all chances again");
    }

    #[test]
    fn a_right_password_does_not_count_once_the_chances_are_gone() {
        let throttle = Throttle::new(ThrottleRules::default());
        let (here, start) = (client("192.0.2.1"), Instant::now());
        for _ in 0..10 {
            throttle.settle_at("a@b.c", &here, false, start).unwrap();
        }
        assert!(wait(throttle.settle_at("a@b.c", &here, true, start)).is_some());
        // Its owner elsewhere, and others here, notice nothing.
        throttle.settle_at("a@b.c", &client("192.0.2.2"), true, start).unwrap();
        throttle.settle_at("d@e.f", &here, true, start).unwrap();
    }

    #[test]
    fn a_right_password_forgives_the_account_but_not_the_address() {
        let throttle = Throttle::new(ThrottleRules::default());
        let (here, start) = (client("2001:db8::1"), Instant::now());
        for _ in 0..10 {
            for _ in 0..9 {
                throttle.settle_at("a@b.c", &here, false, start).unwrap();
            }
            throttle.settle_at("a@b.c", &here, true, start).unwrap();
        }
        // 90 so far, from another address of the same network.
        let there = client("2001:db8::ffff");
        let passed = (0..100)
            .filter(|n| throttle.settle_at(&format!("{n}"), &there, false, start).is_ok())
            .count();
        assert_eq!(passed, 10);
        assert!(wait(throttle.admit("x@y.z", &there)).is_some());
        assert!(wait(throttle.admit_address(&there)).is_some());
        throttle.admit("x@y.z", &client("2001:db8:0:1::1")).unwrap();
    }

    #[test]
    fn memory_is_bounded_and_keeps_the_worst() {
        let throttle = Throttle::new(ThrottleRules::default());
        let (worst, start) = (client("192.0.2.1"), Instant::now());
        for _ in 0..10 {
            throttle.settle_at("a@b.c", &worst, false, start).unwrap();
        }
        for n in 0..40_000_u32 {
            let from = client(&std::net::Ipv4Addr::from_bits(n + 0x0a00_0000).to_string());
            throttle.settle_at("a@b.c", &from, false, start).unwrap();
        }
        assert!(throttle.lock().len() <= KEPT);
        assert!(wait(throttle.settle_at("a@b.c", &worst, true, start)).is_some());
    }
}
