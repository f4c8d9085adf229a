//! The `input` of a golden file.

use bowsprit_host_core::node_types::{
    Answer, Context, EdgeDirection, Kind, Neighbour, Node, NodeStatus, State,
};
use serde::Deserialize;
use serde_json::Value;

use super::read;

/// The clock of cases that do not say what time it is.
pub(super) const AT: &str = "2026-01-01T00:00:00Z";

/// A case is not written as it should be.
#[derive(Debug, thiserror::Error)]
#[error("`{field}` {problem}")]
pub struct CaseError {
    /// Where, below `input`.
    pub field: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

/// One node in its surroundings, and what the cluster says about it.
#[derive(Debug, Clone)]
pub struct Case {
    pub(super) node: Node,
    pub(super) context: Context,
    answers: Option<Vec<Answer>>,
    pub(super) at: String,
    pub(super) previous: Option<NodeStatus>,
}

impl Case {
    /// From the `input` of a golden file. A key nobody knows is an error.
    ///
    /// # Errors
    ///
    /// Names the key that is missing or wrong.
    pub fn read(input: &Value) -> Result<Self, CaseError> {
        let input: Input = read(input)?;
        Ok(Self {
            node: input.node.checked()?,
            context: input.context.unwrap_or_default().into(),
            answers: input.answers.map(|all| all.into_iter().map(Into::into).collect()),
            at: input.at.unwrap_or_else(|| AT.to_owned()),
            previous: input.previous.map(Into::into),
        })
    }

    /// The node's type.
    pub fn type_name(&self) -> &str {
        &self.node.type_name
    }

    /// The node and its surroundings, as they would be sent.
    #[cfg(test)]
    pub(crate) fn sent(&self) -> (&Node, &Context) {
        (&self.node, &self.context)
    }

    pub(super) fn has_answers(&self) -> bool {
        self.answers.is_some()
    }

    pub(super) fn answers(&self) -> &[Answer] {
        self.answers.as_deref().unwrap_or_default()
    }

    /// The name a new node would get: that in the data, if there is one.
    pub(super) fn suggested_name(&self) -> String {
        let data: Value = serde_json::from_str(&self.node.data).unwrap_or_default();
        data.get("name").and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    node: NodeInput,
    context: Option<ContextInput>,
    answers: Option<Vec<AnswerInput>>,
    at: Option<String>,
    previous: Option<StatusInput>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeInput {
    id: String,
    #[serde(rename = "type")]
    type_name: String,
    data: Value,
}

impl NodeInput {
    pub(super) fn checked(self) -> Result<Node, CaseError> {
        let Self { id, type_name, data } = self;
        if !data.is_object() {
            let problem = "is not an object: write the node's data there".to_owned();
            return Err(CaseError { field: "node.data".to_owned(), problem });
        }
        Ok(Node { id, type_name, data: data.to_string() })
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct ContextInput {
    namespace: Option<String>,
    cluster: Option<Value>,
    neighbours: Vec<NeighbourInput>,
    names: Vec<String>,
    environment_keys: Vec<String>,
    secret_keys: Vec<String>,
    pull_secrets: Vec<String>,
    identity_labels: Vec<(String, String)>,
    schemas: Vec<(Kind, Value)>,
}

impl From<ContextInput> for Context {
    fn from(it: ContextInput) -> Self {
        Self {
            namespace: it.namespace.unwrap_or_else(|| "default".to_owned()),
            cluster: it.cluster.map(|it| it.to_string()),
            neighbours: it.neighbours.into_iter().map(Into::into).collect(),
            names: it.names.into_iter().collect(),
            environment_keys: it.environment_keys,
            secret_keys: it.secret_keys,
            pull_secrets: it.pull_secrets,
            identity_labels: it.identity_labels,
            schemas: it
                .schemas
                .into_iter()
                .map(|(kind, it)| (kind, it.to_string().into()))
                .collect(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct NeighbourInput {
    #[serde(default)]
    edge: String,
    #[serde(default)]
    direction: DirectionInput,
    own_handle: Option<String>,
    other_handle: Option<String>,
    #[serde(default)]
    id: String,
    #[serde(default, rename = "type")]
    type_name: String,
    view: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DirectionInput {
    #[default]
    Incoming,
    Outgoing,
}

impl From<NeighbourInput> for Neighbour {
    fn from(it: NeighbourInput) -> Self {
        Self {
            edge: it.edge,
            direction: match it.direction {
                DirectionInput::Incoming => EdgeDirection::Incoming,
                DirectionInput::Outgoing => EdgeDirection::Outgoing,
            },
            own_handle: it.own_handle,
            other_handle: it.other_handle,
            id: it.id,
            type_name: it.type_name,
            view: it.view.map_or_else(|| "{}".to_owned(), |it| it.to_string()),
        }
    }
}

/// A list of objects, or one of three things said of it.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum AnswerInput {
    List(Vec<Value>),
    Said(Said),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Said {
    Objects(Vec<Value>),
    Forbidden(String),
    Unavailable(String),
}

impl From<AnswerInput> for Answer {
    fn from(it: AnswerInput) -> Self {
        match it {
            AnswerInput::List(objects) | AnswerInput::Said(Said::Objects(objects)) => {
                Self::Objects(objects.iter().map(|it| it.to_string().into()).collect())
            }
            AnswerInput::Said(Said::Forbidden(why)) => Self::Forbidden(why),
            AnswerInput::Said(Said::Unavailable(why)) => Self::Unavailable(why),
        }
    }
}

#[derive(Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct StatusInput {
    state: State,
    reason: String,
    message: String,
    ready: Option<u32>,
    desired: Option<u32>,
    addresses: Vec<String>,
    card: Value,
    marks: Value,
}

impl Default for StatusInput {
    fn default() -> Self {
        Self {
            state: State::Unknown,
            reason: String::new(),
            message: String::new(),
            ready: None,
            desired: None,
            addresses: Vec::new(),
            card: Value::Null,
            marks: Value::Null,
        }
    }
}

impl From<StatusInput> for NodeStatus {
    fn from(it: StatusInput) -> Self {
        let object = |it: Value| if it.is_object() { it.to_string() } else { "{}".to_owned() };
        Self {
            state: it.state,
            reason: it.reason,
            message: it.message,
            ready: it.ready,
            desired: it.desired,
            addresses: it.addresses,
            findings: Vec::new(),
            card: object(it.card),
            marks: object(it.marks),
        }
    }
}
