//! Whether objects are where their plugin may put them.

use std::sync::Arc;

use super::plan::Plan;
use crate::{Error, Result, kubernetes::Cluster};

/// Refuses a plan in which a plugin without that grant renders an object that
/// the cluster keeps outside of namespaces. The plugin's own word for it
/// (`order`) was checked by the engine; only the cluster knows the truth.
///
/// # Errors
///
/// [`Error::Plugin`] with `plugin.not-granted`, or what the cluster answers.
pub(super) async fn check(plan: &Plan, cluster: &Arc<dyn Cluster>) -> Result<()> {
    for (kind, plugin) in &plan.confined {
        let served = cluster.served(kind).await?;
        if served.is_some_and(|it| !it.namespaced) {
            return Err(Error::Plugin {
                code: "plugin.not-granted",
                plugin: plugin.clone(),
                function: "render",
                reason: format!(
                    "a `{}` is outside of namespaces, which takes `wants.cluster-scoped`",
                    kind.kind
                )
                .into(),
                node: None,
                record: None,
                source: None,
            });
        }
    }
    Ok(())
}
