//! What both adapters refuse, so that neither accepts what the other cannot keep.

use bowsprit_host_core::store::{Collection, Field, FieldKind, Patch, Scalar, StoreError};

/// Bytes of body and payload together: MongoDB's limit for one document.
pub(crate) const MAX_DOCUMENT: usize = 16 * 1024 * 1024;

/// A request that contradicts the declaration of its collection.
#[derive(Debug, thiserror::Error)]
enum Misuse {
    #[error("collection `{collection}` does not declare field `{field}`")]
    Undeclared { collection: &'static str, field: String },
    #[error("field `{field}` of collection `{collection}` is not compared with such values")]
    WrongKind { collection: &'static str, field: String },
    #[error("a patch of collection `{collection}` names key `{key}` twice")]
    NamedTwice { collection: &'static str, key: String },
    #[error("a body for collection `{collection}` is not a JSON object")]
    NotAnObject { collection: &'static str },
}

impl From<Misuse> for StoreError {
    fn from(misuse: Misuse) -> Self {
        Self::Corrupt(misuse.into())
    }
}

/// The declaration of `name`.
pub(crate) fn declared(of: &Collection, name: &str) -> Result<&'static Field, StoreError> {
    of.fields
        .iter()
        .find(|field| field.name == name)
        .ok_or_else(|| Misuse::Undeclared { collection: of.name, field: name.to_owned() }.into())
}

/// Fails unless `name` is declared as a field to look into.
pub(crate) fn searchable(of: &Collection, name: &str) -> Result<(), StoreError> {
    if declared(of, name)?.kind == FieldKind::Search {
        return Ok(());
    }
    Err(Misuse::WrongKind { collection: of.name, field: name.to_owned() }.into())
}

/// Names of the fields to look into.
pub(crate) fn search_fields(of: &Collection) -> impl Iterator<Item = &'static str> {
    of.fields.iter().filter(|it| it.kind == FieldKind::Search).map(|it| it.name)
}

/// Characters of the pieces by which texts are found. A shorter text has none.
pub(crate) const GRAM: usize = 3;

/// How values under `key` are kept, if the collection says so.
pub(crate) fn kind_of(of: &Collection, key: &str) -> Option<FieldKind> {
    of.fields.iter().find(|field| field.name == key).map(|field| field.kind)
}

/// Fails unless `name` is declared and holds values like `value`.
pub(crate) fn comparable(of: &Collection, name: &str, value: &Scalar) -> Result<(), StoreError> {
    let kind = match value {
        Scalar::Text(_) => FieldKind::Text,
        Scalar::Int(_) => FieldKind::Int,
        Scalar::Bool(_) => FieldKind::Bool,
        Scalar::Time(_) => FieldKind::Time,
        Scalar::Id(_) => FieldKind::Id,
    };
    if declared(of, name)?.kind == kind {
        return Ok(());
    }
    Err(Misuse::WrongKind { collection: of.name, field: name.to_owned() }.into())
}

/// Fails if body and payload are too large together, or the body is visibly
/// not an object. The adapters find out the rest of its syntax.
pub(crate) fn content(
    of: &Collection,
    body: &str,
    payload: Option<&[u8]>,
) -> Result<(), StoreError> {
    if body.len() + payload.map_or(0, <[u8]>::len) > MAX_DOCUMENT {
        return Err(StoreError::TooLarge);
    }
    if !body.trim_start().starts_with('{') {
        return Err(Misuse::NotAnObject { collection: of.name }.into());
    }
    Ok(())
}

/// Fails if a patch names a key twice (MongoDB has no order in which to apply
/// both) or adds to a field that does not hold integers.
pub(crate) fn patch(of: &Collection, patch: &Patch) -> Result<(), StoreError> {
    let mut seen = std::collections::HashSet::new();
    let keys = patch.set.keys().map(String::as_str);
    let keys = keys.chain(patch.unset.iter().copied());
    for key in keys.chain(patch.increment.iter().map(|(key, _)| *key)) {
        if !seen.insert(key) {
            return Err(Misuse::NamedTwice { collection: of.name, key: key.to_owned() }.into());
        }
    }
    patch.increment.iter().try_for_each(|(key, by)| comparable(of, key, &Scalar::Int(*by)))
}
