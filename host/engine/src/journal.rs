//! What plugins wrote lately, and calls that broke: kept in memory, bounded in
//! number and bytes.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bowsprit_host_core::{
    events::{Events, Topic},
    id::Id,
    plugins::{FailedCall, FailedCallSummary, LogLevel, LogLine},
};

/// Lines kept of one plugin.
const LINES: usize = 500;
/// Bytes of all lines kept of one plugin.
const BYTES: usize = 256 << 10;
/// Failed calls kept of all plugins.
const FAILED: usize = 200;
/// Failed calls kept of one plugin: one that always fails leaves room for the
/// others.
const FAILED_OF_ONE: usize = 50;

/// The log of one plugin, whichever generation writes.
pub(crate) struct Journal {
    topic: Topic,
    events: Arc<dyn Events>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    lines: VecDeque<LogLine>,
    bytes: usize,
    written: u64,
}

impl Journal {
    /// An empty one, whose lines are published to `events`.
    pub(crate) fn new(plugin: &str, events: Arc<dyn Events>) -> Self {
        let topic = Topic::PluginLog(plugin.to_owned());
        Self { topic, events, kept: Mutex::default() }
    }

    /// Adds a line; its number is given here.
    pub(crate) fn write(&self, mut line: LogLine) {
        let mut kept = self.kept();
        kept.written += 1;
        line.number = kept.written;
        // Published under the lock, so that readers get them in order.
        self.events.publish(&self.topic, "plugin.log", &line);
        kept.bytes += line.message.len();
        kept.lines.push_back(line);
        while kept.lines.len() > LINES || kept.bytes > BYTES {
            let Some(dropped) = kept.lines.pop_front() else { break };
            kept.bytes -= dropped.message.len();
        }
    }

    /// The last `limit` lines that matter at least so much, oldest first.
    pub(crate) fn recent(&self, least: LogLevel, limit: usize) -> Vec<LogLine> {
        let kept = self.kept();
        let wanted = kept.lines.iter().rev().filter(|it| it.level >= least).take(limit);
        let mut lines: Vec<LogLine> = wanted.cloned().collect();
        lines.reverse();
        lines
    }

    /// What one call wrote, as far as it is kept.
    pub(crate) fn of_call(&self, call: u64) -> Vec<LogLine> {
        self.kept().lines.iter().filter(|it| it.call == call).cloned().collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls that broke, newest last.
#[derive(Default)]
pub(crate) struct Failures(Mutex<VecDeque<Arc<FailedCall>>>);

impl Failures {
    /// Keeps one more.
    pub(crate) fn keep(&self, failed: FailedCall) {
        let mut all = self.all();
        let of_one = all.iter().filter(|it| it.plugin == failed.plugin).count();
        let dropped = if of_one >= FAILED_OF_ONE {
            all.iter().position(|it| it.plugin == failed.plugin)
        } else {
            (all.len() >= FAILED).then_some(0)
        };
        if let Some(at) = dropped {
            all.remove(at);
        }
        all.push_back(Arc::new(failed));
    }

    /// The one of that id.
    pub(crate) fn find(&self, id: Id) -> Option<FailedCall> {
        self.all().iter().find(|it| it.id == id).map(|it| FailedCall::clone(it))
    }

    /// Those of one plugin or of all, newest first.
    pub(crate) fn list(&self, plugin: Option<&str>) -> Vec<FailedCallSummary> {
        let all = self.all();
        let wanted = all.iter().rev().filter(|it| plugin.is_none_or(|id| it.plugin == id));
        wanted.map(|it| it.summary()).collect()
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<Arc<FailedCall>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bowsprit_host_core::{events::Hub, time::Timestamp};
    use serde_json::Value;

    use super::*;

    fn line(call: u64, level: LogLevel, message: String) -> LogLine {
        let (at, generation) = (Timestamp::now(), "g".to_owned());
        LogLine { number: 0, at, level, generation, function: "render", message, trace: None, call }
    }

    fn failed(plugin: &str) -> FailedCall {
        FailedCall {
            id: Id::new(),
            at: Timestamp::now(),
            plugin: plugin.into(),
            version: "1.0.0".into(),
            generation: "g".into(),
            function: "render",
            code: "plugin.trap",
            reason: "it crashed".into(),
            detail: String::new(),
            trace: None,
            input: Value::Null,
            lines: Vec::new(),
            micros: 1,
        }
    }

    #[test]
    fn the_last_lines_stay_within_number_and_bytes() {
        let journal = Journal::new("one", Arc::new(Hub::new()));
        for call in 0..LINES as u64 + 10 {
            journal.write(line(call, LogLevel::Info, "x".into()));
        }
        let lines = journal.recent(LogLevel::Debug, usize::MAX);
        assert_eq!(lines.len(), LINES);
        assert_eq!(lines[LINES - 1].number, LINES as u64 + 10);
        assert!(journal.of_call(9).is_empty());
        assert_eq!(journal.of_call(10).len(), 1);

        for call in 0..4 {
            journal.write(line(call, LogLevel::Error, "x".repeat(BYTES / 3)));
        }
        let lines = journal.recent(LogLevel::Debug, usize::MAX);
        assert_eq!(lines.len(), 3, "as many as fit");
    }

    #[test]
    fn lines_are_chosen_by_level() {
        let journal = Journal::new("one", Arc::new(Hub::new()));
        for level in [LogLevel::Debug, LogLevel::Warn, LogLevel::Info, LogLevel::Error] {
            journal.write(line(1, level, format!("{level:?}")));
        }
        let said = |least, limit| {
            let lines = journal.recent(least, limit);
            lines.into_iter().map(|it| it.message).collect::<Vec<_>>()
        };
        assert_eq!(said(LogLevel::Warn, 9), ["Warn", "Error"]);
        assert_eq!(said(LogLevel::Debug, 2), ["Info", "Error"]);
    }

    #[test]
    fn one_plugin_that_always_fails_leaves_room_for_others() {
        let failures = Failures::default();
        let kept = failed("other");
        let id = kept.id;
        failures.keep(kept);
        for _ in 0..FAILED * 2 {
            failures.keep(failed("one"));
        }
        assert!(failures.find(id).is_some());
        assert_eq!(failures.list(Some("one")).len(), FAILED_OF_ONE);
        for n in 0..FAILED {
            failures.keep(failed(&format!("p{}", n / FAILED_OF_ONE)));
        }
        assert_eq!(failures.list(None).len(), FAILED);
        assert!(failures.find(id).is_none(), "the oldest goes");
    }
}
