//! What plugins contribute, as one request sees it.

mod checks;
mod entries;
mod importers;

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use async_trait::async_trait;
use bowsprit_host_core::{
    Error,
    catalogues::Entry,
    diagnostics::Check,
    id::Id,
    importers::Importer,
    node_types::{
        Answer, CallError, Catalogue, Context, Finding, Json, Node, NodeStatus, NodeType, Package,
        Rendered, Watch,
    },
};

use crate::{
    call::{Idle, Runtime},
    cases::Asked,
    convert::inputs,
    functions::{
        Function,
        node_types::{Create, Normalize, Observe, PublicView, Render, Status, Validate},
    },
    generations::{Generation, Generations},
    remembered,
    world::World,
};

/// All contributions at one moment. Never changed, only replaced.
#[derive(Default)]
pub(crate) struct Table {
    edition: u64,
    packages: Vec<Package>,
    types: Vec<NodeType>,
    /// Node types by name: their place in `types`, and whose they are.
    owners: BTreeMap<String, (usize, Arc<Generation>)>,
    importers: Vec<Importer>,
    checks: Vec<Check>,
    entries: Vec<Entry>,
    /// By id.
    plugins: BTreeMap<String, Arc<Generation>>,
    /// Whose the node types of plugins are that are switched off, by name.
    disabled: BTreeMap<String, String>,
}

impl Table {
    pub(crate) fn of(generations: &Generations, edition: u64) -> Self {
        let off = generations.disabled().flat_map(|generation| {
            let plugin = &generation.program.plugin;
            let types = generation.provides.node_types.iter();
            types.map(move |it| (it.descriptor.name.clone(), plugin.clone()))
        });
        Self { edition, disabled: off.collect(), ..Self::of_all(generations.serving()) }
    }

    /// What one generation contributes.
    pub(crate) fn of_one(generation: &Arc<Generation>) -> Self {
        Self::of_all(std::iter::once(generation))
    }

    fn of_all<'g>(generations: impl Iterator<Item = &'g Arc<Generation>>) -> Self {
        let mut table = Self::default();
        let mut owned = Vec::new();
        for generation in generations {
            let provides = &generation.provides;
            owned.extend(provides.node_types.iter().map(|it| (it.clone(), Arc::clone(generation))));
            table.importers.extend(provides.importers.iter().cloned());
            table.checks.extend(provides.checks.iter().cloned());
            table.entries.extend(provides.entries.iter().cloned());
            table.packages.push(package(generation));
            table.plugins.insert(generation.program.plugin.clone(), Arc::clone(generation));
        }
        owned.sort_by(|a, b| a.0.descriptor.name.cmp(&b.0.descriptor.name));
        table.importers.sort_by(|a, b| a.name.cmp(&b.name));
        table.packages.sort_by(|a, b| a.id.cmp(&b.id));
        table.entries.sort_by(|a, b| a.id.cmp(&b.id));
        for (at, (node_type, generation)) in owned.into_iter().enumerate() {
            table.owners.insert(node_type.descriptor.name.clone(), (at, generation));
            table.types.push(node_type);
        }
        table
    }
}

fn package(generation: &Generation) -> Package {
    let toml = &generation.toml;
    Package {
        id: generation.program.plugin.clone(),
        title: toml.title.clone(),
        description: toml.description.clone(),
        version: toml.version.clone(),
        opt_in: toml.palette.opt_in,
        describes_served: toml.world() == World::ResourceCatalogue && toml.uses.is_none(),
    }
}

/// A table held for one request, and the instances that request has started.
pub(crate) struct Pinned {
    table: Arc<Table>,
    runtime: Arc<Runtime>,
    idle: Idle,
    /// Types that are asked of a plugin which did not describe them, by name.
    more: BTreeMap<String, NodeType>,
    /// Whether what it renders is remembered, to compare generations by.
    noted: bool,
    /// Whether its calls are users', to be counted, remembered and told.
    heard: bool,
}

impl Pinned {
    pub(crate) fn new(table: Arc<Table>, runtime: Arc<Runtime>, payer: Option<Id>) -> Self {
        let more = BTreeMap::new();
        Self { table, runtime, idle: Idle::paid_by(payer), more, noted: true, heard: true }
    }

    /// What it renders is not remembered.
    pub(crate) fn unnoted(self) -> Self {
        Self { noted: false, ..self }
    }

    /// For calls nobody made in earnest: trials and golden files. They appear
    /// in no figure, no log and no comparison.
    pub(crate) fn unheard(table: Arc<Table>, runtime: Arc<Runtime>) -> Self {
        Self { heard: false, noted: false, ..Self::new(table, runtime, None) }
    }

    fn owner(&self, type_name: &str) -> Result<&Generation, CallError> {
        let described = self.table.owners.get(type_name).map(|(_, generation)| generation.as_ref());
        let more = || self.table.plugins.get(&self.more.get(type_name)?.plugin).map(Arc::as_ref);
        let owner = described.or_else(more);
        owner.ok_or_else(|| CallError::UnknownType(type_name.to_owned()))
    }

    async fn call<F: Function>(
        &self,
        type_name: &str,
        function: F,
    ) -> Result<F::Output, CallError> {
        self.call_of(self.owner(type_name)?, function).await
    }

    async fn call_of<F: Function>(
        &self,
        generation: &Generation,
        function: F,
    ) -> Result<F::Output, CallError> {
        if self.heard {
            self.runtime.call(&generation.program, &self.idle, function).await
        } else {
            self.runtime.call_unheard(&generation.program, &self.idle, function).await
        }
    }

    /// What the plugin of a node answers, or has answered already.
    async fn pure<'a, F: Function<Output: remembered::Answer>>(
        &'a self,
        node: &Node,
        context: Option<&Context>,
        function: impl FnOnce(Option<&'a NodeType>) -> F + Send,
    ) -> Result<F::Output, CallError> {
        let owner = self.owner(&node.type_name)?;
        let remembered = &self.runtime.remembered;
        let found = self.find(&node.type_name);
        let begun = Instant::now();
        let asked = (self.table.edition, F::NAME);
        let question = self.heard.then(|| remembered.question(asked, (node, context), found));
        let question = question.flatten();
        if let Some(answer) = question.as_ref().and_then(|it| remembered.answer(it)) {
            owner.program.counted.count(F::NAME, "remembered", begun.elapsed());
            return Ok(answer);
        }
        let answer = self.call_of(owner, function(found)).await?;
        if let Some(question) = question {
            remembered.keep(question, &answer);
        }
        Ok(answer)
    }

    fn plugin(&self, id: &str) -> Result<&Generation, CallError> {
        let plugin = self.table.plugins.get(id).map(Arc::as_ref);
        plugin.ok_or_else(|| CallError::Failed(Error::not_found("plugin", id)))
    }
}

impl Asked for Pinned {
    fn id(&self) -> &str {
        self.table.plugins.keys().next().map(String::as_str).unwrap_or_default()
    }
}

#[async_trait]
impl Catalogue for Pinned {
    fn edition(&self) -> u64 {
        self.table.edition
    }

    fn packages(&self) -> &[Package] {
        &self.table.packages
    }

    fn entries(&self) -> &[Entry] {
        &self.table.entries
    }

    fn types(&self) -> &[NodeType] {
        &self.table.types
    }

    fn find(&self, name: &str) -> Option<&NodeType> {
        let described = self.table.owners.get(name).and_then(|(at, _)| self.table.types.get(*at));
        described.or_else(|| self.more.get(name))
    }

    fn disabled(&self, type_name: &str) -> Option<&str> {
        self.table.disabled.get(type_name).map(String::as_str)
    }

    fn with(&self, more: Vec<NodeType>) -> Arc<dyn Catalogue> {
        let table = Arc::clone(&self.table);
        let mut with = Self::new(table, Arc::clone(&self.runtime), self.idle.payer());
        (with.noted, with.heard) = (self.noted, self.heard);
        with.more = more.into_iter().map(|it| (it.descriptor.name.clone(), it)).collect();
        Arc::new(with)
    }

    async fn create(
        &self,
        type_name: &str,
        id: &str,
        suggested_name: &str,
        context: &Context,
    ) -> Result<Json, CallError> {
        let function = Create {
            type_name: type_name.to_owned(),
            id: id.to_owned(),
            suggested_name: suggested_name.to_owned(),
            context: inputs::context(context),
        };
        self.call(type_name, function).await
    }

    async fn normalize(&self, node: &Node) -> Result<(Json, Vec<Finding>), CallError> {
        self.pure(node, None, |_| Normalize(inputs::node(node))).await
    }

    async fn public_view(&self, node: &Node) -> Result<Json, CallError> {
        self.pure(node, None, |_| PublicView(inputs::node(node))).await
    }

    async fn validate(&self, node: &Node, context: &Context) -> Result<Vec<Finding>, CallError> {
        let function = |_| Validate { node: inputs::node(node), context: inputs::context(context) };
        self.pure(node, Some(context), function).await
    }

    async fn render(&self, node: &Node, context: &Context) -> Result<Rendered, CallError> {
        if let Ok(owner) = self.owner(&node.type_name)
            && self.noted
        {
            owner.program.recent.note(node, context);
        }
        self.pure(node, Some(context), |found| Render {
            node: inputs::node(node),
            context: inputs::context(context),
            produces: found.map(|it| it.descriptor.produces.as_slice()).unwrap_or_default(),
            cluster_scoped: found.is_some_and(|it| it.cluster_scoped),
        })
        .await
    }

    async fn observe(&self, node: &Node, context: &Context) -> Result<Vec<Watch>, CallError> {
        let function = |_| Observe { node: inputs::node(node), context: inputs::context(context) };
        self.pure(node, Some(context), function).await
    }

    async fn status(
        &self,
        node: &Node,
        answers: &[Answer],
        at: &str,
        previous: Option<&NodeStatus>,
    ) -> Result<NodeStatus, CallError> {
        let function = Status {
            node: inputs::node(node),
            answers: answers.iter().map(inputs::answer).collect(),
            at: at.to_owned(),
            previous: previous.map(inputs::status),
        };
        self.call(&node.type_name, function).await
    }
}
