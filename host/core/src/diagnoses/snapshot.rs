//! What checks want to see of a cluster, asked once each.

use std::sync::Arc;

use futures::FutureExt as _;
use serde_json::{Value, json};

use crate::{
    Error, Result,
    diagnostics::{Query, Snapshot},
    kubernetes::{Cluster, ObjectKey},
    node_types::{Answer, Kind},
    parallel::in_order,
    time::Timestamp,
};

/// Queries under way at once for one check, and requests for one query.
const PARALLEL: usize = 4;
/// Objects of one query whose events and log lines are looked at.
const LOOKED_INTO: usize = 20;
/// Events about one object.
const EVENTS: u32 = 20;

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
        Ok(objects) => {
            let mut shown = shown(&query.kind, objects);
            let more = beside(cluster, query, &shown).await;
            shown.extend(more);
            Answer::Objects(shown.iter().map(|it| it.to_string().into()).collect())
        }
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
fn shown(kind: &Kind, mut objects: Vec<Value>) -> Vec<Value> {
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
    objects
}

/// Events about objects, and log lines of pods, as a query asks for them. What
/// cannot be had of these is left out, or said in its place: the objects are
/// an answer without.
async fn beside(cluster: &Arc<dyn Cluster>, query: &Query, objects: &[Value]) -> Vec<Value> {
    let mut calls = Vec::new();
    let objects = objects.get(..objects.len().min(LOOKED_INTO)).unwrap_or_default();
    if query.with_events {
        calls.extend(objects.iter().map(|it| events(cluster, it).boxed()));
    }
    if query.log_lines > 0 && query.kind == Kind::pod() {
        calls.extend(objects.iter().map(|it| logs(cluster, it, query.log_lines).boxed()));
    }
    in_order(calls, PARALLEL).await.into_iter().flatten().collect()
}

async fn events(cluster: &Arc<dyn Cluster>, object: &Value) -> Vec<Value> {
    let text = |at: &str| object.pointer(at).and_then(Value::as_str);
    // Events about what is in no namespace are in this one.
    let namespace = text("/metadata/namespace").unwrap_or("default");
    let Some(uid) = text("/metadata/uid") else { return Vec::new() };
    let found = cluster.events(namespace, uid, EVENTS).await.unwrap_or_default();
    shown(&Kind::event(), found)
}

async fn logs(cluster: &Arc<dyn Cluster>, pod: &Value, lines: u32) -> Vec<Value> {
    let text = |at: &str| pod.pointer(at).and_then(Value::as_str).unwrap_or_default();
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
    let containers = pod.pointer("/spec/containers").and_then(Value::as_array);
    let mut all = Vec::new();
    for container in containers.into_iter().flatten().filter_map(|it| it.get("name")?.as_str()) {
        let (told, log) = match cluster.log_tail((namespace, name), container, lines).await {
            Ok(lines) => ("lines", json!(lines)),
            Err(error) => ("unavailable", json!(error.to_string())),
        };
        all.push(json!({
            "apiVersion": "bowsprit.dev/v1", "kind": "PodLog", "container": container,
            "metadata": { "name": name, "namespace": namespace }, told: log,
        }));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_see_neither_values_of_secrets_nor_managers() {
        let secret = json!({
            "metadata": {"name": "b", "managedFields": [{}]}, "data": {"k": "aHVudGVyMg=="},
        });
        let other = json!({"metadata": {"name": "a"}});
        let shown = shown(&Kind::parse("v1", "Secret"), vec![secret, other]);
        let without = json!({ "metadata": { "name": "b" }, "data": { "k": "" } });
        assert_eq!(shown, [json!({ "metadata": { "name": "a" } }), without]);
    }

    /// A cluster with two pods, their events and logs.
    struct Two;

    #[async_trait::async_trait]
    impl Cluster for Two {
        async fn probe(&self) -> Result<crate::kubernetes::ClusterFacts> {
            unasked()
        }

        async fn served(&self, _: &Kind) -> Result<Option<crate::kubernetes::Served>> {
            unasked()
        }

        async fn served_since(
            &self,
            _: &Kind,
            _: std::time::Instant,
        ) -> Result<Option<crate::kubernetes::Served>> {
            unasked()
        }

        async fn custom_kinds(&self) -> Result<Arc<Vec<crate::catalogues::Served>>> {
            unasked()
        }

        async fn definition(&self, _: &Kind) -> Result<Option<crate::catalogues::Served>> {
            unasked()
        }

        async fn definition_named(&self, _: &str) -> Result<Option<crate::catalogues::Served>> {
            unasked()
        }

        async fn apply(&self, _: &Value) -> Result<crate::kubernetes::Applied> {
            unasked()
        }

        async fn try_out(&self, _: &Value) -> Result<crate::kubernetes::Trial> {
            unasked()
        }

        async fn hand_over(&self, _: &Value) -> Result<crate::kubernetes::Applied> {
            unasked()
        }

        async fn take_back(&self, _: &Value, _: &Value) -> Result<crate::kubernetes::Applied> {
            unasked()
        }

        async fn amend(&self, _: &Value, _: bool) -> Result<crate::kubernetes::Applied> {
            unasked()
        }

        async fn get(&self, _: &ObjectKey) -> Result<Option<Value>> {
            unasked()
        }

        async fn list(&self, _: &Kind, _: Option<&str>, _: &str) -> Result<Vec<Value>> {
            unasked()
        }

        async fn some(&self, _: &Kind, _: Option<&str>, _: &str, _: u32) -> Result<Vec<Value>> {
            let pod = |name: &str| {
                json!({
                    "metadata": { "name": name, "namespace": "shop", "uid": format!("u-{name}") },
                    "spec": { "containers": [{ "name": "c" }] },
                })
            };
            Ok(vec![pod("b"), pod("a")])
        }

        async fn events(&self, namespace: &str, uid: &str, limit: u32) -> Result<Vec<Value>> {
            assert_eq!((namespace, limit), ("shop", EVENTS));
            Ok(vec![json!({ "metadata": { "name": "e", "managedFields": [] }, "about": uid })])
        }

        async fn log_tail(
            &self,
            (_, pod): (&str, &str),
            container: &str,
            lines: u32,
        ) -> Result<Vec<String>> {
            match pod {
                "a" => Ok(vec![format!("{container} {lines}")]),
                _ => Err(Error::Cluster { code: "cluster.forbidden", message: "no".into() }),
            }
        }

        async fn delete(&self, _: &ObjectKey, _: &str) -> Result<bool> {
            unasked()
        }

        async fn ensure_namespace(&self, _: &str) -> Result<bool> {
            unasked()
        }

        async fn informer(
            &self,
            _: &Kind,
            _: &str,
            _: &str,
        ) -> Result<Arc<dyn crate::kubernetes::Informer>> {
            unasked()
        }
    }

    fn unasked<T>() -> T {
        panic!("nobody asks for that")
    }

    fn answered(query: &Query) -> Vec<Value> {
        let cluster: Arc<dyn Cluster> = Arc::new(Two);
        let mut seen = Seen::of(&cluster, "shop");
        let queries = [query.clone()];
        let asking = seen.snapshot(&queries);
        let snapshot = asking.now_or_never().expect("nothing is waited for");
        let Answer::Objects(objects) = &snapshot.answers[0] else { panic!("{snapshot:?}") };
        objects.iter().map(|it| serde_json::from_str(it).unwrap()).collect()
    }

    #[test]
    fn events_and_log_lines_follow_the_objects_if_they_are_asked_for() {
        let pods = Query {
            kind: Kind::pod(),
            namespace: None,
            name: None,
            selector: None,
            with_events: false,
            log_lines: 0,
            limit: 9,
        };
        assert_eq!(answered(&pods).len(), 2);
        let with_events = answered(&Query { with_events: true, ..pods.clone() });
        let about: Vec<_> = with_events.iter().map(|it| it["about"].clone()).collect();
        assert_eq!(about, [Value::Null, Value::Null, "u-a".into(), "u-b".into()]);
        assert!(with_events[2]["metadata"].get("managedFields").is_none());

        let with_logs = answered(&Query { log_lines: 7, ..pods.clone() });
        let log = &with_logs[2];
        assert_eq!((&log["kind"], &log["metadata"]["name"]), (&json!("PodLog"), &json!("a")));
        assert_eq!((&log["container"], &log["lines"]), (&json!("c"), &json!(["c 7"])));
        assert_eq!(with_logs[3]["unavailable"], "no");
        // Nothing but pods has logs.
        let others = Query { kind: Kind::parse("v1", "Service"), log_lines: 7, ..pods };
        assert_eq!(answered(&others).len(), 2);
    }
}
