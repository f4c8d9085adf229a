//! Between the host's words and a component's.

pub(crate) mod analyses;
pub(crate) mod answers;
pub(crate) mod descriptions;
pub(crate) mod diagnoses;
pub(crate) mod inputs;
mod shape;
#[cfg(test)]
mod tests;
