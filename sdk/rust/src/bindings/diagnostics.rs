//! `diagnostics-plugin`.

wit_bindgen::generate!({
    path: "../../wit/bowsprit-plugin/0.1",
    world: "diagnostics-plugin",
    with: {
        "bowsprit:plugin/types@0.1.0": crate::bindings::bowsprit::plugin::types,
        "bowsprit:plugin/log@0.1.0": crate::bindings::bowsprit::plugin::log,
        "bowsprit:plugin/assets@0.1.0": crate::bindings::bowsprit::plugin::assets,
    },
    pub_export_macro: true,
    export_macro_name: "export_diagnostics_world",
    default_bindings_module: "bowsprit_plugin_sdk::bindings::diagnostics",
    additional_derives: [PartialEq],
});
