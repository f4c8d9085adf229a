//! What node types that run pods have in common.
//!
//! [`PodTemplate`] turns a node's data into a pod template, [`rollout`] turns
//! the object and its pods into a status, [`view`] is the public view. What is
//! special about a Deployment or a `StatefulSet` is in its own crate.

mod container;
pub mod database;
mod environment;
mod mounts;
mod passthrough;
mod pod;
pub mod pods;
mod probe;
pub mod rollout;
pub mod view;

#[cfg(test)]
mod tests;

pub use mounts::ClaimMount;
pub use passthrough::verbatim;
pub use pod::{PodTemplate, replicas, workload_name};

/// Fields every workload's `normalize` brings into shape.
pub use environment::normalize;
