//! Versions and revisions of the caller's workflows.

use super::{Seen, Workflow, Workflows, checked_text};
use crate::{
    Result,
    access::Caller,
    drawing::Comparison,
    id::Id,
    revisions::{Revision, RevisionPage},
    versions::{Label, Occasion, Version, VersionPage},
};

impl Workflows {
    /// A page of versions, newest first.
    pub async fn versions(
        &self,
        caller: &Caller,
        id: Id,
        page: u64,
        limit: u32,
    ) -> Result<VersionPage> {
        self.mine(caller, id).await?;
        self.versions.page(id, page, limit).await
    }

    /// One version.
    pub async fn version(&self, caller: &Caller, id: Id, number: i64) -> Result<Version> {
        self.mine(caller, id).await?;
        self.versions.get(id, number).await
    }

    /// Makes a version of what is drawn.
    pub async fn make_version(&self, caller: &Caller, id: Id, label: Label) -> Result<Version> {
        let label = checked(label)?;
        let workflow = self.mine(caller, id).await?.value;
        self.versions.add(&workflow, caller.user, Occasion::Hand(label)).await
    }

    /// Writes on a version.
    pub async fn label_version(
        &self,
        caller: &Caller,
        id: Id,
        number: i64,
        label: Label,
    ) -> Result<Version> {
        let label = checked(label)?;
        self.mine(caller, id).await?;
        self.versions.label(id, number, &label).await
    }

    /// What changed from one version to another.
    pub async fn compare_versions(
        &self,
        caller: &Caller,
        id: Id,
        from: i64,
        to: i64,
    ) -> Result<Comparison> {
        self.mine(caller, id).await?;
        let (from, to) = (self.versions.get(id, from).await?, self.versions.get(id, to).await?);
        from.drawing.compared(&to.drawing)
    }

    /// Makes an earlier version the drawing again, which is a version too. The
    /// cluster is not touched. The version comes first: if the rest does not
    /// happen, it can be restored.
    pub async fn restore_version(
        &self,
        caller: &Caller,
        id: Id,
        number: i64,
        seen: Seen,
    ) -> Result<(Version, Workflow)> {
        let workflow = self.mine(caller, id).await?.value;
        workflow.require(seen)?;
        let drawing = self.versions.get(id, number).await?.drawing;
        let occasion = Occasion::Restore(number, drawing.clone());
        let version = self.versions.add(&workflow, caller.user, occasion).await?;
        let restored = self
            .change(caller, id, seen, |it| {
                it.drawing = drawing.clone();
                Ok(())
            })
            .await?;
        Ok((version, self.overlaid(restored).await?))
    }

    /// A page of what changes overwrote, newest first.
    pub async fn revisions(
        &self,
        caller: &Caller,
        id: Id,
        page: u64,
        limit: u32,
    ) -> Result<RevisionPage> {
        self.mine(caller, id).await?;
        self.revisions.page(id, page, limit).await
    }

    /// One state that a change overwrote.
    pub async fn revision(&self, caller: &Caller, id: Id, number: i64) -> Result<Revision> {
        self.mine(caller, id).await?;
        self.revisions.get(id, number).await
    }

    /// Makes an overwritten drawing the drawing again. What that overwrites is
    /// a revision in its turn.
    pub async fn restore_revision(
        &self,
        caller: &Caller,
        id: Id,
        number: i64,
        seen: Seen,
    ) -> Result<Workflow> {
        self.mine(caller, id).await?;
        let drawing = self.revisions.get(id, number).await?.drawing;
        let restored = self
            .change(caller, id, seen, |it| {
                it.drawing = drawing.clone();
                Ok(())
            })
            .await?;
        self.overlaid(restored).await
    }

    /// Removes revisions that are too old, of all workflows.
    pub async fn forget_old_revisions(&self) -> Result<u64> {
        self.revisions.forget_old().await
    }
}

fn checked(label: Label) -> Result<Label> {
    let text = |field, it: Option<String>| it.map(|it| checked_text(field, it)).transpose();
    Ok(Label {
        name: text("name", label.name)?,
        tag: text("tag", label.tag)?,
        description: text("description", label.description)?,
    })
}
