//! `bowsprit keys`: the keys that seal credentials.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use bowsprit_host_core::{
    audit::{Action, Actor, Audit, Object},
    clusters::ClusterRecord,
    runs::vault::SealedValues,
    secrets::{KeyRing, Rotated, rotate},
    store::{Documents, Repository},
};
use clap::Subcommand;

use crate::{flags::Serve, keys::key_ring, output::say, store};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Seals everything with `encryption_key` that one of
    /// `encryption_keys_old` sealed. May be broken off and repeated, and run
    /// beside a host that uses MongoDB.
    Rotate {
        #[command(flatten)]
        serve: Serve,
    },
}

impl Command {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let Self::Rotate { serve } = self;
        let settings = serve.settings()?;
        let store = store::open(&settings).await?;
        let rotated = rotate_all(&store, &key_ring(&settings)?).await;
        store.close().await;
        let Rotated { resealed, current, unreadable } = rotated?;
        say(format_args!("{resealed} secrets sealed anew, {current} were already"));
        if !unreadable.is_empty() {
            bail!("no configured key opens the secrets of {}", unreadable.join(", "));
        }
        Ok(())
    }
}

/// Seals every secret of the host with the present key.
pub(crate) async fn rotate_all(
    store: &Arc<dyn Documents>,
    keys: &KeyRing,
) -> anyhow::Result<Rotated> {
    let clusters = Repository::<ClusterRecord>::new(Arc::clone(store));
    let values = Repository::<SealedValues>::new(Arc::clone(store));
    let rotated = rotate(&clusters, keys).await.context("credentials of clusters")?;
    let rotated = rotated.and(rotate(&values, keys).await.context("values given for runs")?);
    if rotated.resealed > 0 {
        let object = Object::new("keys", "encryption_key")
            .detail(format!("{} secrets sealed anew", rotated.resealed));
        Audit::new(store).record(Actor::default(), Action::KeysRotated, object).await;
    }
    Ok(rotated)
}

/// Does it beside everything else the host does.
pub(crate) async fn rotate_beside(store: Arc<dyn Documents>, keys: Arc<KeyRing>) {
    match rotate_all(&store, &keys).await {
        Ok(Rotated { resealed, current, unreadable }) => {
            tracing::info!(resealed, current, "secrets are sealed with the present key");
            for record in unreadable {
                tracing::warn!(record, "no configured key opens the secrets of this record");
            }
        }
        Err(error) => tracing::warn!(%error, "secrets were not sealed with the present key"),
    }
}
