//! Between the host's words and a component's.

pub(crate) mod analyses;
pub(crate) mod answers;
pub(crate) mod descriptions;
pub(crate) mod diagnoses;
pub(crate) mod inputs;
pub(crate) mod manifests;
mod pointers;
mod shape;
#[cfg(test)]
mod tests;
pub(crate) mod written;
