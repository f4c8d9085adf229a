//! The golden nodes of the catalogue's documents.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// A golden node that renders, and what it renders to.
pub(super) struct Case {
    /// Entry and file, for messages.
    pub(super) name: String,
    /// The entry of the catalogue.
    pub(super) entry: String,
    /// The node type.
    pub(super) type_name: String,
    /// The objects.
    pub(super) manifests: Vec<Value>,
    input: Value,
}

impl Case {
    /// An id for its node in a drawing.
    pub(super) fn id(&self) -> String {
        self.name.replace('/', "-")
    }

    /// The namespace the golden file is about.
    pub(super) fn namespace(&self) -> &str {
        self.manifests[0]["metadata"]["namespace"].as_str().unwrap_or_default()
    }

    /// Where its objects are once it has run with [`Case::data_in`].
    pub(super) fn home<'a>(&'a self, namespace: &'a str) -> &'a str {
        if self.input["node"]["data"]["namespace"].is_null() { self.namespace() } else { namespace }
    }

    /// What a user enters, for another namespace, if the type lets users choose.
    pub(super) fn data_in(&self, namespace: &str) -> Value {
        let mut data = self.input["node"]["data"].clone();
        if let Some(given) = data.get_mut("namespace") {
            *given = json!(namespace);
        }
        data
    }

    /// Whether the node stands for itself: no neighbours, no cluster it knows.
    fn is_alone(&self) -> bool {
        let context = &self.input["context"];
        context["neighbours"].as_array().is_none_or(Vec::is_empty) && context["cluster"].is_null()
    }
}

/// The golden files of all documents whose expected answer is a rendering.
pub(super) fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/catalogue");
    let mut cases = Vec::new();
    for document in sorted(&folder).into_iter().filter(|it| it.is_dir()) {
        let entry = name(&document);
        let before = cases.len();
        for file in sorted(&document.join("golden")) {
            let golden: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
            let rendered = golden["expected"]["render"]["ok"]["manifests"].as_array();
            let bodies = rendered.into_iter().flatten().map(|it| &it["body"]);
            // Objects of Kubernetes' own that come along are not in question.
            let custom = bodies.filter(|it| it["apiVersion"].as_str().unwrap().contains('.'));
            let manifests: Vec<Value> = custom.cloned().collect();
            if !manifests.is_empty() {
                let input = golden["input"].clone();
                let type_name = input["node"]["type"].as_str().unwrap().to_owned();
                let name = format!("{entry}/{}", name(&file));
                cases.push(Case { name, entry: entry.clone(), type_name, manifests, input });
            }
        }
        assert!(cases.len() > before, "{entry} has no golden node that renders");
    }
    cases
}

/// For each node type the first case that needs nothing around it.
pub(super) fn one_of_each(cases: &[Case]) -> Vec<&Case> {
    let mut seen = BTreeSet::new();
    let alone = cases.iter().filter(|it| it.is_alone());
    alone.filter(|it| seen.insert(&it.type_name)).collect()
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    paths.sort();
    paths
}
