//! Which starters there are.

use std::{fs, path::Path};

use anyhow::Context as _;
use bowsprit_host_core::{
    starters::{Starter, Starters},
    workflows::Workflows,
};

use crate::settings::Settings;

/// Those of `templates/workflows`.
const BUILT_IN: [&str; 7] = [
    include_str!("../../../../templates/workflows/cron-pipeline/workflow.json"),
    include_str!("../../../../templates/workflows/microservices/workflow.json"),
    include_str!("../../../../templates/workflows/monitoring/workflow.json"),
    include_str!("../../../../templates/workflows/queue-worker/workflow.json"),
    include_str!("../../../../templates/workflows/shop/workflow.json"),
    include_str!("../../../../templates/workflows/static-site/workflow.json"),
    include_str!("../../../../templates/workflows/web-database/workflow.json"),
];

/// All starters that the settings give, for workflows among `workflows`.
pub(super) fn open(settings: &Settings, workflows: &Workflows) -> anyhow::Result<Starters> {
    let shelf = shelf(settings.starters.dir.as_deref())?;
    Ok(Starters::new(shelf, workflows.clone()))
}

/// The built-in starters, and those of a folder (`<folder>/<any>/workflow.json`),
/// which take the place of built-in ones of their name.
fn shelf(folder: Option<&Path>) -> anyhow::Result<Vec<Starter>> {
    let mut shelf = Vec::new();
    for text in BUILT_IN {
        put(&mut shelf, Starter::parse(text).context("a built-in starter is damaged")?);
    }
    let Some(folder) = folder else { return Ok(shelf) };
    let failed = || format!("`starters.dir`: cannot read `{}`", folder.display());
    let entries = fs::read_dir(folder).with_context(failed)?;
    let mut files: Vec<_> = entries
        .map(|entry| Ok(entry?.path().join("workflow.json")))
        .collect::<std::io::Result<_>>()
        .with_context(failed)?;
    files.retain(|file| file.is_file());
    files.sort();
    for file in files {
        let failed = || format!("`starters.dir`: `{}` is no starter", file.display());
        let text = fs::read_to_string(&file).with_context(failed)?;
        put(&mut shelf, Starter::parse(&text).with_context(failed)?);
    }
    Ok(shelf)
}

fn put(shelf: &mut Vec<Starter>, starter: Starter) {
    shelf.retain(|it| it.name != starter.name);
    shelf.push(starter);
}
