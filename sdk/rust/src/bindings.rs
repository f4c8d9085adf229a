//! What `wit-bindgen` makes of `wit/bowsprit-plugin/0.1`.
//!
//! Plugin authors never name this module: the crate root re-exports the types
//! worth naming, and the `export_…!` macros use the rest. Each world has a
//! module and a macro of its own; a component exports only what is exported
//! with the macro it calls. The types they have in common are made once, here.
#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::allow_attributes_without_reason,
    clippy::doc_markdown,
    reason = "generated code"
)]

pub mod catalogue;
pub mod diagnostics;
pub mod importer;

wit_bindgen::generate!({
    path: "../../wit/bowsprit-plugin/0.1",
    world: "node-types-plugin",
    pub_export_macro: true,
    export_macro_name: "export_node_types_world",
    default_bindings_module: "bowsprit_plugin_sdk::bindings",
    additional_derives: [PartialEq],
});
