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
mod catalogue;
mod clusters;
mod containment;
mod crashes;
mod custom;
mod dashboard;
mod diagnostics;
mod disk;
mod documents;
mod drafts;
mod exports;
mod golden_cases;
mod health;
mod identity;
mod imports;
mod limits;
mod live_status;
mod metrics;
mod node_types;
mod notifications;
mod oauth;
mod operators;
mod palette;
mod plugin_author;
mod plugin_hosts;
mod plugin_life;
mod plugin_logs;
mod process;
mod reference;
mod reload;
mod removal;
mod replicas;
mod runs;
mod search;
mod secrets;
mod served;
mod start_stop;
mod starters;
mod store;
mod templates;
mod test_cluster;
mod tutorial;
mod versions;
mod workflows;
