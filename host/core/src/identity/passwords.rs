//! Password hashing away from the async threads.
//!
//! Argon2id, m = 19 MiB, t = 2, p = 1 (OWASP Password Storage Cheat Sheet).
//! Hashes of an imported database are bcrypt's; they are verified and then
//! replaced. A few plain threads with a bounded queue: however many logins
//! arrive, other requests keep their latency, and too many are told to come
//! back.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    time::Duration,
};

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordVerifier as _, Version,
    password_hash::phc::PasswordHash,
};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD as PHC};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq as _;
use tokio::sync::oneshot;

use crate::{Error, Result};

/// Logins that may wait for a thread.
const QUEUE: usize = 64;
/// After this long without a password a thread gives its memory back.
const IDLE: Duration = Duration::from_secs(1);
/// Bytes of a salt (RFC 9106 §3.1 recommends 16).
const SALT: usize = 16;
/// Bytes of a digest.
const DIGEST: usize = 32;

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

impl HashCost {
    /// How hashes of this cost begin, in PHC string format.
    fn prefix(self) -> String {
        let Self { memory, passes } = self;
        format!("$argon2id$v=19$m={memory},t={passes},p=1$")
    }
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
    /// `None` is no, after the same work, so that an unknown account takes as
    /// long as a known one.
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
                let mut hasher = Hasher::new(cost);
                loop {
                    let next = match jobs.lock() {
                        Ok(jobs) => jobs.recv_timeout(IDLE),
                        Err(_) => return,
                    };
                    match next {
                        Ok(job) => {
                            worked.fetch_add(1, Ordering::Relaxed);
                            hasher.work(job);
                        }
                        Err(RecvTimeoutError::Timeout) => hasher.rest(),
                        Err(RecvTimeoutError::Disconnected) => return,
                    }
                }
            });
        }
        Self { queue, worked, prefix: cost.prefix() }
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

/// What one thread hashes with. Its memory is kept while passwords come: an
/// allocation of this size for each would cost a fifth of the time.
struct Hasher {
    argon2: Argon2<'static>,
    prefix: String,
    /// Empty until the first password comes.
    blocks: Vec<Block>,
}

impl Hasher {
    fn new(cost: HashCost) -> Self {
        let params = Params::new(cost.memory, cost.passes, 1, None).unwrap_or_default();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Self { argon2, prefix: cost.prefix(), blocks: Vec::new() }
    }

    /// Keeps nothing, for as long as nobody signs in.
    fn rest(&mut self) {
        self.blocks = Vec::new();
    }

    fn work(&mut self, job: Job) {
        match job {
            Job::Hash(password, answer) => drop(answer.send(self.hash(&password))),
            Job::Verify(password, stored, answer) => {
                let matches = match stored {
                    Some(stored) => self.verify(&password, &stored),
                    // As much work as for an account that is there.
                    None => {
                        self.digest(&password, &[0; SALT]);
                        false
                    }
                };
                drop(answer.send(Ok(matches)));
            }
        }
    }

    fn hash(&mut self, password: &SecretString) -> Result<String> {
        let salt: [u8; SALT] = rand::random();
        let digest =
            self.digest(password, &salt).ok_or_else(|| Error::internal("Argon2 failed"))?;
        Ok(format!("{}{}${}", self.prefix, PHC.encode(salt), PHC.encode(digest)))
    }

    fn verify(&mut self, password: &SecretString, stored: &str) -> bool {
        if let Some(rest) = stored.strip_prefix(&self.prefix) {
            return self.verify_ours(password, rest).unwrap_or(false);
        }
        let password = password.expose_secret().as_bytes();
        if stored.starts_with("$2") {
            let cost = stored.get(4..6).and_then(|it| it.parse::<u32>().ok());
            return cost.is_some_and(|it| it <= BCRYPT_COST)
                && password.len() <= BCRYPT_BYTES
                && bcrypt::verify(password, stored).unwrap_or(false);
        }
        // The cost is the stored hash's own.
        let stored = PasswordHash::new(stored);
        stored.is_ok_and(|hash| self.argon2.verify_password(password, &hash).is_ok())
    }

    /// `rest` is the salt and the digest of a hash of our own cost.
    fn verify_ours(&mut self, password: &SecretString, rest: &str) -> Option<bool> {
        let (salt, digest) = rest.split_once('$')?;
        let (salt, digest) = (PHC.decode(salt).ok()?, PHC.decode(digest).ok()?);
        let found = self.digest(password, &salt)?;
        Some(found.as_slice().ct_eq(&digest).into())
    }

    fn digest(&mut self, password: &SecretString, salt: &[u8]) -> Option<[u8; DIGEST]> {
        let needed = self.argon2.params().block_count();
        self.blocks.resize(needed, Block::default());
        let mut digest = [0; DIGEST];
        let password = password.expose_secret().as_bytes();
        self.argon2
            .hash_password_into_with_memory(password, salt, &mut digest, &mut self.blocks)
            .ok()?;
        Some(digest)
    }
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
        // What it makes is what everybody else's Argon2 makes.
        let phc = PasswordHash::new(&stored).unwrap();
        assert!(Argon2::default().verify_password(b"secret-123", &phc).is_ok());
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
