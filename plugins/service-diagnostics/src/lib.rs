//! Checks and fixes for the `service` node type.

mod endpoints;
mod exists;
mod fix;
mod pods;
mod service;

use endpoints::EndpointsExist;
use exists::ServiceExists;
use fix::SelectorFix;

bowsprit_plugin_sdk::export_diagnostics!(
    checks: [ServiceExists, EndpointsExist],
    fixes: [SelectorFix],
);

#[cfg(test)]
mod tests;
