//! A component on wasmtime with none of what the host puts around it: no
//! deadline, no memory limit, no fibre, no checks.

use bowsprit_host_core::node_types as core;
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store,
    component::{Component, Linker},
};

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
        path: "../wit/bowsprit-plugin/0.1",
        world: "node-types-plugin",
    });
}

use generated::{
    NodeTypesPlugin, NodeTypesPluginPre, bowsprit::plugin::types,
    exports::bowsprit::plugin::node_types as wit,
};

/// A compiled component.
pub(crate) struct Bare {
    engine: Engine,
    pre: NodeTypesPluginPre<()>,
}

/// A running copy.
pub(crate) struct Instance {
    store: Store<()>,
    plugin: NodeTypesPlugin,
}

impl Bare {
    /// Compiles `component`, whose imports are never called.
    pub(crate) fn new(component: &[u8]) -> Self {
        let engine = engine();
        let component = Component::from_binary(&engine, component).unwrap();
        let mut linker = Linker::new(&engine);
        linker.define_unknown_imports_as_traps(&component).unwrap();
        let pre = NodeTypesPluginPre::new(linker.instantiate_pre(&component).unwrap()).unwrap();
        Self { engine, pre }
    }

    /// A fresh copy.
    pub(crate) fn start(&self) -> Instance {
        let mut store = Store::new(&self.engine, ());
        let plugin = self.pre.instantiate(&mut store).unwrap();
        Instance { store, plugin }
    }

    /// Starts, renders and drops.
    pub(crate) fn render_fresh(&self, node: &core::Node, context: &core::Context) {
        self.start().render(node, context);
    }
}

impl Instance {
    /// Renders one node; what has no neighbours is all this knows.
    pub(crate) fn render(&mut self, node: &core::Node, context: &core::Context) {
        let node = types::Node {
            id: node.id.clone(),
            type_: node.type_name.clone(),
            data: node.data.clone(),
        };
        let context = wit::Context {
            namespace: context.namespace.clone(),
            cluster: None,
            neighbours: Vec::new(),
            names: "[]".into(),
            environment_keys: Vec::new(),
            secret_keys: Vec::new(),
            pull_secrets: Vec::new(),
            identity_labels: context.identity_labels.clone(),
            schemas: Vec::new(),
        };
        let guest = self.plugin.bowsprit_plugin_node_types();
        let rendered = guest.call_render(&mut self.store, &node, &context).unwrap().unwrap();
        assert_eq!(rendered.manifests.len(), 1, "one object");
    }
}

/// The pool as the host has it: without it every start would map memory.
pub(crate) fn engine() -> Engine {
    let mut pool = PoolingAllocationConfig::new();
    pool.linear_memory_keep_resident(1 << 20).table_keep_resident(64 << 10);
    let mut settings = Config::new();
    settings.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&settings).unwrap()
}

/// Reads compiled code back.
#[expect(unsafe_code, reason = "wasmtime cannot check machine code, only we know who wrote it")]
pub(crate) fn revive(engine: &Engine, code: &[u8]) -> Component {
    // SAFETY: the caller has just serialised it in this process.
    unsafe { Component::deserialize(engine, code) }.unwrap()
}
