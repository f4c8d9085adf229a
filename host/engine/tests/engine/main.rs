//! The engine against real components, from `tests/guests`.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support that fails by panicking, as clippy allows in test functions only"
)]

mod containment;
mod load;
mod refusals;
mod reload;
mod support;
mod worlds;
