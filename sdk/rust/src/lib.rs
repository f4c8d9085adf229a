//! Write Bowsprit plugins in Rust.
//!
//! A node type is a struct that implements [`NodeType`], and one macro call
//! makes a component of it:
//!
//! ```
//! use bowsprit_plugin_sdk::{
//!     Context, Descriptor, Manifest, Node, NodeType, Object, Observation, Report, State, Status,
//!     kind, rules,
//! };
//! use bowsprit_plugin_sdk::{dispatch::Functions, testing::Case};
//! use serde_json::json;
//!
//! pub struct Namespace;
//!
//! impl NodeType for Namespace {
//!     const NAME: &'static str = "namespace";
//!
//!     fn describe() -> Descriptor {
//!         Descriptor {
//!             title: "Namespace",
//!             description: "Keeps objects apart.",
//!             category: "policy",
//!             icon: "Box",
//!             tags: &["tenant"],
//!             schema_version: 1,
//!             schema: r#"{"type":"object","required":["name"]}"#,
//!             handles: Vec::new(),
//!             connections: Vec::new(),
//!             produces: vec![kind("", "v1", "Namespace")],
//!         }
//!     }
//!
//!     fn render<'a>(
//!         node: &'a Node<'_>,
//!         _: &'a Context<'_>,
//!         report: &mut Report,
//!     ) -> Vec<Manifest<'a>> {
//!         let name = node.fields().required_text_by("name", rules::dns_label);
//!         let Some(name) = report.required(name) else { return Vec::new() };
//!         let metadata = Object::new().with("name", name);
//!         vec![Manifest::new("namespace", &kind("", "v1", "Namespace"), metadata)]
//!     }
//!
//!     fn status(_: &Node<'_>, observation: &Observation<'_>, _: &mut Report) -> Status {
//!         match observation.main_object("Namespace") {
//!             Ok(_) => Status::new(State::Healthy, "Created", "It is there.", "created"),
//!             Err(status) => *status,
//!         }
//!     }
//! }
//!
//! // In a plugin: bowsprit_plugin_sdk::export_node_types!(Namespace);
//!
//! // What a test of it looks like.
//! let types = [Functions::of::<Namespace>()];
//! let case = Case::new(&types, "namespace", json!({ "name": "team-a" }));
//! assert_eq!(case.manifest("namespace")["metadata"]["name"], "team-a");
//! let case = Case::new(&types, "namespace", json!({ "name": "Team A" }));
//! assert_eq!(case.found(), ["namespace.name.invalid at /name"]);
//! ```
//!
//! The other worlds are alike: [`importer::Importer`] with
//! [`export_importers!`], [`diagnostics::Check`] and [`diagnostics::Fix`] with
//! [`export_diagnostics!`], [`catalogue::ResourceCatalogue`] with
//! [`export_catalogue!`].
//!
//! - [`Fields`] reads what a user entered; faults carry the pointer to the
//!   field and become findings in a [`Report`].
//! - [`rules`] are the syntax rules of Kubernetes.
//! - [`Json`] and [`Object`] build objects; what they write is canonical.
//!   [`RawObject`] looks into a text without parsing all of it.
//! - [`DynamicType`] is for interpreters, whose types have no Rust type.
//! - `testing` (natively only) runs a type's golden files and functions.
//!
//! Absent on purpose: a clock, randomness, files, the network and anything
//! that panics on bad input. A fault of the data is a finding.

pub mod bindings;
pub mod catalogue;
pub mod diagnostics;
pub mod dispatch;
pub mod dynamic;
pub mod edges;
pub mod fields;
#[cfg(all(target_arch = "wasm32", feature = "heap"))]
mod heap;
pub mod importer;
pub mod json;
pub mod manifest;
pub mod metadata;
pub mod node;
pub mod node_type;
pub mod normalize;
pub mod place;
pub mod report;
pub mod rules;
pub mod shape;
pub mod status;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use bindings::bowsprit::plugin::types::{Direction, Failure, Finding, Kind, Severity};
pub use bindings::bowsprit::plugin::{assets, log};
pub use bindings::exports::bowsprit::plugin::node_types::{
    Connection, Handle, NodeStatus, OnImmutable, Order, Prune, State, WaitFor, Watch,
};
pub use dynamic::{DynamicType, DynamicTypes, TypeDescriptor};
pub use fields::{Fields, Invalid};
pub use json::{Json, Object, RawObject};
pub use manifest::{Manifest, kind};
pub use metadata::Metadata;
pub use node::{Context, Neighbour, Node};
pub use node_type::{Descriptor, NodeType, Seed, connection, handle};
pub use place::Place;
pub use report::{Report, quoted};
pub use status::{Answer, Observation, Status, watch, watch_selected};
