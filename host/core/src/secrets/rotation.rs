//! Sealing anew what was sealed with an older key.
//!
//! Safe beside everything else: a record is replaced only at the revision it
//! was read at, however often others get in between. Safe to break off: what is sealed with the present key is
//! passed over, so that a second start goes on where the first one ended.

use super::{KeyRing, Place};
use crate::{
    Error, Result,
    store::{Filter, Query, Record, Repository},
};

/// Records read at a time.
const PAGE: u32 = 200;

/// A record with sealed values in it.
pub trait HoldsSecrets: Record {
    /// The sealed values that are there, with the field each is sealed for.
    fn secrets(&mut self) -> Vec<(String, &mut String)>;

    /// Seals for their places what another program encrypted.
    fn seal_foreign(&mut self, _keys: &KeyRing) -> Result<()> {
        Ok(())
    }
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
            rotated = rotated.and(one(stored, keys, record.value).await?);
        }
    }
}

async fn one<T: HoldsSecrets>(
    stored: &Repository<T>,
    keys: &KeyRing,
    mut record: T,
) -> Result<Rotated> {
    let secrets = record.secrets();
    if secrets.iter().all(|(_, sealed)| keys.is_current(sealed)) {
        return Ok(Rotated { current: secrets.len(), ..Rotated::default() });
    }
    let id = record.key();
    let mut rotated = Rotated::default();
    let updated = stored.update(&id, |record| {
        rotated = reseal(record, keys, &id)?;
        Ok::<_, Error>(())
    });
    match updated.await {
        Err(Error::Unreadable { .. }) => {
            let name = format!("{}/{id}", T::COLLECTION.name);
            Ok(Rotated { unreadable: vec![name], ..Rotated::default() })
        }
        other => other.map(|_| rotated),
    }
}

fn reseal<T: HoldsSecrets>(record: &mut T, keys: &KeyRing, id: &str) -> Result<Rotated> {
    record.seal_foreign(keys)?;
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
