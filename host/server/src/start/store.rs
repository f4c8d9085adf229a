//! The store of a host: which one, and whether it answers.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use bowsprit_host_api::Readiness;
use bowsprit_host_core::{identity::adoption, store::Documents};
use secrecy::ExposeSecret as _;
use tokio::sync::watch;

use super::COLLECTIONS;
use crate::{
    commands::{self, address::Address},
    settings::Settings,
    supervisor::Supervisor,
};

/// How often the store is asked whether it answers.
const STORE_CHECK: Duration = Duration::from_secs(2);

/// Whether the store is a file beside the host.
pub(super) fn is_embedded(settings: &Settings) -> bool {
    settings.store.expose_secret() == "embedded"
}

/// Opens the configured store, ready for use.
pub(crate) async fn open(settings: &Settings) -> anyhow::Result<Arc<dyn Documents>> {
    let store = Address::of(settings).open().await?.documents();
    commands::db_move::refuse_half_moved(&*store).await?;
    store.prepare(COLLECTIONS).await.context("the store's indexes cannot be made")?;
    adoption::adopt(&store).await.context("accounts of another program cannot be adopted")?;
    Ok(store)
}

/// Turns readiness off while the store does not answer.
pub(super) fn watch(
    supervisor: &Supervisor,
    store: &Arc<dyn Documents>,
    ready: &watch::Sender<Readiness>,
) {
    let (store, ready) = (Arc::clone(store), ready.clone());
    supervisor.every("watch the store", STORE_CHECK, move || {
        let (store, ready) = (Arc::clone(&store), ready.clone());
        async move {
            let answer = store.ping().await;
            if ready.send_if_modified(|it| it.note_store(answer.is_ok())) {
                match answer {
                    Ok(()) => tracing::info!("the store answers again"),
                    Err(error) => {
                        let cause: &dyn std::error::Error = &error;
                        tracing::error!(error = cause, "the store does not answer");
                    }
                }
            }
        }
    });
}
