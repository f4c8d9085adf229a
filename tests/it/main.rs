//! Everything a user can see, through HTTP, on real parts.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod access;
mod bad_input;
mod clusters;
mod identity;
mod live_status;
mod notifications;
mod process;
mod reference;
mod reload;
mod runs;
mod store;
mod workflows;
