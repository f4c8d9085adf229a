//! Filters, queries and patches as BSON.

use bowsprit_host_core::store::{
    Collection, Direction, FieldKind, Filter, Patch, Query, Revision, Scalar, StoreError,
};
use mongodb::bson::{Bson, Document, doc, oid::ObjectId};

use super::{body, keys, text};
use crate::checks;

/// The filter for the document `id`, with `seen` only at that revision.
pub(super) fn identity(id: &str, seen: Option<Revision>) -> Document {
    let mut filter = doc! { keys::ID: body::id_of(id) };
    match seen {
        // Written by others; `decode` calls that 0.
        Some(Revision(0)) => filter.insert(keys::REVISION, Bson::Null),
        Some(Revision(seen)) => filter.insert(keys::REVISION, seen),
        None => None,
    };
    filter
}

/// The filter for what follows the document `id` in the order of ids, where
/// texts come before `ObjectId`s.
pub(super) fn after(id: Option<&str>) -> Document {
    let Some(id) = id else { return Document::new() };
    match body::object_id(id) {
        Some(id) => doc! { keys::ID: { "$gt": id } },
        // A comparison finds only values of its own type.
        None => doc! { "$or": [
            { keys::ID: { "$gt": id } },
            { keys::ID: { "$gte": ObjectId::from_bytes([0; 12]) } },
        ] },
    }
}

/// The filter for the document `id` that [`identity`] and `when` both describe.
pub(super) fn target(id: &str, seen: Option<Revision>, when: &Document) -> Document {
    let mut filter = identity(id, seen);
    if !when.is_empty() {
        filter.insert("$and", vec![when.clone()]);
    }
    filter
}

/// `filter` in the server's terms.
pub(super) fn filter(of: &Collection, filter: &Filter) -> Result<Document, StoreError> {
    Ok(match filter {
        Filter::All => Document::new(),
        Filter::Ids(ids) => {
            let ids: Vec<Bson> = ids.iter().map(|id| body::id_of(id)).collect();
            doc! { keys::ID: { "$in": ids } }
        }
        Filter::Eq(field, value) => doc! { name(of, field)?: { "$eq": scalar(of, field, value)? } },
        Filter::Less(field, value) => {
            doc! { name(of, field)?: { "$lt": scalar(of, field, value)? } }
        }
        Filter::AtLeast(field, value) => {
            doc! { name(of, field)?: { "$gte": scalar(of, field, value)? } }
        }
        Filter::In(field, values) => {
            let values: Vec<Bson> =
                values.iter().map(|value| scalar(of, field, value)).collect::<Result<_, _>>()?;
            doc! { name(of, field)?: { "$in": values } }
        }
        // Null compares equal to absent.
        Filter::Absent(field) => doc! { name(of, field)?: Bson::Null },
        Filter::Contains(field, sought) => {
            checks::searchable(of, field)?;
            text::contains(field, sought)
        }
        Filter::And(parts) if parts.is_empty() => Document::new(),
        Filter::And(parts) => doc! { "$and": all(of, parts)? },
        Filter::Or(parts) if parts.is_empty() => doc! { keys::ID: { "$in": [] } },
        Filter::Or(parts) => doc! { "$or": all(of, parts)? },
    })
}

/// The stages that count what matches and add up some fields.
pub(super) fn totals(
    of: &Collection,
    matching: &Filter,
    fields: &[&'static str],
) -> Result<Vec<Document>, StoreError> {
    let mut group = doc! { keys::ID: Bson::Null, "count": { "$sum": 1_i64 } };
    for (at, field) in fields.iter().enumerate() {
        checks::comparable(of, field, &Scalar::Int(0))?;
        group.insert(format!("sum{at}"), doc! { "$sum": format!("${}", keys::top(field)) });
    }
    Ok(vec![doc! { "$match": filter(of, matching)? }, doc! { "$group": group }])
}

/// The total order that `query` asks for.
pub(super) fn sort(of: &Collection, query: &Query) -> Result<Document, StoreError> {
    let mut order = Document::new();
    let mut last = 1;
    for (field, direction) in &query.sort {
        last = match direction {
            Direction::Ascending => 1,
            Direction::Descending => -1,
        };
        order.insert(name(of, field)?, last);
    }
    order.insert(keys::ID, last);
    Ok(order)
}

/// `patch` as stages of an update. Stages and not operators, because `$inc`
/// refuses a null, which counts as absent here.
pub(super) fn patch(of: &Collection, patch: &Patch) -> Result<Vec<Document>, StoreError> {
    checks::patch(of, patch)?;
    let mut set = doc! { keys::REVISION: sum(keys::REVISION, 1) };
    for (key, value) in &patch.set {
        set.insert(keys::top(key), doc! { "$literal": body::field(of, key, value)? });
        if checks::kind_of(of, key) == Some(FieldKind::Search) {
            set.insert(text::name(key), doc! { "$literal": text::array(value) });
        }
    }
    for (key, by) in &patch.increment {
        let name = keys::top(key);
        let sum = sum(&name, *by);
        set.insert(name, sum);
    }
    let mut stages = vec![doc! { "$set": set }];
    if !patch.unset.is_empty() {
        let search = |key: &&&str| checks::kind_of(of, key) == Some(FieldKind::Search);
        let grams = patch.unset.iter().filter(search).map(|key| text::name(key));
        let names = patch.unset.iter().map(|key| keys::top(key).into_owned());
        let names: Vec<_> = names.chain(grams).collect();
        stages.push(doc! { "$unset": names });
    }
    Ok(stages)
}

/// The stage that puts `document` in the place of the stored one, except for
/// the stored payload.
pub(super) fn replace_body(document: Document) -> Vec<Document> {
    let payload = doc! { keys::PAYLOAD: format!("${}", keys::PAYLOAD) };
    vec![doc! { "$replaceWith": { "$mergeObjects": [{ "$literal": document }, payload] } }]
}

fn sum(name: &str, by: i64) -> Document {
    doc! { "$add": [{ "$ifNull": [format!("${name}"), 0_i64] }, by] }
}

fn all(of: &Collection, parts: &[Filter]) -> Result<Vec<Document>, StoreError> {
    parts.iter().map(|part| filter(of, part)).collect()
}

fn name(of: &Collection, field: &str) -> Result<String, StoreError> {
    checks::declared(of, field).map(|field| keys::top(field.name).into_owned())
}

fn scalar(of: &Collection, field: &str, value: &Scalar) -> Result<Bson, StoreError> {
    checks::comparable(of, field, value)?;
    Ok(match value {
        Scalar::Text(text) => Bson::String(text.clone()),
        Scalar::Int(value) => Bson::Int64(*value),
        Scalar::Bool(value) => Bson::Boolean(*value),
        Scalar::Time(at) => Bson::DateTime(body::date(*at)),
        Scalar::Id(id) => body::id(*id),
    })
}
