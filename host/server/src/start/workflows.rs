//! Workflows with their versions and revisions, and the work that keeps those
//! in bounds.

use std::{sync::Arc, time::Duration};

use bowsprit_host_api::ApiState;
use bowsprit_host_core::{
    clusters::Clusters,
    custom_kinds::KeptKinds,
    drafts::{Drafts, ExportLimits},
    drawing::DrawingLimits,
    events::Events,
    node_types::NodeTypes,
    revisions::{Retention, Revisions},
    runs::{Runs, vault::Vaults},
    secrets::KeyRing,
    store::{Documents, Repository},
    tasks::Tasks,
    versions::Versions,
    workflows::Workflows,
};

use crate::{settings::Settings, supervisor::Supervisor};

/// How often revisions that are too old are looked for.
const REVISION_CHECK: Duration = Duration::from_secs(3600);

pub(super) fn versions(settings: &Settings, store: &Arc<dyn Documents>) -> Versions {
    Versions::new(store, settings.versions.keep)
}

pub(super) fn workflows(
    settings: &Settings,
    store: &Arc<dyn Documents>,
    versions: Versions,
    runs: Runs,
    events: Arc<dyn Events>,
) -> Workflows {
    let days = u64::from(settings.revisions.max_age_days);
    let retention =
        Retention { keep: settings.revisions.keep, max_age: Duration::from_secs(days * 86_400) };
    let limits = DrawingLimits {
        nodes: settings.limits.nodes,
        edges: settings.limits.edges,
        ..DrawingLimits::default()
    };
    Workflows::new(store, versions, Revisions::new(store, retention), runs, events, limits)
}

/// What is asked about drawings.
pub(super) fn drafts(
    settings: &Settings,
    store: &Arc<dyn Documents>,
    keys: &Arc<KeyRing>,
    (parts, custom): (&(Workflows, Clusters, Arc<dyn NodeTypes>), KeptKinds),
) -> Drafts {
    let (workflows, clusters, node_types) = parts.clone();
    let vaults = Vaults::new(store, Arc::clone(keys));
    let limits = &settings.limits;
    let exports = ExportLimits { bytes: limits.export_bytes, calls: limits.export_calls };
    let kept = (vaults, Repository::new(Arc::clone(store)));
    Drafts::new((workflows, clusters, node_types), custom, kept, exports)
}

/// Looks after what is kept beside workflows.
pub(super) fn tend(supervisor: &Supervisor, state: &ApiState) {
    let workflows = state.workflows.clone();
    supervisor.every("forget old revisions", REVISION_CHECK, move || {
        let workflows = workflows.clone();
        async move {
            if let Err(error) = workflows.forget_old_revisions().await {
                tracing::warn!(%error, "old revisions were not removed");
            }
        }
    });
    let search = state.search.clone();
    let tasks: Arc<dyn Tasks> = Arc::new(supervisor.clone());
    tasks.keep("prepare older documents for search", async move {
        if let Err(error) = search.complete().await {
            tracing::warn!(%error, "older documents are not found by search yet");
        }
    });
}
