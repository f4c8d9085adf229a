//! What surrounds a node.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{EdgeDirection, Json, Kind};

/// What surrounds a node in a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Context {
    /// Namespace for objects whose node names none.
    pub namespace: String,
    /// The target cluster, if one is chosen.
    pub cluster: Option<Json>,
    /// Connected nodes.
    pub neighbours: Vec<Neighbour>,
    /// Object names used in the workflow.
    pub names: UsedNames,
    /// Names of environment values in the node's vault.
    pub environment_keys: Vec<String>,
    /// Keys of secret values in the node's vault.
    pub secret_keys: Vec<String>,
    /// Image pull secrets that fit.
    pub pull_secrets: Vec<String>,
    /// Labels for pod and claim templates.
    pub identity_labels: Vec<(String, String)>,
    /// Schemas of custom kinds.
    pub schemas: Vec<(Kind, Arc<str>)>,
}

/// Another node connected to the one a call is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Neighbour {
    /// The edge's id.
    pub edge: String,
    /// How the edge lies.
    pub direction: EdgeDirection,
    /// Handle on the node itself.
    pub own_handle: Option<String>,
    /// Handle on the other node.
    pub other_handle: Option<String>,
    /// Id of the other node.
    pub id: String,
    /// Type of the other node.
    pub type_name: String,
    /// The other node's public view.
    pub view: Json,
}

/// Object names used in a workflow, as the JSON array components get: written
/// once for a drawing and shared by the calls about all of its nodes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UsedNames(Arc<str>);

impl UsedNames {
    /// A JSON array of texts.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

impl Default for UsedNames {
    fn default() -> Self {
        Self("[]".into())
    }
}

impl FromIterator<String> for UsedNames {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        let names: serde_json::Value = names.into_iter().collect();
        Self(names.to_string().into())
    }
}
