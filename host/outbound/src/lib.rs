//! Everything that speaks to the world outside the clusters, behind one policy.
//!
//! Invariant: no request leaves but through [`client::Client`], which knows
//! what its purpose may reach: schemes, networks, bytes and time. Decisions
//! are made in `core`.

pub mod client;
pub mod oci;
pub mod policy;
pub mod sign_in;
