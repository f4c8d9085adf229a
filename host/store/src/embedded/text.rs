//! The trigrams behind [`Filter::Contains`]: a full-text table beside the
//! collection's own, which triggers keep in step with it.
//!
//! It serves all owners at once, so a text that is common among them is not
//! worth its list: the rows that the other conditions leave are then looked at
//! one by one, in the order of the answer, which ends early because they are
//! many.
//!
//! [`Filter::Contains`]: bowsprit_host_core::store::Filter::Contains

use bowsprit_host_core::store::Collection;
use rusqlite::{Connection, OptionalExtension as _, Result};

use super::sql::{column, quoted};
use crate::checks;

/// Rows that contain a text, above which their list is not made.
const COMMON: u32 = 1_000;

/// Makes the table and the triggers fit `of`.
pub(super) fn prepare(connection: &Connection, of: &Collection) -> Result<()> {
    let columns: Vec<String> = checks::search_fields(of).map(column).collect();
    let name = table(of);
    let wanted = (!columns.is_empty()).then(|| {
        format!(
            "CREATE VIRTUAL TABLE {name} USING fts5({}, content={}, tokenize='trigram')",
            columns.join(", "),
            quoted(of.name)
        )
    });
    let known: Option<String> = connection
        .query_row("SELECT sql FROM sqlite_schema WHERE name = ?", [plain(of)], |row| row.get(0))
        .optional()?;
    if known == wanted {
        return Ok(());
    }
    for event in ["insert", "update", "delete"] {
        connection.execute_batch(&format!("DROP TRIGGER IF EXISTS {}", trigger(of, event)))?;
    }
    if known.is_some() {
        connection.execute_batch(&format!("DROP TABLE {name}"))?;
    }
    let Some(wanted) = wanted else { return Ok(()) };
    connection.execute_batch(&wanted)?;
    connection.execute_batch(&format!("INSERT INTO {name}({name}) VALUES ('rebuild')"))?;
    connection.execute_batch(&triggers(of, &columns))
}

/// The condition that a field contains a text, and how often `phrase` and then
/// `text` are bound in it. Without a phrase every row is looked at.
pub(super) fn contains(of: &Collection, field: &str, phrase: Option<&str>) -> String {
    let (name, column) = (table(of), column(field));
    let found = format!("instr({column}, ?) > 0");
    if phrase.is_none() {
        return found;
    }
    format!(
        "(CASE WHEN (SELECT count(*) FROM (SELECT 1 FROM {name} WHERE {name} MATCH ? LIMIT {})) > {COMMON}
          THEN TRUE ELSE rowid IN (SELECT rowid FROM {name} WHERE {name} MATCH ?) END AND {found})",
        COMMON + 1
    )
}

/// `text` in a field as a full-text phrase, or `None` if it is too short for
/// one. SQLite's strings in queries end at a zero byte.
pub(super) fn phrase(field: &str, text: &str) -> Option<String> {
    if text.chars().count() < checks::GRAM || text.contains('\0') {
        return None;
    }
    Some(format!("{} : {}", column(field), quoted(text)))
}

fn triggers(of: &Collection, columns: &[String]) -> String {
    let (name, owner) = (table(of), quoted(of.name));
    let list = columns.join(", ");
    let of_row =
        |row: &str| columns.iter().map(|it| format!("{row}.{it}")).collect::<Vec<_>>().join(", ");
    let add = format!("INSERT INTO {name}(rowid, {list}) VALUES (new.rowid, {});", of_row("new"));
    let take = format!(
        "INSERT INTO {name}({name}, rowid, {list}) VALUES ('delete', old.rowid, {});",
        of_row("old")
    );
    let changed: Vec<String> =
        columns.iter().map(|it| format!("old.{it} IS NOT new.{it}")).collect();
    let changed = changed.join(" OR ");
    let [insert, update, delete] = ["insert", "update", "delete"].map(|it| trigger(of, it));
    format!(
        "CREATE TRIGGER {insert} AFTER INSERT ON {owner} BEGIN {add} END;
         CREATE TRIGGER {update} AFTER UPDATE ON {owner} WHEN {changed} BEGIN {take} {add} END;
         CREATE TRIGGER {delete} AFTER DELETE ON {owner} BEGIN {take} END;"
    )
}

fn plain(of: &Collection) -> String {
    format!("{}:text", of.name)
}

fn table(of: &Collection) -> String {
    quoted(&plain(of))
}

fn trigger(of: &Collection, event: &str) -> String {
    quoted(&format!("{}:text:{event}", of.name))
}

#[cfg(test)]
mod tests {
    use bowsprit_host_core::store::{Collection, Documents as _, Field, FieldKind, Filter};

    use super::super::EmbeddedStore;

    static BEFORE: Collection =
        Collection { name: "papers", fields: &[], indexes: &[], unique: &[], expiry: None };
    static AFTER: Collection = Collection {
        fields: &[Field { name: "text", kind: FieldKind::Search }],
        name: "papers",
        indexes: &[],
        unique: &[],
        expiry: None,
    };

    #[tokio::test]
    async fn a_file_of_an_older_build_gains_its_trigrams() {
        let folder = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(folder.path().join("store.db")).unwrap();
        store.prepare(&[&BEFORE]).await.unwrap();
        store.insert(&BEFORE, "one", r#"{"text":"first text"}"#, None).await.unwrap();
        store.prepare(&[&AFTER]).await.unwrap();
        let found = Filter::Contains("text", "first".into());
        assert_eq!(store.count(&AFTER, &found).await.unwrap(), 1);
        // And loses them again, with what kept them in step.
        store.prepare(&[&BEFORE]).await.unwrap();
        store.insert(&BEFORE, "two", r#"{"text":"first of all"}"#, None).await.unwrap();
        store.prepare(&[&AFTER]).await.unwrap();
        assert_eq!(store.count(&AFTER, &found).await.unwrap(), 2);
    }
}
