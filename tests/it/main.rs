//! Everything a user can see, through HTTP, on real parts.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod access;
mod audit;
mod bad_input;
mod canary;
mod clusters;
mod crashes;
mod dashboard;
mod diagnostics;
mod documents;
mod identity;
mod imports;
mod limits;
mod live_status;
mod metrics;
mod notifications;
mod oauth;
mod process;
mod reference;
mod reload;
mod runs;
mod search;
mod secrets;
mod start_stop;
mod store;
mod versions;
mod workflows;
