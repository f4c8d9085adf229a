//! Single objects, lists, deletion, namespaces.

use std::time::Duration;

use bowsprit_host_core::{
    error::{Error, Result},
    kubernetes::{ObjectKey, Served},
    node_types::Kind,
};
use http::Request;
use kube::{
    api::{DeleteParams, GetParams, ListParams, PostParams, Preconditions},
    core,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    FIELD_MANAGER,
    clients::Clients,
    discovery::Discovery,
    errors, paths,
    requests::{Link, Outcome},
};

/// Objects per page of a list, as client-go has it.
const PAGE: u32 = 500;

/// The recommended label that says what a namespace was made by.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// How long a new namespace is left alone. The API server's admission makes
/// the first object wait 50 ms (`missingNamespaceWait` of its plugin
/// `NamespaceLifecycle`) if its own watch, which takes about a millisecond, has
/// not shown it the namespace yet.
const NAMESPACE_SETTLES: Duration = Duration::from_millis(5);

#[derive(Deserialize)]
pub(crate) struct Page {
    #[serde(default)]
    pub(crate) metadata: PageMetadata,
    #[serde(default)]
    pub(crate) items: Vec<Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageMetadata {
    #[serde(rename = "continue", default)]
    next: Option<String>,
    /// How many objects are on later pages.
    #[serde(default)]
    pub(crate) remaining_item_count: Option<u32>,
}

/// The object, or `None` if it or its kind is not there.
pub(crate) async fn get(
    clients: &Clients,
    discovery: &Discovery,
    key: &ObjectKey,
) -> Result<Option<Value>> {
    let Some(served) = discovery.served(clients.reads(), &key.kind).await? else {
        return Ok(None);
    };
    let request =
        one(key, &served)?.get(&key.name, &GetParams::default()).map_err(Error::internal)?;
    match clients.writes().send(request).await? {
        Outcome::Done(body) => clients.writes().parse(&body).map(Some),
        Outcome::Refused(status) if status.code == 404 => Ok(None),
        Outcome::Refused(status) => Err(errors::status_error(&status)),
    }
}

/// Deletes an object in the background if it still is the one with `uid`.
pub(crate) async fn delete(
    clients: &Clients,
    discovery: &Discovery,
    key: &ObjectKey,
    uid: &str,
) -> Result<bool> {
    let Some(served) = discovery.served(clients.reads(), &key.kind).await? else {
        return Ok(false);
    };
    let same = Preconditions { uid: Some(uid.to_owned()), ..Preconditions::default() };
    let params = DeleteParams::background().preconditions(same);
    let request = one(key, &served)?.delete(&key.name, &params).map_err(Error::internal)?;
    match clients.writes().send(request).await? {
        Outcome::Done(_) => Ok(true),
        Outcome::Refused(status) if matches!(status.code, 404 | 409) => Ok(false),
        Outcome::Refused(status) => Err(errors::status_error(&status)),
    }
}

fn one(key: &ObjectKey, served: &Served) -> Result<core::Request> {
    paths::segment("metadata.name", &key.name)?;
    if served.namespaced && key.namespace.is_none() {
        return Err(Error::invalid("metadata.namespace", "must be given for this kind"));
    }
    paths::collection(&key.kind, served, key.namespace.as_deref())
}

/// All objects of a kind that match a label selector, in the server's order.
pub(crate) async fn list(
    clients: &Clients,
    discovery: &Discovery,
    kind: &Kind,
    namespace: Option<&str>,
    selector: &str,
) -> Result<Vec<Value>> {
    let served = discovery.required(clients.reads(), kind).await?;
    let collection = paths::collection(kind, &served, namespace)?;
    let params = ListParams { limit: Some(PAGE), ..ListParams::default() }.labels(selector);
    let mut objects = all_pages(clients.reads(), |next| {
        let params = ListParams { continue_token: next, ..params.clone() };
        collection.list(&params).map_err(Error::internal)
    })
    .await?;
    for object in &mut objects {
        complete(object, kind);
    }
    Ok(objects)
}

/// The first objects of a kind that match a label selector, up to a limit.
pub(crate) async fn some(
    clients: &Clients,
    discovery: &Discovery,
    kind: &Kind,
    namespace: Option<&str>,
    (selector, limit): (&str, u32),
) -> Result<Vec<Value>> {
    let served = discovery.required(clients.reads(), kind).await?;
    let collection = paths::collection(kind, &served, namespace)?;
    let params = ListParams { limit: Some(limit), ..ListParams::default() }.labels(selector);
    let request = collection.list(&params).map_err(Error::internal)?;
    match clients.reads().send(request).await? {
        Outcome::Done(body) => {
            let mut page: Page = clients.reads().parse(&body)?;
            // A server may answer more than it is asked for.
            page.items.truncate(limit as usize);
            page.items.iter_mut().for_each(|it| complete(it, kind));
            Ok(page.items)
        }
        Outcome::Refused(status) => Err(errors::status_error(&status)),
    }
}

/// Objects in lists do not say what they are.
pub(crate) fn complete(object: &mut Value, kind: &Kind) {
    if let Some(fields) = object.as_object_mut() {
        fields.entry("apiVersion").or_insert_with(|| kind.api_version().into());
        fields.entry("kind").or_insert_with(|| kind.kind.clone().into());
    }
}

/// Follows a list to its end. A list that takes longer than the server keeps
/// its state (5 min) is begun anew, once.
pub(crate) async fn all_pages(
    link: &Link,
    request: impl Fn(Option<String>) -> Result<Request<Vec<u8>>>,
) -> Result<Vec<Value>> {
    let mut objects = Vec::new();
    let mut next = None;
    let mut expired = false;
    loop {
        match link.send(request(next.take())?).await? {
            Outcome::Done(body) => {
                let page: Page = link.parse(&body)?;
                objects.extend(page.items);
                next = page.metadata.next.filter(|it| !it.is_empty());
                if next.is_none() {
                    return Ok(objects);
                }
            }
            Outcome::Refused(status) if status.code == 410 && !expired => {
                expired = true;
                objects.clear();
            }
            Outcome::Refused(status) => return Err(errors::status_error(&status)),
        }
    }
}

/// Creates a namespace unless it exists; true if it was created.
///
/// Who may neither see nor create namespaces was given one to work in: it is
/// taken to exist, and applying to it shows otherwise.
pub(crate) async fn ensure_namespace(clients: &Clients, name: &str) -> Result<bool> {
    let kind = Kind::parse("v1", "Namespace");
    let served = Served { plural: "namespaces".into(), namespaced: false };
    paths::segment("namespace", name)?;
    let collection = paths::collection(&kind, &served, None)?;
    let link = clients.writes();

    let request = collection.get(name, &GetParams::default()).map_err(Error::internal)?;
    let hidden = match link.send(request).await? {
        Outcome::Done(body) => return usable(name, &link.parse(&body)?),
        Outcome::Refused(status) if matches!(status.code, 403 | 404) => status.code == 403,
        Outcome::Refused(status) => return Err(errors::status_error(&status)),
    };

    let namespace = json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {MANAGED_BY: FIELD_MANAGER}},
    });
    let params = PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
    let request =
        collection.create(&params, namespace.to_string().into()).map_err(Error::internal)?;
    match link.send(request).await? {
        Outcome::Done(_) => {
            tokio::time::sleep(NAMESPACE_SETTLES).await;
            Ok(true)
        }
        Outcome::Refused(status) if status.code == 409 => Ok(false),
        Outcome::Refused(status) if status.code == 403 && hidden => Ok(false),
        Outcome::Refused(status) => Err(errors::status_error(&status)),
    }
}

/// Whether a namespace is not there. One that may not be seen is taken to be.
pub(crate) async fn is_namespace_missing(clients: &Clients, name: &str) -> Result<bool> {
    let kind = Kind::parse("v1", "Namespace");
    let served = Served { plural: "namespaces".into(), namespaced: false };
    paths::segment("namespace", name)?;
    let request = paths::collection(&kind, &served, None)?;
    let request = request.get(name, &GetParams::default()).map_err(Error::internal)?;
    let answer = clients.reads().send(request).await?;
    Ok(matches!(answer, Outcome::Refused(status) if status.code == 404))
}

/// A namespace on its way out takes no new objects.
fn usable(name: &str, namespace: &Value) -> Result<bool> {
    if namespace.pointer("/metadata/deletionTimestamp").is_some() {
        return Err(Error::Cluster {
            code: "cluster.namespace-terminating",
            message: format!("the namespace `{name}` is being deleted"),
        });
    }
    Ok(false)
}
