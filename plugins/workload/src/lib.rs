//! What node types that run pods have in common.
//!
//! [`PodTemplate`] turns a node's data into a pod template, [`rollout`] turns
//! the object and its pods into a status, [`view`] is the public view. What is
//! special about a Deployment, a `StatefulSet` or a Job is in its own crate.

mod claim;
mod container;
pub mod database;
mod environment;
mod forms;
pub mod job;
mod mounts;
mod pod;
pub mod pods;
mod probe;
pub mod rollout;
mod security;
mod strategy;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
pub mod view;

#[cfg(test)]
mod tests;

pub use claim::access_modes;
pub use mounts::ClaimMount;
pub use pod::{PodTemplate, note_claims_of_many, replicas, workload_name};
pub use strategy::strategy;

/// Fields every workload's `normalize` brings into shape.
pub use environment::normalize;
