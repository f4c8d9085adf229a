//! Password hashing away from the async threads.
//!
//! Argon2id, m = 19 MiB, t = 2, p = 1 (OWASP Password Storage Cheat Sheet).
//! Hashes of an imported database are bcrypt's; they are verified and then
//! replaced. A few plain threads with a bounded queue: however many logins arrive, other
//! requests keep their latency, and too many logins are told to come back.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::Duration,
};

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::phc::PasswordHash,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;

use crate::{Error, Result};

/// Logins that may wait for a thread.
const QUEUE: usize = 64;

/// A bcrypt hash that takes more than 2^this rounds is not worked on: it would
/// occupy a thread for seconds. The reference uses 12.
const BCRYPT_COST: u32 = 15;
/// Bytes of a password bcrypt looks at.
const BCRYPT_BYTES: usize = 72;

/// What one hash costs whoever guesses.
#[derive(Debug, Clone, Copy)]
pub struct HashCost {
    /// Memory in KiB.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for HashCost {
    fn default() -> Self {
        Self { memory: Params::DEFAULT_M_COST, passes: Params::DEFAULT_T_COST }
    }
}

/// Hashes and verifies passwords.
#[derive(Clone)]
pub struct Passwords {
    queue: mpsc::SyncSender<Job>,
    worked: Arc<AtomicU64>,
    /// How the hashes we make begin.
    prefix: String,
}

enum Job {
    Hash(SecretString, oneshot::Sender<Result<String>>),
    /// `None` verifies against a hash nobody has the password of, so that an
    /// unknown account takes as long as a known one.
    Verify(SecretString, Option<String>, oneshot::Sender<Result<bool>>),
}

impl Passwords {
    /// Starts `threads` hashing threads; they end with the last clone.
    pub fn new(threads: usize, cost: HashCost) -> Self {
        let (queue, jobs) = mpsc::sync_channel::<Job>(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        let worked = Arc::<AtomicU64>::default();
        for _ in 0..threads.max(1) {
            let (jobs, worked) = (Arc::clone(&jobs), Arc::clone(&worked));
            std::thread::spawn(move || {
                let hasher = argon2(cost);
                let decoy = hash(&hasher, &SecretString::from("a password that nobody has"));
                loop {
                    let next = match jobs.lock() {
                        Ok(jobs) => jobs.recv(),
                        Err(_) => return,
                    };
                    let Ok(job) = next else { return };
                    worked.fetch_add(1, Ordering::Relaxed);
                    work(&hasher, job, decoy.as_deref().unwrap_or_default());
                }
            });
        }
        let HashCost { memory, passes } = cost;
        Self { queue, worked, prefix: format!("$argon2id$v=19$m={memory},t={passes},p=1$") }
    }

    /// How many passwords were hashed or verified since the start.
    pub fn worked(&self) -> u64 {
        self.worked.load(Ordering::Relaxed)
    }

    /// Whether a hash is not one we would make today.
    pub fn is_outdated(&self, hash: &str) -> bool {
        !hash.starts_with(&self.prefix)
    }

    /// The hash to store for a new password, in PHC string format.
    pub async fn hash(&self, password: SecretString) -> Result<String> {
        let (answer, result) = oneshot::channel();
        self.submit(Job::Hash(password, answer))?;
        result.await.map_err(Error::internal)?
    }

    /// Whether `password` belongs to `hash`. Without a hash the answer is no,
    /// after the same time.
    pub async fn verify(&self, password: SecretString, hash: Option<String>) -> Result<bool> {
        let (answer, result) = oneshot::channel();
        self.submit(Job::Verify(password, hash, answer))?;
        result.await.map_err(Error::internal)?
    }

    fn submit(&self, job: Job) -> Result<()> {
        self.queue.try_send(job).map_err(|_| Error::Busy {
            code: "auth.busy",
            message: "too many sign-ins at once".into(),
            retry_after: Duration::from_secs(1),
        })
    }
}

fn work(hasher: &Argon2<'_>, job: Job, decoy: &str) {
    match job {
        Job::Hash(password, answer) => drop(answer.send(hash(hasher, &password))),
        Job::Verify(password, stored, answer) => {
            let known = stored.is_some();
            let matches = verify(hasher, &password, stored.as_deref().unwrap_or(decoy));
            drop(answer.send(Ok(known && matches)));
        }
    }
}

fn argon2(cost: HashCost) -> Argon2<'static> {
    let params = Params::new(cost.memory, cost.passes, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(hasher: &Argon2<'_>, password: &SecretString) -> Result<String> {
    hasher
        .hash_password(password.expose_secret().as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|e| Error::internal(e.to_string()))
}

fn verify(hasher: &Argon2<'_>, password: &SecretString, stored: &str) -> bool {
    let password = password.expose_secret().as_bytes();
    if stored.starts_with("$2") {
        let cost = stored.get(4..6).and_then(|it| it.parse::<u32>().ok());
        return cost.is_some_and(|it| it <= BCRYPT_COST)
            && password.len() <= BCRYPT_BYTES
            && bcrypt::verify(password, stored).unwrap_or(false);
    }
    // The cost is the stored hash's own.
    PasswordHash::new(stored).is_ok_and(|hash| hasher.verify_password(password, &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: HashCost = HashCost { memory: 64, passes: 1 };

    async fn check(passwords: &Passwords, text: &str, hash: Option<&str>) -> bool {
        let password = SecretString::from(text.to_owned());
        passwords.verify(password, hash.map(str::to_owned)).await.unwrap()
    }

    #[tokio::test]
    async fn accepts_the_password_and_nothing_else() {
        let passwords = Passwords::new(1, HashCost::default());
        let stored = passwords.hash("secret-123".to_owned().into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(!passwords.is_outdated(&stored));
        assert!(check(&passwords, "secret-123", Some(&stored)).await);
        assert!(!check(&passwords, "secret-124", Some(&stored)).await);
        assert!(!check(&passwords, "secret-123", None).await);
        assert!(!check(&passwords, "secret-123", Some("not a hash")).await);
        assert_eq!(passwords.worked(), 5, "an unknown account costs as much as a known one");
    }

    #[tokio::test]
    async fn a_hash_is_verified_at_its_own_cost() {
        let cheap = Passwords::new(1, CHEAP);
        let stored = cheap.hash("secret-123".to_owned().into()).await.unwrap();
        let passwords = Passwords::new(1, HashCost::default());
        assert!(passwords.is_outdated(&stored) && !cheap.is_outdated(&stored));
        assert!(check(&passwords, "secret-123", Some(&stored)).await);
    }

    #[tokio::test]
    async fn knows_the_hashes_of_an_imported_database() {
        let passwords = Passwords::new(1, CHEAP);
        // From the test vectors of crypt_blowfish 1.3 (Openwall).
        let digest = "05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
        let password = "0123456789abcdefghijklmnopqrstuvwxyz\
                        ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        for kind in ["2a", "2b", "2y"] {
            let stored = format!("${kind}${digest}");
            assert!(check(&passwords, password, Some(&stored)).await, "{kind}");
            assert!(!check(&passwords, "0123456789", Some(&stored)).await, "{kind}");
            // bcrypt looks at 72 bytes only; we do not.
            let longer = format!("{password}!");
            assert!(!check(&passwords, &longer, Some(&stored)).await, "{kind}");
            assert!(passwords.is_outdated(&stored));
        }
        let made = bcrypt::hash("päßwort", 4).unwrap();
        assert!(check(&passwords, "päßwort", Some(&made)).await);
        let endless = format!("$2b$31${}", &digest[3..]);
        assert!(!check(&passwords, password, Some(&endless)).await);
        assert!(!check(&passwords, password, Some("$2b$")).await);
    }
}
