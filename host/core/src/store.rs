//! The document store: one small port, two adapters, typed repositories.
//!
//! A [`Collection`] declares what may be asked of it; adapters turn the
//! declaration into indexes and the [`Filter`] data into their own queries.
//! Nothing above this module sees SQL or BSON. There are no transactions over
//! several documents: an invariant is one document's revision or one unique
//! constraint.

mod foreign;
mod repository;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{error::BoxError, id::Id, time::Timestamp};
pub(crate) use repository::searched;
pub use repository::{Record, Repository, SEARCH, Stored, folded};

/// A named set of documents and everything an adapter has to prepare for it.
#[derive(Debug)]
pub struct Collection {
    /// Table or collection name; snake case.
    pub name: &'static str,
    /// Fields that filters and sort keys may name. Top-level body keys.
    pub fields: &'static [Field],
    /// Combinations of declared fields worth an index, most selective first.
    /// One with a `Search` field is for [`Filter::Contains`] among documents
    /// that are equal in the fields before it.
    pub indexes: &'static [&'static [&'static str]],
    /// Combinations of declared fields that must be unique.
    pub unique: &'static [Unique],
    /// Documents whose declared `Time` field lies this far back may vanish.
    pub expiry: Option<Expiry>,
}

/// A body key that can be asked for.
#[derive(Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// How its values compare, and how an adapter may store them.
    pub kind: FieldKind,
}

/// How values of a field compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// By bytes of UTF-8.
    Text,
    /// By value; 64 bits.
    Int,
    /// False before true.
    Bool,
    /// By time; in a body: RFC 3339 text.
    Time,
    /// An [`Id`]; in a body: 24 hex digits.
    Id,
    /// Text to look into with [`Filter::Contains`], and for nothing else.
    Search,
}

/// A uniqueness constraint.
#[derive(Debug)]
pub struct Unique {
    /// Stable name; reported by [`StoreError::Taken`].
    pub name: &'static str,
    /// The fields that are unique together. A document that lacks one of them
    /// (absent or null) is not constrained.
    pub fields: &'static [&'static str],
}

/// Removal by age. Adapters check at least once a minute; readers must not
/// rely on the moment.
#[derive(Debug)]
pub struct Expiry {
    /// A declared `Time` field.
    pub field: &'static str,
    /// Seconds past that time after which the document may be removed.
    pub after_seconds: u64,
    /// Only documents in which this `Bool` field is true.
    pub only_if: Option<&'static str>,
}

/// How often a document has been written; 1 after its insert.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Revision(pub i64);

/// A stored document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Unique in its collection: an [`Id`] or another short text.
    pub id: String,
    /// Grows by one with every write.
    pub revision: Revision,
    /// A JSON object; holds neither the id nor the revision. An adapter may
    /// note something of its own in it, under a key that begins with `$`: give
    /// it back with the rest.
    pub body: String,
    /// Bytes kept beside the body: opaque, never indexed, up to 16 MiB.
    pub payload: Option<Bytes>,
}

/// A value to compare a field with.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// For `Text`.
    Text(String),
    /// For `Int`.
    Int(i64),
    /// For `Bool`.
    Bool(bool),
    /// For `Time`.
    Time(Timestamp),
    /// For `Id`.
    Id(Id),
}

macro_rules! scalar_from {
    ($($from:ty => $variant:ident),*) => {$(
        impl From<$from> for Scalar {
            fn from(value: $from) -> Self { Self::$variant(value.into()) }
        }
    )*};
}
scalar_from!(&str => Text, String => Text, i64 => Int, bool => Bool, Timestamp => Time, Id => Id);

/// Which documents are meant. All fields must be declared by the collection.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Every document.
    All,
    /// Those with one of these ids.
    Ids(Vec<String>),
    /// The field has this value.
    Eq(&'static str, Scalar),
    /// The field has one of these values.
    In(&'static str, Vec<Scalar>),
    /// The field is less than this; absent fields do not match.
    Less(&'static str, Scalar),
    /// The field is at least this.
    AtLeast(&'static str, Scalar),
    /// The field is absent or null.
    Absent(&'static str),
    /// The `Search` field contains this text, byte for byte; absent fields
    /// contain nothing. Case is the caller's matter: see
    /// [`Record::search_text`].
    Contains(&'static str, String),
    /// All of these.
    And(Vec<Filter>),
    /// At least one of these.
    Or(Vec<Filter>),
}

/// A page request. The order is total: ties are broken by id, in the direction
/// of the last sort key.
#[derive(Debug, Clone)]
pub struct Query {
    /// Which documents.
    pub filter: Filter,
    /// Sort keys, declared fields; first is most significant.
    pub sort: Vec<(&'static str, Direction)>,
    /// At most this many documents.
    pub limit: u32,
    /// Skip this many first.
    pub skip: u64,
    /// Leave payloads out of the answer.
    pub without_payload: bool,
}

/// A sort direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Least first.
    Ascending,
    /// Greatest first.
    Descending,
}

impl Query {
    /// The first `limit` documents that match, in order of id.
    pub fn new(filter: Filter, limit: u32) -> Self {
        Self { filter, sort: Vec::new(), limit, skip: 0, without_payload: false }
    }

    /// Adds a sort key, most significant first.
    #[must_use]
    pub fn sorted(mut self, field: &'static str, direction: Direction) -> Self {
        self.sort.push((field, direction));
        self
    }

    /// Leaves out the first `skip` documents.
    #[must_use]
    pub fn skipping(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// Does not read payloads.
    #[must_use]
    pub fn bodies_only(mut self) -> Self {
        self.without_payload = true;
        self
    }
}

/// A change of single top-level keys.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    /// Keys to set, with their JSON values.
    pub set: serde_json::Map<String, serde_json::Value>,
    /// Keys to remove.
    pub unset: Vec<&'static str>,
    /// Declared `Int` fields to add to (absent counts as 0).
    pub increment: Vec<(&'static str, i64)>,
}

/// What [`Documents::totals`] answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    /// How many match.
    pub count: u64,
    /// The sums, in the order of the fields asked for.
    pub sums: Vec<i64>,
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The document's revision is not the one the caller saw.
    #[error("the document is at revision {}", .0.0)]
    Stale(Revision),
    /// There is no such document.
    #[error("no such document")]
    Missing,
    /// Another document holds the same unique value; names the constraint.
    /// A taken id is `"id"`.
    #[error("`{0}` is taken")]
    Taken(&'static str),
    /// The document is larger than the store accepts.
    #[error("the document is too large")]
    TooLarge,
    /// The data is not what we wrote.
    #[error("stored data cannot be read")]
    Corrupt(#[source] BoxError),
    /// The database did not answer. A write may or may not have happened.
    #[error("the store is unavailable")]
    Unavailable(#[source] BoxError),
    /// The store answers reads but can write nothing for now; names what it
    /// lacks. The write did not happen.
    #[error("{0} is unavailable")]
    Unwritable(&'static str, #[source] BoxError),
}

impl From<StoreError> for crate::Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale(_) | StoreError::Taken(_) => Self::Conflict {
                code: "store.conflict",
                message: "it was changed by someone else; read it again and retry".into(),
            },
            StoreError::Missing => Self::not_found("document", ""),
            StoreError::TooLarge => Self::TooLarge { what: "the document", limit: "16 MiB".into() },
            StoreError::Corrupt(source) => Self::Internal(source),
            StoreError::Unavailable(source) => {
                Self::Unavailable { dependency: "the store", source }
            }
            StoreError::Unwritable(dependency, source) => Self::Unavailable { dependency, source },
        }
    }
}

/// Keeps documents. `host/store/src/conformance.rs` says what that means.
#[async_trait]
pub trait Documents: Send + Sync {
    /// Creates tables and indexes that are missing; repeating it is harmless.
    async fn prepare(&self, collections: &[&'static Collection]) -> Result<(), StoreError>;

    /// The document, or `None`.
    async fn get(&self, of: &'static Collection, id: &str) -> Result<Option<Document>, StoreError>;

    /// One page.
    async fn find(
        &self,
        of: &'static Collection,
        query: &Query,
    ) -> Result<Vec<Document>, StoreError>;

    /// How many match.
    async fn count(&self, of: &'static Collection, filter: &Filter) -> Result<u64, StoreError>;

    /// How many match, and the sums of declared `Int` fields over them; absent
    /// counts as 0. Answered from an index where one holds all the fields.
    async fn totals(
        &self,
        of: &'static Collection,
        filter: &Filter,
        fields: &[&'static str],
    ) -> Result<Totals, StoreError>;

    /// Adds a document at revision 1.
    async fn insert(
        &self,
        of: &'static Collection,
        id: &str,
        body: &str,
        payload: Option<Bytes>,
    ) -> Result<Revision, StoreError>;

    /// Replaces body and payload if the document is still at `seen`. A `None`
    /// payload keeps the stored one.
    async fn replace_if(
        &self,
        of: &'static Collection,
        id: &str,
        seen: Revision,
        body: &str,
        payload: Option<Bytes>,
    ) -> Result<Revision, StoreError>;

    /// Changes single keys. With `seen` only if the document is still at that
    /// revision; atomic either way. `when` must hold of the stored document,
    /// else [`StoreError::Stale`].
    async fn patch_if(
        &self,
        of: &'static Collection,
        id: &str,
        seen: Option<Revision>,
        when: &Filter,
        patch: &Patch,
    ) -> Result<Revision, StoreError>;

    /// Removes a document, with `seen` only at that revision. False if there
    /// was none.
    async fn remove_if(
        &self,
        of: &'static Collection,
        id: &str,
        seen: Option<Revision>,
    ) -> Result<bool, StoreError>;

    /// Removes all that match; answers how many.
    async fn remove_all(&self, of: &'static Collection, filter: &Filter)
    -> Result<u64, StoreError>;

    /// Whether the store answers at all: within seconds, and without waiting
    /// for other requests.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Finishes what is queued and closes. Later calls fail as unavailable.
    async fn close(&self);
}
