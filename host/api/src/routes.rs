//! The routes, one file for each noun of the URL.

mod admin_users;
mod auth;
mod clusters;
mod health;
mod notifications;
mod profile;
mod runs;
mod settings;
mod templates;
mod workflows;

use crate::table::Table;

/// All routes.
pub(crate) fn table() -> Table {
    let table = health::add(Table::new());
    let table = auth::add(table);
    let table = profile::add(table);
    let table = admin_users::add(table);
    let table = settings::add(table);
    let table = workflows::add(table);
    let table = runs::add(table);
    let table = templates::add(table);
    let table = clusters::add(table);
    notifications::add(table)
}
