//! Documents as BSON, and back, without a tree of values in between.
//!
//! A body key is a field of the same name. Times and ids in declared fields
//! are BSON's own types, so that indexes order and expire by them; they are
//! converted only if they read back exactly as they were written. Where others
//! keep such values elsewhere, a note in the body tells (see `types`). All
//! else is what JSON says it is: integers are 64 bits wide, and those that
//! need the 64th bit for their value become decimals.

use std::fmt;

use bowsprit_host_core::{
    id::Id,
    store::{Collection, Document, FieldKind, Revision, StoreError},
    time::Timestamp,
};
use bytes::Bytes;
use mongodb::bson::{
    Binary, Bson, DateTime, Decimal128,
    oid::ObjectId,
    raw::{BindRawBsonRef, CStr, RawArrayBuf, RawBsonRef, RawDocument, RawDocumentBuf, cstr},
    spec::BinarySubtype,
};
use serde::{
    Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
    ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer},
};

use super::{
    keys, text,
    types::{self, Kept},
};
use crate::checks;

/// A document as it is stored.
pub(super) fn encode(
    of: &Collection,
    id: &str,
    revision: Revision,
    body: &str,
    payload: Option<Bytes>,
) -> Result<RawDocumentBuf, StoreError> {
    let mut fields = RawDocumentBuf::new();
    match object_id(id) {
        Some(id) => fields.append(cstr!("_id"), id),
        None => fields.append(cstr!("_id"), id),
    }
    // Absent stands for 0; see `decode`.
    if revision != Revision(0) {
        fields.append(cstr!("revision"), revision.0);
    }
    let kept = types::noted(body);
    let mut json = serde_json::Deserializer::from_str(body);
    let top = Top { of, kept: kept.as_ref(), fields: &mut fields };
    (&mut json).deserialize_map(top).map_err(corrupt)?;
    json.end().map_err(corrupt)?;
    text::add(of, &mut fields)?;
    if let Some(payload) = payload {
        let bytes = Vec::from(payload);
        fields.append(cstr!("payload"), Binary { subtype: BinarySubtype::Generic, bytes });
    }
    if fields.as_bytes().len() > checks::MAX_DOCUMENT {
        return Err(StoreError::TooLarge);
    }
    Ok(fields)
}

/// A document as the port knows it. Also reads what others wrote: a document
/// without a revision is at 0.
pub(super) fn decode(of: &Collection, stored: &RawDocument) -> Result<Document, StoreError> {
    let mut id = None;
    let mut revision = Revision(0);
    let mut payload = None;
    let mut body = Vec::with_capacity(stored.as_bytes().len());
    let mut json = serde_json::Serializer::new(&mut body);
    let mut map = json.serialize_map(None).map_err(corrupt)?;
    for element in stored {
        let (name, value) = element.map_err(corrupt)?;
        match (name.as_str(), value) {
            (keys::ID, RawBsonRef::ObjectId(value)) => id = Some(value.to_hex()),
            (keys::ID, RawBsonRef::String(value)) => id = Some(value.to_owned()),
            (keys::REVISION, RawBsonRef::Int64(value)) => revision = Revision(value),
            (keys::REVISION, RawBsonRef::Int32(value)) => revision = Revision(value.into()),
            (keys::PAYLOAD, RawBsonRef::Binary(value)) => {
                payload = Some(Bytes::copy_from_slice(value.bytes));
            }
            (keys::ID | keys::REVISION | keys::PAYLOAD, _) => {
                return Err(corrupt(Foreign(format!("{}.{name}", of.name))));
            }
            (name, _) if text::is_hidden(name) => {}
            (name, value) => {
                map.serialize_entry(&keys::key(name), &Json(value)).map_err(corrupt)?;
            }
        }
    }
    if let Some(kept) = types::of(of, stored).map_err(corrupt)? {
        map.serialize_entry(types::KEY, &kept).map_err(corrupt)?;
    }
    SerializeMap::end(map).map_err(corrupt)?;
    let id = id.ok_or_else(|| corrupt(Foreign(format!("{}._id", of.name))))?;
    let body = String::from_utf8(body).map_err(corrupt)?;
    Ok(Document { id, revision, body, payload })
}

/// The stored form of `value` under the body key `key`.
pub(super) fn field(
    of: &Collection,
    key: &str,
    value: &serde_json::Value,
) -> Result<Bson, StoreError> {
    let mut one = RawDocumentBuf::new();
    let kind = checks::kind_of(of, key);
    Value { place: Place::Under(&mut one, cstr!("v")), kind, kept: None }
        .deserialize(value)
        .map_err(corrupt)?;
    let stored = one.get("v").map_err(corrupt)?.unwrap_or(RawBsonRef::Null);
    Bson::try_from(stored).map_err(corrupt)
}

/// `text` as an `ObjectId`, if it is one in the form that [`Id`] prints.
pub(super) fn object_id(text: &str) -> Option<ObjectId> {
    let id = ObjectId::parse_str(text).ok()?;
    (id.to_hex() == text).then_some(id)
}

/// The same point in time in BSON.
pub(super) fn date(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.as_millis())
}

/// The same id in BSON.
pub(super) fn id(id: Id) -> Bson {
    id_of(&id.to_string())
}

/// The id of the document `text`.
pub(super) fn id_of(text: &str) -> Bson {
    object_id(text).map_or_else(|| Bson::String(text.to_owned()), Bson::ObjectId)
}

fn date_of(text: &str) -> Option<DateTime> {
    let at: Timestamp = text.parse().ok()?;
    (at.to_string() == text).then(|| date(at))
}

pub(super) fn corrupt(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Corrupt(Box::new(error))
}

/// A field holds something that neither we nor the reference write.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` holds an unexpected type")]
struct Foreign(String);

/// Reads a JSON object into the fields of a document.
struct Top<'a> {
    of: &'a Collection,
    kept: Option<&'a Kept>,
    fields: &'a mut RawDocumentBuf,
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if self.kept.is_some() && key == types::KEY {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let kind = checks::kind_of(self.of, &key);
            let kept = self.kept.and_then(|it| it.at(&key));
            let name = keys::c_string(keys::top(&key)).map_err(A::Error::custom)?;
            map.next_value_seed(Value { place: Place::Under(self.fields, &name), kind, kept })?;
        }
        Ok(())
    }
}

/// Where a value goes.
enum Place<'a> {
    Under(&'a mut RawDocumentBuf, &'a CStr),
    Next(&'a mut RawArrayBuf),
}

/// Reads one JSON value to its place.
struct Value<'a> {
    place: Place<'a>,
    kind: Option<FieldKind>,
    kept: Option<&'a Kept>,
}

impl Value<'_> {
    fn put(self, value: impl BindRawBsonRef) {
        match self.place {
            Place::Under(fields, name) => fields.append(name, value),
            Place::Next(elements) => elements.push(value),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.put(RawBsonRef::Null);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.put(value);
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.put(value);
        Ok(())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        match i64::try_from(value) {
            Ok(value) => self.put(value),
            Err(_) => self.put(value.to_string().parse::<Decimal128>().map_err(E::custom)?),
        }
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.put(value);
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        let is_date = self.kind == Some(FieldKind::Time) || self.kept == Some(&Kept::Date);
        let is_id = self.kind == Some(FieldKind::Id) || self.kept == Some(&Kept::Id);
        let date = if is_date { date_of(text) } else { None };
        let id = if is_id { object_id(text) } else { None };
        match (date, id) {
            (Some(date), _) => self.put(date),
            (_, Some(id)) => self.put(id),
            _ => self.put(text),
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut elements = RawArrayBuf::new();
        for n in 0_usize.. {
            let kept = self.kept.and_then(|it| it.at(&n.to_string()));
            let next = Value { place: Place::Next(&mut elements), kind: None, kept };
            if seq.next_element_seed(next)?.is_none() {
                break;
            }
        }
        self.put(elements);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut fields = RawDocumentBuf::new();
        while let Some(key) = map.next_key::<String>()? {
            let kept = self.kept.and_then(|it| it.at(&key));
            let name = keys::c_string(keys::nested(&key)).map_err(A::Error::custom)?;
            let place = Place::Under(&mut fields, &name);
            map.next_value_seed(Value { place, kind: None, kept })?;
        }
        self.put(fields);
        Ok(())
    }
}

/// Prints a stored value as the JSON it came from.
struct Json<'a>(RawBsonRef<'a>);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            RawBsonRef::Null | RawBsonRef::Undefined => json.serialize_unit(),
            RawBsonRef::Boolean(value) => json.serialize_bool(value),
            RawBsonRef::Int32(value) => json.serialize_i32(value),
            RawBsonRef::Int64(value) => json.serialize_i64(value),
            RawBsonRef::Double(value) => json.serialize_f64(value),
            RawBsonRef::Decimal128(value) => match value.to_string().parse::<u64>() {
                Ok(value) => json.serialize_u64(value),
                Err(_) => Err(S::Error::custom("a decimal that is not an integer")),
            },
            RawBsonRef::String(text) | RawBsonRef::Symbol(text) => json.serialize_str(text),
            RawBsonRef::ObjectId(id) => json.serialize_str(&id.to_hex()),
            RawBsonRef::DateTime(at) => {
                json.collect_str(&Timestamp::from_millis(at.timestamp_millis()))
            }
            RawBsonRef::Document(fields) => {
                let mut map = json.serialize_map(None)?;
                for element in fields {
                    let (name, value) = element.map_err(S::Error::custom)?;
                    map.serialize_entry(&keys::key(name.as_str()), &Json(value))?;
                }
                map.end()
            }
            RawBsonRef::Array(elements) => {
                let mut seq = json.serialize_seq(None)?;
                for element in elements {
                    seq.serialize_element(&Json(element.map_err(S::Error::custom)?))?;
                }
                seq.end()
            }
            other => Err(S::Error::custom(format!("no JSON for {:?}", other.element_type()))),
        }
    }
}
