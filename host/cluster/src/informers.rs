//! The informers of one cluster: shared by everybody who looks at the same
//! kind with the same selector.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use bowsprit_host_core::{
    error::{Error, Result},
    kubernetes::{Informer, InformerState, Served},
    node_types::Kind,
};
use kube::api::ListParams;
use tokio::time::Instant;

use crate::{
    clients::Clients,
    errors,
    informer::{KubeInformer, Scope},
    lock, paths,
    requests::Outcome,
};

/// How long a refused cluster-wide list is remembered.
const REFUSED: Duration = Duration::from_secs(60);

/// How long an informer goes on that nobody holds.
const UNUSED: Duration = Duration::from_secs(600);

/// The running informers.
#[derive(Default)]
pub(crate) struct Informers {
    running: Mutex<HashMap<(Kind, Scope), Running>>,
    refused: Mutex<HashMap<Kind, Instant>>,
}

struct Running {
    informer: Arc<KubeInformer>,
    asked: Instant,
}

impl Informers {
    /// The informer for `kind` and `selector` that covers `namespace`: the one
    /// for all namespaces if the cluster allows it. Starts it if need be.
    pub(crate) async fn get(
        &self,
        clients: &Clients,
        kind: &Kind,
        served: &Served,
        namespace: &str,
        selector: &str,
    ) -> Result<Arc<KubeInformer>> {
        let everywhere = Scope { namespace: None, selector: selector.to_owned() };
        if let Some(informer) = self.running(kind, &everywhere)
            && !(served.namespaced && matches!(informer.state(), InformerState::Forbidden(_)))
        {
            return Ok(informer);
        }
        if !served.namespaced || self.may_list_everywhere(clients, kind, served, selector).await? {
            return self.start(clients, kind, served, everywhere);
        }
        paths::segment("namespace", namespace)?;
        let here = Scope { namespace: Some(namespace.to_owned()), ..everywhere };
        self.start(clients, kind, served, here)
    }

    /// Ends all of them.
    pub(crate) fn close(&self) {
        for (_, it) in lock(&self.running).drain() {
            it.informer.close();
        }
    }

    fn running(&self, kind: &Kind, scope: &Scope) -> Option<Arc<KubeInformer>> {
        let mut running = lock(&self.running);
        let found = running.get_mut(&(kind.clone(), scope.clone()))?;
        found.asked = Instant::now();
        Some(found.informer.clone())
    }

    /// The running informer, if another caller was faster, or a new one.
    fn start(
        &self,
        clients: &Clients,
        kind: &Kind,
        served: &Served,
        scope: Scope,
    ) -> Result<Arc<KubeInformer>> {
        let mut running = lock(&self.running);
        running.retain(|_, it| Arc::strong_count(&it.informer) > 1 || it.asked.elapsed() < UNUSED);
        let key = (kind.clone(), scope);
        if let Some(found) = running.get_mut(&key) {
            found.asked = Instant::now();
            return Ok(found.informer.clone());
        }
        let resource = paths::resource(kind, served);
        let informer = KubeInformer::start(clients.lane()?, resource, &key.1, clients.server());
        running.insert(key, Running { informer: informer.clone(), asked: Instant::now() });
        Ok(informer)
    }

    /// Asks by listing one object: what decides is the cluster's answer to the
    /// very request, whatever authorizes it.
    async fn may_list_everywhere(
        &self,
        clients: &Clients,
        kind: &Kind,
        served: &Served,
        selector: &str,
    ) -> Result<bool> {
        if lock(&self.refused).get(kind).is_some_and(|it| it.elapsed() < REFUSED) {
            return Ok(false);
        }
        let params = ListParams::default().labels(selector).limit(1);
        let request =
            paths::collection(kind, served, None)?.list(&params).map_err(Error::internal)?;
        match clients.reads().send(request).await? {
            Outcome::Done(_) => Ok(true),
            Outcome::Refused(status) if status.code == 403 => {
                let mut refused = lock(&self.refused);
                refused.retain(|_, it| it.elapsed() < REFUSED);
                refused.insert(kind.clone(), Instant::now());
                Ok(false)
            }
            Outcome::Refused(status) => Err(errors::status_error(&status)),
        }
    }
}
