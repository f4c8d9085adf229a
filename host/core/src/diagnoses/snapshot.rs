//! What checks want to see of a cluster, asked once each.

use std::sync::Arc;

use futures::FutureExt as _;
use serde_json::Value;

use crate::{
    Error, Result,
    diagnostics::{Query, Snapshot},
    kubernetes::{Cluster, ObjectKey},
    node_types::{Answer, Kind},
    parallel::in_order,
    time::Timestamp,
};

/// Queries under way at once for one check.
const PARALLEL: usize = 4;

/// Everything seen of a cluster in one examination, so that all its checks
/// speak of the same moment.
pub(super) struct Seen<'a> {
    cluster: &'a Arc<dyn Cluster>,
    namespace: &'a str,
    at: String,
    answers: Vec<(Query, Answer)>,
}

impl<'a> Seen<'a> {
    /// Nothing yet. Objects that are asked for by name alone are looked for in
    /// `namespace`.
    pub(super) fn of(cluster: &'a Arc<dyn Cluster>, namespace: &'a str) -> Self {
        let at = Timestamp::now().to_string();
        Self { cluster, namespace, at, answers: Vec::new() }
    }

    /// When it began.
    pub(super) fn at(&self) -> String {
        self.at.clone()
    }

    /// Answers to these queries, in order.
    pub(super) async fn snapshot(&mut self, queries: &[Query]) -> Snapshot {
        let mut fresh: Vec<&Query> = Vec::new();
        for query in queries {
            if self.known(query).is_none() && !fresh.contains(&query) {
                fresh.push(query);
            }
        }
        let mut calls = Vec::with_capacity(fresh.len());
        for query in fresh {
            let (cluster, namespace) = (self.cluster, self.namespace);
            calls
                .push(async move { (query.clone(), ask(cluster, namespace, query).await) }.boxed());
        }
        self.answers.extend(in_order(calls, PARALLEL).await);
        let answers = queries.iter().filter_map(|it| self.known(it)).cloned().collect();
        Snapshot { answers, taken_at: self.at() }
    }

    fn known(&self, query: &Query) -> Option<&Answer> {
        self.answers.iter().find(|(it, _)| it == query).map(|(_, answer)| answer)
    }
}

/// "There is none", "you may not look" and "it did not answer" are three
/// different answers.
async fn ask(cluster: &Arc<dyn Cluster>, namespace: &str, query: &Query) -> Answer {
    match found(cluster, namespace, query).await {
        Ok(objects) => Answer::Objects(shown(&query.kind, objects)),
        Err(Error::Cluster { code: "cluster.kind-not-served", .. }) => Answer::Objects(Vec::new()),
        Err(Error::Cluster { code: "cluster.forbidden", message }) => Answer::Forbidden(message),
        Err(error) => Answer::Unavailable(error.to_string()),
    }
}

async fn found(cluster: &Arc<dyn Cluster>, namespace: &str, query: &Query) -> Result<Vec<Value>> {
    if let Some(name) = &query.name {
        let own = query.namespace.as_deref().unwrap_or(namespace);
        let key = ObjectKey {
            kind: query.kind.clone(),
            namespace: Some(own.to_owned()),
            name: name.clone(),
        };
        return Ok(cluster.get(&key).await?.into_iter().collect());
    }
    let selector = query.selector.as_deref().unwrap_or_default();
    cluster.some(&query.kind, query.namespace.as_deref(), selector, query.limit).await
}

/// Objects as components may see them, ordered: without the notes of managers,
/// and secrets without their values.
fn shown(kind: &Kind, mut objects: Vec<Value>) -> Vec<Arc<str>> {
    let text =
        |it: &Value, at: &str| it.pointer(at).and_then(Value::as_str).unwrap_or("").to_owned();
    objects.sort_by_cached_key(|it| (text(it, "/metadata/namespace"), text(it, "/metadata/name")));
    for object in &mut objects {
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
        if kind.is_secret() {
            for key in ["data", "stringData"] {
                let values = object.get_mut(key).and_then(Value::as_object_mut);
                values.into_iter().flat_map(|it| it.values_mut()).for_each(|it| *it = "".into());
            }
        }
    }
    objects.iter().map(|it| it.to_string().into()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn components_see_neither_values_of_secrets_nor_managers() {
        let secret = json!({
            "metadata": {"name": "b", "managedFields": [{}]}, "data": {"k": "aHVudGVyMg=="},
        });
        let other = json!({"metadata": {"name": "a"}});
        let shown = shown(&Kind::parse("v1", "Secret"), vec![secret, other]);
        let shown: Vec<&str> = shown.iter().map(AsRef::as_ref).collect();
        assert_eq!(
            shown,
            [r#"{"metadata":{"name":"a"}}"#, r#"{"data":{"k":""},"metadata":{"name":"b"}}"#]
        );
    }
}
