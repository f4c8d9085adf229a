//! The definitions in `tests/crds`, and how they come to the API server and
//! leave it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bowsprit_tests::{Kube, Method};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::AT_ONCE;

/// How long the API server may take to serve, or to forget, them all.
const PATIENCE: Duration = Duration::from_secs(180);
const COLLECTION: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// All definitions, by entry of the catalogue.
pub(super) struct Definitions {
    /// Entry and definition; of operators' packages first.
    all: Vec<(String, Value)>,
    /// Entry and kind of those written for these tests from documentation.
    ours: BTreeSet<(String, String)>,
    /// How many entries there are.
    pub(super) entries: usize,
}

impl Definitions {
    /// Reads `tests/crds`.
    pub(super) fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
        let mut all = Vec::new();
        for (entry, path) in files(&folder) {
            let text = fs::read_to_string(path).unwrap();
            // Definitions from packages are one line of JSON each.
            let lines = text.lines().filter(|it| it.starts_with('{'));
            all.extend(lines.map(|it| (entry.clone(), serde_json::from_str(it).unwrap())));
        }
        let mut ours = BTreeSet::new();
        for (entry, path) in files(&folder.join("written")) {
            let text = fs::read_to_string(path).unwrap();
            for definition in serde_saphyr::from_multiple::<Value>(&text).unwrap() {
                ours.insert((entry.clone(), kind(&definition).to_owned()));
                all.push((entry.clone(), definition));
            }
        }
        let entries = all.iter().map(|(entry, _)| entry).collect::<BTreeSet<_>>().len();
        Self { all, ours, entries }
    }

    /// Keeps only those of kinds that one of `objects` is of: what is not there
    /// costs the API server nothing.
    pub(super) fn only_of<'a>(&mut self, objects: impl Iterator<Item = &'a Value> + Clone) {
        let is_of = |object: &Value, it: &Value| {
            group(object) == it["spec"]["group"] && object["kind"] == kind(it)
        };
        self.all.retain(|(_, it)| objects.clone().any(|object| is_of(object, it)));
    }

    /// Whether the definition of an object's kind has the object's version.
    /// Documents also know versions that today's operators do not serve.
    pub(super) fn serves(&self, object: &Value) -> bool {
        let versions = self.of(object)["spec"]["versions"].as_array().unwrap();
        let version = object["apiVersion"].as_str().unwrap();
        versions.iter().any(|it| version.ends_with(&format!("/{}", it["name"].as_str().unwrap())))
    }

    fn of(&self, object: &Value) -> &Value {
        let is_it =
            |it: &&Value| it["spec"]["group"] == group(object) && kind(it) == object["kind"];
        let found = self.all.iter().map(|(_, it)| it).find(is_it);
        found.unwrap_or_else(|| panic!("tests/crds has no definition for {object}"))
    }

    /// Whether the definition of a kind is written for these tests.
    pub(super) fn is_ours(&self, entry: &str, kind: &str) -> bool {
        self.ours.contains(&(entry.to_owned(), kind.to_owned()))
    }

    /// Where an object is, in `namespace` if its kind has one.
    pub(super) fn path_of(&self, object: &Value, namespace: &str) -> String {
        let definition = self.of(object);
        let version = object["apiVersion"].as_str().unwrap();
        let plural = definition["spec"]["names"]["plural"].as_str().unwrap();
        let name = object["metadata"]["name"].as_str().unwrap();
        match definition["spec"]["scope"].as_str() {
            Some("Namespaced") => format!("/apis/{version}/namespaces/{namespace}/{plural}/{name}"),
            _ => format!("/apis/{version}/{plural}/{name}"),
        }
    }

    /// Creates them all and waits until they are served.
    pub(super) async fn install(&self, kube: &Kube) {
        let each = self.all.iter().map(|(_, it)| create(kube, it));
        stream::iter(each.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
        let mut served: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (_, definition) in &self.all {
            let group = definition["spec"]["group"].as_str().unwrap();
            for version in definition["spec"]["versions"].as_array().unwrap() {
                let version = version["name"].as_str().unwrap();
                served
                    .entry(format!("/apis/{group}/{version}"))
                    .or_default()
                    .push(kind(definition));
            }
        }
        for (path, kinds) in served {
            let lists = |it: &Option<Value>, kind: &str| {
                let resources = it.as_ref().and_then(|it| it["resources"].as_array());
                resources.is_some_and(|all| all.iter().any(|it| it["kind"] == kind))
            };
            kube.until_within(PATIENCE, &path, |it| kinds.iter().all(|kind| lists(it, kind))).await;
        }
    }

    /// Deletes them, and with them all objects of their kinds.
    pub(super) async fn remove(&self, kube: &Kube) {
        let each = self.all.iter().map(|(_, it)| async move {
            kube.send(Method::DELETE, &path(it), &json!({})).await;
        });
        stream::iter(each.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    }
}

/// Creates a definition; one that an earlier run left is taken as it is.
async fn create(kube: &Kube, definition: &Value) {
    let is_leaving = |it: &Option<Value>| {
        it.as_ref().is_some_and(|it| it["metadata"]["deletionTimestamp"].is_string())
    };
    kube.until_within(PATIENCE, &path(definition), |it| !is_leaving(it)).await;
    let (status, answer) = kube.send(Method::POST, COLLECTION, definition).await;
    assert!(matches!(status, 201 | 409), "{}: {}", path(definition), answer["message"]);
}

/// The group of an object's kind.
fn group(object: &Value) -> &str {
    object["apiVersion"].as_str().unwrap().split_once('/').unwrap().0
}

fn kind(definition: &Value) -> &str {
    definition["spec"]["names"]["kind"].as_str().unwrap()
}

fn path(definition: &Value) -> String {
    format!("{COLLECTION}/{}", definition["metadata"]["name"].as_str().unwrap())
}

/// The YAML files of a folder, each with the entry it is named after.
fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let paths = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let yaml = paths.filter(|it| it.extension().is_some_and(|it| it == "yaml"));
    let mut files: Vec<_> =
        yaml.map(|it| (it.file_stem().unwrap().to_str().unwrap().to_owned(), it)).collect();
    files.sort();
    files
}
