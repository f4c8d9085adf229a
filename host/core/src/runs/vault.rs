//! Values given for a run: sealed per workflow, node and name, used again by
//! later runs, seen by nobody but the API server.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Error, Result,
    id::Id,
    secrets::{HoldsSecrets, KeyRing, Place},
    store::{Collection, Documents, Filter, Query, Record, Repository, StoreError},
};

/// Vaults read at a time.
const PAGE: u32 = 200;

/// Values by node id and by name.
pub type Given = BTreeMap<String, BTreeMap<String, SecretString>>;

/// Sealed values of one workflow; the document's id is the workflow's. Keys
/// are `secret/KEY` and `env/NAME`, as components refer to them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SealedValues {
    #[serde(skip)]
    workflow: Id,
    nodes: BTreeMap<String, BTreeMap<String, String>>,
}

/// Where sealed values are kept.
pub static VAULTS: Collection =
    Collection { name: "workflow_vaults", fields: &[], indexes: &[], unique: &[], expiry: None };

impl Record for SealedValues {
    const COLLECTION: &'static Collection = &VAULTS;

    fn key(&self) -> String {
        self.workflow.to_string()
    }

    fn restore_key(&mut self, id: &str) {
        self.workflow = id.parse().unwrap_or_default();
    }
}

impl HoldsSecrets for SealedValues {
    fn secrets(&mut self) -> Vec<(String, &mut String)> {
        let nodes = self.nodes.iter_mut();
        nodes
            .flat_map(|(node, values)| {
                values.iter_mut().map(move |(key, sealed)| (field(node, key), sealed))
            })
            .collect()
    }
}

/// Keeps values given for runs.
#[derive(Clone)]
pub struct Vaults {
    stored: Repository<SealedValues>,
    keys: Arc<KeyRing>,
}

/// Names of the values that nodes have, by node; the values stay sealed.
#[derive(Debug, Clone, Default)]
pub struct ValueNames(BTreeMap<String, BTreeSet<String>>);

impl ValueNames {
    /// Adds a name under `prefix` (`env` or `secret`).
    pub fn add(&mut self, node: &str, prefix: &str, name: &str) {
        self.0.entry(node.to_owned()).or_default().insert(format!("{prefix}/{name}"));
    }

    /// A node's names under `prefix`.
    pub fn under(&self, node: &str, prefix: &str) -> Vec<String> {
        let keys = self.0.get(node).into_iter().flatten();
        keys.filter_map(|key| key.strip_prefix(prefix)?.strip_prefix('/'))
            .map(str::to_owned)
            .collect()
    }
}

/// The open vault of one workflow.
#[derive(Debug, Default)]
pub struct Vault {
    nodes: BTreeMap<String, BTreeMap<String, SecretString>>,
}

impl Vaults {
    /// Vaults in `store`, sealed with `keys`.
    pub fn new(store: &Arc<dyn Documents>, keys: Arc<KeyRing>) -> Self {
        Self { stored: Repository::new(Arc::clone(store)), keys }
    }

    /// Adds what was given for a run, then opens the vault.
    pub async fn fill(&self, workflow: Id, secrets: Given, environment: Given) -> Result<Vault> {
        let mut added: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for (prefix, given) in [("secret", secrets), ("env", environment)] {
            for (node, values) in given {
                for (name, value) in values {
                    let key = format!("{prefix}/{name}");
                    let field = field(&node, &key);
                    let sealed = self.keys.seal(place(&workflow.to_string(), &field), &value)?;
                    added.entry(node.clone()).or_default().insert(key, sealed);
                }
            }
        }
        if !added.is_empty() {
            self.add(workflow, &added).await?;
        }
        self.open(workflow).await
    }

    async fn add(
        &self,
        workflow: Id,
        added: &BTreeMap<String, BTreeMap<String, String>>,
    ) -> Result<()> {
        let merge = |it: &mut SealedValues| {
            for (node, values) in added {
                it.nodes.entry(node.clone()).or_default().extend(values.clone());
            }
            Ok::<_, Error>(())
        };
        while self.stored.update(&workflow.to_string(), merge).await?.is_none() {
            match self.stored.insert(SealedValues { workflow, nodes: BTreeMap::new() }).await {
                Ok(_) | Err(StoreError::Taken(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }

    /// Opens the vault of a workflow.
    pub async fn open(&self, workflow: Id) -> Result<Vault> {
        let id = workflow.to_string();
        let Some(sealed) = self.stored.get(&id).await? else { return Ok(Vault::default()) };
        let mut nodes: BTreeMap<String, BTreeMap<String, SecretString>> = BTreeMap::new();
        for (node, values) in &sealed.nodes {
            for (key, text) in values {
                let field = field(node, key);
                let value = self.keys.open(place(&id, &field), text)?;
                nodes.entry(node.clone()).or_default().insert(key.clone(), value);
            }
        }
        Ok(Vault { nodes })
    }

    /// What a workflow has values for; nothing is opened.
    pub async fn names(&self, workflow: Id) -> Result<ValueNames> {
        let sealed = self.stored.get(&workflow.to_string()).await?;
        Ok(sealed.map(|it| names(&it.nodes)).unwrap_or_default())
    }

    /// Some of the workflows that have values, without the first `skip`; none
    /// at the end.
    pub async fn page(&self, skip: u64) -> Result<Vec<Id>> {
        let query = Query::new(Filter::All, PAGE).skipping(skip);
        let found = self.stored.find(&query).await?;
        Ok(found.into_iter().map(|it| it.value.workflow).collect())
    }

    /// Forgets all values of a workflow.
    pub async fn empty(&self, workflow: Id) -> Result<()> {
        self.stored.remove(&workflow.to_string()).await?;
        Ok(())
    }
}

fn names<V>(nodes: &BTreeMap<String, BTreeMap<String, V>>) -> ValueNames {
    let keys = |(node, values): (&String, &BTreeMap<String, V>)| {
        (node.clone(), values.keys().cloned().collect())
    };
    ValueNames(nodes.iter().map(keys).collect())
}

fn field(node: &str, key: &str) -> String {
    format!("{node}\n{key}")
}

fn place<'a>(workflow: &'a str, field: &'a str) -> Place<'a> {
    Place { collection: VAULTS.name, document: workflow, field }
}

impl Vault {
    /// What it has values for.
    pub fn names(&self) -> ValueNames {
        names(&self.nodes)
    }

    /// Puts values in the places a component left for them. Allowed places
    /// are a Secret's `data` and a container's `env[].value`; anywhere else a
    /// reference is an error that names the place.
    pub fn inject(&self, node: &str, object: &mut Value) -> Result<(), String> {
        let is_secret = object.get("apiVersion").and_then(Value::as_str) == Some("v1")
            && object.get("kind").and_then(Value::as_str) == Some("Secret");
        self.walk(node, object, &mut Vec::new(), is_secret)
    }

    fn walk(
        &self,
        node: &str,
        value: &mut Value,
        path: &mut Vec<String>,
        is_secret: bool,
    ) -> Result<(), String> {
        if let Some(key) = reference(value) {
            let place = format!("/{}", path.join("/"));
            let (kind, _) = key.split_once('/').unwrap_or_default();
            let in_data =
                is_secret && path.len() == 2 && path.first().is_some_and(|it| it == "data");
            let in_env =
                matches!(path.as_slice(), [.., env, _, last] if env == "env" && last == "value");
            if !(in_data || in_env && kind == "env") {
                return Err(format!("a vault value may not stand at `{place}`"));
            }
            let secret = self.nodes.get(node).and_then(|it| it.get(&key));
            let secret = secret.ok_or_else(|| format!("there is no value for `{key}`"))?;
            let text = secret.expose_secret();
            *value = Value::String(if in_data { BASE64.encode(text) } else { text.to_owned() });
            return Ok(());
        }
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    path.push(key.clone());
                    self.walk(node, value, path, is_secret)?;
                    path.pop();
                }
            }
            Value::Array(items) => {
                for (n, value) in items.iter_mut().enumerate() {
                    path.push(n.to_string());
                    self.walk(node, value, path, is_secret)?;
                    path.pop();
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The key in `{"$vault": "key"}`.
pub(crate) fn reference(value: &Value) -> Option<String> {
    let fields = value.as_object().filter(|it| it.len() == 1)?;
    fields.get("$vault")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn vault() -> Vault {
        let values = [("secret/PASSWORD", "hunter-2"), ("env/MODE", "prod")];
        let values = values.map(|(key, value)| (key.to_owned(), SecretString::from(value)));
        Vault { nodes: BTreeMap::from([("n".to_owned(), BTreeMap::from(values))]) }
    }

    #[test]
    fn fills_secret_data_and_container_environment() {
        let mut secret = json!({"apiVersion": "v1", "kind": "Secret", "data": {"P": {"$vault": "secret/PASSWORD"}}});
        vault().inject("n", &mut secret).unwrap();
        assert_eq!(secret["data"]["P"], "aHVudGVyLTI=");
        let mut pod = json!({"spec": {"containers": [{"env": [{"name": "MODE", "value": {"$vault": "env/MODE"}}]}]}});
        vault().inject("n", &mut pod).unwrap();
        assert_eq!(pod["spec"]["containers"][0]["env"][0]["value"], "prod");
    }

    #[test]
    fn refuses_other_places_other_nodes_and_unknown_keys() {
        let label = json!({"metadata": {"labels": {"a": {"$vault": "env/MODE"}}}});
        let env = |key: &str| json!({"env": [{"value": {"$vault": key}}]});
        assert!(
            vault().inject("n", &mut label.clone()).unwrap_err().contains("/metadata/labels/a")
        );
        assert!(vault().inject("other", &mut env("env/MODE")).is_err());
        assert!(vault().inject("n", &mut env("env/NONE")).is_err());
        // A secret may not leak into an environment through another node type.
        assert!(vault().inject("n", &mut env("secret/PASSWORD")).is_err());
    }

    #[test]
    fn knows_its_names() {
        let names = vault().names();
        assert_eq!(names.under("n", "env"), ["MODE"]);
        assert_eq!(names.under("n", "secret"), ["PASSWORD"]);
        assert!(names.under("x", "env").is_empty());
    }
}
