//! Node types as values, for plugins that learn their types at run time.
//!
//! A type written in Rust implements [`NodeType`], which knows its name when it
//! is compiled. An interpreter reads its types from its assets: each is a value
//! that implements [`DynamicType`], and [`DynamicTypes`] reads them. Exports and
//! tests only know [`DynamicType`]; [`Static`] makes one of every [`NodeType`].

use std::marker::PhantomData;

use crate::bindings::exports::bowsprit::plugin::node_types as wit;
use crate::{
    Context, Failure, Json, Manifest, Node, NodeType, Object, Observation, Report, Seed, Status,
    Watch, node_type,
};

/// How a type looks, with texts that are owned; see `node-types.wit`.
pub type TypeDescriptor = wit::Descriptor;

/// One node type. Its methods mean what those of [`NodeType`] mean.
///
/// Equal input has to give equal output: a value keeps nothing of a call.
pub trait DynamicType: Send + Sync {
    /// The type's name, unique over all loaded plugins, kebab-case.
    fn name(&self) -> &str;

    /// How the type looks in palette, form and canvas.
    ///
    /// # Errors
    ///
    /// When the plugin is broken.
    fn describe(&self) -> Result<TypeDescriptor, Failure>;

    /// Data of a node just dropped on the canvas.
    fn create<'a>(&'a self, seed: &Seed<'a>, context: &Context<'a>) -> Object<'a>;

    /// Brings stored data into its current shape.
    fn normalize(&self, data: &mut Object<'_>, report: &mut Report);

    /// What neighbours may know.
    fn public_view<'a>(&'a self, node: &'a Node<'_>) -> Object<'a>;

    /// Everything wrong with a node: by default what `render` reports.
    fn validate(&self, node: &Node<'_>, context: &Context<'_>, report: &mut Report) {
        self.render(node, context, report);
    }

    /// The node's objects.
    fn render<'a>(
        &'a self,
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>>;

    /// What `status` wants to look at.
    fn observe(&self, node: &Node<'_>, context: &Context<'_>) -> Vec<Watch>;

    /// How the node is doing.
    fn status(&self, node: &Node<'_>, observation: &Observation<'_>, report: &mut Report)
    -> Status;
}

/// The types of a plugin that reads them from its assets.
pub trait DynamicTypes {
    /// Reads them. Called once per instance: assets never change under one.
    ///
    /// # Errors
    ///
    /// `invalid-input` with a finding per mistake in the assets; the host
    /// reports the first one as the reason why the plugin does not load.
    fn load() -> Result<Vec<Box<dyn DynamicType>>, Failure>;

    /// A type that no asset describes, because the host hands its definition
    /// over with each call: none, unless a plugin says otherwise.
    fn other(_name: &str) -> Option<Box<dyn DynamicType>> {
        None
    }
}

/// A [`NodeType`] as a value.
pub(crate) struct Static<T>(PhantomData<fn() -> T>);

impl<T> Static<T> {
    pub(crate) const VALUE: Self = Self(PhantomData);
}

impl<T: NodeType> DynamicType for Static<T> {
    fn name(&self) -> &str {
        T::NAME
    }

    fn describe(&self) -> Result<TypeDescriptor, Failure> {
        let it = T::describe();
        let schema = Json::parse(it.schema).map_err(|error| {
            Failure::Internal(format!("the schema of `{}` is not JSON: {error}", T::NAME))
        })?;
        Ok(TypeDescriptor {
            name: T::NAME.to_owned(),
            title: it.title.to_owned(),
            description: it.description.to_owned(),
            category: it.category.to_owned(),
            icon: it.icon.to_owned(),
            tags: it.tags.iter().map(|tag| (*tag).to_owned()).collect(),
            schema_version: it.schema_version,
            // Written anew, so that it is canonical.
            schema: schema.to_text(),
            handles: it.handles,
            connections: it.connections,
            produces: it.produces,
        })
    }

    fn create<'a>(&'a self, seed: &Seed<'a>, context: &Context<'a>) -> Object<'a> {
        T::create(seed, context)
    }

    fn normalize(&self, data: &mut Object<'_>, report: &mut Report) {
        node_type::normalized::<T>(data, report);
    }

    fn public_view<'a>(&'a self, node: &'a Node<'_>) -> Object<'a> {
        T::public_view(node)
    }

    fn validate(&self, node: &Node<'_>, context: &Context<'_>, report: &mut Report) {
        T::validate(node, context, report);
    }

    fn render<'a>(
        &'a self,
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>> {
        T::render(node, context, report)
    }

    fn observe(&self, node: &Node<'_>, context: &Context<'_>) -> Vec<Watch> {
        T::observe(node, context)
    }

    fn status(
        &self,
        node: &Node<'_>,
        observation: &Observation<'_>,
        report: &mut Report,
    ) -> Status {
        T::status(node, observation, report)
    }
}
