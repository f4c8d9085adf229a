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
mod documents;
mod identity;
mod limits;
mod live_status;
mod metrics;
mod notifications;
mod process;
mod reload;
mod runs;
mod start_stop;
mod workflows;
