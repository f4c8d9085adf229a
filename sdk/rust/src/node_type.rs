//! The trait a node type implements.

use std::borrow::Cow;

use crate::{
    Connection, Context, Direction, Handle, Kind, Manifest, Node, Object, Observation, Report,
    Status, Watch, normalize,
};

/// One node type.
///
/// Nothing survives a call and equal input gives equal output, so there is no
/// `self`. Faults go to the [`Report`]: as soon as it holds an error, `render`
/// answers `invalid-input` with all findings instead of manifests. `validate`
/// answers the same findings, unless a type has more to say.
pub trait NodeType {
    /// The type's name, unique over all loaded plugins, kebab-case.
    const NAME: &'static str;

    /// How the type looks in palette, form and canvas.
    fn describe() -> Descriptor;

    /// Data of a node just dropped on the canvas: its name and namespace, and
    /// whatever [`NodeType::defaults`] adds.
    fn create<'a>(seed: &Seed<'a>, context: &Context<'a>) -> Object<'a> {
        let namespace = if context.namespace.is_empty() { "default" } else { context.namespace };
        let mut data = Object::new().with("name", seed.name()).with("namespace", namespace);
        Self::defaults(seed, &mut data);
        data
    }

    /// Fields of a new node besides name and namespace.
    fn defaults<'a>(_seed: &Seed<'a>, _data: &mut Object<'a>) {}

    /// Migrates older data after [`normalize::common`] has run.
    fn normalize(_data: &mut Object<'_>, _report: &mut Report) {}

    /// What neighbours may know: name, namespace and labels by default.
    fn public_view<'a>(node: &'a Node<'_>) -> Object<'a> {
        Object::new().with("name", node.name()).with_some("namespace", node.own_namespace())
    }

    /// Everything wrong with a node: by default what `render` reports.
    fn validate(node: &Node<'_>, context: &Context<'_>, report: &mut Report) {
        Self::render(node, context, report);
    }

    /// The node's objects.
    fn render<'a>(
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>>;

    /// What `status` wants to look at: nothing by default.
    fn observe(_node: &Node<'_>, _context: &Context<'_>) -> Vec<Watch> {
        Vec::new()
    }

    /// How the node is doing.
    fn status(node: &Node<'_>, observation: &Observation<'_>, report: &mut Report) -> Status;
}

/// How one node type looks. Its name is [`NodeType::NAME`].
#[derive(Debug, Clone)]
pub struct Descriptor {
    /// Shown to people.
    pub title: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// Palette group.
    pub category: &'static str,
    /// Name of an icon of the Lucide set.
    pub icon: &'static str,
    /// Search words.
    pub tags: &'static [&'static str],
    /// Raised when `normalize` learns to migrate older data.
    pub schema_version: u32,
    /// JSON Schema (2020-12) of the data.
    pub schema: &'static str,
    /// Points where edges can end.
    pub handles: Vec<Handle>,
    /// Meanings edges from this type can have.
    pub connections: Vec<Connection>,
    /// Every kind `render` may return.
    pub produces: Vec<Kind>,
}

/// A handle without repetition or bound.
pub fn handle(id: &str, direction: Direction, roles: &[&str]) -> Handle {
    let roles = roles.iter().map(|it| (*it).to_owned()).collect();
    Handle { id: id.into(), direction, roles, per_item: None, at_most: None }
}

/// A meaning an edge can have, and the types it may lead to.
pub fn connection(role: &str, to: &[&str]) -> Connection {
    Connection { role: role.into(), to: to.iter().map(|it| (*it).to_owned()).collect() }
}

/// What a new node starts from.
#[derive(Debug, Clone, Copy)]
pub struct Seed<'a> {
    /// The type's name.
    pub type_name: &'a str,
    /// The new node's id.
    pub id: &'a str,
    /// A name the host suggests; may be empty.
    pub suggested_name: &'a str,
}

impl<'a> Seed<'a> {
    /// The suggested name, or type and number of the id: `deployment-3`.
    pub fn name(&self) -> Cow<'a, str> {
        if !self.suggested_name.is_empty() {
            return Cow::Borrowed(self.suggested_name);
        }
        let number = self.id.rsplit('-').next().unwrap_or(self.id);
        Cow::Owned(format!("{}-{number}", self.type_name))
    }
}

/// Runs [`NodeType::normalize`] after what all types share.
pub(crate) fn normalized<T: NodeType>(data: &mut Object<'_>, report: &mut Report) {
    normalize::common(data);
    T::normalize(data, report);
}
