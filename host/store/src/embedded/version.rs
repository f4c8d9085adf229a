//! What the file is, and the way from older forms to today's.
//!
//! SQLite keeps two numbers in a file's header for its users: `application_id`
//! says that the file is ours, `user_version` counts the migrations it has
//! been through. Collections and their fields are no matter of migrations:
//! `schema` adds what a build declares.

use rusqlite::{Connection, TransactionBehavior};

use super::OpenError;

/// "Bwsp".
const APPLICATION: i64 = 0x4277_7370;

/// A step to the next version, inside a transaction.
type Migration = fn(&Connection) -> rusqlite::Result<()>;

/// Step `n` leads from version `n` to `n + 1`. Never changed once released.
pub(super) static MIGRATIONS: &[Migration] = &[claim];

/// Files of the first builds carry no numbers.
fn claim(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION)
}

/// Brings the file to the version that `migrations` lead to. Each step is
/// there whole or not at all.
pub(super) fn migrate(
    connection: &mut Connection,
    migrations: &[Migration],
) -> Result<(), OpenError> {
    let version = number(connection, "user_version")?;
    let application = number(connection, "application_id")?;
    let ours = match application {
        APPLICATION => true,
        0 if version == 0 => holds_only_our_tables(connection)?,
        _ => false,
    };
    if !ours {
        return Err(OpenError::Foreign);
    }
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    if done > migrations.len() {
        return Err(OpenError::Newer { version, known: migrations.len() });
    }
    for (step, migration) in migrations.iter().enumerate().skip(done) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        migration(&transaction)?;
        transaction.pragma_update(None, "user_version", step as i64 + 1)?;
        transaction.commit()?;
        if step > 0 {
            tracing::info!(version = step + 1, "the store was migrated");
        }
    }
    Ok(())
}

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

fn holds_only_our_tables(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT count(*) = 0 FROM sqlite_schema AS it
         WHERE it.type = 'table' AND it.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND 4 >
           (SELECT count(*) FROM pragma_table_info(it.name)
            WHERE name IN ('id', 'rev', 'body', 'payload'))",
        [],
        |row| row.get(0),
    )
}
