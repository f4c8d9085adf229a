//! Between the component's exports and a [`DynamicType`]. Called by the code
//! [`export_node_types!`](crate::export_node_types) writes, and by tests.

use std::fmt;
use std::sync::OnceLock;

use crate::bindings::exports::bowsprit::plugin::node_types as wit;
use crate::dynamic::{DynamicType, DynamicTypes, Static, TypeDescriptor};
use crate::{
    Context, Failure, Finding, Manifest, Node, NodeStatus, NodeType, Observation, Report, Seed,
    Watch,
};

type Fallible<T> = Result<T, Failure>;
/// Data in its current shape, and notes on what was changed.
pub type Normalized = (String, Vec<Finding>);

/// The functions of one node type, as the component exports them.
///
/// They are documented in `node-types.wit`.
#[derive(Clone, Copy)]
pub struct Functions(&'static dyn DynamicType);

#[allow(missing_docs, clippy::missing_errors_doc, reason = "the WIT interface documents them")]
impl Functions {
    /// The functions of a node type.
    pub const fn of<T: NodeType + 'static>() -> Self {
        Self(&Static::<T>::VALUE)
    }

    /// The functions of a type that is known at run time.
    pub const fn dynamic(of: &'static dyn DynamicType) -> Self {
        Self(of)
    }

    /// The functions of the type called `name`.
    ///
    /// # Errors
    ///
    /// `unsupported` when `types` has none of that name.
    pub fn find<'t>(types: &'t [Self], name: &str) -> Fallible<&'t Self> {
        types.iter().find(|it| it.name() == name).ok_or_else(|| {
            let name = crate::report::quoted(name);
            Failure::Unsupported(format!("this plugin has no node type {name}"))
        })
    }

    /// The type's name.
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    pub fn describe(&self) -> Fallible<TypeDescriptor> {
        self.0.describe()
    }

    pub fn create(
        &self,
        id: &str,
        suggested_name: &str,
        context: &wit::Context,
    ) -> Fallible<String> {
        let seed = Seed { type_name: self.name(), id, suggested_name };
        Ok(self.0.create(&seed, &Context::parse(context)).to_text())
    }

    pub fn normalize(&self, node: &wit::Node) -> Fallible<Normalized> {
        let mut node = Node::parse(node)?;
        let mut report = Report::new(self.name(), node.id);
        self.0.normalize(&mut node.data, &mut report);
        Ok((node.data.to_text(), report.into_findings()))
    }

    pub fn public_view(&self, node: &wit::Node) -> Fallible<String> {
        let node = Node::parse(node)?;
        Ok(self.0.public_view(&node).to_text())
    }

    pub fn validate(&self, node: &wit::Node, context: &wit::Context) -> Fallible<Vec<Finding>> {
        let node = Node::parse(node)?;
        let mut report = Report::new(self.name(), node.id);
        self.0.validate(&node, &Context::parse(context), &mut report);
        Ok(report.into_findings())
    }

    pub fn render(&self, node: &wit::Node, context: &wit::Context) -> Fallible<wit::Rendered> {
        let node = Node::parse(node)?;
        let context = Context::parse(context);
        let mut report = Report::new(self.name(), node.id);
        let manifests = self.0.render(&node, &context, &mut report);
        if report.has_errors() {
            return Err(report.into_failure());
        }
        let manifests = manifests.into_iter().map(Manifest::into_wit).collect();
        Ok(wit::Rendered { manifests, findings: report.into_findings() })
    }

    pub fn observe(&self, node: &wit::Node, context: &wit::Context) -> Fallible<Vec<Watch>> {
        Ok(self.0.observe(&Node::parse(node)?, &Context::parse(context)))
    }

    pub fn status(
        &self,
        node: &wit::Node,
        answers: &[wit::Answer],
        at: &str,
        previous: Option<&NodeStatus>,
    ) -> Fallible<NodeStatus> {
        let node = Node::parse(node)?;
        let mut report = Report::new(self.name(), node.id);
        let observation = Observation::parse(answers, at, previous);
        let status = self.0.status(&node, &observation, &mut report);
        Ok(status.into_wit(report.into_findings()))
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Functions").field(&self.name()).finish()
    }
}

/// What an instance remembers of the types in its assets.
pub type Loaded = OnceLock<Fallible<Vec<Functions>>>;

/// The types of `T`, read at the first call. An instance serves one generation,
/// whose assets are frozen, so they are read once.
///
/// # Errors
///
/// That of [`DynamicTypes::load`].
pub fn loaded<T: DynamicTypes>(memory: &'static Loaded) -> Fallible<&'static [Functions]> {
    let leaked = |it: Box<dyn DynamicType>| Functions::dynamic(Box::leak(it));
    let read = || T::load().map(|types| types.into_iter().map(leaked).collect());
    match memory.get_or_init(read) {
        Ok(types) => Ok(types),
        Err(failure) => Err(failure.clone()),
    }
}

/// The function table of a type that is none of those in the assets.
///
/// # Errors
///
/// `failure` if there is no such type.
pub fn other<T: DynamicTypes>(name: &str, failure: Failure) -> Fallible<&'static Functions> {
    match T::other(name) {
        // An instance serves the calls of one request: what leaks is bounded.
        Some(it) => Ok(Box::leak(Box::new(Functions::dynamic(Box::leak(it))))),
        None => Err(failure),
    }
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
        $crate::export_table!(Ok(NODE_TYPES), |_, failure| Err(failure));
    };
}

/// Makes the types that a [`DynamicTypes`](crate::DynamicTypes) reads this
/// component's exports. On other targets than WebAssembly it does nothing.
#[macro_export]
macro_rules! export_dynamic_types {
    ($types:ty) => {
        #[cfg(target_arch = "wasm32")]
        $crate::export_table!(
            {
                static MEMORY: $crate::dispatch::Loaded = $crate::dispatch::Loaded::new();
                $crate::dispatch::loaded::<$types>(&MEMORY)
            },
            |name, failure| $crate::dispatch::other::<$types>(name, failure)
        );
    };
}

/// The WebAssembly half of the macros above; `table` answers the types, `other`
/// a type that is none of them, or the failure.
#[doc(hidden)]
#[macro_export]
macro_rules! export_table {
    ($table:expr, $other:expr) => {
        const _: () = {
            use $crate::bindings::bowsprit::plugin::types::Node;
            use $crate::bindings::exports::bowsprit::plugin::node_types as wit;
            use $crate::dispatch::Functions;
            use $crate::{Failure, Finding, NodeStatus, Watch};

            struct Component;

            fn table() -> Result<&'static [Functions], Failure> {
                $table
            }

            fn find(name: &str) -> Result<&'static Functions, Failure> {
                let other: fn(&str, Failure) -> Result<&'static Functions, Failure> = $other;
                Functions::find(table()?, name).or_else(|failure| other(name, failure))
            }

            impl wit::Guest for Component {
                fn describe() -> Result<Vec<wit::Descriptor>, Failure> {
                    table()?.iter().map(Functions::describe).collect()
                }
                fn create(
                    type_: String,
                    id: String,
                    name: String,
                    context: wit::Context,
                ) -> Result<String, Failure> {
                    find(&type_)?.create(&id, &name, &context)
                }
                fn normalize(node: Node) -> Result<(String, Vec<Finding>), Failure> {
                    find(&node.type_)?.normalize(&node)
                }
                fn public_view(node: Node) -> Result<String, Failure> {
                    find(&node.type_)?.public_view(&node)
                }
                fn validate(node: Node, context: wit::Context) -> Result<Vec<Finding>, Failure> {
                    find(&node.type_)?.validate(&node, &context)
                }
                fn render(node: Node, context: wit::Context) -> Result<wit::Rendered, Failure> {
                    find(&node.type_)?.render(&node, &context)
                }
                fn observe(node: Node, context: wit::Context) -> Result<Vec<Watch>, Failure> {
                    find(&node.type_)?.observe(&node, &context)
                }
                fn status(
                    node: Node,
                    answers: Vec<wit::Answer>,
                    at: String,
                    previous: Option<NodeStatus>,
                ) -> Result<NodeStatus, Failure> {
                    find(&node.type_)?.status(&node, &answers, &at, previous.as_ref())
                }
            }

    $crate::bindings::export_node_types_world!(Component with_types_in $crate::bindings);
        };
    };
}
