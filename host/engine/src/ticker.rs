//! The clock that ends calls: a thread that moves the engine's epoch on.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use wasmtime::Engine;

/// Time between two ticks while a guest runs.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// Ticks while calls are under way and sleeps while none is; ends when
/// dropped.
#[derive(Debug)]
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    running: AtomicUsize,
    stop: AtomicBool,
}

/// Keeps the ticker going.
pub(crate) struct Running<'a>(&'a Shared);

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let weak = engine.weak();
        let thread = thread::Builder::new().name("plugin-epoch".into()).spawn({
            let shared = Arc::clone(&shared);
            move || {
                let mut next = Instant::now();
                while !shared.stop.load(Ordering::Acquire) {
                    if shared.running.load(Ordering::Acquire) == 0 {
                        // A call that began since the look has unparked us, and
                        // then this returns at once.
                        thread::park();
                        continue;
                    }
                    // On the beat, but never more than one tick at once: while
                    // the machine gives us no time it gives guests none either.
                    let now = Instant::now();
                    next = (next + TICK).max(now);
                    thread::sleep(next.saturating_duration_since(now));
                    let Some(engine) = weak.upgrade() else { break };
                    engine.increment_epoch();
                }
            }
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Has to be held while a guest runs.
    pub(crate) fn running(&self) -> Running<'_> {
        if self.shared.running.fetch_add(1, Ordering::AcqRel) == 0 {
            self.unpark();
        }
        Running(&self.shared)
    }

    fn unpark(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.unpark();
        if let Some(thread) = self.thread.take() {
            // It cannot panic, and if it did there would be nothing to do.
            let _ = thread.join();
        }
    }
}
