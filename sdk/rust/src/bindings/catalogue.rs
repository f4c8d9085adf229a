//! What `resource-catalogue-plugin` has beyond `node-types-plugin`. A component
//! calls both export macros; `wit-component` makes one world of the two.

wit_bindgen::generate!({
    path: "../../wit/bowsprit-plugin/0.1",
    inline: "
        package bowsprit:sdk;
        world catalogue-part {
            import bowsprit:plugin/types@0.1.0;
            export bowsprit:plugin/catalogue@0.1.0;
        }
    ",
    world: "bowsprit:sdk/catalogue-part",
    with: {
        "bowsprit:plugin/types@0.1.0": crate::bindings::bowsprit::plugin::types,
    },
    pub_export_macro: true,
    export_macro_name: "export_catalogue_world",
    default_bindings_module: "bowsprit_plugin_sdk::bindings::catalogue",
    additional_derives: [PartialEq],
});
