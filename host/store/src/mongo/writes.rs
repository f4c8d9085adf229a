//! Writing documents: by revision, at any revision, and again after a race.

use std::future::IntoFuture;

use bowsprit_host_core::store::{Collection, Revision, StoreError};
use mongodb::{
    bson::{self, doc},
    options::ReturnDocument,
};

use super::{MongoStore, PATIENCE, body, faults, keys, query};

/// How often one write begins anew after the server cut it off in favour of
/// another. Of two that block each other one always gets through, so this many
/// can only be reached by as many writers of one document at once.
const RACES: usize = 32;

impl MongoStore {
    /// Waits for one write to `of`. One that the server undid because it and
    /// another blocked each other begins anew: nothing of it has happened.
    pub(super) async fn write<T, O>(
        &self,
        of: &'static Collection,
        operation: impl Fn() -> O,
    ) -> Result<T, StoreError>
    where
        O: IntoFuture<Output = mongodb::error::Result<T>>,
    {
        let written = self.raced(operation).await?;
        written.map_err(|error| faults::of_collection(of, error))
    }

    async fn raced<T, O>(
        &self,
        operation: impl Fn() -> O,
    ) -> Result<mongodb::error::Result<T>, StoreError>
    where
        O: IntoFuture<Output = mongodb::error::Result<T>>,
    {
        for _ in 1..RACES {
            match self.within(PATIENCE, operation()).await? {
                Err(error) if faults::is_lost_race(&error) => {}
                outcome => return Ok(outcome),
            }
        }
        self.within(PATIENCE, operation()).await
    }

    /// Updates a document at whatever revision it is; answers the new one.
    pub(super) async fn update(
        &self,
        of: &'static Collection,
        id: &str,
        when: &bson::Document,
        stages: &[bson::Document],
    ) -> Result<Revision, StoreError> {
        let collection = self.collection(of);
        let update = || {
            collection
                .find_one_and_update(query::target(id, None, when), stages.to_vec())
                .projection(doc! { keys::REVISION: 1 })
                .return_document(ReturnDocument::After)
        };
        match self.raced(update).await? {
            Ok(Some(updated)) => Ok(body::decode(of, &updated)?.revision),
            Ok(None) => Err(self.unmatched(of, id).await),
            Err(error) if faults::is_nameless_duplicate(&error) => {
                self.update_current(of, id, when, stages).await
            }
            Err(error) => Err(faults::of_collection(of, error)),
        }
    }

    /// Like [`Self::update`], by reading the revision first. Slower, but an
    /// update by revision says which unique index refused it.
    async fn update_current(
        &self,
        of: &'static Collection,
        id: &str,
        when: &bson::Document,
        stages: &[bson::Document],
    ) -> Result<Revision, StoreError> {
        loop {
            let seen = self.revision(of, id).await?.ok_or(StoreError::Missing)?;
            match self.update_seen(of, id, seen, when, stages).await {
                // Somebody else was faster; otherwise it is `when` that fails.
                Err(StoreError::Stale(current)) if current != seen => {}
                outcome => return outcome,
            }
        }
    }

    /// Updates a document that is still at `seen`; answers its new revision.
    pub(super) async fn update_seen(
        &self,
        of: &'static Collection,
        id: &str,
        seen: Revision,
        when: &bson::Document,
        stages: &[bson::Document],
    ) -> Result<Revision, StoreError> {
        let collection = self.collection(of);
        let update = || collection.update_one(query::target(id, Some(seen), when), stages.to_vec());
        if self.write(of, update).await?.matched_count == 0 {
            return Err(self.unmatched(of, id).await);
        }
        Ok(Revision(seen.0 + 1))
    }
}
