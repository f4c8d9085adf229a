//! Definitions that a cluster serves, for those who know custom resources.

use bowsprit_host_core::{
    catalogues::{Presence, Served, Standing},
    node_types::{Descriptor, Kind},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, CaseError, answers, outcome, read};

/// What a cluster says about custom kinds.
#[derive(Debug, Clone)]
pub struct Definitions(Vec<Served>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    served: Vec<ServedInput>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServedInput {
    kind: Kind,
    plural: String,
    #[serde(default = "yes")]
    namespaced: bool,
    schema: Option<Value>,
    #[serde(default)]
    columns: Vec<Value>,
}

fn yes() -> bool {
    true
}

impl From<ServedInput> for Served {
    fn from(it: ServedInput) -> Self {
        Self {
            kind: it.kind,
            plural: it.plural,
            namespaced: it.namespaced,
            schema: it.schema.map(|it| it.to_string()),
            columns: Value::Array(it.columns).to_string(),
        }
    }
}

impl Definitions {
    pub(super) fn read(input: &Value) -> Result<Self, CaseError> {
        let Input { served } = read(input)?;
        Ok(Self(served.into_iter().map(Into::into).collect()))
    }

    /// How the entries stand, and what becomes of each definition alone.
    pub(super) async fn call_all(&self, plugin: &dyn Asked) -> Value {
        let id = plugin.id();
        let (mut forms, mut described) = (Vec::new(), Vec::new());
        for served in &self.0 {
            forms.push(outcome(plugin.form(id, served).await, |it| answers::embedded(&it)));
            let made = plugin.describe_served(id, served).await;
            described.push(outcome(made, |it| type_made(&it)));
        }
        let standings = plugin.match_cluster(id, &self.0).await;
        json!({
            "match-cluster": outcome(standings, |it| it.iter().map(standing).collect()),
            "form": forms,
            "describe-served": described,
        })
    }
}

fn standing(it: &Standing) -> Value {
    let presence = match it.presence {
        Presence::Installed => "installed",
        Presence::Partly => "partly",
        Presence::Missing => "missing",
    };
    json!({
        "entry": it.entry, "presence": presence, "versions": it.versions,
        "findings": answers::findings(&it.findings),
    })
}

fn type_made(it: &Descriptor) -> Value {
    json!({
        "name": it.name, "title": it.title, "description": it.description,
        "category": it.category, "icon": it.icon, "tags": it.tags,
        "schema-version": it.schema_version, "schema": answers::embedded(&it.schema),
        "produces": it.produces,
    })
}
