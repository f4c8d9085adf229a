//! Runs against a real API server: the first one, and one that changes nothing.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use bowsprit_tests::{Kube, Method, Sample, Store, User, unique};
use futures::StreamExt as _;
use serde_json::{Value, json};

use crate::{
    drawings::{config_maps, kube, remove_namespace},
    host::{Place, Server, administrator},
    report::{Figure, Measured, Report, Target},
};

const GROUP: &str = "run";
/// How many objects, in how many rounds.
const SIZES: [(usize, usize, &str); 3] =
    [(10, 9, "10 ConfigMaps"), (50, 7, "50 ConfigMaps"), (200, 5, "200 ConfigMaps")];
/// Objects applied at once, by the host and by the limit.
const PARALLEL: usize = 32;

/// Measures runs of all sizes.
pub(crate) async fn measure(report: &mut Report) {
    let prepare = async {
        let kube = kube();
        let place = Place::new(Store::Embedded);
        let server = place.start_warm().await;
        let user = administrator(&server).await;
        kube.add_to(&user, "lab").await;
        let lab = Lab { kube, user, _server: server, _place: place };
        // Opens connections, the host's and ours.
        lab.round(PARALLEL).await;
        lab
    };
    let names = SIZES.map(|(_, _, name)| name);
    let Some(lab) = report.prepare(GROUP, &names, prepare).await else { return };
    for (size, rounds, name) in SIZES {
        report.row(GROUP, name, lab.runs_of(size, rounds)).await;
    }
}

struct Lab {
    kube: Kube,
    user: User,
    // Ends before its folder goes.
    _server: Server,
    _place: Place,
}

/// What one round took, ms.
struct Round {
    first: f64,
    unchanged: f64,
    /// Objects that the second run wrote.
    written: usize,
    applied: f64,
    read: f64,
}

impl Lab {
    async fn runs_of(&self, size: usize, count: usize) -> Measured {
        let mut rounds = Vec::new();
        for _ in 0..count {
            rounds.push(self.round(size).await);
        }
        let p50 = |of: fn(&Round) -> f64| Sample::new(rounds.iter().map(of).collect()).p50();
        let first = p50(|it| it.first);
        let written = rounds.iter().map(|it| it.written).max().unwrap_or_default();
        let figures = vec![
            Figure::new("first", first, "ms")
                .beside(p50(|it| it.applied))
                .aims(Target::Limit(2.0, 20.0)),
            Figure::new("unchanged", p50(|it| it.unchanged), "ms")
                .beside(p50(|it| it.read))
                .aims(Target::AtMost(first)),
            Figure::new("written when unchanged", written as f64, "objects")
                .aims(Target::AtMost(0.0)),
        ];
        let limit = "32 server-side applies at a time; one list";
        Measured { limit, note: format!("{count} rounds, new namespaces"), figures }
    }

    async fn round(&self, size: usize) -> Round {
        let (applied, read) = self.bare(size).await;
        let namespace = format!("bench-{}", unique());
        let id = self.user.workflow("maps", "lab").await;
        self.user.save(&id, &config_maps(&namespace, size)).await;
        let published = json!({ "status": "published" });
        self.user.put(&format!("/workflows/{id}/status"), &published).await.expect(200);
        let first = self.run(&id).await;
        let before = self.versions(&namespace).await;
        assert_eq!(before.len(), size, "objects in the cluster");
        let unchanged = self.run(&id).await;
        let after = self.versions(&namespace).await;
        let written = after.iter().filter(|(name, it)| before.get(*name) != Some(it)).count();
        self.user.delete(&format!("/workflows/{id}")).await.expect(200);
        remove_namespace(&self.kube, &namespace).await;
        Round { first, unchanged, written, applied, read }
    }

    /// Runs a workflow; answers how many ms that took.
    async fn run(&self, id: &str) -> f64 {
        let begun = Instant::now();
        let answer = self.user.post(&format!("/workflows/{id}/run"), &json!({})).await;
        let took = millis(begun.elapsed());
        assert_eq!(answer.expect(200)["status"], "completed");
        took
    }

    /// The resource version of every object of ours in a namespace.
    async fn versions(&self, namespace: &str) -> BTreeMap<String, Value> {
        let list = self.kube.get(&maps_in(namespace)).await.unwrap();
        let items = list["items"].as_array().unwrap().iter();
        let ours = items.filter(|it| it["metadata"]["name"].as_str().unwrap().starts_with("cm-"));
        let version = |it: &Value| {
            let metadata = &it["metadata"];
            (metadata["name"].as_str().unwrap().to_owned(), metadata["resourceVersion"].clone())
        };
        ours.map(version).collect()
    }

    /// The same objects by a bare client: how many ms all applies and one list
    /// take.
    async fn bare(&self, size: usize) -> (f64, f64) {
        let namespace = format!("bench-{}", unique());
        let object =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        let (status, _) = self.kube.send(Method::POST, "/api/v1/namespaces", &object).await;
        assert_eq!(status, 201, "the namespace is made");
        let objects = (0..size).map(|n| {
            let name = format!("cm-{n}");
            let path = format!("{}/{name}", maps_in(&namespace));
            let labels = json!({"app.kubernetes.io/managed-by": "test", "bench/of": "node"});
            let metadata = json!({"name": name, "namespace": namespace, "labels": labels});
            let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"n": n.to_string()}});
            (path, object)
        });
        let objects: Vec<_> = objects.collect();
        let begun = Instant::now();
        let applies = objects.iter().map(|(path, object)| self.kube.apply(path, object));
        let statuses: Vec<u16> =
            futures::stream::iter(applies).buffer_unordered(PARALLEL).collect().await;
        let applied = millis(begun.elapsed());
        assert!(statuses.iter().all(|it| *it == 201), "{statuses:?}");
        let begun = Instant::now();
        self.kube.get(&maps_in(&namespace)).await.unwrap();
        let read = millis(begun.elapsed());
        remove_namespace(&self.kube, &namespace).await;
        (applied, read)
    }
}

fn maps_in(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/configmaps")
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}
