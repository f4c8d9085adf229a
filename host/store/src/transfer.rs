//! Copying whole stores: every document as it is, with its id and revision.
//!
//! For moves and backups. What a copy holds is compared by [`tally`], which
//! does not depend on the order in which a store lists its documents, nor on
//! how it spells a body.

use async_trait::async_trait;
use bowsprit_host_core::store::{Collection, Document, Documents, StoreError};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Documents read at a time; each may have 16 MiB.
const PAGE: u32 = 64;

/// A store whose documents can be listed and written as they are.
#[async_trait]
pub trait Transfer: Documents {
    /// The first `limit` documents after the one with the id `after`, in some
    /// order that stays the same.
    async fn scan(
        &self,
        of: &'static Collection,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Document>, StoreError>;

    /// Writes documents, revisions included, in the place of those that have
    /// their ids. When it fails some of them may have been written.
    async fn put(
        &self,
        of: &'static Collection,
        documents: Vec<Document>,
    ) -> Result<(), StoreError>;
}

/// How many documents a collection has, and a digest of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many.
    pub documents: u64,
    /// The sum of the documents' SHA-256 digests, word by word.
    digest: [u64; 4],
}

impl Tally {
    fn add(&mut self, document: &Document) -> Result<(), StoreError> {
        self.documents += 1;
        let digest = digest(document)?;
        let (words, _) = digest.as_chunks();
        for (sum, word) in self.digest.iter_mut().zip(words) {
            *sum = sum.wrapping_add(u64::from_be_bytes(*word));
        }
        Ok(())
    }

    /// The digest, 64 hex digits.
    #[must_use]
    pub fn hex(&self) -> String {
        self.digest.iter().map(|word| format!("{word:016x}")).collect()
    }
}

/// Counts and digests a collection.
pub async fn tally(store: &dyn Transfer, of: &'static Collection) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    let mut last: Option<String> = None;
    loop {
        let page = store.scan(of, last.as_deref(), PAGE).await?;
        for document in &page {
            tally.add(document)?;
        }
        match page.into_iter().last() {
            Some(document) => last = Some(document.id),
            None => return Ok(tally),
        }
    }
}

/// Copies a collection, over what has the same ids; answers what was read.
pub async fn copy(
    from: &dyn Transfer,
    to: &dyn Transfer,
    of: &'static Collection,
) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    let mut last: Option<String> = None;
    loop {
        let page = from.scan(of, last.as_deref(), PAGE).await?;
        for document in &page {
            tally.add(document)?;
        }
        let Some(document) = page.last() else { return Ok(tally) };
        last = Some(document.id.clone());
        to.put(of, page).await?;
    }
}

fn digest(document: &Document) -> Result<[u8; 32], StoreError> {
    let body: Value =
        serde_json::from_str(&document.body).map_err(|error| StoreError::Corrupt(error.into()))?;
    let mut digest = Sha256::new();
    text(&mut digest, &document.id);
    digest.update(document.revision.0.to_be_bytes());
    value(&mut digest, &body);
    digest.update([u8::from(document.payload.is_some())]);
    digest.update(document.payload.as_deref().unwrap_or_default());
    Ok(digest.finalize().into())
}

/// Length-prefixed, so that no two texts in a row read like two others.
fn text(digest: &mut Sha256, text: &str) {
    digest.update((text.len() as u64).to_be_bytes());
    digest.update(text);
}

/// Objects by their sorted keys: stores may order them differently.
fn value(digest: &mut Sha256, of: &Value) {
    match of {
        Value::Array(elements) => {
            digest.update(b"[");
            digest.update((elements.len() as u64).to_be_bytes());
            elements.iter().for_each(|element| value(digest, element));
        }
        Value::Object(fields) => {
            digest.update(b"{");
            digest.update((fields.len() as u64).to_be_bytes());
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(key, _)| *key);
            for (key, field) in fields {
                text(digest, key);
                value(digest, field);
            }
        }
        plain => text(digest, &plain.to_string()),
    }
}
