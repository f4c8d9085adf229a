//! Whether the store of a running host answers.

use std::{sync::Arc, time::Duration};

use bowsprit_host_api::Readiness;
use bowsprit_host_core::store::Documents;
use tokio::sync::watch;

use crate::supervisor::Supervisor;

/// How often the store is asked whether it answers.
const STORE_CHECK: Duration = Duration::from_secs(2);

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
