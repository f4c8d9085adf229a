//! Not waiting, again and again, for a server that is away.
//!
//! Looking for a server takes seconds before it fails. Once it has failed,
//! requests are refused at once, except for one a second that tries again.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Between two requests that try whether the server is back.
const PAUSE: Duration = Duration::from_secs(1);

/// Remembers whether the server is away.
#[derive(Default)]
pub(super) struct Breaker {
    /// When to try again, while it is away.
    next: Mutex<Option<Instant>>,
}

impl Breaker {
    /// Whether to ask the server; true for one caller a second while it is
    /// away.
    pub(super) fn allows(&self) -> bool {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        match *next {
            None => true,
            Some(at) if Instant::now() < at => false,
            Some(_) => {
                *next = Some(Instant::now() + PAUSE);
                true
            }
        }
    }

    /// It could not be found. True if that is news.
    pub(super) fn is_away(&self) -> bool {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        next.replace(Instant::now() + PAUSE).is_none()
    }

    /// It answered. True if that is news.
    pub(super) fn is_there(&self) -> bool {
        self.next.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }
}
