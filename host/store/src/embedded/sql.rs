//! Filters, queries and patches as SQL.
//!
//! Values are always bound, never printed into the text; names are quoted. So
//! one shape of request is one text, which the connections prepare once.

use bowsprit_host_core::store::{
    Collection, Direction, Document, Filter, Patch, Query, Revision, Scalar, StoreError,
};
use bytes::Bytes;
use rusqlite::{
    ToSql,
    types::{ToSqlOutput, ValueRef},
};

use super::text;
use crate::checks;

/// A statement and what is bound to its question marks.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) text: String,
    pub(super) values: Vec<Bound>,
}

/// A bound value.
#[derive(Debug)]
pub(super) enum Bound {
    Null,
    Int(i64),
    Text(String),
    Blob(Bytes),
}

impl ToSql for Bound {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// `name` as an SQL identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The generated column of a declared field. The prefix keeps a field named
/// `rev` apart from our own column.
pub(super) fn column(field: &str) -> String {
    quoted(&format!("f_{field}"))
}

/// The path of a top-level key in SQLite's JSON functions.
pub(super) fn path(key: &str) -> String {
    format!("$.{}", serde_json::Value::from(key))
}

/// Reads one document.
pub(super) fn get(of: &Collection) -> String {
    format!("SELECT id, rev, body, payload FROM {} WHERE id = ?", quoted(of.name))
}

/// Reads the revision of one document.
pub(super) fn revision(of: &Collection) -> String {
    format!("SELECT rev FROM {} WHERE id = ?", quoted(of.name))
}

/// Reads one page.
pub(super) fn find(of: &Collection, query: &Query) -> Result<Statement, StoreError> {
    let payload = if query.without_payload { "NULL" } else { "payload" };
    let mut writer = Writer::new(of);
    writer.push(&format!("SELECT id, rev, body, {payload} FROM {} WHERE ", quoted(of.name)));
    writer.filter(&query.filter)?;
    writer.push(" ORDER BY ");
    let mut last = Direction::Ascending;
    for (field, direction) in &query.sort {
        checks::declared(of, field)?;
        writer.push(&format!("{} {}, ", column(field), keyword(*direction)));
        last = *direction;
    }
    writer.push(&format!("id {} LIMIT ? OFFSET ?", keyword(last)));
    writer.values.push(Bound::Int(query.limit.into()));
    writer.values.push(Bound::Int(i64::try_from(query.skip).unwrap_or(i64::MAX)));
    Ok(writer.finish())
}

/// Counts what matches.
pub(super) fn count(of: &Collection, filter: &Filter) -> Result<Statement, StoreError> {
    let mut writer = Writer::new(of);
    writer.push(&format!("SELECT count(*) FROM {} WHERE ", quoted(of.name)));
    writer.filter(filter)?;
    Ok(writer.finish())
}

/// Counts what matches and adds up some fields.
pub(super) fn totals(
    of: &Collection,
    filter: &Filter,
    fields: &[&'static str],
) -> Result<Statement, StoreError> {
    let mut writer = Writer::new(of);
    writer.push("SELECT count(*)");
    for field in fields {
        checks::comparable(of, field, &Scalar::Int(0))?;
        writer.push(&format!(", coalesce(sum({}), 0)", column(field)));
    }
    writer.push(&format!(" FROM {} WHERE ", quoted(of.name)));
    writer.filter(filter)?;
    Ok(writer.finish())
}

/// Adds a document.
pub(super) fn insert(of: &Collection, id: &str, body: &str, payload: Option<Bytes>) -> Statement {
    Statement {
        text: format!(
            "INSERT INTO {} (id, rev, body, payload) VALUES (?, 1, ?, ?) RETURNING rev",
            quoted(of.name)
        ),
        values: vec![
            Bound::Text(id.to_owned()),
            Bound::Text(body.to_owned()),
            payload.map_or(Bound::Null, Bound::Blob),
        ],
    }
}

/// Reads the documents after an id, or the first ones.
pub(super) fn scan(of: &Collection, after: Option<&str>, limit: u32) -> Statement {
    let mut writer = Writer::new(of);
    writer.push(&format!("SELECT id, rev, body, payload FROM {}", quoted(of.name)));
    if let Some(after) = after {
        writer.push(" WHERE id > ?");
        writer.values.push(Bound::Text(after.to_owned()));
    }
    writer.push(" ORDER BY id LIMIT ?");
    writer.values.push(Bound::Int(limit.into()));
    writer.finish()
}

/// Writes a document as it is, over another with its id.
pub(super) fn put(of: &Collection, document: Document) -> Statement {
    Statement {
        text: format!(
            "INSERT INTO {} (id, rev, body, payload) VALUES (?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE
             SET rev = excluded.rev, body = excluded.body, payload = excluded.payload
             RETURNING rev",
            quoted(of.name)
        ),
        values: vec![
            Bound::Text(document.id),
            Bound::Int(document.revision.0),
            Bound::Text(document.body),
            document.payload.map_or(Bound::Null, Bound::Blob),
        ],
    }
}

/// Replaces a document at `seen`.
pub(super) fn replace(
    of: &Collection,
    id: &str,
    seen: Revision,
    body: &str,
    payload: Option<Bytes>,
) -> Statement {
    let mut writer = Writer::new(of);
    writer.push(&format!("UPDATE {} SET rev = rev + 1, body = ?", quoted(of.name)));
    writer.values.push(Bound::Text(body.to_owned()));
    if let Some(payload) = payload {
        writer.push(", payload = ?");
        writer.values.push(Bound::Blob(payload));
    }
    writer.identity(id, Some(seen));
    writer.push(" RETURNING rev");
    writer.finish()
}

/// Changes single keys of a document that fits.
pub(super) fn patch(
    of: &Collection,
    id: &str,
    seen: Option<Revision>,
    when: &Filter,
    patch: &Patch,
) -> Result<Statement, StoreError> {
    checks::patch(of, patch)?;
    let mut writer = Writer::new(of);
    writer.push(&format!("UPDATE {} SET rev = rev + 1, body = ", quoted(of.name)));
    writer.patched(patch);
    writer.identity(id, seen);
    writer.push(" AND ");
    writer.filter(when)?;
    writer.push(" RETURNING rev");
    Ok(writer.finish())
}

/// Removes one document.
pub(super) fn remove(of: &Collection, id: &str, seen: Option<Revision>) -> Statement {
    let mut writer = Writer::new(of);
    writer.push(&format!("DELETE FROM {}", quoted(of.name)));
    writer.identity(id, seen);
    writer.push(" RETURNING rev");
    writer.finish()
}

/// Removes what matches.
pub(super) fn remove_all(of: &Collection, filter: &Filter) -> Result<Statement, StoreError> {
    let mut writer = Writer::new(of);
    writer.push(&format!("DELETE FROM {} WHERE ", quoted(of.name)));
    writer.filter(filter)?;
    Ok(writer.finish())
}

fn keyword(direction: Direction) -> &'static str {
    match direction {
        Direction::Ascending => "ASC",
        Direction::Descending => "DESC",
    }
}

/// Collects a statement from left to right, values in the order of their marks.
struct Writer<'a> {
    of: &'a Collection,
    text: String,
    values: Vec<Bound>,
}

impl<'a> Writer<'a> {
    fn new(of: &'a Collection) -> Self {
        Self { of, text: String::with_capacity(160), values: Vec::new() }
    }

    fn finish(self) -> Statement {
        Statement { text: self.text, values: self.values }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn identity(&mut self, id: &str, seen: Option<Revision>) {
        self.push(" WHERE id = ?");
        self.values.push(Bound::Text(id.to_owned()));
        if let Some(Revision(seen)) = seen {
            self.push(" AND rev = ?");
            self.values.push(Bound::Int(seen));
        }
    }

    /// The body with the patch applied. `json(?)` parses the bound text, so
    /// that it is set as a value and not as a string.
    fn patched(&mut self, patch: &Patch) {
        let mut text = "body".to_owned();
        if !patch.set.is_empty() || !patch.increment.is_empty() {
            text = format!("json_set({text}");
            for (key, value) in &patch.set {
                text.push_str(", ?, json(?)");
                self.values.push(Bound::Text(path(key)));
                self.values.push(Bound::Text(value.to_string()));
            }
            for (key, by) in &patch.increment {
                text.push_str(&format!(", ?, coalesce({}, 0) + ?", column(key)));
                self.values.push(Bound::Text(path(key)));
                self.values.push(Bound::Int(*by));
            }
            text.push(')');
        }
        if !patch.unset.is_empty() {
            text = format!("json_remove({text}{})", ", ?".repeat(patch.unset.len()));
            self.values.extend(patch.unset.iter().map(|key| Bound::Text(path(key))));
        }
        self.push(&text);
    }

    fn filter(&mut self, filter: &Filter) -> Result<(), StoreError> {
        match filter {
            Filter::All => self.push("TRUE"),
            Filter::Ids(ids) => self.one_of("id", serde_json::Value::from(ids.clone())),
            Filter::Eq(field, value) => self.compare(field, "=", value)?,
            Filter::Less(field, value) => self.compare(field, "<", value)?,
            Filter::AtLeast(field, value) => self.compare(field, ">=", value)?,
            Filter::In(field, values) => self.has_one_of(field, values)?,
            Filter::Absent(field) => {
                checks::declared(self.of, field)?;
                self.push(&format!("{} IS NULL", column(field)));
            }
            Filter::Contains(field, text) => {
                checks::searchable(self.of, field)?;
                let phrase = text::phrase(field, text);
                self.push(&text::contains(self.of, field, phrase.as_deref()));
                let phrases = phrase.into_iter().flat_map(|it| [it.clone(), it]);
                self.values.extend(phrases.chain([text.clone()]).map(Bound::Text));
            }
            Filter::And(parts) => self.joined(parts, " AND ", "TRUE")?,
            Filter::Or(parts) => self.joined(parts, " OR ", "FALSE")?,
        }
        Ok(())
    }

    fn joined(&mut self, parts: &[Filter], with: &str, none: &str) -> Result<(), StoreError> {
        self.push("(");
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                self.push(with);
            }
            self.filter(part)?;
        }
        self.push(if parts.is_empty() { none } else { "" });
        self.push(")");
        Ok(())
    }

    fn compare(&mut self, field: &str, operator: &str, value: &Scalar) -> Result<(), StoreError> {
        checks::comparable(self.of, field, value)?;
        self.push(&format!("{} {operator} ?", column(field)));
        self.values.push(match value {
            Scalar::Text(text) => Bound::Text(text.clone()),
            Scalar::Int(value) => Bound::Int(*value),
            Scalar::Bool(value) => Bound::Int((*value).into()),
            Scalar::Time(at) => Bound::Text(at.to_string()),
            Scalar::Id(id) => Bound::Text(id.to_string()),
        });
        Ok(())
    }

    /// One bound array instead of a mark per value: a single text for any
    /// number of values, and no limit on it.
    fn one_of(&mut self, column: &str, values: serde_json::Value) {
        self.push(&format!("{column} IN (SELECT value FROM json_each(?))"));
        self.values.push(Bound::Text(values.to_string()));
    }

    fn has_one_of(&mut self, field: &str, values: &[Scalar]) -> Result<(), StoreError> {
        checks::declared(self.of, field)?;
        let mut array = Vec::with_capacity(values.len());
        for value in values {
            checks::comparable(self.of, field, value)?;
            array.push(match value {
                Scalar::Text(text) => serde_json::Value::from(text.as_str()),
                Scalar::Int(value) => (*value).into(),
                Scalar::Bool(value) => (*value).into(),
                Scalar::Time(at) => at.to_string().into(),
                Scalar::Id(id) => id.to_string().into(),
            });
        }
        self.one_of(&column(field), array.into());
        Ok(())
    }
}
