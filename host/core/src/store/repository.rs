//! Typed documents over the port.

use std::{marker::PhantomData, sync::Arc};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    Collection, Document, Documents, Filter, Patch, Query, Revision, StoreError, Totals,
    foreign::Foreign,
};

/// The key under which a body holds [`Record::search_text`], folded.
pub const SEARCH: &str = "search";
/// Characters of a text that a search looks into. Bounds the trigrams of one
/// document.
const SEARCHED: usize = 2_000;

/// A type that is kept in one collection. Its serde form is the body.
pub trait Record: Serialize + DeserializeOwned + Send + Sync {
    /// Where it is kept.
    const COLLECTION: &'static Collection;
    /// Body keys that only other programs write and whose content this type
    /// keeps elsewhere. They go at the first update; other unknown keys stay.
    const MOVED: &'static [&'static str] = &[];

    /// The document id.
    fn key(&self) -> String;

    /// Takes back what the body does not hold: the id, for types that have one.
    fn restore_key(&mut self, id: &str);

    /// Bytes to keep beside the body.
    fn payload(&self) -> Option<Bytes> {
        None
    }

    /// Takes the payload back after a read.
    fn restore_payload(&mut self, _payload: Option<Bytes>) {}

    /// What a search looks into; kept with the body under [`SEARCH`], which
    /// the collection then declares.
    fn search_text(&self) -> Option<String> {
        None
    }

    /// Completes a body that cannot be read as it is, because another program
    /// or an older build wrote it. It holds no nulls.
    fn complete(_body: &mut Map<String, Value>) {}

    /// What stands for the payload of a document that has none.
    fn payload_of(_body: &str) -> Option<Bytes> {
        None
    }
}

/// The form in which texts are compared whatever their case: every character
/// in lower case by itself, both small sigmas as one. Stores compare bytes, so
/// all of them agree on what is found.
pub fn folded(text: &str) -> String {
    let lower = text.chars().flat_map(char::to_lowercase);
    lower.map(|c| if c == 'ς' { 'σ' } else { c }).collect()
}

/// A value with the revision it was read or written at.
#[derive(Debug, Clone)]
pub struct Stored<T> {
    /// The value.
    pub value: T,
    /// Its revision.
    pub revision: Revision,
    /// The body it was read from. What this type does not know of it stays.
    body: String,
}

impl<T> Stored<T> {
    /// Another value in the place of this one.
    #[must_use]
    pub fn with(self, value: T) -> Self {
        Self { value, ..self }
    }
}

impl<T> std::ops::Deref for Stored<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// The documents of one type.
pub struct Repository<T> {
    store: Arc<dyn Documents>,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Repository<T> {
    fn clone(&self) -> Self {
        Self { store: Arc::clone(&self.store), of: PhantomData }
    }
}

impl<T: Record> Repository<T> {
    /// A view of `store`.
    pub fn new(store: Arc<dyn Documents>) -> Self {
        Self { store, of: PhantomData }
    }

    /// The value under `id`, or `None`.
    pub async fn get(&self, id: &str) -> Result<Option<Stored<T>>, StoreError> {
        self.store.get(T::COLLECTION, id).await?.map(decode).transpose()
    }

    /// One page.
    pub async fn find(&self, query: &Query) -> Result<Vec<Stored<T>>, StoreError> {
        self.store.find(T::COLLECTION, query).await?.into_iter().map(decode).collect()
    }

    /// The first match in order of id, or `None`.
    pub async fn find_one(&self, filter: Filter) -> Result<Option<Stored<T>>, StoreError> {
        Ok(self.find(&Query::new(filter, 1)).await?.pop())
    }

    /// How many match.
    pub async fn count(&self, filter: &Filter) -> Result<u64, StoreError> {
        self.store.count(T::COLLECTION, filter).await
    }

    /// How many match, and sums over them.
    pub async fn totals(
        &self,
        filter: &Filter,
        fields: &[&'static str],
    ) -> Result<Totals, StoreError> {
        self.store.totals(T::COLLECTION, filter, fields).await
    }

    /// Adds a value.
    pub async fn insert(&self, value: T) -> Result<Stored<T>, StoreError> {
        let body = encode(&value)?;
        let revision =
            self.store.insert(T::COLLECTION, &value.key(), &body, value.payload()).await?;
        Ok(Stored { value, revision, body })
    }

    /// Replaces a value that is still at the revision it was read at. Body
    /// keys that this type does not know stay as they are.
    pub async fn replace(&self, stored: Stored<T>) -> Result<Stored<T>, StoreError> {
        let Stored { value, revision, body: before } = stored;
        let own = encode(&read::<T>(&value.key(), &before)?)?;
        let body = Foreign::of::<T>(&before, &own)?.added_to(encode(&value)?)?;
        let revision = self
            .store
            .replace_if(T::COLLECTION, &value.key(), revision, &body, value.payload())
            .await?;
        Ok(Stored { value, revision, body })
    }

    /// Applies `change` to the current value until it is stored, however often
    /// others get in between. Answers `None` if there is no such document.
    pub async fn update<E>(
        &self,
        id: &str,
        mut change: impl FnMut(&mut T) -> Result<(), E>,
    ) -> Result<Option<Stored<T>>, E>
    where
        E: From<StoreError>,
    {
        loop {
            let Some(mut stored) = self.get(id).await? else { return Ok(None) };
            change(&mut stored.value)?;
            match self.replace(stored).await {
                Err(StoreError::Stale(_)) => {}
                Err(StoreError::Missing) => return Ok(None),
                Err(other) => return Err(other.into()),
                Ok(stored) => return Ok(Some(stored)),
            }
        }
    }

    /// Changes single keys; see [`Documents::patch_if`].
    pub async fn patch(
        &self,
        id: &str,
        seen: Option<Revision>,
        when: &Filter,
        patch: &Patch,
    ) -> Result<Revision, StoreError> {
        self.store.patch_if(T::COLLECTION, id, seen, when, patch).await
    }

    /// Removes a value; false if there was none.
    pub async fn remove(&self, id: &str) -> Result<bool, StoreError> {
        self.store.remove_if(T::COLLECTION, id, None).await
    }

    /// Removes a value that is still at this revision; false if there was none.
    pub async fn remove_at(&self, id: &str, seen: Revision) -> Result<bool, StoreError> {
        match self.store.remove_if(T::COLLECTION, id, Some(seen)).await {
            Err(StoreError::Stale(_)) => Ok(false),
            other => other,
        }
    }

    /// Removes all that match.
    pub async fn remove_all(&self, filter: &Filter) -> Result<u64, StoreError> {
        self.store.remove_all(T::COLLECTION, filter).await
    }
}

/// The form in which [`Record::search_text`] is kept.
pub(crate) fn searched(text: &str) -> String {
    folded(text).chars().take(SEARCHED).collect()
}

fn encode<T: Record>(value: &T) -> Result<String, StoreError> {
    let corrupt = |e: serde_json::Error| StoreError::Corrupt(e.into());
    let mut body = serde_json::to_string(value).map_err(corrupt)?;
    if let Some(text) = value.search_text() {
        let text = serde_json::to_string(&searched(&text)).map_err(corrupt)?;
        let comma = if body.len() > 2 { "," } else { "" };
        body.truncate(body.len() - 1);
        body.push_str(&format!(r#"{comma}"{SEARCH}":{text}}}"#));
    }
    Ok(body)
}

fn decode<T: Record>(document: Document) -> Result<Stored<T>, StoreError> {
    let Document { id, revision, body, payload } = document;
    let mut value: T = read(&id, &body)?;
    value.restore_key(&id);
    value.restore_payload(payload.or_else(|| T::payload_of(&body)));
    Ok(Stored { value, revision, body })
}

fn read<T: Record>(id: &str, body: &str) -> Result<T, StoreError> {
    let read = serde_json::from_str(body).or_else(|error| completed(body).ok_or(error));
    read.map_err(|source| {
        let collection = T::COLLECTION.name;
        StoreError::Corrupt(Unreadable { collection, id: id.to_owned(), source }.into())
    })
}

/// A document that is not what its type expects.
#[derive(Debug, thiserror::Error)]
#[error("document `{id}` of `{collection}` cannot be read")]
struct Unreadable {
    collection: &'static str,
    id: String,
    source: serde_json::Error,
}

/// A second attempt at a body that another program wrote. It writes null for
/// an empty list or map, where our types want none or the key to be absent.
fn completed<T: Record>(body: &str) -> Option<T> {
    let mut body: Value = serde_json::from_str(body).ok()?;
    drop_nulls(&mut body);
    T::complete(body.as_object_mut()?);
    serde_json::from_value(body).ok()
}

/// Removes keys whose value is null, at every level of objects.
fn drop_nulls(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.retain(|_, value| !value.is_null());
        fields.values_mut().for_each(drop_nulls);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_every_character_by_itself() {
        assert_eq!(folded("ΟΔΟΣ Ärger STRASSE ẞ"), folded("οδος äRGER strasse ß"));
        assert!(folded("ΟΔΟΣΑ").contains(&folded("ΟΔΟΣ")), "a final sigma is a sigma");
    }
}
