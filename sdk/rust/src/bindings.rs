//! What `wit-bindgen` makes of `wit/bowsprit-plugin/0.1`.
//!
//! Plugin authors never name this module: the crate root re-exports the types
//! worth naming, and [`crate::export_node_types!`] uses the rest.
#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::allow_attributes_without_reason,
    clippy::doc_markdown,
    reason = "generated code"
)]

wit_bindgen::generate!({
    path: "../../wit/bowsprit-plugin/0.1",
    world: "node-types-plugin",
    pub_export_macro: true,
    export_macro_name: "export_node_types_world",
    default_bindings_module: "bowsprit_plugin_sdk::bindings",
    additional_derives: [PartialEq],
});
