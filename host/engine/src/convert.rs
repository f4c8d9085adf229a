//! Between the host's words and a component's.

pub(crate) mod answers;
pub(crate) mod inputs;
mod shape;
#[cfg(test)]
mod tests;
