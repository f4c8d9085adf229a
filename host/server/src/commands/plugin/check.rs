//! `bowsprit plugin check`: what a plugin is, wants and costs, before anybody
//! installs it.

use std::time::Duration;

use anyhow::bail;
use bowsprit_host_core::node_types::Kind;
use bowsprit_host_engine::{
    Limits,
    cases::{Function, Golden},
    workbench::{About, Sample},
};
use clap::Args;

use super::{
    desk::{Desk, kilobytes, load, measured, millis, refused},
    test::faults,
};
use crate::output::say;

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    desk: Desk,
}

impl Check {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let workbench = self.desk.bases.workbench()?;
        let sample = load(&workbench, &self.desk.folder).await?;
        describe(&sample);
        workbench.fits(&sample).await.map_err(refused)?;
        let golden = self.desk.golden(&sample)?;
        let mut failed = Vec::new();
        for case in &golden {
            if !faults(&sample, case).await.is_empty() {
                failed.push(case.name());
            }
        }
        let met = golden.len() - failed.len();
        row("golden", &format!("{met} of {} files met", golden.len()));
        cost(&sample, &golden).await;
        if !failed.is_empty() {
            bail!("golden files not met: {}; see `bowsprit plugin test`", failed.join(", "));
        }
        Ok(())
    }
}

fn describe(sample: &Sample) {
    let about = &sample.about;
    say(format_args!("{} {}: {}", about.id, about.version, about.title));
    row("generation", &about.generation);
    row("world", &world(about));
    row("imports", &or_none(&about.imports));
    row("wants", &or_none(&wants(about)));
    row("provides", &or_none(&sample.provides));
    row("size", &size(about));
    row("limits", &limits(about));
    row("ready after", &ready_after(about));
}

fn row(name: &str, text: &str) {
    say(format_args!("  {name:<12}{text}"));
}

fn or_none(list: &[String]) -> String {
    if list.is_empty() { "none".to_owned() } else { list.join(", ") }
}

fn world(about: &About) -> String {
    let api = &about.api;
    match &about.uses {
        Some(used) => format!("{}, version {api}, through the component of `{used}`", about.world),
        None => format!("{}, version {api}: {}", about.world, about.exports.join(", ")),
    }
}

/// What a plugin asks for, in plain words.
pub(super) fn wants(about: &About) -> Vec<String> {
    let kinds = |what: &str, kinds: &[Kind]| -> Vec<String> {
        kinds.iter().map(|it| format!("{what} {} ({})", it.kind, it.api_version())).collect()
    };
    let mut all = kinds("to create, change and remove", &about.produces);
    all.extend(kinds("to look at", &about.reads));
    all.extend(kinds("to change, as a fix,", &about.changes));
    all.extend(about.source_files.iter().map(|it| format!("to see source files {it}")));
    all
}

fn size(about: &About) -> String {
    let (assets, bytes) = about.assets;
    let assets = format!("{assets} assets of {}", kilobytes(bytes));
    match about.component_bytes {
        Some(component) => format!("component {}, {assets}", kilobytes(component)),
        None => assets,
    }
}

fn limits(about: &About) -> String {
    format!(
        "{} ms, {} MiB of memory, {} KiB of answer a call",
        about.deadline.as_millis(),
        about.memory >> 20,
        about.output >> 10
    )
}

fn ready_after(about: &About) -> String {
    let mut text = format!("{}: compiled, linked, described", millis(about.ready_after));
    if let Some(took) = about.known_after {
        text += &format!("; its code was compiled by an earlier call, so {} now", millis(took));
    }
    let most = Limits::default().compile;
    if about.ready_after <= most {
        return text;
    }
    format!(
        "{text}; a host gives up after {} s of compiling, unless `plugins.limits.compile_seconds` \
         is raised",
        most.as_secs()
    )
}

/// The slowest golden case of each function.
async fn cost(sample: &Sample, golden: &[Golden]) {
    for function in [Function::Validate, Function::Render, Function::Status] {
        let mut worst: Option<(Duration, String, usize)> = None;
        for case in golden {
            let Some(node) = case.subject.node() else { continue };
            let (answer, time) = measured(sample, node, function).await;
            if worst.as_ref().is_none_or(|(slowest, ..)| time > *slowest) {
                worst = Some((time, case.name(), answer.to_string().len()));
            }
        }
        if let Some((time, name, bytes)) = worst {
            let text = format!(
                "{} at most: {name}, {bytes} bytes, from a fresh instance on",
                millis(time)
            );
            row(function.name(), &text);
        }
    }
}
