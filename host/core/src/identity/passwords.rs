//! Password hashing away from the async threads.
//!
//! Argon2id, m = 19 MiB, t = 2, p = 1 (OWASP Password Storage Cheat Sheet).
//! A few plain threads with a bounded queue: however many logins arrive, other
//! requests keep their latency, and too many logins are told to come back.

use std::{sync::mpsc, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::phc::PasswordHash,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;

use crate::{Error, Result};

/// Logins that may wait for a thread.
const QUEUE: usize = 64;

/// Hashes and verifies passwords.
#[derive(Clone)]
pub struct Passwords {
    queue: mpsc::SyncSender<Job>,
}

enum Job {
    Hash(SecretString, oneshot::Sender<Result<String>>),
    /// `None` verifies against a hash nobody has the password of, so that an
    /// unknown account takes as long as a known one.
    Verify(SecretString, Option<String>, oneshot::Sender<Result<bool>>),
}

impl Passwords {
    /// Starts `threads` hashing threads; they end with the last clone.
    pub fn new(threads: usize) -> Self {
        let (queue, jobs) = mpsc::sync_channel::<Job>(QUEUE);
        let jobs = std::sync::Arc::new(std::sync::Mutex::new(jobs));
        for _ in 0..threads.max(1) {
            let jobs = std::sync::Arc::clone(&jobs);
            std::thread::spawn(move || {
                let decoy = hash(&SecretString::from("a password that nobody has"));
                loop {
                    let next = match jobs.lock() {
                        Ok(jobs) => jobs.recv(),
                        Err(_) => return,
                    };
                    match next {
                        Ok(job) => work(job, decoy.as_deref().unwrap_or_default()),
                        Err(mpsc::RecvError) => return,
                    }
                }
            });
        }
        Self { queue }
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

fn work(job: Job, decoy: &str) {
    match job {
        Job::Hash(password, answer) => drop(answer.send(hash(&password))),
        Job::Verify(password, stored, answer) => {
            let known = stored.is_some();
            let matches = verify(&password, stored.as_deref().unwrap_or(decoy));
            drop(answer.send(Ok(known && matches)));
        }
    }
}

fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

fn hash(password: &SecretString) -> Result<String> {
    argon2()
        .hash_password(password.expose_secret().as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|e| Error::internal(e.to_string()))
}

fn verify(password: &SecretString, stored: &str) -> bool {
    PasswordHash::new(stored).is_ok_and(|hash| {
        argon2().verify_password(password.expose_secret().as_bytes(), &hash).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn accepts_the_password_and_nothing_else() {
        let passwords = Passwords::new(1);
        let stored = passwords.hash("secret-123".to_owned().into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        let check = |text: &str, hash: Option<String>| {
            let password = SecretString::from(text.to_owned());
            let passwords = passwords.clone();
            async move { passwords.verify(password, hash).await.unwrap() }
        };
        assert!(check("secret-123", Some(stored.clone())).await);
        assert!(!check("secret-124", Some(stored)).await);
        assert!(!check("secret-123", None).await);
        assert!(!check("secret-123", Some("not a hash".into())).await);
    }
}
