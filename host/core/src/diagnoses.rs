//! Diagnoses: what is wrong with a node in its cluster, and what would mend it.
//!
//! Plugins judge and propose; the host asks the cluster, has it try a proposal,
//! applies it, and asks again. A fix changes only objects that the workflow
//! applied, and only kinds its plugin may change.

mod answer;
mod fixing;
mod proposal;
mod snapshot;

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    Error, Result,
    access::Caller,
    audit::Audit,
    clusters::Clusters,
    diagnostics::{Check, CheckCatalogue, Diagnostics, Outcome, Snapshot},
    id::Id,
    kubernetes::Cluster,
    node_types::{CallError, Node, NodeTypes},
    runs::Runs,
    time::Timestamp,
    workflows::{Workflow, Workflows},
};
pub use answer::{Diagnosis, FixTemplate};
pub use fixing::{FixApplied, FixRequest};
pub use proposal::Parameters;
use snapshot::Seen;

/// The diagnostics use-cases.
#[derive(Clone)]
pub struct Diagnoses {
    workflows: Workflows,
    clusters: Clusters,
    node_types: Arc<dyn NodeTypes>,
    diagnostics: Arc<dyn Diagnostics>,
    runs: Runs,
    audit: Audit,
}

/// A node under examination.
struct Case {
    workflow: Workflow,
    /// As checks see it: its data has a namespace.
    node: Node,
    name: String,
    namespace: String,
    checks: Arc<dyn CheckCatalogue>,
    cluster: Arc<dyn Cluster>,
}

/// What one check came to.
struct Examined {
    check: Check,
    snapshot: Snapshot,
    /// Or why it could not be run, in a sentence.
    outcome: Result<Outcome, String>,
}

impl Diagnoses {
    /// Diagnoses of these workflows, in these clusters, by these plugins, and
    /// repairs between runs.
    pub fn new(
        (workflows, clusters, node_types): (Workflows, Clusters, Arc<dyn NodeTypes>),
        diagnostics: Arc<dyn Diagnostics>,
        runs: Runs,
        audit: Audit,
    ) -> Self {
        Self { workflows, clusters, node_types, diagnostics, runs, audit }
    }

    /// Runs all checks of a node, one after the other.
    ///
    /// # Errors
    ///
    /// `diagnostics.none` if no plugin has checks for the node's type.
    pub async fn diagnose(&self, caller: &Caller, workflow: Id, node: &str) -> Result<Diagnosis> {
        let case = self.open(caller, workflow, node).await?;
        let examined = case.examine().await;
        Ok(Diagnosis::of(case.name, case.namespace, &examined, Timestamp::now()))
    }

    /// What a fix would change, with these parameters.
    ///
    /// # Errors
    ///
    /// `diagnostics.fix.unsupported` if it does not apply here,
    /// [`Error::Findings`] if a parameter will not do.
    pub async fn template(
        &self,
        caller: &Caller,
        workflow: Id,
        node: &str,
        (fix, parameters): (&str, &Parameters),
    ) -> Result<FixTemplate> {
        let case = self.open(caller, workflow, node).await?;
        let examined = case.examine().await;
        let proposal = case.propose(&examined, fix, parameters).await?;
        FixTemplate::of(fix, &proposal)
    }

    async fn open(&self, caller: &Caller, id: Id, node: &str) -> Result<Case> {
        let workflow = self.workflows.drawn(caller, id).await?;
        let node = drawn_node(&workflow, node)?;
        let checks = self.diagnostics.checks_for(caller.user);
        if !checks.list().iter().any(|it| it.is_for(&node.type_name)) {
            let message = format!("no plugin has checks for nodes of type `{}`", node.type_name);
            return Err(Error::Refused { code: "diagnostics.none", message });
        }
        let record = self.clusters.mine(caller, &workflow.cluster_id).await?.value;
        let (node, name, namespace) = self.placed(caller, node, record.namespace()).await?;
        let cluster = self.clusters.connect(&record).await?;
        Ok(Case { workflow, node, name, namespace, checks, cluster })
    }

    /// The node with its data in its current shape and a namespace in it; its
    /// name and namespace.
    async fn placed(
        &self,
        caller: &Caller,
        mut node: Node,
        namespace: &str,
    ) -> Result<(Node, String, String)> {
        let normalized = self.node_types.catalogue_for(caller.user).normalize(&node).await;
        match normalized {
            Ok((data, _)) => node.data = data,
            // Checks for a type nobody provides see what was saved.
            Err(CallError::UnknownType(_)) => {}
            Err(error) => return Err(refused(error)),
        }
        let mut data: Map<String, Value> = serde_json::from_str(&node.data).unwrap_or_default();
        let text = |data: &Map<String, Value>, key: &str, default: &str| {
            let given = data.get(key).and_then(Value::as_str).filter(|it| !it.is_empty());
            given.unwrap_or(default).to_owned()
        };
        let (name, namespace) =
            (text(&data, "name", &node.id), text(&data, "namespace", namespace));
        data.insert("namespace".into(), namespace.clone().into());
        node.data = Value::Object(data).to_string();
        Ok((node, name, namespace))
    }
}

impl Case {
    /// Runs the checks in order, until one says that the others would say
    /// nothing new.
    async fn examine(&self) -> Vec<Examined> {
        let mut seen = Seen::of(&self.cluster, &self.namespace);
        let mut all = Vec::new();
        for check in self.checks.list().iter().filter(|it| it.is_for(&self.node.type_name)) {
            let examined = self.examine_with(check, &mut seen).await;
            let is_last = matches!(examined.outcome, Ok(Outcome::Stop(_)));
            all.push(examined);
            if is_last {
                break;
            }
        }
        all
    }

    async fn examine_with(&self, check: &Check, seen: &mut Seen<'_>) -> Examined {
        let (snapshot, outcome) = match self.checks.queries(check, &self.node).await {
            Ok(queries) => {
                let snapshot = seen.snapshot(&queries).await;
                let outcome = self.checks.diagnose(check, &self.node, &snapshot).await;
                (snapshot, outcome.map_err(sentence))
            }
            Err(error) => {
                (Snapshot { answers: Vec::new(), taken_at: seen.at() }, Err(sentence(error)))
            }
        };
        Examined { check: check.clone(), snapshot, outcome }
    }
}

/// A node as it was saved.
fn drawn_node(workflow: &Workflow, id: &str) -> Result<Node> {
    let parts = workflow.drawing.parts()?;
    let drawn = parts.nodes.into_iter().find(|it| it.id == id);
    let drawn = drawn.ok_or_else(|| Error::not_found("node", id))?;
    Ok(Node {
        id: drawn.id.into_owned(),
        type_name: drawn.type_name.into_owned(),
        data: drawn.data.map_or("{}", |it| it.get()).to_owned(),
    })
}

/// Why a plugin's call came to nothing, for people.
fn sentence(error: CallError) -> String {
    match error {
        CallError::InvalidInput(findings) => {
            let messages: Vec<_> = findings.into_iter().map(|it| it.message).collect();
            messages.join(" ")
        }
        other => other.to_string(),
    }
}

/// Why a plugin's call came to nothing, for whoever asked for it.
fn refused(error: CallError) -> Error {
    match error {
        CallError::InvalidInput(findings) => Error::Findings(findings),
        CallError::Unsupported(message) => {
            Error::Refused { code: "diagnostics.fix.unsupported", message }
        }
        CallError::UnknownType(name) => Error::not_found("node type", name),
        CallError::Failed(error) => error,
    }
}
