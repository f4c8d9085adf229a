//! Indexes of the declared collections on a server.
//!
//! Other indexes are left alone: the database may have been filled by another
//! program. One that stands in the way of ours, because it has the same name
//! or the same keys but other options, is replaced.

use std::time::Duration;

use bowsprit_host_core::store::{Collection, Expiry, FieldKind, StoreError, Unique};
use futures::TryStreamExt;
use mongodb::{
    IndexModel,
    bson::{Bson, DateTime, Document, doc, oid::ObjectId, raw::RawDocumentBuf},
    error::ErrorKind,
    options::IndexOptions,
};

use super::{faults, keys, text};
use crate::checks;

/// `IndexOptionsConflict` (same keys, other name or options) and
/// `IndexKeySpecsConflict` (same name, other keys or options).
const CONFLICTS: [i32; 2] = [85, 86];

/// Makes the server's indexes fit `of`.
pub(super) async fn prepare(
    collection: mongodb::Collection<RawDocumentBuf>,
    of: &'static Collection,
) -> Result<(), StoreError> {
    let wanted = wanted(of)?;
    if wanted.is_empty() {
        return Ok(());
    }
    let fault = |error| {
        if faults::is_duplicate(&error) {
            return Duplicates::in_(of).into();
        }
        faults::of_collection(of, error)
    };
    match collection.create_indexes(wanted.clone()).await {
        Ok(_) => return Ok(()),
        Err(error) if faults::code(&error).is_some_and(|code| CONFLICTS.contains(&code)) => {}
        Err(error) => return Err(fault(error)),
    }
    // One at a time: only some of them are in conflict.
    for index in &wanted {
        match collection.create_index(index.clone()).await {
            Ok(_) => {}
            Err(error) if faults::code(&error).is_some_and(|code| CONFLICTS.contains(&code)) => {
                drop_rivals(&collection, index, &wanted).await.map_err(fault)?;
                collection.create_index(index.clone()).await.map_err(fault)?;
            }
            Err(error) => return Err(fault(error)),
        }
    }
    Ok(())
}

/// Documents of another program that break one of our constraints.
#[derive(Debug, thiserror::Error)]
#[error("documents of `{collection}` have the same {fields}; change or remove all but one")]
struct Duplicates {
    collection: &'static str,
    fields: String,
}

impl Duplicates {
    fn in_(of: &Collection) -> Self {
        let each = of.unique.iter().map(|unique| format!("`{}`", unique.fields.join("`, `")));
        Self { collection: of.name, fields: each.collect::<Vec<_>>().join(" or the same ") }
    }
}

impl From<Duplicates> for StoreError {
    fn from(duplicates: Duplicates) -> Self {
        Self::Corrupt(duplicates.into())
    }
}

/// The name of the index that keeps `unique`.
pub(super) fn unique_name(unique: &Unique) -> &'static str {
    unique.name
}

/// The name a driver gives an index by itself: another program's index for
/// the same constraint is called that.
pub(super) fn default_name(fields: &[&str]) -> String {
    fields.iter().map(|field| format!("{}_1", keys::top(field))).collect::<Vec<_>>().join("_")
}

/// Drops what stands in the way of `index`, but no other of those `wanted`.
async fn drop_rivals(
    collection: &mongodb::Collection<RawDocumentBuf>,
    index: &IndexModel,
    wanted: &[IndexModel],
) -> mongodb::error::Result<()> {
    let known: Vec<IndexModel> = collection.list_indexes().await?.try_collect().await?;
    for rival in known {
        let Some(name) = name_of(&rival) else { continue };
        let ours = wanted.iter().any(|ours| name_of(ours) == Some(name));
        let same_name = Some(name) == name_of(index);
        if same_name || (!ours && same_keys(&rival.keys, &index.keys)) {
            tracing::info!(collection = collection.name(), index = name, "replacing an index");
            match collection.drop_index(name).await {
                // FerretDB 2 answers `ok: true` where the driver wants a number
                // (FerretDB/FerretDB#5119). If it did fail after all, so does
                // the creation that follows.
                Err(error) if matches!(*error.kind, ErrorKind::InvalidResponse { .. }) => {}
                outcome => outcome?,
            }
        }
    }
    Ok(())
}

fn name_of(index: &IndexModel) -> Option<&str> {
    index.options.as_ref()?.name.as_deref()
}

/// Servers answer 1, 1.0 or a 64-bit 1 for the same direction.
fn same_keys(one: &Document, other: &Document) -> bool {
    let plain = |keys: &Document| -> Vec<(String, Option<i64>)> {
        keys.iter().map(|(name, order)| (name.clone(), whole(order))).collect()
    };
    plain(one) == plain(other)
}

fn whole(order: &Bson) -> Option<i64> {
    match order {
        Bson::Int32(order) => Some((*order).into()),
        Bson::Int64(order) => Some(*order),
        Bson::Double(order) if *order == 1.0 => Some(1),
        Bson::Double(order) if *order == -1.0 => Some(-1),
        _ => None,
    }
}

fn wanted(of: &Collection) -> Result<Vec<IndexModel>, StoreError> {
    let plain = of.indexes.iter().map(|fields| Ok(by_fields(of, fields)));
    let unique = of.unique.iter().map(|unique| unique_index(of, unique));
    let expiry = of.expiry.iter().map(|expiry| Ok(expiry_index(expiry)));
    plain.chain(unique).chain(expiry).collect()
}

fn key_document(fields: &[&str]) -> Document {
    fields.iter().map(|field| (keys::top(field).into_owned(), Bson::Int32(1))).collect()
}

/// The id at the end makes every order by these fields total.
fn by_fields(of: &Collection, fields: &[&str]) -> IndexModel {
    let key = |field: &&str| match checks::kind_of(of, field) {
        Some(FieldKind::Search) => (text::name(field), Bson::Int32(1)),
        _ => (keys::top(field).into_owned(), Bson::Int32(1)),
    };
    let mut keys: Document = fields.iter().map(key).collect();
    keys.insert(keys::ID, 1);
    let options = IndexOptions::builder().name(format!("{}__id_1", default_name(fields))).build();
    IndexModel::builder().keys(keys).options(options).build()
}

/// Unique among documents that have all the fields. The condition is "at least
/// the least value of its type": unlike a condition on the type itself it is
/// implied by an equality, so that the index also serves look-ups.
fn unique_index(of: &Collection, unique: &Unique) -> Result<IndexModel, StoreError> {
    let mut present = Document::new();
    for field in unique.fields {
        let least = match checks::declared(of, field)?.kind {
            FieldKind::Text | FieldKind::Search => Bson::String(String::new()),
            FieldKind::Int => Bson::Int64(i64::MIN),
            FieldKind::Bool => Bson::Boolean(false),
            FieldKind::Time => Bson::DateTime(DateTime::MIN),
            FieldKind::Id => Bson::ObjectId(ObjectId::from_bytes([0; 12])),
        };
        present.insert(keys::top(field), doc! { "$gte": least });
    }
    let options = IndexOptions::builder()
        .name(unique_name(unique).to_owned())
        .unique(true)
        .partial_filter_expression(present)
        .build();
    Ok(IndexModel::builder().keys(key_document(unique.fields)).options(options).build())
}

fn expiry_index(expiry: &Expiry) -> IndexModel {
    let mut options = IndexOptions::builder()
        .name("expiry".to_owned())
        .expire_after(Duration::from_secs(expiry.after_seconds))
        .build();
    options.partial_filter_expression = expiry.only_if.map(|flag| doc! { keys::top(flag): true });
    IndexModel::builder().keys(key_document(&[expiry.field])).options(options).build()
}
