//! Workflows as they are stored.

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Error, Result,
    drawing::Drawing,
    id::Id,
    store::{Collection, Field, FieldKind, Record, SEARCH},
    time::Timestamp,
};

/// Where a workflow is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Being drawn.
    Draft,
    /// May be run.
    Published,
    /// Put away; its objects are removed.
    Archived,
}

impl Status {
    /// The word the API and the stores use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Archived => "archived",
        }
    }
}

impl std::str::FromStr for Status {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "draft" => Ok(Self::Draft),
            "published" => Ok(Self::Published),
            "archived" => Ok(Self::Archived),
            _ => Err(Error::invalid("status", "must be `draft`, `published` or `archived`")),
        }
    }
}

/// A workflow: a drawing with a name, an owner and a target cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Workflow {
    /// Its id.
    #[serde(skip)]
    pub id: Id,
    /// Shown name.
    pub name: String,
    /// Shown description.
    pub description: String,
    /// *Name* of the target cluster, as sent; resolved when it is run.
    pub cluster_id: String,
    /// Where it is in its life.
    pub status: Status,
    /// Free labels.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Number of the newest version; 1 before the first is made.
    pub current_version: i64,
    /// Counts its owner's changes, unlike the document's own revision, which
    /// runs raise too. What `ETag` and `If-Match` carry.
    #[serde(default)]
    pub revision: i64,
    /// Whose it is.
    pub owner_id: Id,
    /// Reserved by the API; empty.
    #[serde(default)]
    pub team_id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its owner last changed it.
    pub updated_at: Timestamp,
    /// Set when it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// When it was last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run_at: Option<Timestamp>,
    /// The last run that is in the counts, so that none is counted twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run_id: Option<Id>,
    /// How often it was run.
    #[serde(default)]
    pub run_count: i64,
    /// How often a run came to its end.
    #[serde(default)]
    pub success_count: i64,
    /// How often a run failed.
    #[serde(default)]
    pub failure_count: i64,
    /// Whether statuses of its nodes may be kept. Written by who keeps them,
    /// never with the rest, and not shown.
    #[serde(default, skip_serializing)]
    pub observed: bool,
    /// What is drawn.
    #[serde(skip, default = "Drawing::empty")]
    pub drawing: Drawing,
}

/// Where workflows are kept.
pub static WORKFLOWS: Collection = Collection {
    name: "workflows",
    fields: &[
        Field { name: "owner_id", kind: FieldKind::Id },
        Field { name: "status", kind: FieldKind::Text },
        Field { name: "created_at", kind: FieldKind::Time },
        Field { name: "updated_at", kind: FieldKind::Time },
        Field { name: "deleted_at", kind: FieldKind::Time },
        Field { name: "last_run_at", kind: FieldKind::Time },
        Field { name: "current_version", kind: FieldKind::Int },
        Field { name: "run_count", kind: FieldKind::Int },
        Field { name: "success_count", kind: FieldKind::Int },
        Field { name: "failure_count", kind: FieldKind::Int },
        Field { name: SEARCH, kind: FieldKind::Search },
    ],
    indexes: &[
        &["owner_id", "deleted_at", "updated_at"],
        // Holds all that the dashboard adds up.
        &["owner_id", "deleted_at", "status", "run_count", "success_count"],
        &["owner_id", SEARCH],
    ],
    unique: &[],
    expiry: None,
};

impl Record for Workflow {
    const COLLECTION: &'static Collection = &WORKFLOWS;
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

    fn search_text(&self) -> Option<String> {
        Some([self.name.as_str(), &self.description].join("\n"))
    }

    fn complete(body: &mut Map<String, Value>) {
        for key in ["description", "cluster_id"] {
            body.entry(key).or_insert("".into());
        }
        body.entry("current_version").or_insert(1.into());
    }

    fn payload_of(body: &str) -> Option<Bytes> {
        Drawing::bytes_in(body)
    }
}

impl Workflow {
    /// An empty draft.
    pub(super) fn draft(owner: Id, name: String, description: String, cluster: String) -> Self {
        let now = Timestamp::now();
        Self {
            id: Id::new(),
            name,
            description,
            cluster_id: cluster,
            status: Status::Draft,
            tags: Vec::new(),
            current_version: 1,
            revision: 1,
            owner_id: owner,
            team_id: String::new(),
            created_at: now,
            updated_at: now,
            deleted_at: None,
            last_run_at: None,
            last_run_id: None,
            run_count: 0,
            success_count: 0,
            failure_count: 0,
            observed: false,
            drawing: Drawing::empty(),
        }
    }

    /// The JSON the API shows: the stored fields, the id, and the drawing's
    /// text copied in.
    pub fn to_json(&self) -> Result<String> {
        let fields = serde_json::to_string(self).map_err(Error::internal)?;
        let rest = fields.strip_prefix('{').unwrap_or_default();
        let drawing = self.drawing.fields();
        Ok(format!(r#"{{"id":"{}",{drawing},{rest}"#, self.id))
    }

    /// The JSON of a list that does not show the drawing.
    pub fn to_brief_json(&self) -> Result<String> {
        let fields = serde_json::to_string(self).map_err(Error::internal)?;
        let rest = fields.strip_prefix('{').unwrap_or_default();
        Ok(format!(r#"{{"id":"{}",{rest}"#, self.id))
    }

    /// Fails unless it is still as the caller saw it.
    pub(super) fn require(&self, seen: Option<i64>) -> Result<()> {
        match seen.filter(|it| *it != self.revision) {
            Some(seen) => Err(Error::Changed { seen, current: self.revision }),
            None => Ok(()),
        }
    }

    /// Whether something that people write differs.
    pub(super) fn reads_otherwise(&self, other: &Self) -> bool {
        self.name != other.name
            || self.description != other.description
            || self.drawing != other.drawing
    }
}
