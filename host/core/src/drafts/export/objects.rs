//! The objects of a drawing as nobody's: without labels of this host.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    Error, Result,
    drafts::{Draft, names::label},
    kubernetes::ObjectKey,
    node_types::Kind,
    runs::{
        plan::{OnFault, Plan, Planned, Target},
        vault::ValueNames,
    },
};

/// What is there without anybody making it.
const GIVEN: &str = "default";

/// A plan, and what is exported besides.
pub(super) struct Source {
    /// A DNS label, after the workflow.
    pub(super) name: String,
    /// The workflow's own name.
    pub(super) title: String,
    pub(super) plan: Plan,
    /// Values that can be given for a run.
    pub(super) given: ValueNames,
    /// The namespace of most objects.
    pub(super) namespace: String,
}

impl Source {
    pub(super) async fn of(draft: &Draft) -> Result<Self> {
        let given = given(draft)?;
        let plan = Plan::make(&draft.drawing, &draft.catalogue, &target(draft, &given)).await?;
        if plan.is_blocked() {
            return Err(Error::Findings(plan.findings));
        }
        let objects: Vec<&Planned> = plan.waves.iter().flatten().collect();
        let namespace = most_common(&objects).unwrap_or_else(|| draft.namespace.clone());
        let (name, title) = (label(&draft.name), draft.name.clone());
        Ok(Self { name, title, plan, given, namespace })
    }

    /// The objects, first to last.
    pub(super) fn objects(&self) -> impl Iterator<Item = &Planned> {
        self.plan.waves.iter().flatten()
    }

    /// Namespaces that a run would make: those of the objects that are not
    /// drawn, and not there in every cluster.
    pub(super) fn namespaces(&self) -> Vec<(ObjectKey, Value)> {
        let kind = Kind::parse("v1", "Namespace");
        let drawn: BTreeSet<&str> = self
            .objects()
            .filter(|it| it.key.kind == kind)
            .map(|it| it.key.name.as_str())
            .collect();
        let used: BTreeSet<&str> =
            self.objects().filter_map(|it| it.key.namespace.as_deref()).collect();
        let missing = used.into_iter().filter(|it| *it != GIVEN && !drawn.contains(it));
        let object = |name: &str| {
            let key = ObjectKey { kind: kind.clone(), namespace: None, name: name.into() };
            let body = json!({
                "apiVersion": "v1", "kind": kind.kind, "metadata": { "name": name },
            });
            (key, body)
        };
        missing.map(object).collect()
    }
}

/// What an export's plan is made for.
pub(super) fn target<'a>(draft: &'a Draft, given: &'a ValueNames) -> Target<'a> {
    Target { workflow: None, given, on_fault: OnFault::StopAtPlugin, ..draft.target() }
}

/// Names of values: those given for earlier runs, and those the drawing lists
/// in a field that its schema calls secret.
fn given(draft: &Draft) -> Result<ValueNames> {
    let mut given = draft.given.clone();
    for node in &draft.drawing.parts()?.nodes {
        let Some(found) = draft.catalogue.find(&crate::runs::type_name(node)) else { continue };
        let schema: Value = serde_json::from_str(&found.descriptor.schema).unwrap_or_default();
        let data = node.data.map_or("{}", |it| it.get());
        let data: Value = serde_json::from_str(data).unwrap_or_default();
        for name in listed(&schema, &data) {
            for prefix in ["env", "secret"] {
                given.add(&node.id, prefix, name);
            }
        }
    }
    Ok(given)
}

/// Names in lists of secret fields: `[{"name": "TOKEN"}]`.
fn listed<'v>(schema: &Value, data: &'v Value) -> Vec<&'v str> {
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let secret = properties.filter(|(_, it)| it.get("x-secret") == Some(&Value::Bool(true)));
    let items = secret.filter_map(|(key, _)| data.get(key)?.as_array()).flatten();
    items.filter_map(|it| it.get("name")?.as_str()).filter(|it| !it.is_empty()).collect()
}

fn most_common(objects: &[&Planned]) -> Option<String> {
    let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for namespace in objects.iter().filter_map(|it| it.key.namespace.as_deref()) {
        *counts.entry(namespace).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(it, _)| it.to_owned())
}
