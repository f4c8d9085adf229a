//! The files of a source, from the host or from memory.

use std::collections::BTreeMap;
use std::fmt;

use super::{Entry, Listing, ReadError};
use crate::report::quoted;
use crate::{Failure, Finding, Severity};

/// Bytes that are asked for at a time.
const CHUNK: u32 = 1 << 20;

/// Where files come from: the host, or a [`Tree`] in tests.
pub trait Files {
    /// All files, sorted by the bytes of their paths.
    fn list(&self) -> Listing;

    /// At most `limit` bytes from `offset`; fewer only at the end of the file.
    ///
    /// # Errors
    ///
    /// When there is no such file, or the call has read all it may.
    fn read(&self, path: &str, offset: u64, limit: u32) -> Result<Vec<u8>, ReadError>;

    /// Tells the user how far the call is.
    fn report(&self, _done: u32, _total: u32, _what: &str) {}

    /// Whether the user has gone away.
    fn cancelled(&self) -> bool {
        false
    }
}

/// The source a call is about.
#[derive(Clone, Copy)]
pub struct Source<'f> {
    files: &'f dyn Files,
}

impl<'f> Source<'f> {
    /// A source of these files.
    pub fn new(files: &'f dyn Files) -> Self {
        Self { files }
    }

    /// All files, sorted by the bytes of their paths.
    pub fn list(&self) -> Listing {
        self.files.list()
    }

    /// The first bytes of a file; none if it cannot be read.
    pub fn head(&self, path: &str, limit: u32) -> Vec<u8> {
        self.files.read(path, 0, limit).unwrap_or_default()
    }

    /// A whole file as text, without a byte order mark.
    ///
    /// # Errors
    ///
    /// `invalid-input` when there is no such file, when it is not UTF-8, or
    /// when the source is too large to be read.
    pub fn text(&self, path: &str) -> Result<String, Failure> {
        let mut bytes = Vec::new();
        loop {
            let offset = bytes.len() as u64;
            let more = self.files.read(path, offset, CHUNK).map_err(|it| unread(path, &it))?;
            let is_last = more.len() < CHUNK as usize;
            bytes.extend(more);
            if is_last {
                break;
            }
        }
        let text = String::from_utf8(bytes).map_err(|_| {
            let message = format!("{} is not UTF-8.", quoted(path));
            refused("source.encoding", message, "Save the file as UTF-8.")
        })?;
        Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
    }

    /// Tells the user how far the call is.
    pub fn report(&self, done: u32, total: u32, what: &str) {
        self.files.report(done, total, what);
    }

    /// Whether the user has gone away.
    pub fn cancelled(&self) -> bool {
        self.files.cancelled()
    }
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths = self.list().entries.into_iter().map(|it| it.path);
        out.debug_tuple("Source").field(&paths.collect::<Vec<_>>()).finish()
    }
}

fn unread(path: &str, error: &ReadError) -> Failure {
    let path = quoted(path);
    match error {
        ReadError::Missing => {
            let message = format!("The source has no file {path}.");
            refused("source.missing", message, "Add the file to the source.")
        }
        ReadError::Exhausted(bytes) => {
            let message = format!("{path} is not read: the source has more than {bytes} bytes.");
            refused("source.size", message, "Import a smaller part of it.")
        }
    }
}

fn refused(code: &str, message: String, suggestion: &str) -> Failure {
    Failure::InvalidInput(vec![Finding {
        code: code.into(),
        severity: Severity::Error,
        message,
        node: None,
        at: None,
        suggestion: Some(suggestion.into()),
        fixes: Vec::new(),
    }])
}

/// Files in memory, by path.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    files: BTreeMap<String, Vec<u8>>,
}

impl Tree {
    /// Without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more file.
    #[must_use]
    pub fn with(mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.into(), bytes.into());
        self
    }
}

impl Files for Tree {
    fn list(&self) -> Listing {
        let entry = |(path, bytes): (&String, &Vec<u8>)| Entry {
            path: path.clone(),
            size: bytes.len() as u64,
        };
        Listing { entries: self.files.iter().map(entry).collect(), truncated: false }
    }

    fn read(&self, path: &str, offset: u64, limit: u32) -> Result<Vec<u8>, ReadError> {
        let bytes = self.files.get(path).ok_or(ReadError::Missing)?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let end = start.saturating_add(limit as usize).min(bytes.len());
        Ok(bytes.get(start..end).unwrap_or_default().to_vec())
    }
}
