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
        // All worlds in one, so that they share their types. No component
        // exports all of it: `instance::Exports` looks up what a world has.
        inline: "
            package bowsprit:host;
            world every {
                include bowsprit:plugin/importer-plugin@0.1.0;
                include bowsprit:plugin/diagnostics-plugin@0.1.0;
                include bowsprit:plugin/resource-catalogue-plugin@0.1.0;
            }
        ",
        imports: { default: async | trappable },
        exports: { default: async },
    });
}

pub(crate) use generated::{
    Every,
    bowsprit::plugin::{assets, log, progress, source_files, types},
    exports::bowsprit::plugin::{catalogue, diagnostics, importer, node_types},
};

/// The WIT version in `api` of `plugin.toml`.
pub(crate) const API: &str = "0.1";
