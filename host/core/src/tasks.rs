//! The port through which use-cases start work that outlives a request.

use std::{future::Future, pin::Pin};

/// A piece of background work.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs work in the background. A panic is logged and ends only that piece.
pub trait Tasks: Send + Sync {
    /// Starts work that ends by itself; the host waits for it when it stops.
    fn spawn(&self, name: &'static str, work: Work);

    /// Starts work that goes on until the host stops, which ends it.
    fn spawn_endless(&self, name: &'static str, work: Work);
}

impl dyn Tasks {
    /// Starts a future that ends by itself.
    pub fn start(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        self.spawn(name, Box::pin(work));
    }

    /// Starts a future that goes on until the host stops.
    pub fn keep(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        self.spawn_endless(name, Box::pin(work));
    }
}
