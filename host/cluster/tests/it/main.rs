//! The port against a real API server, named by `BOWSPRIT_TEST_KUBE_SERVER`
//! and its sisters (see [`server::Server`]). Without one the tests say that
//! they were skipped; in CI they fail.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at the first surprise"
)]

mod apply;
mod connect;
mod informers;
mod objects;
mod proxy;
mod server;
