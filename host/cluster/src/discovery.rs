//! Which kinds a cluster serves, learnt one group and version at a time.
//!
//! Never a full discovery: a cluster with many custom kinds answers that with
//! megabytes, and a run needs a handful of groups.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use bowsprit_host_core::{error::Result, kubernetes::Served, node_types::Kind};
use http::Request;
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    errors, lock, paths,
    requests::{CALL, Link, Outcome},
};

/// How long "not served" is believed: long enough for a drawing that uses the
/// kind many times, short enough for a definition that was just installed.
const ABSENT: Duration = Duration::from_secs(3);

/// How soon the same question is asked again, at the earliest, for who does not
/// believe what was answered before.
const AGAIN: Duration = Duration::from_millis(200);

/// Groups and versions kept; users can ask for any number.
const KEPT: usize = 256;

/// What is known of the kinds a cluster serves.
#[derive(Default)]
pub(crate) struct Discovery {
    known: Mutex<HashMap<(String, String), Slot>>,
}

/// Locked while the cluster is asked, so that it is asked once.
type Slot = Arc<tokio::sync::Mutex<Option<Kinds>>>;

struct Kinds {
    by_name: HashMap<String, Served>,
    /// When the question was sent.
    asked: Instant,
}

#[derive(Deserialize)]
struct ResourceList {
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
    kind: String,
    #[serde(default)]
    namespaced: bool,
}

impl Discovery {
    /// Whether and how `kind` is served.
    pub(crate) async fn served(&self, link: &Link, kind: &Kind) -> Result<Option<Served>> {
        self.in_time(link, kind, None).await
    }

    /// The same; that it is not served is not believed from before `since`.
    pub(crate) async fn served_since(
        &self,
        link: &Link,
        kind: &Kind,
        since: std::time::Instant,
    ) -> Result<Option<Served>> {
        self.in_time(link, kind, Some(Instant::from_std(since))).await
    }

    async fn in_time(
        &self,
        link: &Link,
        kind: &Kind,
        since: Option<Instant>,
    ) -> Result<Option<Served>> {
        // Whoever waits for another one's question waits no longer than for
        // its own.
        timeout(CALL, self.look_up(link, kind, since))
            .await
            .unwrap_or_else(|_| Err(errors::timed_out(link.server(), CALL.as_secs())))
    }

    async fn look_up(
        &self,
        link: &Link,
        kind: &Kind,
        since: Option<Instant>,
    ) -> Result<Option<Served>> {
        loop {
            let slot = self.slot(kind);
            let mut slot = slot.lock().await;
            if let Some(kinds) = slot.as_ref() {
                if let Some(served) = kinds.by_name.get(&kind.kind) {
                    return Ok(Some(served.clone()));
                }
                let age = kinds.asked.elapsed();
                if since.map_or(age < ABSENT, |since| kinds.asked >= since) {
                    return Ok(None);
                }
                let early = AGAIN.saturating_sub(age);
                if !early.is_zero() {
                    // Others of the group do not wait for this one.
                    drop(slot);
                    sleep(early).await;
                    continue;
                }
            }
            let asked = Instant::now();
            let by_name = ask(link, kind).await?;
            let served = by_name.get(&kind.kind).cloned();
            *slot = Some(Kinds { by_name, asked });
            return Ok(served);
        }
    }

    /// As [`Self::served`]; not served is an error.
    pub(crate) async fn required(&self, link: &Link, kind: &Kind) -> Result<Served> {
        let served = self.served(link, kind).await?;
        served.ok_or_else(|| errors::kind_not_served(&kind.api_version(), &kind.kind))
    }

    /// Drops what is known of a kind's group and version: the cluster said it
    /// is not served after all.
    pub(crate) fn forget(&self, kind: &Kind) {
        lock(&self.known).remove(&(kind.group.clone(), kind.version.clone()));
    }

    fn slot(&self, kind: &Kind) -> Slot {
        let key = (kind.group.clone(), kind.version.clone());
        let mut known = lock(&self.known);
        if known.len() >= KEPT && !known.contains_key(&key) {
            known.clear();
        }
        known.entry(key).or_default().clone()
    }
}

async fn ask(link: &Link, kind: &Kind) -> Result<HashMap<String, Served>> {
    let request = Request::get(paths::group_version(kind)?)
        .body(Vec::new())
        .map_err(bowsprit_host_core::Error::internal)?;
    let body = match link.send(request).await? {
        Outcome::Done(body) => body,
        Outcome::Refused(status) if status.code == 404 => return Ok(HashMap::new()),
        Outcome::Refused(status) => return Err(errors::status_error(&status)),
    };
    Ok(kinds(link.parse(&body)?))
}

/// Subresources (`pods/log`) are not kinds of their own; of two resources of
/// one kind the first is the main one.
fn kinds(list: ResourceList) -> HashMap<String, Served> {
    let mut by_name = HashMap::new();
    for it in list.resources {
        if paths::segment("resource", &it.name).is_ok() {
            let served = Served { plural: it.name, namespaced: it.namespaced };
            by_name.entry(it.kind).or_insert(served);
        }
    }
    by_name
}

#[cfg(test)]
mod tests;
