//! Sealing anew what was sealed with an older key.
//!
//! Safe beside everything else: a record is replaced only at the revision it
//! was read at. Safe to break off: what is sealed with the present key is
//! passed over, so that a second start goes on where the first one ended.

use super::{KeyRing, Place};
use crate::{
    Error, Result,
    store::{Filter, Query, Record, Repository, StoreError},
};

/// Records read at a time.
const PAGE: u32 = 200;

/// A record with sealed values in it.
pub trait HoldsSecrets: Record {
    /// The sealed values that are there, with the field each is sealed for.
    fn secrets(&mut self) -> Vec<(String, &mut String)>;
}

/// What a rotation did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Values that were sealed anew.
    pub resealed: usize,
    /// Values that were sealed with the present key already.
    pub current: usize,
    /// Records with a value that no configured key opens, as
    /// `collection/document`. They are left as they are.
    pub unreadable: Vec<String>,
}

impl Rotated {
    /// Both together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.resealed += other.resealed;
        self.current += other.current;
        self.unreadable.extend(other.unreadable);
        self
    }
}

/// Seals every value of a collection with the present key.
pub async fn rotate<T: HoldsSecrets>(stored: &Repository<T>, keys: &KeyRing) -> Result<Rotated> {
    let mut rotated = Rotated::default();
    let mut seen = 0;
    loop {
        // In order of id: what is added meanwhile comes later, and is sealed
        // with the present key anyway.
        let query = Query::new(Filter::All, PAGE).skipping(seen);
        let page = stored.find(&query).await?;
        if page.is_empty() {
            return Ok(rotated);
        }
        seen += page.len() as u64;
        for record in page {
            rotated = rotated.and(one(stored, keys, record.value.key()).await?);
        }
    }
}

async fn one<T: HoldsSecrets>(
    stored: &Repository<T>,
    keys: &KeyRing,
    id: String,
) -> Result<Rotated> {
    loop {
        let Some(mut record) = stored.get(&id).await? else { return Ok(Rotated::default()) };
        let rotated = match reseal(&mut record.value, keys, &id) {
            Err(Error::Unreadable { .. }) => {
                let name = format!("{}/{id}", T::COLLECTION.name);
                return Ok(Rotated { unreadable: vec![name], ..Rotated::default() });
            }
            other => other?,
        };
        if rotated.resealed == 0 {
            return Ok(rotated);
        }
        match stored.replace(record).await {
            // Somebody else wrote it: look again.
            Err(StoreError::Stale(_)) => {}
            Err(StoreError::Missing) => return Ok(Rotated::default()),
            Err(other) => return Err(other.into()),
            Ok(_) => return Ok(rotated),
        }
    }
}

fn reseal<T: HoldsSecrets>(record: &mut T, keys: &KeyRing, id: &str) -> Result<Rotated> {
    let mut rotated = Rotated::default();
    for (field, sealed) in record.secrets() {
        if keys.is_current(sealed) {
            rotated.current += 1;
            continue;
        }
        let place = Place { collection: T::COLLECTION.name, document: id, field: &field };
        *sealed = keys.seal(place, &keys.open(place, sealed)?)?;
        rotated.resealed += 1;
    }
    Ok(rotated)
}
