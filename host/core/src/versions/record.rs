//! Versions as they are stored and shown.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Error, Result,
    drawing::Drawing,
    id::Id,
    store::{Collection, Field, FieldKind, Record, SEARCH, Unique},
    time::Timestamp,
};

/// A snapshot of a drawing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Version {
    /// Its id.
    #[serde(skip)]
    pub id: Id,
    /// Whose drawing it is.
    pub workflow_id: Id,
    /// Counts up within the workflow.
    pub version: i64,
    /// Name given by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Tag given by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// What it is about.
    pub description: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: Id,
    /// The version it restores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_from: Option<i64>,
    /// Made by a run.
    pub is_automatic: bool,
    /// The run it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<Id>,
    /// How that run went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_status: Option<String>,
    /// True until the workflow has its number: it tells the next start of a
    /// version that a host died over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsettled: bool,
    /// What was drawn.
    #[serde(skip, default = "Drawing::empty")]
    pub drawing: Drawing,
}

/// Where versions are kept.
pub static VERSIONS: Collection = Collection {
    name: "workflow_versions",
    fields: &[
        Field { name: "workflow_id", kind: FieldKind::Id },
        Field { name: "version", kind: FieldKind::Int },
        Field { name: "name", kind: FieldKind::Text },
        Field { name: "tag", kind: FieldKind::Text },
        Field { name: "is_automatic", kind: FieldKind::Bool },
        Field { name: "created_at", kind: FieldKind::Time },
        Field { name: "created_by", kind: FieldKind::Id },
        Field { name: "run_id", kind: FieldKind::Id },
        Field { name: "run_status", kind: FieldKind::Text },
        Field { name: "unsettled", kind: FieldKind::Bool },
        Field { name: SEARCH, kind: FieldKind::Search },
    ],
    indexes: &[
        &["workflow_id", "version"],
        &["created_by", "created_at"],
        &["created_by", SEARCH],
        &["run_status"],
        &["unsettled"],
    ],
    unique: &[Unique { name: "version_number", fields: &["workflow_id", "version"] }],
    expiry: None,
};

impl Record for Version {
    const COLLECTION: &'static Collection = &VERSIONS;
    const MOVED: &'static [&'static str] = &["nodes", "edges"];

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn restore_key(&mut self, id: &str) {
        self.id = id.parse().unwrap_or_default();
    }

    fn payload(&self) -> Option<Bytes> {
        Some(self.drawing.bytes())
    }

    fn restore_payload(&mut self, payload: Option<Bytes>) {
        self.drawing.restore(payload);
    }

    fn complete(body: &mut Map<String, Value>) {
        body.entry("description").or_insert("".into());
        body.entry("is_automatic").or_insert(false.into());
    }

    fn payload_of(body: &str) -> Option<Bytes> {
        Drawing::bytes_in(body)
    }

    /// What people wrote. A version that a run made says nothing until it is
    /// named.
    fn search_text(&self) -> Option<String> {
        let (name, tag) = (self.name.as_deref(), self.tag.as_deref());
        if self.is_automatic && name.is_none() && tag.is_none() {
            return Some(String::new());
        }
        let texts = [name.unwrap_or_default(), tag.unwrap_or_default(), &self.description];
        Some(texts.join("\n"))
    }
}

impl Version {
    /// The JSON the API shows.
    pub fn to_json(&self) -> Result<String> {
        let fields = serde_json::to_string(self).map_err(Error::internal)?;
        let rest = fields.strip_prefix('{').unwrap_or_default();
        let drawing = self.drawing.fields();
        Ok(format!(r#"{{"id":"{}",{drawing},{rest}"#, self.id))
    }
}
