//! The engine against real components, from `tests/guests`.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support that fails by panicking, as clippy allows in test functions only"
)]

mod admin;
mod comparison;
mod consent;
mod containment;
mod grants;
mod guard;
mod hostile;
mod inputs;
mod kept;
mod load;
mod refusals;
mod reload;
mod retest;
mod self_test;
mod settle;
mod support;
mod templates;
mod worlds;
