//! `bowsprit plugin diff`: what would an upgrade change?

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use anyhow::bail;
use bowsprit_host_engine::{
    cases::{Golden, differences},
    workbench::{About, Sample},
};
use clap::Args;
use serde_json::{Value, json};

use super::{
    check::wants,
    desk::{Bases, golden, load},
};
use crate::output::say;

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The plugin as it is.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The plugin as it would be.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    #[command(flatten)]
    bases: Bases,
    /// Fails if there is a difference.
    #[arg(long)]
    exit_code: bool,
}

impl Diff {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let workbench = self.bases.workbench()?;
        let old = load(&workbench, &self.old).await?;
        let new = load(&workbench, &self.new).await?;
        let mut lines = about(&old.about, &new.about);
        lines.extend(types(&old, &new));
        let mut cases: BTreeMap<String, Golden> = BTreeMap::new();
        let folders = [(&old, &self.old), (&new, &self.new)];
        for (sample, folder) in folders {
            cases.extend(golden(sample, folder)?.into_iter().map(|it| (it.name(), it)));
        }
        let (mut asked, mut changed) = (0, 0);
        for case in cases.values().filter(|it| is_offered(it, &old) && is_offered(it, &new)) {
            let found = answers(&old, &new, case).await;
            asked += 1;
            changed += usize::from(!found.is_empty());
            lines.extend(found);
        }
        for line in &lines {
            say(format_args!("{line}"));
        }
        say(format_args!("{changed} of {asked} golden inputs are answered differently"));
        if self.exit_code && !lines.is_empty() {
            bail!("the plugins differ");
        }
        Ok(())
    }
}

fn about(old: &About, new: &About) -> Vec<String> {
    let mut lines = Vec::new();
    for (what, old, new) in [
        ("id", &old.id, &new.id),
        ("version", &old.version, &new.version),
        ("api", &old.api, &new.api),
        ("kind", &old.kind, &new.kind),
    ] {
        if old != new {
            lines.push(format!("{what}: {old} became {new}"));
        }
    }
    let wanted = |about: &About| -> BTreeSet<String> {
        wants(about)
            .into_iter()
            .chain(about.imports.iter().map(|it| format!("to import {it}")))
            .collect()
    };
    let (old, new) = (wanted(old), wanted(new));
    lines.extend(new.difference(&old).map(|it| format!("wants more: {it}")));
    lines.extend(old.difference(&new).map(|it| format!("wants less: {it}")));
    lines
}

fn types(old: &Sample, new: &Sample) -> Vec<String> {
    let found = differences(&described(old), &described(new));
    found.iter().map(|it| format!("node types {it}")).collect()
}

/// What a plugin says of its types, by name.
fn described(sample: &Sample) -> Value {
    let types = sample.types.iter().map(|it| {
        let it = &it.descriptor;
        let schema: Value = serde_json::from_str(&it.schema).unwrap_or_default();
        let said = json!({
            "title": it.title, "description": it.description, "category": it.category,
            "icon": it.icon, "tags": it.tags, "schema-version": it.schema_version,
            "schema": schema,
        });
        (it.name.clone(), said)
    });
    Value::Object(types.collect())
}

fn is_offered(case: &Golden, sample: &Sample) -> bool {
    let Some(node) = case.subject.node() else { return true };
    sample.types.iter().any(|it| it.descriptor.name == node.type_name())
}

async fn answers(old: &Sample, new: &Sample, case: &Golden) -> Vec<String> {
    let before = case.answered(&*old.catalogue()).await;
    let after = case.answered(&*new.catalogue()).await;
    let name = case.name();
    differences(&before, &after).iter().map(|it| format!("{name} {it}")).collect()
}
