//! The store of an instance: where it is, what is in it, whether it is whole.

pub(crate) mod address;
pub(crate) mod unfinished;

use std::sync::Arc;

use anyhow::Context as _;
use bowsprit_host_core::{
    audit::AUDIT_LOG,
    clusters::{CLUSTERS, PREFERENCES},
    custom_kinds::CUSTOM_KINDS,
    dashboard::DASHBOARD_STATS,
    identity::{
        CLAIMS, adoption,
        invites::SETTINGS,
        oauth::{OAUTH_CODES, OAUTH_STATES},
        sessions::SESSIONS,
        users::USERS,
    },
    notifications::NOTIFICATIONS,
    palette::USER_PLUGINS,
    plugins::PLUGINS,
    revisions::REVISIONS,
    runs::{RUN_LOCKS, RUNS, inventory::INVENTORIES, vault::VAULTS},
    statuses::STATUSES,
    store::{Collection, Documents},
    versions::VERSIONS,
    workflows::WORKFLOWS,
};
use secrecy::ExposeSecret as _;

use self::address::Address;
use crate::settings::Settings;

/// Every collection of the host.
pub(crate) static COLLECTIONS: &[&Collection] = &[
    &USERS,
    &SESSIONS,
    &OAUTH_STATES,
    &OAUTH_CODES,
    &SETTINGS,
    &CLAIMS,
    &WORKFLOWS,
    &VERSIONS,
    &REVISIONS,
    &RUNS,
    &RUN_LOCKS,
    &INVENTORIES,
    &VAULTS,
    &STATUSES,
    &NOTIFICATIONS,
    &CLUSTERS,
    &PREFERENCES,
    &AUDIT_LOG,
    &PLUGINS,
    &USER_PLUGINS,
    &CUSTOM_KINDS,
    &DASHBOARD_STATS,
];

/// Whether the store is a file beside the host.
pub(crate) fn is_embedded(settings: &Settings) -> bool {
    settings.store.expose_secret() == "embedded"
}

/// Opens the configured store, ready for use.
pub(crate) async fn open(settings: &Settings) -> anyhow::Result<Arc<dyn Documents>> {
    let store = Address::of(settings).open().await?.documents();
    unfinished::refuse_half_moved(&*store).await?;
    store.prepare(COLLECTIONS).await.context("the store's indexes cannot be made")?;
    adoption::adopt(&store).await.context("accounts of another program cannot be adopted")?;
    Ok(store)
}
