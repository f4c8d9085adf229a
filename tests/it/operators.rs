//! What a cluster's definitions make possible: which operators are there, nodes
//! of those that are not, and node types of one's own.

use std::{fs, path::Path};

use bowsprit_tests::{Kube, Method, Store, TestHost, User, copy_folder, guests_dir, unique};
use serde_json::{Value, json};

use crate::{
    palette::plugin_node,
    reload::{has, palette},
};

/// A group no other test uses, as long as the one in the test's catalogue.
pub(crate) fn group() -> String {
    let word = unique();
    let letters: String = word.chars().rev().filter(char::is_ascii_hexdigit).take(6).collect();
    format!("t{letters}.dev")
}

/// The test's catalogue for another group: the same component, but for that.
fn add_almanac_of(group: &str, dir: &Path) {
    let folder = dir.join("almanac");
    copy_folder(&guests_dir().join("almanac"), &folder);
    let toml = fs::read_to_string(folder.join("plugin.toml")).unwrap();
    fs::write(folder.join("plugin.toml"), toml.replace("example.dev", group)).unwrap();
    let mut bytes = fs::read(folder.join("plugin.wasm")).unwrap();
    let (from, to) = ("example.dev".as_bytes(), group.as_bytes());
    assert_eq!(from.len(), to.len());
    let found: Vec<usize> =
        (0..bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    assert!(!found.is_empty());
    for at in found {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    fs::write(folder.join("plugin.wasm"), bytes).unwrap();
}

/// A custom kind that a test defines.
pub(crate) struct Definition {
    kube: Kube,
    path: String,
    /// Plural and kind.
    names: (&'static str, &'static str),
    group: String,
    pub(crate) name: String,
    scope: &'static str,
    /// The one that is stored last.
    versions: &'static [&'static str],
    /// The schema of its `spec`.
    spec: Value,
    columns: Value,
}

impl Definition {
    /// `Note`, which the test's catalogue knows in its own group.
    pub(crate) fn of(kube: Kube, group: &str) -> Self {
        Self::called(kube, group, ("notes", "Note"))
    }

    pub(crate) fn called(kube: Kube, group: &str, names: (&'static str, &'static str)) -> Self {
        let name = format!("{}.{group}", names.0);
        let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
        let spec = json!({"type": "object", "properties": {
            "text": {"type": "string", "description": "What it says."},
            "copies": {"type": "integer", "default": 1},
        }});
        let columns = json!([{"name": "Text", "type": "string", "jsonPath": ".spec.text"}]);
        let group = group.into();
        let (scope, versions): (_, &[_]) = ("Namespaced", &["v1alpha1", "v1"]);
        Self { kube, path, names, group, name, scope, versions, spec, columns }
    }

    /// The same with another schema.
    pub(crate) fn saying(self, spec: Value) -> Self {
        Self { spec, ..self }
    }

    /// The same with other columns.
    pub(crate) fn showing(self, columns: Value) -> Self {
        Self { columns, ..self }
    }

    /// The same in other versions.
    pub(crate) fn serving(self, versions: &'static [&'static str]) -> Self {
        Self { versions, ..self }
    }

    /// The same without namespaces.
    pub(crate) fn everywhere(self) -> Self {
        Self { scope: "Cluster", ..self }
    }

    /// Makes it, and waits until it is in force.
    pub(crate) async fn install(&self) {
        self.create().await;
        let all = |it: &Value| it["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let is = |it: &Value| it["type"] == "Established" && it["status"] == "True";
        self.kube
            .until(&self.path, |it| it.as_ref().is_some_and(|it| all(it).iter().any(is)))
            .await;
    }

    /// Makes it.
    pub(crate) async fn create(&self) {
        let (plural, kind) = self.names;
        let spec = &self.spec;
        let status = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        let version = |name: &&str| {
            json!({
                "name": name, "served": true, "storage": self.versions.last() == Some(name),
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": status}}},
                "additionalPrinterColumns": self.columns,
            })
        };
        let versions: Vec<Value> = self.versions.iter().map(version).collect();
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": self.name},
            "spec": {
                "group": self.group, "scope": self.scope,
                "names": {"plural": plural, "kind": kind},
                "versions": versions,
            },
        });
        assert!(matches!(self.kube.apply(&self.path, &definition).await, 200 | 201));
    }

    /// Has it removed. The server does so when its finalizer gets to it, which
    /// on a busy machine takes as long as it takes: who needs it gone waits for
    /// what the host says of it.
    pub(crate) async fn remove(&self) {
        let (status, _) = self.kube.send(Method::DELETE, &self.path, &json!({})).await;
        assert_eq!(status, 200);
    }
}

/// What is said of the test's catalogue when it `is` there, whenever that is
/// known.
async fn until_presence(user: &User, is: &str) -> Value {
    let search = async {
        loop {
            let all = user.get("/clusters/lab/plugins").await.expect(200);
            let found = all["plugins"].as_array().unwrap();
            let found = found.iter().find(|it| it["id"] == "almanac").unwrap();
            if found["presence"] == is {
                return found.clone();
            }
            tokio::task::yield_now().await;
        }
    };
    let patience = std::time::Duration::from_secs(30);
    tokio::time::timeout(patience, search).await.unwrap_or_else(|_| panic!("{is} in time"))
}

#[tokio::test]
async fn a_node_whose_operator_is_missing_is_told_before_anything_is_applied() {
    let Some(kube) = Kube::connect() else { return };
    let (dir, group) = (tempfile::tempdir().unwrap(), group());
    add_almanac_of(&group, dir.path());
    let path = format!("{},{}", bowsprit_tests::plugins_dir().display(), dir.path().display());
    let host = TestHost::with(&[("BOWSPRIT_PLUGINS_DIRS", &path)]).await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let missing = until_presence(&user, "missing").await;
    assert_eq!((&missing["displayName"], &missing["versions"]), (&json!("Almanac"), &json!([])));
    assert_eq!(missing["install"], "There is nothing to install.");

    let namespace = format!("it-{}", unique());
    let nodes = [
        plugin_node("n", "almanac", "note", json!({"name": "n", "namespace": namespace})),
        crate::runs::node(
            "c",
            "configmap",
            json!({"name": "c", "namespace": namespace, "data": {"a": "b"}}),
        ),
    ];
    let id = user.workflow("notes", "lab").await;
    user.save(&id, &json!({"nodes": nodes, "edges": []})).await;
    let problem = user.run(&id, &json!({})).await.expect_problem(422, "workflow.findings");
    let finding = &problem["findings"][0];
    assert_eq!((&finding["code"], &finding["node"]), (&json!("node.kind.not-served"), &json!("n")));
    let hint = finding["suggestion"].as_str().unwrap();
    assert!(hint.contains("Almanac") && hint.contains("There is nothing to install."), "{hint}");
    let configmap = format!("/api/v1/namespaces/{namespace}/configmaps/c");
    assert!(kube.get(&configmap).await.is_none(), "before anything is applied");

    let definition = Definition::of(Kube::connect().unwrap(), &group);
    definition.install().await;
    let installed = until_presence(&user, "installed").await;
    let version = json!([{"apiVersion": format!("{group}/v1"), "kind": "Note"}]);
    assert_eq!(installed["versions"], version);
    let mut events = user.events(&format!("/workflows/{id}/status/stream"), None).await;
    let run = user.run(&id, &json!({})).await.expect(200);
    assert_eq!(run["status"], "completed", "{run}");
    let note = format!("/apis/{group}/v1/namespaces/{namespace}/notes/n");
    assert!(kube.get(&note).await.is_some() && kube.get(&configmap).await.is_some());
    let told = events.until_state("n", "created").await;
    assert_eq!(told.data["data"]["type"], "note");
    let read = user.get(&format!("/workflows/{id}")).await.expect(200);
    assert_eq!(read["nodes"][0]["data"]["_status"]["state"], "created");

    definition.remove().await;
    until_presence(&user, "missing").await;
    let problem = user.run(&id, &json!({})).await.expect_problem(422, "workflow.findings");
    assert_eq!(problem["findings"][0]["code"], "node.kind.not-served", "{problem}");
    host.finish().await;
}

#[tokio::test]
async fn who_may_not_read_definitions_still_learns_what_is_there() {
    let Some(kube) = Kube::connect() else { return };
    let token = std::env::var("BOWSPRIT_TEST_KUBE_RESTRICTED_TOKEN").unwrap();
    let (dir, group) = (tempfile::tempdir().unwrap(), group());
    add_almanac_of(&group, dir.path());
    let path = dir.path().display().to_string();
    let host = TestHost::with(&[("BOWSPRIT_PLUGINS_DIRS", &path)]).await;
    let user = host.admin().await;
    kube.holding(&token).add_untested_to(&user, "lab").await;
    until_presence(&user, "missing").await;
    let definition = Definition::of(kube, &group);
    definition.install().await;
    until_presence(&user, "installed").await;
    definition.remove().await;
    user.get("/clusters/lab/custom-resources").await.expect_problem(502, "cluster.forbidden");
    host.finish().await;
}

async fn custom(user: &User, cluster: &str, name: &str) -> Value {
    let all = user.get(&format!("/clusters/{cluster}/custom-resources")).await.expect(200);
    let all = all["customResources"].as_array().unwrap();
    all.iter().find(|it| it["name"] == name).unwrap().clone()
}

async fn a_custom_resource_becomes_a_node_type_of_ones_own(store: Store) {
    let Some(kube) = Kube::connect() else { return };
    let (dir, group) = (tempfile::tempdir().unwrap(), group());
    // It knows another group, so that this one is strange to it.
    add_almanac_of("another.dev", dir.path());
    let path = dir.path().display().to_string();
    let given =
        [("BOWSPRIT_PLUGINS_DIRS", path.as_str()), ("BOWSPRIT_LIMITS_CUSTOM_RESOURCES", "1")];
    let Some(mut host) = TestHost::on_with(store, &given).await else { return };
    let admin = host.admin().await;
    let mut user = host.user(&admin, "user@example.com").await;
    kube.add_to(&user, "lab").await;
    let definition = Definition::of(Kube::connect().unwrap(), &group);
    definition.install().await;
    let second = Definition::called(Kube::connect().unwrap(), &group, ("papers", "Paper"));
    second.install().await;
    let found = custom(&user, "lab", &definition.name).await;
    assert_eq!(found["versions"], json!(["v1", "v1alpha1"]), "{found}");
    assert!(found.get("plugin").is_none() && found.get("nodeType").is_none(), "{found}");

    let enable = format!("/clusters/lab/custom-resources/{}/enable", definition.name);
    let made = user.post(&enable, &json!({})).await.expect(200)["nodeType"].clone();
    assert_eq!((&made["name"], &made["cluster"]), (&json!("notes"), &json!("lab")), "{made}");
    assert_eq!(made["apiVersion"], format!("{group}/v1"));
    user.post(&enable, &json!({})).await.expect(200);
    assert_eq!(custom(&user, "lab", &definition.name).await["nodeType"], "notes");
    let entries = palette(&user).await;
    let entry = entries.iter().find(|it| it["name"] == "notes").unwrap();
    assert_eq!((&entry["isPlugin"], &entry["pluginId"]), (&json!(true), &json!("almanac")));
    assert!(!has(&palette(&admin).await, "notes"), "for nobody else");
    let listed = user.get("/plugins").await.expect(200);
    assert_eq!(listed["plugins"].as_array().unwrap().len(), 1, "it is no plugin: {listed}");
    let unknown = "/clusters/lab/custom-resources/notes.nothing.dev/enable";
    user.post(unknown, &json!({})).await.expect_problem(404, "not-found");
    // A second one is one too many.
    let path = format!("/clusters/lab/custom-resources/{}/enable", second.name);
    user.post(&path, &json!({})).await.expect_problem(413, "request.too-large");
    second.remove().await;

    // Whatever becomes of the cluster, the node type stays.
    definition.remove().await;
    host.stop().await;
    host.start_again().await;
    user = user.at(&host.origin);
    user.delete("/clusters/lab").await.expect(200);
    assert!(has(&palette(&user).await, "notes"));
    let own = user.get("/custom-resources").await.expect(200);
    assert_eq!(own["nodeTypes"][0]["name"], "notes", "{own}");
    admin.at(&host.origin).delete("/custom-resources/notes").await.expect_problem(404, "not-found");
    user.delete("/custom-resources/notes").await.expect(200);
    user.delete("/custom-resources/notes").await.expect_problem(404, "not-found");
    assert!(!has(&palette(&user).await, "notes"));
    host.finish().await;
}

#[tokio::test]
async fn a_custom_resource_becomes_a_node_type_of_ones_own_embedded() {
    a_custom_resource_becomes_a_node_type_of_ones_own(Store::Embedded).await;
}

#[tokio::test]
async fn a_custom_resource_becomes_a_node_type_of_ones_own_mongo() {
    a_custom_resource_becomes_a_node_type_of_ones_own(Store::Mongo).await;
}

/// A field of a palette entry whose name ends so; the name.
pub(crate) fn field<'e>(entry: &'e Value, end: &str) -> &'e str {
    let all = entry["parameters"].as_array().unwrap();
    let mut names = all.iter().map(|it| it["name"].as_str().unwrap());
    names.find(|it| it.ends_with(end)).unwrap_or_else(|| panic!("no field {end}: {entry}"))
}

#[tokio::test]
async fn a_node_of_a_custom_resource_runs_and_is_followed() {
    let Some(kube) = Kube::connect() else { return };
    let group = group();
    let mut host = TestHost::start().await;
    let mut user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let definition = Definition::of(Kube::connect().unwrap(), &group);
    definition.install().await;
    let enable = format!("/clusters/lab/custom-resources/{}/enable", definition.name);
    let made = user.post(&enable, &json!({})).await.expect(200)["nodeType"].clone();
    let name = made["name"].as_str().unwrap();
    let entries = palette(&user).await;
    let entry = entries.iter().find(|it| it["name"] == name).unwrap();
    let plugin = entry["pluginId"].as_str().unwrap();

    let namespace = format!("it-{}", unique());
    let mut data = json!({"name": "n", "namespace": namespace});
    data[field(entry, "text")] = json!("hello");
    // As the frontend sends a number nobody edited.
    data[field(entry, "copies")] = json!("2");
    let id = user.workflow("notes", "lab").await;
    let drawing = json!({"nodes": [plugin_node("n", plugin, name, data)], "edges": []});
    user.save(&id, &drawing).await;
    let mut events = user.events(&format!("/workflows/{id}/status/stream"), None).await;
    let run = user.run(&id, &json!({})).await.expect(200);
    assert_eq!(run["status"], "completed", "{run}");
    let path = format!("/apis/{group}/v1/namespaces/{namespace}/notes/n");
    let note = kube.get(&path).await.unwrap();
    assert_eq!(note["spec"], json!({"text": "hello", "copies": 2}));
    events.until_state("n", "created").await;
    let ready = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    assert_eq!(kube.send(Method::PATCH, &path, &ready).await.0, 200);
    events.until_state("n", "healthy").await;

    // It is followed by the next start of the host, too.
    host.stop().await;
    host.start_again().await;
    user = user.at(&host.origin);
    let mut events = user.events(&format!("/workflows/{id}/status/stream"), None).await;
    let failed = json!({"status": {"conditions": [{"type": "Failed", "status": "True"}]}});
    assert_eq!(kube.send(Method::PATCH, &path, &failed).await.0, 200);
    events.until_state("n", "error").await;

    // Without the definition the drawing is what it was, and a run says what is missing.
    definition.remove().await;
    user.save(&id, &drawing).await;
    let search = async {
        while user.run(&id, &json!({})).await.body["findings"][0]["code"] != "node.kind.not-served"
        {
            tokio::task::yield_now().await;
        }
    };
    let patience = std::time::Duration::from_secs(30);
    tokio::time::timeout(patience, search).await.expect("told in time");
    host.finish().await;
}
