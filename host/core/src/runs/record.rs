//! Runs as they are stored and shown.

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    id::Id,
    store::{Collection, Field, FieldKind, Record},
    time::Timestamp,
};

/// How a run is going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// Not over.
    Running,
    /// Everything was applied.
    Completed,
    /// Something was not.
    Failed,
}

impl RunStatus {
    /// The word the API uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

/// What became of one node.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NodeState {
    /// `completed`, `failed` or `warning`.
    pub status: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When, in seconds since the epoch.
    pub timestamp: i64,
    /// Where administrators find the call of a plugin that broke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_call: Option<String>,
}

/// One object of a node and what was done to it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AppliedObject {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its namespace, if its kind has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// `created`, `updated` or `unchanged`.
    pub operation: String,
    /// Its uid.
    pub uid: String,
}

/// What was applied for one node.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct NodeOutput {
    /// Its objects.
    pub applied_resources: Vec<AppliedObject>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
    /// Whether anything did.
    pub failed: bool,
}

/// Who started a run.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TriggerData {
    /// The user. Values given for a run are sealed elsewhere, never here.
    pub user_id: Id,
}

/// One run of one version.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Its id.
    #[serde(skip)]
    pub id: Id,
    /// What was run.
    pub workflow_id: Id,
    /// Which version of it.
    pub version: i64,
    /// How it is going.
    pub status: RunStatus,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// Milliseconds from begin to end.
    pub duration: i64,
    /// By node id.
    pub node_states: BTreeMap<String, NodeState>,
    /// By node id.
    pub output: BTreeMap<String, NodeOutput>,
    /// `[HH:MM:SS] text`, UTC.
    pub logs: Vec<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Always `manual`.
    pub triggered_by: String,
    /// Who started it.
    pub trigger_data: TriggerData,
}

/// Where runs are kept.
pub static RUNS: Collection = Collection {
    name: "workflow_runs",
    fields: &[
        Field { name: "workflow_id", kind: FieldKind::Id },
        Field { name: "status", kind: FieldKind::Text },
        Field { name: "started_at", kind: FieldKind::Time },
        Field { name: "completed_at", kind: FieldKind::Time },
    ],
    indexes: &[&["workflow_id", "started_at"], &["status"]],
    unique: &[],
    expiry: None,
};

impl Record for Run {
    const COLLECTION: &'static Collection = &RUNS;

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn restore_key(&mut self, id: &str) {
        self.id = id.parse().unwrap_or_default();
    }

    /// The reference product's outputs are free-form, its node states may lack
    /// a time, and its empty lists are null.
    fn complete(body: &mut Map<String, Value>) {
        if body.get("status").and_then(Value::as_str) == Some("cancelled") {
            body.insert("status".into(), "failed".into());
        }
        body.insert("output".into(), Value::Object(Map::new()));
        let states = body.entry("node_states").or_insert_with(|| Value::Object(Map::new()));
        let states = states.as_object_mut().into_iter().flat_map(Map::values_mut);
        for state in states.filter_map(Value::as_object_mut) {
            state.entry("timestamp").or_insert(0.into());
        }
        body.entry("duration").or_insert(0.into());
        body.entry("logs").or_insert_with(|| Value::Array(Vec::new()));
        body.entry("triggered_by").or_insert("manual".into());
    }
}

impl Run {
    /// A run that begins now.
    pub(super) fn begin(id: Id, workflow: Id, version: i64, user: Id) -> Self {
        Self {
            id,
            workflow_id: workflow,
            version,
            status: RunStatus::Running,
            started_at: Timestamp::now(),
            completed_at: None,
            duration: 0,
            node_states: BTreeMap::new(),
            output: BTreeMap::new(),
            logs: Vec::new(),
            error: None,
            triggered_by: "manual".into(),
            trigger_data: TriggerData { user_id: user },
        }
    }

    /// Adds a log line.
    pub(super) fn log(&mut self, text: impl AsRef<str>) {
        self.logs.push(format!("[{}] {}", Timestamp::now().clock(), text.as_ref()));
    }

    /// Ends it; an error makes it a failure.
    pub(super) fn end(&mut self, error: Option<String>) {
        let now = Timestamp::now();
        self.status = if error.is_none() { RunStatus::Completed } else { RunStatus::Failed };
        self.completed_at = Some(now);
        self.duration = i64::try_from(now.since(self.started_at).as_millis()).unwrap_or(i64::MAX);
        self.error = error;
    }

    /// How long it took, once it is over.
    pub(super) fn took(&self) -> Duration {
        Duration::from_millis(self.duration.unsigned_abs())
    }

    /// Notes what became of a node.
    pub(super) fn settle(&mut self, node: &str, status: &str, text: Option<String>) {
        let failed = status == "failed";
        let state = NodeState {
            status: status.into(),
            error: text.clone().filter(|_| failed),
            message: text.filter(|_| !failed),
            timestamp: Timestamp::now().as_secs(),
            failed_call: None,
        };
        self.node_states.insert(node.into(), state);
    }

    /// Notes where the call is looked up that made a node fail.
    pub(super) fn link(&mut self, node: &str, failed_call: String) {
        if let Some(state) = self.node_states.get_mut(node) {
            state.failed_call = Some(failed_call);
        }
    }
}

/// A run as the API shows it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RunView {
    id: Id,
    #[serde(flatten)]
    run: Run,
}

impl From<Run> for RunView {
    fn from(run: Run) -> Self {
        Self { id: run.id, run }
    }
}
