//! Between the component's exports and a [`NodeType`]. Called by the code
//! [`export_node_types!`](crate::export_node_types) writes, and by tests.

use crate::bindings::exports::bowsprit::plugin::node_types as wit;
use crate::{
    Context, Failure, Finding, Json, Manifest, Node, NodeStatus, NodeType, Observation, Report,
    Seed, Watch, node_type,
};

type Fallible<T> = Result<T, Failure>;
/// Data in its current shape, and notes on what was changed.
pub type Normalized = (String, Vec<Finding>);
type StatusFunction =
    fn(&wit::Node, &[wit::Answer], &str, Option<&NodeStatus>) -> Fallible<NodeStatus>;

/// The functions of one node type, as the component exports them.
///
/// They are documented in `node-types.wit`.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the fields are the functions of the WIT interface")]
pub struct Functions {
    pub name: &'static str,
    pub describe: fn() -> Fallible<wit::Descriptor>,
    pub create: fn(&str, &str, &wit::Context) -> Fallible<String>,
    pub normalize: fn(&wit::Node) -> Fallible<Normalized>,
    pub public_view: fn(&wit::Node) -> Fallible<String>,
    pub validate: fn(&wit::Node, &wit::Context) -> Fallible<Vec<Finding>>,
    pub render: fn(&wit::Node, &wit::Context) -> Fallible<wit::Rendered>,
    pub observe: fn(&wit::Node, &wit::Context) -> Fallible<Vec<Watch>>,
    pub status: StatusFunction,
}

impl Functions {
    /// The functions of a node type.
    pub const fn of<T: NodeType>() -> Self {
        Self {
            name: T::NAME,
            describe: describe::<T>,
            create: create::<T>,
            normalize: normalize::<T>,
            public_view: public_view::<T>,
            validate: validate::<T>,
            render: render::<T>,
            observe: observe::<T>,
            status: status::<T>,
        }
    }

    /// The functions of the type called `name`.
    ///
    /// # Errors
    ///
    /// `unsupported` when `types` has none of that name.
    pub fn find<'t>(types: &'t [Self], name: &str) -> Result<&'t Self, Failure> {
        types.iter().find(|it| it.name == name).ok_or_else(|| {
            let name = crate::report::quoted(name);
            Failure::Unsupported(format!("this plugin has no node type {name}"))
        })
    }
}

fn describe<T: NodeType>() -> Result<wit::Descriptor, Failure> {
    let it = T::describe();
    let schema = Json::parse(it.schema).map_err(|error| {
        Failure::Internal(format!("the schema of `{}` is not JSON: {error}", T::NAME))
    })?;
    Ok(wit::Descriptor {
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

fn create<T: NodeType>(
    id: &str,
    suggested_name: &str,
    context: &wit::Context,
) -> Result<String, Failure> {
    let seed = Seed { type_name: T::NAME, id, suggested_name };
    Ok(T::create(&seed, &Context::parse(context)).to_text())
}

fn normalize<T: NodeType>(node: &wit::Node) -> Result<(String, Vec<Finding>), Failure> {
    let mut node = Node::parse(node)?;
    let mut report = Report::new(T::NAME, node.id);
    node_type::normalized::<T>(&mut node.data, &mut report);
    Ok((node.data.to_text(), report.into_findings()))
}

fn public_view<T: NodeType>(node: &wit::Node) -> Result<String, Failure> {
    let node = Node::parse(node)?;
    Ok(T::public_view(&node).to_text())
}

fn validate<T: NodeType>(
    node: &wit::Node,
    context: &wit::Context,
) -> Result<Vec<Finding>, Failure> {
    let node = Node::parse(node)?;
    let mut report = Report::new(T::NAME, node.id);
    T::validate(&node, &Context::parse(context), &mut report);
    Ok(report.into_findings())
}

fn render<T: NodeType>(node: &wit::Node, context: &wit::Context) -> Result<wit::Rendered, Failure> {
    let node = Node::parse(node)?;
    let context = Context::parse(context);
    let mut report = Report::new(T::NAME, node.id);
    let manifests = T::render(&node, &context, &mut report);
    if report.has_errors() {
        return Err(report.into_failure());
    }
    let manifests = manifests.into_iter().map(Manifest::into_wit).collect();
    Ok(wit::Rendered { manifests, findings: report.into_findings() })
}

fn observe<T: NodeType>(node: &wit::Node, context: &wit::Context) -> Result<Vec<Watch>, Failure> {
    Ok(T::observe(&Node::parse(node)?, &Context::parse(context)))
}

fn status<T: NodeType>(
    node: &wit::Node,
    answers: &[wit::Answer],
    at: &str,
    previous: Option<&NodeStatus>,
) -> Result<NodeStatus, Failure> {
    let node = Node::parse(node)?;
    let mut report = Report::new(T::NAME, node.id);
    let status = T::status(&node, &Observation::parse(answers, at, previous), &mut report);
    Ok(status.into_wit(report.into_findings()))
}

/// Makes node types this component's exports: `export_node_types!(Deployment)`.
///
/// Also defines `NODE_TYPES`, the table the exports look types up in, for
/// native tests. On other targets than WebAssembly that is all.
#[macro_export]
macro_rules! export_node_types {
    ($($node_type:ty),+ $(,)?) => {
        /// The node types of this plugin.
        pub static NODE_TYPES: &[$crate::dispatch::Functions] =
            &[$($crate::dispatch::Functions::of::<$node_type>()),+];

        #[cfg(target_arch = "wasm32")]
        $crate::export_table!(NODE_TYPES);
    };
}

/// The WebAssembly half of [`export_node_types!`](crate::export_node_types).
#[doc(hidden)]
#[macro_export]
macro_rules! export_table {
    ($table:ident) => {
        const _: () = {
            use $crate::bindings::bowsprit::plugin::types::Node;
            use $crate::bindings::exports::bowsprit::plugin::node_types as wit;
            use $crate::dispatch::Functions;
            use $crate::{Failure, Finding, NodeStatus, Watch};

            struct Component;

            impl wit::Guest for Component {
                fn describe() -> Result<Vec<wit::Descriptor>, Failure> {
                    $table.iter().map(|it| (it.describe)()).collect()
                }
                fn create(
                    type_: String,
                    id: String,
                    name: String,
                    context: wit::Context,
                ) -> Result<String, Failure> {
                    (Functions::find($table, &type_)?.create)(&id, &name, &context)
                }
                fn normalize(node: Node) -> Result<(String, Vec<Finding>), Failure> {
                    (Functions::find($table, &node.type_)?.normalize)(&node)
                }
                fn public_view(node: Node) -> Result<String, Failure> {
                    (Functions::find($table, &node.type_)?.public_view)(&node)
                }
                fn validate(node: Node, context: wit::Context) -> Result<Vec<Finding>, Failure> {
                    (Functions::find($table, &node.type_)?.validate)(&node, &context)
                }
                fn render(node: Node, context: wit::Context) -> Result<wit::Rendered, Failure> {
                    (Functions::find($table, &node.type_)?.render)(&node, &context)
                }
                fn observe(node: Node, context: wit::Context) -> Result<Vec<Watch>, Failure> {
                    (Functions::find($table, &node.type_)?.observe)(&node, &context)
                }
                fn status(
                    node: Node,
                    answers: Vec<wit::Answer>,
                    at: String,
                    previous: Option<NodeStatus>,
                ) -> Result<NodeStatus, Failure> {
                    let it = Functions::find($table, &node.type_)?;
                    (it.status)(&node, &answers, &at, previous.as_ref())
                }
            }

    $crate::bindings::export_node_types_world!(Component with_types_in $crate::bindings);
        };
    };
}
