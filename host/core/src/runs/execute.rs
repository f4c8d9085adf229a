//! The steps of one run.

use super::{
    Finished, RunLock, Runs,
    apply::{Applier, Outcome},
    comparison::{Comparison, described},
    inventory::{self, Entry},
    meter::Ending,
    plan::{OnFault, Plan, Target},
    record::{Run, RunStatus},
    scope,
    trial::Trial,
    vault::Vault,
};
use crate::{
    Error, Result,
    access::Caller,
    audit::{Action, Object},
    id::Id,
    node_types::{Finding, NodeType, Severity},
    notifications::NotificationType,
    observer::{Seed, Subject},
    plugins::FailedCall,
    store::{Filter, Patch, Query, StoreError},
    workflows::Workflow,
};

impl Runs {
    /// Carries a run out and records how it went. Never fails: a failure is
    /// part of the record.
    pub(super) async fn execute(
        &self,
        caller: &Caller,
        workflow: Workflow,
        mut run: Run,
        vault: &Vault,
        lock: &RunLock,
    ) -> Finished {
        let mut findings = Vec::new();
        let outcome = self.carry_out(caller, &workflow, &mut run, vault, lock, &mut findings).await;
        let failure = outcome.err();
        if let Some(error) = &failure {
            run.log(format!("failed: {}", sentence(error)));
            self.blame(&workflow, &mut run, error);
        } else {
            run.log("completed");
        }
        run.end(failure.as_ref().map(sentence));
        let ending = if failure.is_none() { Ending::Completed } else { Ending::Failed };
        self.meter.ended(ending, run.took());
        if let Err(error) = self.record(&workflow, &run).await {
            tracing::error!(run = %run.id, error = &error as &dyn std::error::Error, "run was not recorded");
        }
        Finished { run, failure, findings }
    }

    /// Says of a plugin's failure which node it was about, and where an
    /// administrator finds what it was asked and wrote.
    fn blame(&self, workflow: &Workflow, run: &mut Run, error: &Error) {
        let Error::Plugin { node, record, .. } = error else { return };
        let link = record.map(FailedCall::path);
        if let Some(link) = &link {
            run.log(format!("the call of the plugin: {link}"));
        }
        let Some(node) = node else { return };
        let message = error.to_string();
        run.settle(node, "failed", Some(message.clone()));
        if let Some(link) = link {
            run.link(node, link);
        }
        let drawn = workflow.drawing.parts().ok();
        let drawn = drawn.as_ref().and_then(|it| it.nodes.iter().find(|it| it.id == **node));
        let type_name = drawn.map_or("", |it| &it.type_name);
        self.observer.tell_error(workflow.id, node, type_name, &message);
    }

    async fn carry_out(
        &self,
        caller: &Caller,
        workflow: &Workflow,
        run: &mut Run,
        vault: &Vault,
        lock: &RunLock,
        findings: &mut Vec<Finding>,
    ) -> Result<()> {
        let record = self.clusters.mine(caller, &workflow.cluster_id).await?.value;
        let (catalogue, kept) = self.catalogue_of(workflow).await?;
        let cluster = self.clusters.connect(&record).await?;
        let target = Target {
            workflow: Some(workflow.id),
            namespace: record.namespace(),
            given: &vault.names(),
            cluster: Some(&cluster),
            definitions: &kept.definitions,
            on_fault: OnFault::Stop,
        };
        let plan = Plan::make(&workflow.drawing, &catalogue, &target).await?;
        self.report(workflow, run, &plan);
        let objects: usize = plan.waves.iter().map(Vec::len).sum();
        let planned = format!("run {}: {objects} objects for cluster `{}`", run.id, record.name);
        self.tell(caller, Action::RunPlanned, workflow, planned).await;
        findings.clone_from(&plan.findings);
        if plan.is_blocked() {
            return Err(Error::Findings(plan.findings));
        }
        scope::check(&plan, &cluster).await?;
        let comparison =
            Comparison { workflow: workflow.id, cluster_id: record.id, cluster: &cluster, vault };
        let refused =
            self.refused(&plan, comparison, &target, (workflow.owner_id, &kept.types)).await?;
        self.log_findings(workflow, run, &plan, &refused);
        findings.extend(refused);
        if findings.iter().any(|it| it.severity >= Severity::Error) {
            return Err(Error::Findings(findings.clone()));
        }
        let applied = self.apply(workflow, run, &plan, comparison, lock).await;
        let written = run.output.values().flat_map(|it| &it.applied_resources);
        let written = written.filter(|it| it.operation != "unchanged").count();
        let told = format!("run {}: {written} objects written to `{}`", run.id, record.name);
        self.tell(caller, Action::RunApplied, workflow, told).await;
        let mut seed = applied?;
        self.prune(workflow, run, record.id).await?;
        self.apply_again(workflow, run, &plan, comparison, &mut seed).await?;
        self.observer
            .follow(Subject {
                workflow: workflow.id,
                owner: workflow.owner_id,
                custom: kept.types,
                cluster_id: record.id,
                cluster,
                nodes: plan.nodes,
                seed,
            })
            .await;
        Ok(())
    }

    /// What the cluster would refuse of a plan, as findings. Questions that this
    /// takes are nobody's runs.
    async fn refused(
        &self,
        plan: &Plan,
        comparison: Comparison<'_>,
        target: &Target<'_>,
        (owner, custom): (Id, &[NodeType]),
    ) -> Result<Vec<Finding>> {
        let known = inventory::of(&self.inventories, comparison.workflow).await?;
        let catalogue = self.node_types.questions_of(owner).with(custom.to_vec());
        Trial { comparison, catalogue: &catalogue, target }.findings(plan, &known).await
    }

    async fn tell(&self, caller: &Caller, action: Action, workflow: &Workflow, detail: String) {
        let object = Object::new("workflow", workflow.id).detail(detail);
        self.audit.record(caller, action, object).await;
    }

    /// Says in the log what the plan holds.
    fn report(&self, workflow: &Workflow, run: &mut Run, plan: &Plan) {
        let objects: usize = plan.waves.iter().map(Vec::len).sum();
        run.log(format!("version {} planned: {objects} objects", run.version));
        for (node, type_name) in &plan.skipped {
            run.log(format!("warning: node {node} is skipped, nobody provides `{type_name}`"));
            let text = format!("no plugin provides the node type `{type_name}`");
            run.settle(node, "warning", Some(text));
        }
        self.log_findings(workflow, run, plan, &plan.findings);
    }

    fn log_findings(&self, workflow: &Workflow, run: &mut Run, plan: &Plan, findings: &[Finding]) {
        for finding in findings {
            let node = finding.node.as_deref().unwrap_or("drawing");
            let word = match finding.severity {
                Severity::Info => "note",
                Severity::Warning => "warning",
                Severity::Error | Severity::Blocker => "error",
            };
            run.log(format!("{word}: {node}: {}", finding.message));
            if finding.severity >= Severity::Error {
                run.settle(node, "failed", Some(finding.message.clone()));
                let prepared = plan.nodes.iter().find(|it| it.node.id == node);
                if let Some(it) = prepared {
                    let type_name = &it.node.type_name;
                    self.observer.tell_error(workflow.id, node, type_name, &finding.message);
                }
            }
        }
    }

    /// Applies all waves; stops after the first in which something failed.
    async fn apply(
        &self,
        workflow: &Workflow,
        run: &mut Run,
        plan: &Plan,
        comparison: Comparison<'_>,
        lock: &RunLock,
    ) -> Result<Seed> {
        let applier = self.applier(workflow, run, comparison);
        let mut seed = Seed::new();
        for wave in &plan.waves {
            self.locks.renew(lock).await?;
            let outcomes = applier.wave(wave, &mut seed).await?;
            let failed = self.settle(workflow, run, plan, outcomes);
            if let Some(reason) = failed {
                return Err(Error::Cluster { code: "run.apply-failed", message: reason });
            }
        }
        Ok(seed)
    }

    /// Looks once more at what was taken back, now that whoever had it is moved
    /// or removed.
    async fn apply_again(
        &self,
        workflow: &Workflow,
        run: &mut Run,
        plan: &Plan,
        comparison: Comparison<'_>,
        seed: &mut Seed,
    ) -> Result<()> {
        let applier = self.applier(workflow, run, comparison);
        let mut outcomes = applier.released(plan, seed).await?;
        outcomes.retain(|it| !it.result.as_ref().is_ok_and(|it| it.operation == "unchanged"));
        match self.settle(workflow, run, plan, outcomes) {
            Some(reason) => Err(Error::Cluster { code: "run.apply-failed", message: reason }),
            None => Ok(()),
        }
    }

    fn applier<'a>(
        &'a self,
        workflow: &Workflow,
        run: &Run,
        comparison: Comparison<'a>,
    ) -> Applier<'a> {
        let (run, owner) = (run.id, workflow.owner_id);
        Applier { comparison, run, owner, inventories: &self.inventories }
    }

    /// Writes a wave's outcomes into the record; answers the first failure.
    fn settle(
        &self,
        workflow: &Workflow,
        run: &mut Run,
        plan: &Plan,
        outcomes: Vec<Outcome>,
    ) -> Option<String> {
        let mut first_failure = None;
        for Outcome { node, result } in outcomes {
            let output = run.output.entry(node.clone()).or_default();
            match result {
                Ok(object) => {
                    let place = object.namespace.as_deref().unwrap_or("cluster");
                    let line = format!(
                        "{node}: {} {place}/{} {}",
                        object.kind, object.name, object.operation
                    );
                    output.applied_resources.push(object);
                    if !output.failed {
                        run.settle(&node, "completed", None);
                    }
                    run.log(line);
                }
                Err(reason) => {
                    output.failed = true;
                    output.errors.push(reason.clone());
                    run.settle(&node, "failed", Some(reason.clone()));
                    run.log(format!("error: {node}: {reason}"));
                    let prepared = plan.nodes.iter().find(|it| it.node.id == node);
                    let type_name = prepared.map_or("", |it| &it.node.type_name);
                    self.observer.tell_error(workflow.id, &node, type_name, &reason);
                    first_failure.get_or_insert(reason);
                }
            }
        }
        first_failure
    }

    /// Removes objects that earlier runs applied and this one did not. A node
    /// that rendered nothing at all keeps its objects: that is more likely a
    /// mistake than a wish.
    async fn prune(&self, workflow: &Workflow, run: &mut Run, cluster: Id) -> Result<()> {
        let parts = workflow.drawing.parts()?;
        let (id, output) = (run.id, run.output.clone());
        let is_drawn = |entry: &Entry| parts.nodes.iter().any(|it| it.id == entry.node);
        let is_current = |entry: &Entry| {
            let applied = output.get(&entry.node).into_iter().flat_map(|it| &it.applied_resources);
            let mut same = applied.filter(|it| {
                it.kind == entry.kind.kind
                    && it.name == entry.name
                    && it.namespace == entry.namespace
            });
            entry.cluster == cluster && (entry.run == id || same.next().is_some())
        };
        let is_stale = |entry: &Entry| {
            !is_current(entry) && (!is_drawn(entry) || output.contains_key(&entry.node))
        };
        let mut stale = Vec::new();
        for entry in self.inventory_of(workflow.id).await? {
            let object = described(&entry.key());
            if is_stale(&entry) {
                run.log(format!("{}: {object} is no longer drawn", entry.node));
                stale.push(entry);
            } else if !is_current(&entry) {
                run.log(format!("warning: {}: {object} was kept", entry.node));
            }
        }
        for warning in self.cleanup.remove(workflow.id, stale).await? {
            run.log(format!("warning: {warning}"));
        }
        Ok(())
    }

    pub(super) async fn inventory_of(&self, workflow: Id) -> Result<Vec<Entry>> {
        Ok(inventory::of(&self.inventories, workflow).await?.entries)
    }

    /// Stores the record of a run that is over, and what follows from it.
    pub(super) async fn record(&self, workflow: &Workflow, run: &Run) -> Result<()> {
        self.runs
            .update(&run.id.to_string(), |it| {
                *it = run.clone();
                Ok::<_, Error>(())
            })
            .await?;
        self.follow_up(workflow, run).await
    }

    /// Counts a run that is over, tells the owner and, last, writes on its
    /// version how it went: one that is said to go on tells the next start
    /// that this is not done. Each step may be repeated.
    pub(super) async fn follow_up(&self, workflow: &Workflow, run: &Run) -> Result<()> {
        self.count(workflow.id, run).await?;
        let (about, title) = match run.status {
            RunStatus::Completed => (NotificationType::WorkflowDeployed, "Workflow deployed"),
            _ => (NotificationType::WorkflowFailed, "Workflow failed"),
        };
        let message = match &run.error {
            None => format!("`{}` is deployed as version {}.", workflow.name, run.version),
            Some(error) => format!("`{}` was not deployed: {error}", workflow.name),
        };
        self.notifications.about_run(workflow, run.id, about, title.into(), message).await?;
        self.versions.record_run(workflow.id, run.version, run.status.as_str()).await
    }

    async fn count(&self, workflow: Id, run: &Run) -> Result<()> {
        let counter = match run.status {
            RunStatus::Completed => "success_count",
            _ => "failure_count",
        };
        let mut patch =
            Patch { increment: vec![("run_count", 1), (counter, 1)], ..Patch::default() };
        patch.set.insert("last_run_at".into(), run.started_at.to_string().into());
        patch.set.insert("last_run_id".into(), run.id.to_string().into());
        let id = workflow.to_string();
        let this = Query::new(Filter::Ids(vec![id.clone()]), 1).bodies_only();
        loop {
            let found = self.workflows.find(&this).await?.pop();
            let Some(found) = found.filter(|it| it.last_run_id != Some(run.id)) else {
                return Ok(());
            };
            match self.workflows.patch(&id, Some(found.revision), &Filter::All, &patch).await {
                Err(StoreError::Stale(_)) => {}
                other => return other.map(drop).map_err(Error::from),
            }
        }
    }
}

fn sentence(error: &Error) -> String {
    let Error::Findings(findings) = error else { return error.to_string() };
    let mut problems: Vec<String> = findings
        .iter()
        .filter(|it| it.severity >= Severity::Error)
        .map(|it| match &it.node {
            Some(node) => format!("{node}: {}", it.message),
            None => it.message.clone(),
        })
        .collect();
    problems.dedup();
    problems.join("; ")
}
