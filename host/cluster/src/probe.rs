//! What there is to know about a cluster as a whole.

use std::time::Duration;

use bowsprit_host_core::{
    error::{Error, Result},
    kubernetes::ClusterFacts,
};
use http::{Request, header::ACCEPT};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

use crate::{
    errors,
    objects::{self, Page},
    requests::{Link, Outcome},
};

/// How long the version may take: without it the cluster counts as not there.
const VERSION: Duration = Duration::from_secs(5);

/// How long everything together may take.
const ALL: Duration = Duration::from_secs(8);

/// Asks for names and labels only.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    git_version: String,
}

/// Asks for the version and, at the same time, for what else there is to know.
/// What the user may not see, or what takes too long, stays empty.
pub(crate) async fn probe(link: &Link) -> Result<ClusterFacts> {
    let rest = async {
        tokio::join!(
            timeout(ALL, nodes(link)),
            timeout(ALL, names(link, "/api/v1/namespaces")),
            timeout(ALL, names(link, "/apis/storage.k8s.io/v1/storageclasses")),
        )
    };
    let (version, (nodes, namespaces, storage_classes)) =
        tokio::try_join!(version(link), async { Ok(rest.await) })?;
    let nodes = nodes.ok().and_then(Result::ok).unwrap_or_default();
    Ok(ClusterFacts {
        version,
        platform: nodes.platform,
        provider: nodes.provider,
        node_count: nodes.count,
        namespaces: namespaces.ok().and_then(Result::ok).unwrap_or_default(),
        storage_classes: storage_classes.ok().and_then(Result::ok).unwrap_or_default(),
    })
}

async fn version(link: &Link) -> Result<String> {
    match link.send_within(get("/version", None)?, VERSION).await? {
        Outcome::Done(body) => Ok(link.parse::<Version>(&body)?.git_version),
        // Every API server has a version; something else answers.
        Outcome::Refused(status) if status.code == 404 => {
            Err(errors::not_kubernetes(link.server()))
        }
        Outcome::Refused(status) => Err(errors::status_error(&status)),
    }
}

#[derive(Default)]
struct Nodes {
    count: u32,
    platform: String,
    provider: String,
}

/// One node stands for all; the server counts the others.
async fn nodes(link: &Link) -> Result<Nodes> {
    let page: Page = link.ask(get("/api/v1/nodes?limit=1", None)?).await?;
    let Some(node) = page.items.first() else {
        return Ok(Nodes::default());
    };
    Ok(Nodes {
        count: page.metadata.remaining_item_count.unwrap_or(0).saturating_add(1),
        platform: platform(node),
        provider: provider(node),
    })
}

/// The operating system: the well-known label, else what the kubelet reports.
fn platform(node: &Value) -> String {
    text(node, "/metadata/labels/kubernetes.io~1os")
        .or_else(|| text(node, "/status/nodeInfo/operatingSystem"))
        .unwrap_or_default()
        .to_owned()
}

/// The label some providers set, else the scheme of the provider id
/// (`aws:///eu-central-1a/i-0`), which all cloud controllers set.
fn provider(node: &Value) -> String {
    text(node, "/metadata/labels/kubernetes.io~1cloud-provider")
        .or_else(|| text(node, "/spec/providerID")?.split_once("://").map(|(scheme, _)| scheme))
        .unwrap_or_default()
        .to_owned()
}

fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer)?.as_str().filter(|it| !it.is_empty())
}

async fn names(link: &Link, path: &str) -> Result<Vec<String>> {
    let pages = objects::all_pages(link, |next| {
        let next = next.map(|it| format!("&continue={it}")).unwrap_or_default();
        get(&format!("{path}?limit=500{next}"), Some(METADATA))
    });
    let mut names: Vec<String> = pages
        .await?
        .iter()
        .filter_map(|it| text(it, "/metadata/name").map(str::to_owned))
        .collect();
    names.sort();
    Ok(names)
}

fn get(path: &str, accept: Option<&str>) -> Result<Request<Vec<u8>>> {
    Request::get(path)
        .header(ACCEPT, accept.unwrap_or("application/json"))
        .body(Vec::new())
        .map_err(Error::internal)
}

#[cfg(test)]
mod tests;
