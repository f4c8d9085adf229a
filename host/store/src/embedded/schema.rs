//! Tables, columns and indexes of the declared collections.
//!
//! A file written by an older build gains what is missing. Indexes are ours
//! alone, so that one that is no longer declared, or declared otherwise, is
//! dropped: a constraint without a name could not be reported.

use std::collections::BTreeMap;

use bowsprit_host_core::store::Collection;
use rusqlite::{Connection, Result};

use super::{
    sql::{column, path, quoted},
    text,
};
use crate::checks;

/// Makes the file fit `collections`, all or nothing.
pub(super) fn prepare(connection: &Connection, collections: &[&Collection]) -> Result<()> {
    connection.execute_batch("SAVEPOINT prepare")?;
    let done = collections.iter().try_for_each(|of| prepare_one(connection, of));
    if done.is_err() {
        connection.execute_batch("ROLLBACK TO prepare")?;
    }
    connection.execute_batch("RELEASE prepare")?;
    done
}

fn prepare_one(connection: &Connection, of: &Collection) -> Result<()> {
    connection.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS {} (
            id TEXT NOT NULL PRIMARY KEY,
            rev INTEGER NOT NULL,
            body TEXT NOT NULL CHECK (json_valid(body)),
            payload BLOB
        )",
        quoted(of.name)
    ))?;
    add_columns(connection, of)?;
    arrange_indexes(connection, of)?;
    text::prepare(connection, of)
}

/// One column per field, computed from the body when asked for or indexed.
/// Without a type, so that values keep theirs: true is 1, times are text.
fn add_columns(connection: &Connection, of: &Collection) -> Result<()> {
    let mut known = connection.prepare("SELECT name FROM pragma_table_xinfo(?)")?;
    let known: Vec<String> =
        known.query_map([of.name], |row| row.get(0))?.collect::<Result<_>>()?;
    for field in of.fields {
        if known.iter().any(|name| name.strip_prefix("f_") == Some(field.name)) {
            continue;
        }
        connection.execute_batch(&format!(
            "ALTER TABLE {} ADD COLUMN {} GENERATED ALWAYS AS (body ->> '{}') VIRTUAL",
            quoted(of.name),
            column(field.name),
            path(field.name).replace('\'', "''"),
        ))?;
    }
    Ok(())
}

fn arrange_indexes(connection: &Connection, of: &Collection) -> Result<()> {
    let wanted = indexes(of);
    let mut known = connection.prepare(
        "SELECT name, sql FROM sqlite_schema
         WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
    )?;
    let known: BTreeMap<String, String> =
        known.query_map([of.name], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_>>()?;
    for name in known.keys().filter(|name| wanted.get(*name) != known.get(*name)) {
        connection.execute_batch(&format!("DROP INDEX {}", quoted(name)))?;
    }
    for (_, sql) in wanted.iter().filter(|(name, sql)| known.get(*name) != Some(*sql)) {
        connection.execute_batch(sql)?;
    }
    Ok(())
}

/// The statement for every index of `of`, by the index's name.
fn indexes(of: &Collection) -> BTreeMap<String, String> {
    let mut wanted = BTreeMap::new();
    let is_search = |field: &&str| checks::search_fields(of).any(|it| it == *field);
    // Those with a field to look into are the business of `text`.
    for fields in of.indexes.iter().filter(|it| !it.iter().any(is_search)) {
        // The id at the end makes every order by these fields total.
        let name = format!("{}:by:{}", of.name, fields.join(","));
        let sql = create("INDEX", &name, of, &format!("{}, id", columns(fields, ", ")));
        wanted.insert(name, sql);
    }
    for unique in of.unique {
        let name = format!("{}:unique:{}", of.name, unique.name);
        let present = format!("{} IS NOT NULL", columns(unique.fields, " IS NOT NULL AND "));
        let sql = create("UNIQUE INDEX", &name, of, &columns(unique.fields, ", "));
        wanted.insert(name, format!("{sql} WHERE {present}"));
    }
    if let Some(expiry) = &of.expiry {
        let name = format!("{}:expiry", of.name);
        let sql = create("INDEX", &name, of, &column(expiry.field));
        let sql = match expiry.only_if {
            Some(flag) => format!("{sql} WHERE {} = 1", column(flag)),
            None => sql,
        };
        wanted.insert(name, sql);
    }
    wanted
}

fn create(what: &str, name: &str, of: &Collection, columns: &str) -> String {
    format!("CREATE {what} {} ON {} ({columns})", quoted(name), quoted(of.name))
}

fn columns(fields: &[&str], between: &str) -> String {
    fields.iter().map(|field| column(field)).collect::<Vec<_>>().join(between)
}
