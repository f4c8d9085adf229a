//! Bindings of `bowsprit:plugin@0.1`.

#[allow(
    missing_docs,
    unreachable_pub,
    unused,
    clippy::all,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::doc_markdown,
    clippy::allow_attributes_without_reason,
    reason = "generated"
)]
mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit/bowsprit-plugin/0.1",
        world: "node-types-plugin",
        imports: { default: async },
        exports: { default: async },
    });
}

pub(crate) use generated::{
    NodeTypesPlugin, NodeTypesPluginPre,
    bowsprit::plugin::{assets, log, types},
    exports::bowsprit::plugin::node_types,
};

/// The WIT version in `api` of `plugin.toml`.
pub(crate) const API: &str = "0.1";

/// Interfaces a component may import.
pub(crate) const IMPORTS: [&str; 3] =
    ["bowsprit:plugin/types", "bowsprit:plugin/log", "bowsprit:plugin/assets"];

/// The interface a component has to export.
pub(crate) const EXPORT: &str = "bowsprit:plugin/node-types";
