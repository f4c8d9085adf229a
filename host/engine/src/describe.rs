//! Asking a fresh generation what it provides, and whether that will do.

use std::collections::BTreeSet;

use bowsprit_host_core::{
    catalogues::Entry,
    diagnostics::Check,
    importers::Importer,
    node_types::{Descriptor, Kind, NodeType},
    plugins::{LoadFailure, LoadStage},
};

use crate::{
    bindings::v0_1::{catalogue, diagnostics, importer},
    call::{Idle, Runtime},
    convert::{
        answers::{Answers, Checked, invalid, kind, object},
        descriptions::{named, shown},
    },
    failure::failure,
    fault::Fault,
    functions::{self, Function, Outcome},
    instance::Program,
    package::PluginToml,
    world::World,
};

/// What a plugin contributes.
#[derive(Debug, Default)]
pub(crate) struct Provides {
    /// Ordered by name.
    pub(crate) node_types: Vec<NodeType>,
    /// Ordered by name.
    pub(crate) importers: Vec<Importer>,
    /// In the plugin's own order.
    pub(crate) checks: Vec<Check>,
    /// Ordered by id.
    pub(crate) entries: Vec<Entry>,
}

impl Provides {
    /// Names that no other plugin may have too, with what they are names of.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let types = self.node_types.iter().map(|it| ("node type", it.descriptor.name.as_str()));
        let importers = self.importers.iter().map(|it| ("importer", it.name.as_str()));
        let entries = self.entries.iter().map(|it| ("entry", it.id.as_str()));
        types.chain(importers).chain(entries)
    }
}

/// Asks a plugin for all that its world has.
pub(crate) async fn describe(
    runtime: &Runtime,
    program: &Program,
    toml: &PluginToml,
) -> Result<Provides, LoadFailure> {
    let asked = Asked { runtime, program, toml };
    let mut provides = Provides::default();
    let world = toml.world();
    if matches!(world, World::NodeTypes | World::ResourceCatalogue) {
        let described = asked.ask(functions::node_types::Describe).await?;
        provides.node_types = asked.each(described, |it| asked.node_type(it))?;
        provides.node_types.iter().try_for_each(|it| asked.within_grant(&it.descriptor))?;
    }
    match world {
        World::NodeTypes => {}
        World::Importer => {
            let described = asked.ask(functions::importer::Describe).await?;
            provides.importers = asked.each(described, |it| asked.importer(it))?;
        }
        World::Diagnostics => {
            let described = asked.ask(functions::diagnostics::Describe).await?;
            provides.checks = asked.each(described, |it| asked.check(it))?;
        }
        World::ResourceCatalogue => {
            let described = asked.ask(functions::catalogue::Entries).await?;
            provides.entries = asked.each(described, |it| asked.entry(it))?;
        }
    }
    asked.sorted(provides)
}

struct Asked<'a> {
    runtime: &'a Runtime,
    program: &'a Program,
    toml: &'a PluginToml,
}

impl Asked<'_> {
    async fn ask<F: Function>(&self, function: F) -> Result<F::Output, LoadFailure> {
        let described = self.runtime.turn_and_run(self.program, &Idle::default(), &function).await;
        match described.map_err(|fault| refused(F::NAME, &fault))? {
            Outcome::Answer(answer) => Ok(answer),
            Outcome::Invalid(findings) => Err(unwilling(F::NAME, &findings)),
            Outcome::Unsupported(what) => {
                Err(refused(F::NAME, &invalid(format!("it declines to: {what}"))))
            }
        }
    }

    fn each<A, B>(
        &self,
        from: Vec<A>,
        convert: impl FnMut(A) -> Checked<B>,
    ) -> Result<Vec<B>, LoadFailure> {
        let all: Checked<Vec<B>> = from.into_iter().map(convert).collect();
        all.map_err(|fault| refused("describe", &fault))
    }

    fn answers(&self) -> Answers<'_> {
        Answers::new(self.program.limits.list_entries, None)
    }

    fn node_type(&self, from: crate::bindings::v0_1::types::Descriptor) -> Checked<NodeType> {
        let palette = &self.toml.palette;
        Ok(NodeType {
            descriptor: self.answers().descriptor(from)?,
            plugin: self.program.plugin.clone(),
            offered_as: self.program.plugin.clone(),
            plugin_version: self.toml.version.clone(),
            generation: self.program.generation.clone(),
            cluster_scoped: self.program.grants.cluster_scoped,
            native: palette.native,
            usage_frequency: palette.usage_frequency().into(),
            difficulty: palette.difficulty().into(),
        })
    }

    fn importer(&self, from: importer::Description) -> Checked<Importer> {
        named("importer", &from.name)?;
        shown("importer", &from.name, &[&from.title], "")?;
        if from.claims.is_empty() {
            return Err(invalid(format!("importer `{}` claims nothing", from.name)));
        }
        Ok(Importer {
            claims: self.answers().strings("an importer's list of claims", from.claims)?,
            options: object("an importer's options", from.options)?,
            name: from.name,
            title: from.title,
            plugin: self.program.plugin.clone(),
            generation: self.program.generation.clone(),
        })
    }

    fn check(&self, from: diagnostics::Check) -> Checked<Check> {
        named("check", &from.id)?;
        shown("check", &from.id, &[&from.title], &from.docs)?;
        if from.node_types.is_empty() {
            return Err(invalid(format!("check `{}` is for no node type", from.id)));
        }
        Ok(Check {
            node_types: self.answers().strings("a check's list of types", from.node_types)?,
            id: from.id,
            title: from.title,
            docs: from.docs,
            plugin: self.program.plugin.clone(),
            generation: self.program.generation.clone(),
        })
    }

    fn entry(&self, from: catalogue::Entry) -> Checked<Entry> {
        named("entry", &from.id)?;
        let words = [&from.title, &from.category, &from.icon].map(String::as_str);
        shown("entry", &from.id, &words, &from.description)?;
        shown("entry", &from.id, &[&from.version], &from.install)?;
        let answers = self.answers();
        Ok(Entry {
            kinds: answers.list("an entry's list of kinds", from.kinds, |it| Ok(kind(it)))?,
            node_types: answers.strings("an entry's list of types", from.node_types)?,
            id: from.id,
            title: from.title,
            description: from.description,
            category: from.category,
            icon: from.icon,
            version: from.version,
            install: from.install,
            plugin: self.program.plugin.clone(),
            generation: self.program.generation.clone(),
        })
    }

    /// In order, and without two of one name.
    fn sorted(&self, mut provides: Provides) -> Result<Provides, LoadFailure> {
        let mut names = BTreeSet::new();
        let checks = provides.checks.iter().map(|it| ("check", it.id.as_str()));
        if let Some((what, name)) = provides.names().chain(checks).find(|it| !names.insert(*it)) {
            let fault = invalid(format!("two of its {what}s are named `{name}`"));
            return Err(refused("describe", &fault));
        }
        for entry in &provides.entries {
            let own = |it: &&mut NodeType| entry.node_types.contains(&it.descriptor.name);
            provides
                .node_types
                .iter_mut()
                .filter(own)
                .for_each(|it| it.offered_as.clone_from(&entry.id));
        }
        provides.node_types.sort_by(|a, b| a.descriptor.name.cmp(&b.descriptor.name));
        provides.importers.sort_by(|a, b| a.name.cmp(&b.name));
        provides.entries.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(provides)
    }

    fn within_grant(&self, descriptor: &Descriptor) -> Result<(), LoadFailure> {
        let granted: &[Kind] = &self.program.grants.produces;
        let Some(kind) = descriptor.produces.iter().find(|it| !granted.contains(it)) else {
            return Ok(());
        };
        let kind = format!("{}/{}", kind.api_version(), kind.kind);
        let name = &descriptor.name;
        Err(failure(
            LoadStage::Describe,
            "plugin.produces.not-wanted",
            format!("node type `{name}` produces `{kind}`, which `wants` does not list"),
            format!("add `{kind}` to `produces` under `[wants]` in plugin.toml"),
        ))
    }
}

/// The first thing a plugin found wrong with its own assets.
fn unwilling(
    function: &'static str,
    findings: &[bowsprit_host_core::node_types::Finding],
) -> LoadFailure {
    let first = findings.first();
    let message = first.map_or("it found something wrong".into(), |it| part(&it.message));
    let place = first.and_then(|it| it.at.as_deref());
    let place = place.map_or_else(String::new, |at| format!(" at `{}`", sentence(at)));
    let more = match findings.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(" ({more} more)"),
    };
    let fix = first.and_then(|it| it.suggestion.as_deref()).map(part);
    failure(
        LoadStage::Describe,
        "plugin.assets.invalid",
        format!("`{function}` refuses the plugin's assets{place}: {message}{more}"),
        fix.unwrap_or("correct the plugin's assets".into()),
    )
}

/// A guest's sentence as a part of ours.
fn part(text: &str) -> String {
    let text = sentence(text);
    text.strip_suffix('.').map(str::to_owned).unwrap_or(text)
}

/// A guest's words on one line, not too many of them.
fn sentence(text: &str) -> String {
    const LONGEST: usize = 400;
    let plain = |it: char| if it.is_control() { ' ' } else { it };
    text.chars().take(LONGEST).map(plain).collect()
}

/// A fault in `describe` as the record of a load.
fn refused(function: &'static str, fault: &Fault) -> LoadFailure {
    let message = match fault {
        // What is wrong with an answer is said by us, not by the guest.
        Fault::InvalidOutput(what) => format!("`{function}` answered wrongly: {what}"),
        _ => format!("`{function}` failed: {}", fault.reason()),
    };
    failure(LoadStage::Describe, fault.code(), message, fault.fix())
}
