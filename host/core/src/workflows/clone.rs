//! Copies of workflows.

use super::{Workflow, Workflows, checked_name};
use crate::{Result, access::Caller, id::Id};

/// What the description of a copy ends with (contract R27).
const CLONED: &str = "(Cloned)";

impl Workflows {
    /// Copies one of the caller's workflows into a new draft, which has never
    /// been run: without statuses, runs, versions and objects in a cluster.
    pub async fn clone_of(&self, caller: &Caller, id: Id, name: String) -> Result<Workflow> {
        let name = checked_name(name)?;
        let source = self.mine(caller, id).await?.value;
        let marks = self.statuses.overlay(id).await?;
        let description = format!("{} {CLONED}", source.description).trim_start().to_owned();
        let drawing = source.drawing.without_marks(&marks)?;
        let clone = Workflow {
            tags: source.tags,
            team_id: source.team_id,
            drawing,
            ..Workflow::draft(caller.user, name, description, source.cluster_id)
        };
        Ok(self.stored.insert(clone).await?.value)
    }
}
