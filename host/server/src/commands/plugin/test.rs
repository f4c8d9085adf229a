//! `bowsprit plugin test`: are a plugin's answers what its golden files expect?

use std::{fs, path::Path};

use anyhow::{Context as _, bail};
use bowsprit_host_engine::{cases::Golden, workbench::Sample};
use clap::Args;
use serde_json::Value;

use super::desk::{Desk, golden};
use crate::output::say;

/// Most differences shown of one file.
const SHOWN: usize = 20;

#[derive(Debug, Args)]
pub(crate) struct Test {
    #[command(flatten)]
    desk: Desk,
    /// Writes what the plugin answers into the golden files; read the
    /// difference before you keep it.
    #[arg(long)]
    update: bool,
}

impl Test {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let sample = self.desk.load().await?;
        let golden = self.desk.golden(&sample)?;
        if golden.is_empty() {
            bail!(
                "`{}` has no golden files: write `golden/<case>.json` with an `input`, then run \
                 this with `--update`",
                self.desk.folder.display()
            );
        }
        if self.update {
            return update(&sample, &golden).await;
        }
        let mut failed = 0;
        for case in &golden {
            let faults = faults(&sample, case).await;
            failed += usize::from(!faults.is_empty());
            report(case, &faults);
        }
        let passed = golden.len() - failed;
        say(format_args!("{passed} passed, {failed} failed"));
        if failed > 0 {
            bail!("{failed} of {} golden files are not met", golden.len());
        }
        Ok(())
    }
}

/// What is wrong with a plugin's answers to a golden file, in sentences.
pub(super) async fn faults(sample: &Sample, case: &Golden) -> Vec<String> {
    if case.is_open() {
        return vec!["has no `expected` yet: `bowsprit plugin test --update` writes it".to_owned()];
    }
    let answered = case.answered(&*sample.catalogue()).await;
    let mut faults: Vec<_> = case.differences(&answered).iter().map(ToString::to_string).collect();
    let again = case.answered(&*sample.catalogue()).await;
    let unsteady = bowsprit_host_engine::cases::differences(&answered, &again);
    let unsteady = unsteady.iter().map(|it| format!("{it}: the same call answers differently"));
    faults.extend(unsteady);
    faults
}

/// Refuses a plugin that a host would refuse for its own golden files.
pub(super) async fn must_be_met(sample: &Sample, folder: &Path) -> anyhow::Result<()> {
    for case in &golden(sample, folder)? {
        if let Some(fault) = faults(sample, case).await.first() {
            bail!(
                "a host refuses this plugin, for {} is not met: {fault}; build it again after \
                 `bowsprit plugin test --update`",
                case.name()
            );
        }
    }
    Ok(())
}

async fn update(sample: &Sample, golden: &[Golden]) -> anyhow::Result<()> {
    for case in golden {
        let answered = case.answered(&*sample.catalogue()).await;
        if case.differences(&answered).is_empty() {
            continue;
        }
        refuse_broken(case, &answered)?;
        let text = case.text_expecting(&answered);
        fs::write(&case.file, text).with_context(|| case.file.display().to_string())?;
        say(format_args!("{}: written", case.name()));
    }
    Ok(())
}

/// A call that broke is nothing to expect.
fn refuse_broken(case: &Golden, answered: &Value) -> anyhow::Result<()> {
    let functions = answered.as_object().into_iter().flatten();
    match functions.flat_map(answers).find(|(_, answer)| answer.get("failed").is_some()) {
        Some((function, answer)) => {
            bail!("{}: `{function}` broke, so nothing was written: {answer}", case.name())
        }
        None => Ok(()),
    }
}

/// A function's answer, or each of its answers: there is one for each check, fix
/// or definition.
fn answers<'v>((function, answer): (&'v String, &'v Value)) -> Vec<(&'v str, &'v Value)> {
    let inner: Vec<&Value> = match answer {
        Value::Array(all) => all.iter().collect(),
        Value::Object(all) => all.values().collect(),
        _ => Vec::new(),
    };
    std::iter::once(answer).chain(inner).map(|it| (function.as_str(), it)).collect()
}

fn report(case: &Golden, faults: &[String]) {
    if faults.is_empty() {
        say(format_args!("{}: ok", case.name()));
        return;
    }
    say(format_args!("{}: FAILED", case.name()));
    for fault in faults.iter().take(SHOWN) {
        say(format_args!("  {fault}"));
    }
    if let Some(more) = faults.len().checked_sub(SHOWN).filter(|it| *it > 0) {
        say(format_args!("  and {more} more"));
    }
}
