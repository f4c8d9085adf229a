//! One uploaded file as a source.

use crate::importers::{SourceFile, SourceTree};

/// A source of one file, in memory.
pub(super) struct OneFile {
    name: String,
    bytes: Vec<u8>,
}

impl OneFile {
    pub(super) fn new(name: &str, bytes: Vec<u8>) -> Self {
        Self { name: name.to_owned(), bytes }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl SourceTree for OneFile {
    fn list(&self) -> (Vec<SourceFile>, bool) {
        let size = self.bytes.len() as u64;
        (vec![SourceFile { path: self.name.clone(), size }], false)
    }

    fn read(&self, path: &str, offset: u64, limit: u32) -> Option<Vec<u8>> {
        if path != self.name {
            return None;
        }
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.bytes.len());
        let end = start.saturating_add(limit as usize).min(self.bytes.len());
        self.bytes.get(start..end).map(<[u8]>::to_vec)
    }
}
