//! The Service of a node, as drawn and as it is.

use std::borrow::Cow;

use bowsprit_plugin_sdk::diagnostics::{self, Query};
use bowsprit_plugin_sdk::{Json, Kind, Node, Object, kind};

/// Where objects live whose node does not say.
const DEFAULT_NAMESPACE: &str = "default";

/// A core `v1` Service.
pub(crate) fn own_kind() -> Kind {
    kind("", "v1", "Service")
}

/// The namespace of a node's objects.
pub(crate) fn namespace<'n>(node: &'n Node<'_>) -> Cow<'n, str> {
    node.own_namespace().unwrap_or(Cow::Borrowed(DEFAULT_NAMESPACE))
}

/// Asks for the node's Service.
pub(crate) fn query(node: &Node<'_>) -> Query {
    diagnostics::named(own_kind(), Some(&namespace(node)), &node.name())
}

/// The labels a Service selects by; empty if it selects nothing.
pub(crate) fn selector<'s>(service: &'s Object<'_>) -> Vec<(&'s str, &'s str)> {
    let labels = service.path(&["spec", "selector"]).and_then(Json::as_object);
    let labels = labels.into_iter().flat_map(Object::iter);
    labels.filter_map(|(key, value)| Some((key, value.as_str()?))).collect()
}
