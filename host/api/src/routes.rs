//! The routes, one file for each noun of the URL.

mod admin_audit;
mod admin_budgets;
mod admin_plugin_logs;
mod admin_plugins;
mod admin_users;
mod auth;
mod cluster_kinds;
mod clusters;
mod dashboard;
mod diagnostics;
mod documents;
mod drafts;
mod exports;
mod health;
mod imports;
mod layouts;
mod metrics;
mod notifications;
mod oauth;
mod plugins;
mod previews;
mod profile;
mod runs;
mod search;
mod settings;
mod starters;
mod suggestions;
mod templates;
mod validation;
mod versions;
mod workflows;

use crate::table::Table;

/// All routes.
pub(crate) fn table() -> Table {
    let table = documents::add(Table::new());
    let table = health::add(table);
    let table = auth::add(table);
    let table = oauth::add(table);
    let table = profile::add(table);
    let table = admin_users::add(table);
    let table = admin_plugins::add(table);
    let table = admin_plugin_logs::add(table);
    let table = settings::add(table);
    let table = workflows::add(table);
    let table = starters::add(table);
    let table = validation::add(table);
    let table = previews::add(table);
    let table = layouts::add(table);
    let table = suggestions::add(table);
    let table = exports::add(table);
    let table = versions::add(table);
    let table = runs::add(table);
    let table = diagnostics::add(table);
    let table = imports::add(table);
    let table = search::add(table);
    let table = dashboard::add(table);
    let table = metrics::add(table);
    let table = templates::add(table);
    let table = plugins::add(table);
    let table = clusters::add(table);
    let table = cluster_kinds::add(table);
    let table = notifications::add(table);
    let table = admin_budgets::add(table);
    admin_audit::add(table)
}
