//! What the binary does besides serving.

pub(crate) mod audit;
pub(crate) mod keys;
