//! Putting a fix into force (contract R34).

use serde::Serialize;
use serde_json::Value;

use super::{
    Case, Diagnoses, Examined,
    proposal::{Parameters, Proposal, key},
};
use crate::{
    Error, Result,
    access::Caller,
    audit::{Action, Object},
    diagnostics::Outcome,
    id::Id,
    kubernetes::{Applied, ObjectKey},
    labels,
    runs::{AppliedObject, Held, NodeOutput, described, refusal, uid},
};

/// Bytes of the YAML that is sent.
const YAML_LIMIT: usize = 64 << 10;

/// A fix somebody asks for.
#[derive(Debug)]
pub struct FixRequest {
    /// Its id.
    pub fix: String,
    /// What to apply: what the template said, or the user's version of it.
    pub yaml: String,
    /// Those the template was asked for with.
    pub parameters: Parameters,
}

/// A fix that was applied.
#[derive(Debug, Serialize)]
pub struct FixApplied {
    /// For the user.
    pub message: String,
    /// The objects it changed.
    pub result: NodeOutput,
}

impl Diagnoses {
    /// Applies a fix: has the cluster try it, changes the drawing, then the
    /// cluster the same way, and runs the checks again. No run of the workflow
    /// goes on meanwhile.
    ///
    /// The plugin is asked anew what it proposes; the YAML may change the
    /// fields of the objects it names and nothing else. A YAML that says
    /// something else than the plugin leaves the drawing as it is.
    ///
    /// The drawing goes first because it is the truth: a host that dies in
    /// between leaves a drawing whose next run makes the change, where the
    /// other way round that run would undo it.
    ///
    /// # Errors
    ///
    /// `workflow.run.active` while a run is under way,
    /// `diagnostics.fix.unsupported` if the fix does not apply any more,
    /// `diagnostics.fix.foreign` if an object is not the workflow's,
    /// `diagnostics.fix.conflict` if somebody else owns a field, and what a
    /// save fails with if the drawing was changed meanwhile.
    pub async fn apply(
        &self,
        caller: &Caller,
        workflow: Id,
        node: &str,
        request: FixRequest,
    ) -> Result<FixApplied> {
        // Whose it is comes before whether it is being run.
        self.workflows.drawn(caller, workflow).await?;
        let (this, caller, node) = (self.clone(), caller.clone(), node.to_owned());
        let mend = |held| async move { this.mend(&caller, workflow, &node, request, &held).await };
        self.runs.exclusively(workflow, "apply a fix", mend).await
    }

    async fn mend(
        &self,
        caller: &Caller,
        workflow: Id,
        node: &str,
        request: FixRequest,
        held: &Held,
    ) -> Result<FixApplied> {
        let case = self.open(caller, workflow, node).await?;
        let examined = case.examine().await;
        let proposal = case.propose(&examined, &request.fix, &request.parameters).await?;
        let objects = case.allowed(&request.yaml, &proposal)?;
        for object in &objects {
            case.amend(object, true).await?;
        }
        held.renew().await?;
        let is_as_proposed = objects == proposal.objects;
        if is_as_proposed {
            self.draw(caller, &case, &proposal).await?;
        }
        let is_drawn = is_as_proposed && !proposal.drawing.is_empty();
        let put = self.put(caller, &case, &request.fix, &objects).await;
        let result = put.map_err(|error| if is_drawn { drawn_only(error) } else { error })?;
        let again = case.examine().await;
        Ok(FixApplied { message: message(&proposal, is_as_proposed, &again), result })
    }

    /// Applies all objects, and tells the audit log of those that were.
    async fn put(
        &self,
        caller: &Caller,
        case: &Case,
        fix: &str,
        objects: &[Value],
    ) -> Result<NodeOutput> {
        let mut result = NodeOutput::default();
        let mut failure = None;
        for object in objects {
            match case.amend(object, false).await {
                Ok(applied) => result.applied_resources.push(applied),
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        if !result.applied_resources.is_empty() {
            self.tell(caller, case, fix, &result).await;
        }
        failure.map_or(Ok(result), Err)
    }

    async fn tell(&self, caller: &Caller, case: &Case, fix: &str, result: &NodeOutput) {
        let changed: Vec<String> =
            result.applied_resources.iter().map(|it| format!("{} {}", it.kind, it.name)).collect();
        let detail = format!("fix `{fix}` of node {}: {}", case.node.id, changed.join(", "));
        let object = Object::new("workflow", case.workflow.id).detail(detail);
        self.audit.record(caller, Action::FixApplied, object).await;
    }

    /// Changes the drawing, unless somebody else did since it was looked at.
    async fn draw(&self, caller: &Caller, case: &Case, proposal: &Proposal) -> Result<()> {
        let mut seen = case.workflow.revision;
        for patch in &proposal.drawing {
            let patched = (case.node.id.as_str(), patch);
            let written = self.workflows.patch_node(caller, case.workflow.id, patched, Some(seen));
            seen = written.await?.revision;
        }
        Ok(())
    }
}

/// Says of a failure that the drawing is changed already.
fn drawn_only(mut error: Error) -> Error {
    if let Error::Conflict { message, .. }
    | Error::Cluster { message, .. }
    | Error::Refused { message, .. } = &mut error
    {
        message.push_str("; the drawing is changed, and its next run makes the change");
    }
    error
}

impl Case {
    /// The objects of a YAML, if a fix of this proposal may change them.
    fn allowed(&self, yaml: &str, proposal: &Proposal) -> Result<Vec<Value>> {
        let objects = read(yaml)?;
        let changes = self.checks.changes(&proposal.plugin);
        let proposed: Vec<ObjectKey> = proposal.objects.iter().filter_map(key).collect();
        let mut allowed = Vec::with_capacity(objects.len());
        for object in objects {
            let object = self.placed_object(object);
            let Some(key) = key(&object) else {
                let problem = "must hold objects with `apiVersion`, `kind` and `metadata.name`";
                return Err(Error::invalid("yaml", problem));
            };
            if !proposed.contains(&key) || !changes.contains(&key.kind) {
                let problem = format!("names {}, which this fix does not change", described(&key));
                return Err(Error::invalid("yaml", problem));
            }
            allowed.push(object);
        }
        if allowed.is_empty() && !proposed.is_empty() {
            return Err(Error::invalid("yaml", "must hold the objects to change"));
        }
        Ok(allowed)
    }

    /// Changes fields of an object that belongs to the workflow.
    async fn amend(&self, object: &Value, trial: bool) -> Result<AppliedObject> {
        let key = key(object).ok_or_else(|| Error::internal("an object without a name"))?;
        let live = self.cluster.get(&key).await?;
        if !live.is_some_and(|it| labels::is_of_workflow(&it, self.workflow.id)) {
            let object = described(&key);
            let message = format!("{object} is not there, or does not belong to this workflow");
            return Err(Error::Refused { code: "diagnostics.fix.foreign", message });
        }
        match self.cluster.amend(object, trial).await? {
            Applied::Done(live) => Ok(AppliedObject {
                kind: key.kind.kind.clone(),
                name: key.name.clone(),
                namespace: key.namespace.clone(),
                operation: "updated".into(),
                uid: uid(&live),
            }),
            conflict @ Applied::Conflict(_) => Err(Error::Conflict {
                code: "diagnostics.fix.conflict",
                message: refusal(&key, conflict),
            }),
            other => Err(Error::Cluster { code: "cluster.refused", message: refusal(&key, other) }),
        }
    }
}

/// The documents of a YAML, empty ones left out.
fn read(yaml: &str) -> Result<Vec<Value>> {
    if yaml.len() > YAML_LIMIT {
        return Err(Error::TooLarge { what: "the YAML", limit: format!("{YAML_LIMIT} bytes") });
    }
    if yaml.trim().is_empty() {
        return Ok(Vec::new());
    }
    let documents: Vec<Value> = serde_saphyr::from_multiple(yaml).map_err(|error| {
        let line = error.location().map(|it| format!(" at line {}", it.line()));
        Error::invalid("yaml", format!("is not YAML{}", line.unwrap_or_default()))
    })?;
    Ok(documents.into_iter().filter(|it| !it.is_null()).collect())
}

/// What became of it, for the user.
fn message(proposal: &Proposal, is_as_proposed: bool, again: &[Examined]) -> String {
    let mut sentences = vec![format!("{}: applied.", proposal.fix.title)];
    if !is_as_proposed {
        sentences
            .push("The drawing is as it was: change it too, or the next run undoes this.".into());
    }
    let remains = again.iter().find_map(|it| match &it.outcome {
        Ok(Outcome::Found(findings) | Outcome::Stop(findings)) => {
            findings.iter().find(|it| proposal.fix.cures.contains(&it.code))
        }
        _ => None,
    });
    sentences.push(match remains {
        Some(finding) => format!("It did not help: {}", finding.message),
        None => "What it was for is mended.".into(),
    });
    sentences.join(" ")
}
