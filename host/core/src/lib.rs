//! What the host does, said without HTTP, databases, clusters or WebAssembly.
//!
//! The nouns, the use-cases and the ports the use-cases need. Adapters live in
//! sibling packages and depend on this one; nothing here depends on them.
//!
//! Invariant: no heavyweight dependency. A type that needs axum, mongodb,
//! rusqlite, kube or wasmtime belongs in the package that owns that one. No
//! kind of Kubernetes resource has a meaning here; components know that.

pub mod access;
pub mod address;
pub mod audit;
pub mod budgets;
pub mod catalogues;
pub mod clusters;
pub mod custom_kinds;
pub mod dashboard;
pub mod diagnoses;
pub mod diagnostics;
pub mod drafts;
pub mod drawing;
pub mod error;
pub mod events;
pub mod foreign;
pub mod id;
pub mod identity;
pub mod importers;
pub mod imports;
pub mod kubernetes;
pub mod labels;
mod masking;
pub mod node_types;
pub mod notifications;
pub mod observer;
pub mod operators;
pub mod palette;
mod parallel;
pub mod plugins;
mod recent;
pub mod revisions;
pub mod runs;
pub mod search;
pub mod secrets;
pub mod starters;
pub mod statuses;
pub mod store;
pub mod tasks;
pub mod time;
mod variations;
pub mod versions;
pub mod workflows;

pub use error::{Error, Result};
