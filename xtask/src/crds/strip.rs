//! A definition with nothing but what tests need of it.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::json as look;

/// The group whose kinds the API server wants a word about.
const KUBERNETES_OWN: &str = ".k8s.io";
/// The word, and an honest value.
const APPROVED: (&str, &str) = ("api-approved.kubernetes.io", "unapproved, test material");
/// What of a version matters to somebody who sends or reads an object.
const OF_A_VERSION: [&str; 6] =
    ["name", "served", "storage", "schema", "subresources", "additionalPrinterColumns"];

/// The definition without descriptions, webhooks, labels and the versions that
/// are not served; of those only `versions`, if any are named.
pub(super) fn small(definition: &Value, versions: &[String]) -> Result<Value> {
    let spec = definition.get("spec").context("has no `spec`")?;
    let group = look::text(spec, "/group").context("has no `spec.group`")?;
    let plural = look::text(spec, "/names/plural").context("has no `spec.names.plural`")?;
    let mut metadata = json!({ "name": format!("{plural}.{group}") });
    if group.ends_with(KUBERNETES_OWN)
        && let Some(metadata) = metadata.as_object_mut()
    {
        metadata.insert("annotations".into(), json!({ APPROVED.0: APPROVED.1 }));
    }
    Ok(json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": {
            "group": group,
            "names": spec.get("names"),
            "scope": spec.get("scope"),
            "versions": kept(look::list(spec, "/versions"), versions)?,
        },
    }))
}

/// The versions that stay, exactly one of them stored.
fn kept(all: &[Value], versions: &[String]) -> Result<Vec<Value>> {
    let is_wanted = |name: &str| versions.is_empty() || versions.iter().any(|it| it == name);
    let mut kept: Vec<Map<String, Value>> = Vec::new();
    for version in all {
        let name = look::text(version, "/name").unwrap_or_default();
        if version.get("served") == Some(&Value::Bool(true)) && is_wanted(name) {
            kept.push(only_what_matters(version));
        }
    }
    if kept.is_empty() {
        bail!("none of its versions is served and wanted");
    }
    let stored = kept.iter().position(|it| it.get("storage") == Some(&Value::Bool(true)));
    for (at, version) in kept.iter_mut().enumerate() {
        version.insert("storage".into(), (at == stored.unwrap_or(0)).into());
    }
    Ok(kept.into_iter().map(Value::Object).collect())
}

fn only_what_matters(version: &Value) -> Map<String, Value> {
    let mut kept = Map::new();
    for key in OF_A_VERSION {
        if let Some(value) = version.get(key) {
            let mut value = value.clone();
            without_descriptions(&mut value, false);
            kept.insert(key.to_owned(), value);
        }
    }
    kept
}

/// Removes descriptions, but not a property that is called `description`.
fn without_descriptions(value: &mut Value, names_properties: bool) {
    match value {
        Value::Object(map) => {
            if !names_properties {
                map.remove("description");
                map.remove("externalDocs");
                map.remove("example");
            }
            for (key, inner) in map.iter_mut() {
                let is_data = !names_properties && matches!(key.as_str(), "default" | "enum");
                if !is_data {
                    without_descriptions(inner, !names_properties && key == "properties");
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                without_descriptions(item, false);
            }
        }
        _ => {}
    }
}
