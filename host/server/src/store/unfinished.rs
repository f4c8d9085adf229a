//! The note in a store that a move has not finished filling.

use anyhow::{Context as _, bail};
use bowsprit_host_core::store::{Collection, Documents, StoreError};
use serde_json::Value;

/// Notes of moves that are not finished.
pub(crate) static MOVES: Collection =
    Collection { name: "store_moves", fields: &[], indexes: &[], unique: &[], expiry: None };

/// The id of the one note.
pub(crate) const UNFINISHED: &str = "unfinished";

/// Fails on a store that a move has not finished filling.
pub(super) async fn refuse_half_moved(store: &dyn Documents) -> anyhow::Result<()> {
    store.prepare(&[&MOVES]).await.context("the store's indexes cannot be made")?;
    if let Some(source) = unfinished_from(store).await? {
        bail!("the store holds half of a move from {source}; repeat `bowsprit db move`");
    }
    Ok(())
}

/// Where the unfinished move came from, if there is one.
pub(crate) async fn unfinished_from(store: &dyn Documents) -> Result<Option<String>, StoreError> {
    let note = store.get(&MOVES, UNFINISHED).await?;
    Ok(note.map(|note| {
        let body: Value = serde_json::from_str(&note.body).unwrap_or_default();
        body.get("from").and_then(|it| it.as_str()).unwrap_or_default().to_owned()
    }))
}
