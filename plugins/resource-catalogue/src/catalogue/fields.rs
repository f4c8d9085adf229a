//! The fields of a node type: what a form with plain widgets asks for.
//!
//! A field has the widget (`type`) and the kind of the value that goes into
//! the object (`as`): forms hold texts, operators want numbers and lists.

use bowsprit_plugin_sdk::quoted;
use document::field::{Field, Kind, Shown, Source, default_of, kind_called, kind_under};
use document::mistake::Mistakes;
use document::table::Table;
use document::yaml::{Node, Value};

/// The field with more of the object than the others have.
pub(crate) const MORE: &str = "spec";

/// The widgets of the web frontend's cards.
const WIDGETS: [&str; 4] = ["text", "number", "select", "textarea"];

pub(super) fn read(table: &mut Table<'_>, log: &mut Mistakes) -> Vec<Field> {
    table.require("fields", log);
    let mut fields: Vec<Field> = Vec::new();
    for node in table.list("fields", log) {
        let Some(field) = field(node, log) else { continue };
        if fields.iter().any(|it| it.name == field.name) || field.name == MORE {
            let problem = format!("The field {} is there twice.", quoted(&field.name));
            log.value(node.at, problem, "Remove one of them; every type has `spec`.");
        }
        fields.push(field);
    }
    fields
}

fn field(node: &Node, log: &mut Mistakes) -> Option<Field> {
    let mut table = Table::of(node, "A field", log)?;
    let id = table.required_text("id", log).map(str::to_owned);
    let title = table.required_text("label", log).map(str::to_owned);
    let description = table.text("description", log).map(str::to_owned);
    table.require("type", log);
    let widget = table.word("type", &WIDGETS.map(|it| (it, it)), log);
    let required = table.flag("required", log);
    let placeholder = table.text("placeholder", log).map(str::to_owned);
    let options = table.texts("options", log);
    let given = table.take("default");
    let text = table.text("default", log).map(str::to_owned);
    let from = from(&mut table, log);
    let kind = kind(&mut table, widget.unwrap_or("text"), log);
    table.finish(log);
    let (name, kind) = (id?, kind?);
    let default = text.as_ref().and(given).and_then(|it| default_of(&name, &kind, it, log));
    let widget = widget.unwrap_or("text").to_owned();
    let shown = Some(Shown { widget, placeholder, options, default: text });
    Some(Field { title, description, default, required, shown, from, ..plain(name, kind) })
}

/// The kind of the value; what the widget suggests unless `as` says it.
fn kind(table: &mut Table<'_>, widget: &'static str, log: &mut Mistakes) -> Option<Kind> {
    match table.take("as") {
        Some(node @ Node { value: Value::Map(_), .. }) => {
            let mut inner = Table::of(node, "`as`", log)?;
            inner.require("type", log);
            let kind = kind_under("type", &mut inner, log);
            inner.finish(log);
            kind
        }
        Some(_) => kind_under("as", table, log),
        None if widget == "textarea" => kind_called("text", table, log).map(Kind::multiline),
        None => kind_called(widget, table, log),
    }
}

/// Whose name a blank field takes: a role, or a role and a kind.
fn from(table: &mut Table<'_>, log: &mut Mistakes) -> Option<Source> {
    match table.take("from")? {
        node @ Node { value: Value::Map(_), .. } => {
            let mut inner = Table::of(node, "`from`", log)?;
            let role = inner.required_text("role", log).map(str::to_owned);
            let kind = inner.text("kind", log).map(str::to_owned);
            inner.finish(log);
            Some(Source { role: role?, kind })
        }
        _ => table.text("from", log).map(|role| Source { role: role.to_owned(), kind: None }),
    }
}

/// The field with more of the object, as YAML.
pub(super) fn more(kind: &str) -> Field {
    let description =
        format!("More of the {kind}'s `{MORE}`, as YAML; it is laid over what the fields say.");
    let shown = Shown {
        widget: "textarea".into(),
        placeholder: Some("key: value".into()),
        ..Shown::default()
    };
    Field {
        title: Some("More (YAML)".into()),
        description: Some(description),
        shown: Some(shown),
        ..plain(MORE.into(), Kind::Tree)
    }
}

/// A field that is only called something.
pub(crate) fn plain(name: String, kind: Kind) -> Field {
    Field {
        name,
        kind,
        title: None,
        description: None,
        default: None,
        required: false,
        advanced: false,
        secret: false,
        was: Vec::new(),
        shown: None,
        from: None,
    }
}
