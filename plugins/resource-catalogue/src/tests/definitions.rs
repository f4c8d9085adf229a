//! The operators' own definitions: a form through which every object can be
//! written. `tests/crds/` has them.

use std::fs;
use std::path::Path;

use bowsprit_plugin_sdk::catalogue::Served;
use bowsprit_plugin_sdk::dispatch::Functions;
use bowsprit_plugin_sdk::kind;
use bowsprit_plugin_sdk::testing::Case;
use document::yaml;
use serde_json::{Map, Value, json};

use crate::served::{self, Custom};

/// One version of a definition.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) plural: String,
    pub(super) namespaced: bool,
    pub(super) schema: Value,
    pub(super) columns: Value,
}

impl Version {
    pub(super) fn api_version(&self) -> String {
        format!("{}/{}", self.group, self.version)
    }

    fn served(&self) -> Served {
        Served {
            kind: kind(&self.group, &self.version, &self.kind),
            plural: self.plural.clone(),
            namespaced: self.namespaced,
            schema: Some(self.schema.to_string()),
            columns: self.columns.to_string(),
        }
    }

    /// What the host hands over for a node of it.
    fn context(&self) -> Value {
        let kind = json!({ "group": self.group, "version": self.version, "kind": self.kind });
        let mut schema = self.schema.clone();
        schema["x-served"] = json!({ "plural": self.plural, "namespaced": self.namespaced });
        json!({ "schemas": [[kind, schema]] })
    }
}

/// Every version of every definition in `tests/crds`.
pub(super) fn all() -> Vec<Version> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/crds");
    let mut versions = Vec::new();
    for folder in [folder.join("written"), folder] {
        let mut files: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|it| it.unwrap().path()).collect();
        files.retain(|it| it.extension().is_some_and(|it| it == "yaml"));
        files.sort();
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            let documents = text.split("\n---").map(|it| it.trim_start_matches("---"));
            for document in documents {
                versions.extend(versions_of(&parsed(document)));
            }
        }
    }
    versions
}

/// A document, written as JSON or as YAML.
fn parsed(text: &str) -> Value {
    let lines = text.lines().filter(|it| !it.starts_with('#') && !it.trim().is_empty());
    let text = lines.collect::<Vec<_>>().join("\n");
    serde_json::from_str(&text).unwrap_or_else(|_| match yaml::parse(&text) {
        Ok(node) => serde_json::from_str(&node.to_json().to_text()).unwrap(),
        Err(_) => Value::Null,
    })
}

fn versions_of(definition: &Value) -> Vec<Version> {
    let spec = &definition["spec"];
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let version = |it: &Value| Version {
        group: text(&spec["group"]),
        version: text(&it["name"]),
        kind: text(&spec["names"]["kind"]),
        plural: text(&spec["names"]["plural"]),
        namespaced: spec["scope"] == "Namespaced",
        schema: it["schema"]["openAPIV3Schema"].clone(),
        columns: it["additionalPrinterColumns"].clone(),
    };
    let versions = spec["versions"].as_array().into_iter().flatten();
    versions.filter(|it| it["served"] != false).map(version).collect()
}

/// An object that has something at every place of a schema.
fn sample(schema: &Value, depth: usize) -> Value {
    if let Some(default) = schema.get("default") {
        return default.clone();
    }
    if let Some(first) = schema["enum"].as_array().and_then(|it| it.first()) {
        return first.clone();
    }
    if schema["x-kubernetes-int-or-string"] == true {
        return json!(depth % 2)
            .as_u64()
            .map_or(json!("50%"), |it| if it == 0 { json!("50%") } else { json!(5) });
    }
    match schema["type"].as_str().unwrap_or_default() {
        "string" => json!("a: b\n  c"),
        "integer" => json!(schema["minimum"].as_i64().unwrap_or(1).max(1)),
        "number" => json!(0.5),
        "boolean" => json!(depth.is_multiple_of(2)),
        "array" => json!([sample(&schema["items"], depth + 1)]),
        _ if depth > 7 => json!({}),
        _ => {
            let mut object = Map::new();
            for (key, property) in schema["properties"].as_object().into_iter().flatten() {
                object.insert(key.clone(), sample(property, depth + 1));
            }
            if schema["additionalProperties"].is_object() {
                object.insert("k".into(), sample(&schema["additionalProperties"], depth + 1));
            }
            Value::Object(object)
        }
    }
}

/// The objects a kind is tried with: one that is full, and one with half of
/// its members.
fn samples(version: &Version) -> Vec<Value> {
    let mut full = sample(&version.schema, 0);
    let members = full.as_object_mut().unwrap();
    ["apiVersion", "kind", "metadata", "status"].iter().for_each(|it| drop(members.remove(*it)));
    let mut half = full.clone();
    if let Some(spec) = half.get_mut("spec").and_then(Value::as_object_mut) {
        let mut keep = false;
        spec.retain(|_, value| {
            keep = !keep;
            if value.is_object() && keep {
                *value = json!({});
            }
            keep
        });
    }
    vec![full, half]
}

/// The data a node has that stands for an object: as much as possible in
/// fields, the rest in the last one.
fn data_of(served: &Served, object: &Value) -> Value {
    let schema = served::describe(served).unwrap().schema;
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let mut data = json!({ "name": "sample" });
    let mut left = object.clone();
    let properties = schema["properties"].as_object().unwrap();
    for (id, property) in
        properties.iter().filter(|it| it.0.contains('.') || object.get(it.0).is_some())
    {
        let pointer = format!("/{}", id.replace('.', "/"));
        let Some(value) = object.pointer(&pointer).cloned() else { continue };
        let text = match &value {
            Value::String(text) if property["x-read"] != "yaml" => text.clone(),
            other => other.to_string(),
        };
        // What is blank is no value in a field, so it is written in the last one.
        let blank = [json!(""), json!([]), json!({})].contains(&value);
        if !blank && !matches!(id.as_str(), "spec" | "object") {
            data[id] = json!(text);
            remove(&mut left, &id.split('.').collect::<Vec<_>>());
        }
    }
    let last = if properties.contains_key("object") { "object" } else { "spec" };
    let left = if last == "spec" { left["spec"].clone() } else { left };
    if left.as_object().is_some_and(|it| !it.is_empty()) {
        data[last] = json!(left.to_string());
    }
    data
}

/// Takes a value out, and the maps that are empty without it.
fn remove(value: &mut Value, path: &[&str]) {
    let Some(object) = value.as_object_mut() else { return };
    match path {
        [] => {}
        [last] => drop(object.remove(*last)),
        [first, rest @ ..] => {
            let Some(inner) = object.get_mut(*first) else { return };
            remove(inner, rest);
            if inner.as_object().is_some_and(Map::is_empty) {
                object.remove(*first);
            }
        }
    }
}

fn custom(name: &str) -> Vec<Functions> {
    vec![Functions::dynamic(Box::leak(Box::new(Custom::called(name))))]
}

/// What becomes of an object on its way through the form; none if it is the
/// same.
fn changed(version: &Version, object: &Value) -> Option<String> {
    let served = version.served();
    let name = served::describe(&served).unwrap().name;
    let data = data_of(&served, object);
    let case = Case::new(&custom(&name), &name, data.clone()).with_context(&version.context());
    let outcome = case.render();
    let mut body = outcome["ok"]["manifests"][0]["body"].clone();
    if body.is_null() {
        let findings: Vec<_> = outcome["invalid-input"].as_array().into_iter().flatten().collect();
        let unread = findings.iter().filter(|it| {
            let code = it["code"].as_str().unwrap_or_default();
            !code.contains(".schema.")
        });
        // What only breaks the schema is the sample's fault: it is made up.
        let unread: Vec<_> = unread.map(|it| it["message"].to_string()).collect();
        return (!unread.is_empty()).then(|| format!("{}: {}", version.kind, unread.join("; ")));
    }
    let members = body.as_object_mut().unwrap();
    ["apiVersion", "kind", "metadata"].iter().for_each(|it| drop(members.remove(*it)));
    (body != *object)
        .then(|| format!("{}: {data}\n  wanted {object}\n  became {body}", version.kind))
}

#[test]
fn objects_go_through_the_form_of_their_definition_unchanged() {
    let all = all();
    let mut faults = Vec::new();
    for version in &all {
        let changes = samples(version).iter().filter_map(|it| changed(version, it)).next();
        faults.extend(changes);
    }
    let (good, count) = (all.len() - faults.len(), all.len());
    println!("{good} of {count} definitions give a form that loses nothing");
    assert!(count >= 100, "only {count} definitions");
    assert!(good * 100 >= count * 95, "{}", faults.join("\n"));
}

#[test]
fn descriptions_of_definitions_keep_the_promises_of_the_contract() {
    let mut names = Vec::new();
    for version in all() {
        let it = served::describe(&version.served()).unwrap();
        assert!(it.name.len() <= 63 && it.name.starts_with("custom-"), "{}", it.name);
        assert!(!it.name.ends_with('-') && !it.name.contains("--"), "{}", it.name);
        let schema: Value = serde_json::from_str(&it.schema).unwrap();
        let fields = schema["properties"].as_object().unwrap();
        assert!(fields.len() <= 53, "{} has {} fields", it.name, fields.len());
        names.push((version.plural, version.group, it.name));
    }
    names.sort();
    names.dedup();
    let mut distinct: Vec<_> = names.iter().map(|it| &it.2).collect();
    distinct.sort();
    distinct.dedup();
    assert_eq!(names.len(), distinct.len());
}
