//! Says what is happening, how far it is and how long it took.

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A step that is shown while it lasts and summed up when it ends.
///
/// On a terminal the line counts the seconds; elsewhere (a log) a step that
/// lasts is mentioned again every half minute.
pub(crate) struct Step {
    name: String,
    start: Instant,
    /// How far it is: `312 of 1,204 packages`.
    note: Arc<Mutex<String>>,
    ticker: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Step {
    /// Announces `name`.
    pub(crate) fn start(name: impl Into<String>) -> Self {
        let name = name.into();
        let start = Instant::now();
        let (stop, stopped) = mpsc::channel();
        let shown = name.clone();
        let note = Arc::new(Mutex::new(String::new()));
        let far = Arc::clone(&note);
        let terminal = std::io::stderr().is_terminal();
        let every = Duration::from_secs(if terminal { 1 } else { 30 });
        let thread = thread::spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(every) {
                let seconds = start.elapsed().as_secs();
                let far = far.lock().map(|far| far.clone()).unwrap_or_default();
                if terminal {
                    eprint!("\r\x1b[K  {shown} … {far}{seconds} s");
                    let _ = std::io::stderr().flush();
                } else {
                    eprintln!("  {shown} … {far}{seconds} s");
                }
            }
        });
        Self { name, start, note, ticker: Some((stop, thread)) }
    }

    /// Says how far the step is.
    pub(crate) fn far(&self, how: &str) {
        if let Ok(mut note) = self.note.lock() {
            *note = format!("{how}, ");
        }
    }

    /// Ends the step with its outcome: `built`, `ready on port 6443`.
    pub(crate) fn done(mut self, outcome: &str) {
        self.silence();
        eprintln!("  {}: {outcome} ({})", self.name, seconds(self.start.elapsed()));
    }

    fn silence(&mut self) {
        let Some((stop, thread)) = self.ticker.take() else { return };
        drop(stop);
        let _ = thread.join();
        if std::io::stderr().is_terminal() {
            eprint!("\r\x1b[K");
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        // Reached only by a step that failed: whoever handles the error says why.
        if self.ticker.is_some() {
            self.silence();
            eprintln!("  {}: failed ({})", self.name, seconds(self.start.elapsed()));
        }
    }
}

/// `0.4 s`, `12.0 s`, `3 min 05 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        long => format!("{} min {:02} s", long / 60, long % 60),
    }
}
