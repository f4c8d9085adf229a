//! What a component may call: the host's side of each import.

use bowsprit_host_core::{
    plugins::{LogLevel, LogLine},
    time::Timestamp,
};

use crate::{
    bindings::v0_1::{assets, log, progress, source_files, types},
    call::Ticket,
    instance::{Source, State},
};

/// Longest log line of a guest, bytes.
const LOG_LINE: usize = 8 << 10;
/// As much of it stays for administrators to look at, bytes.
const KEPT_LINE: usize = 2 << 10;
/// Longest sentence about progress, bytes.
const SENTENCE: usize = 200;

impl types::Host for State {}

impl log::Host for State {
    async fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        self.host_call()?;
        let Some(left) = self.lines_left.checked_sub(1) else {
            self.lines_dropped = self.lines_dropped.saturating_add(1);
            return Ok(());
        };
        self.lines_left = left;
        let message = message.get(..message.floor_char_boundary(LOG_LINE)).unwrap_or_default();
        let (plugin, generation, function) = (&self.plugin, &self.generation, self.function);
        let kept = message.get(..message.floor_char_boundary(KEPT_LINE)).unwrap_or_default();
        let Ticket { call, trace } = self.ticket;
        self.journal.write(LogLine {
            number: 0,
            at: Timestamp::now(),
            level: match level {
                log::Level::Debug => LogLevel::Debug,
                log::Level::Info => LogLevel::Info,
                log::Level::Warn => LogLevel::Warn,
                log::Level::Error => LogLevel::Error,
            },
            generation: generation.clone(),
            function,
            message: kept.to_owned(),
            trace,
            call,
        });
        // Debug formatting escapes line breaks and terminal sequences.
        match level {
            log::Level::Debug => {
                tracing::debug!(plugin, generation, function, ?message, "plugin log");
            }
            log::Level::Info => {
                tracing::info!(plugin, generation, function, ?message, "plugin log");
            }
            log::Level::Warn => {
                tracing::warn!(plugin, generation, function, ?message, "plugin log");
            }
            log::Level::Error => {
                tracing::error!(plugin, generation, function, ?message, "plugin log");
            }
        }
        Ok(())
    }
}

impl assets::Host for State {
    async fn list(&mut self) -> wasmtime::Result<Vec<String>> {
        self.host_call()?;
        Ok(self.assets.keys().cloned().collect())
    }

    async fn read(&mut self, path: String) -> wasmtime::Result<Option<Vec<u8>>> {
        self.host_call()?;
        Ok(self.assets.get(&path).cloned())
    }
}

impl source_files::Host for State {
    async fn list(&mut self) -> wasmtime::Result<source_files::Listing> {
        self.host_call()?;
        let none = source_files::Listing { entries: Vec::new(), truncated: false };
        let Some(source) = &self.source else { return Ok(none) };
        let (files, truncated) = source.files.list();
        let shown = files.into_iter().filter(|it| source.shows(&it.path));
        let entries = shown.map(|it| source_files::Entry { path: it.path, size: it.size });
        Ok(source_files::Listing { entries: entries.collect(), truncated })
    }

    async fn read(
        &mut self,
        path: String,
        offset: u64,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, source_files::ReadError>> {
        self.host_call()?;
        let missing = source_files::ReadError::Missing;
        let source = self.source.as_mut();
        Ok(source.map_or(Err(missing), |source| source.read(&path, offset, limit)))
    }
}

impl Source {
    fn read(
        &mut self,
        path: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<u8>, source_files::ReadError> {
        use source_files::ReadError;
        if !self.shows(path) {
            return Err(ReadError::Missing);
        }
        let limit = u64::from(limit).min(self.bytes_left);
        if limit == 0 {
            return Err(ReadError::Exhausted(self.bytes));
        }
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let bytes = self.files.read(path, offset, limit).ok_or(ReadError::Missing)?;
        self.bytes_left = self.bytes_left.saturating_sub(bytes.len() as u64);
        Ok(bytes)
    }

    fn shows(&self, path: &str) -> bool {
        self.shown.binary_search_by(|it| it.as_str().cmp(path)).is_ok()
    }
}

impl progress::Host for State {
    async fn report(&mut self, done: u32, total: u32, what: String) -> wasmtime::Result<()> {
        self.host_call()?;
        if let Some(progress) = self.source.as_ref().and_then(|it| it.progress.as_ref()) {
            let what = what.get(..what.floor_char_boundary(SENTENCE)).unwrap_or_default();
            progress.report(done, total, what);
        }
        Ok(())
    }

    async fn cancelled(&mut self) -> wasmtime::Result<bool> {
        self.host_call()?;
        let progress = self.source.as_ref().and_then(|it| it.progress.as_ref());
        Ok(progress.is_some_and(|it| it.cancelled()))
    }
}
