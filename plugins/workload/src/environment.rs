//! Environment variables.
//!
//! Three sources, the later ones stronger: literals of the drawing (`env`) and
//! values in the node's vault. Whole `ConfigMap`s and Secrets are [`mounts`]'
//! business, since they come from the same edges.
//!
//! [`mounts`]: crate::mounts

use bowsprit_plugin_sdk::fields::{is_placeholder, scalar};
use bowsprit_plugin_sdk::{
    Context, Fields, Invalid, Json, Node, Object, Place, Report, quoted, rules, shape,
};

use crate::forms::checks::VALUE_FROM;

/// Takes over `env` given as Kubernetes writes it, a list of `{name, value}`.
pub fn normalize(data: &mut Object<'_>) {
    if !matches!(data.get("env"), Some(Json::List(_))) {
        return;
    }
    let Some(Json::List(items)) = data.remove("env") else { return };
    let mut map = Object::new();
    for item in items {
        let Json::Object(mut item) = item else { continue };
        let Some(Json::Text(name)) = item.remove("name") else { continue };
        match (item.remove("value"), item.remove("valueFrom")) {
            (_, Some(source)) => map.set(name, Object::new().with("valueFrom", source)),
            (Some(value), None) => map.set(name, value),
            (None, None) => map.set(name, ""),
        }
    }
    data.set("env", map);
}

/// The container's `env`, sorted by name.
pub(crate) fn read<'a>(
    node: &'a Node<'_>,
    context: &'a Context<'_>,
    report: &mut Report,
) -> Object<'a> {
    let fields = node.fields();
    let mut variables = literals(&fields, report);
    for name in context.environment_keys {
        if is_placeholder(name) {
            continue;
        }
        if let Err(flaw) = rules::env_name(name) {
            let message = format!("{} {}.", quoted(name), flaw.problem);
            report.error("envKeys.invalid", message).at("/envKeys").suggest(flaw.hint);
            continue;
        }
        let reference = Object::new().with("$vault", format!("env/{name}"));
        variables.set(name.as_str(), Object::new().with("value", reference));
    }
    note_unset(&fields, &variables, report);
    variables
}

/// `env` entries as the API has them, from a map of name to the rest.
pub(crate) fn entries(variables: Object<'_>) -> Vec<Object<'_>> {
    let entry = |(name, source)| match source {
        Json::Object(source) => Some(source.with("name", Json::Text(name))),
        _ => None,
    };
    variables.into_iter().filter_map(entry).collect()
}

fn literals<'a>(fields: &Fields<'a, '_>, report: &mut Report) -> Object<'a> {
    let Some(map) = report.optional(fields.fields("env")) else { return Object::new() };
    let mut variables = Vec::with_capacity(map.object().len());
    for (name, value) in map.object().iter() {
        if is_placeholder(name) || value.is_null() {
            continue;
        }
        variables.extend(literal(&map, name, value, report).map(|source| (name, source)));
    }
    variables.into_iter().collect()
}

fn literal<'a>(
    map: &Fields<'a, '_>,
    name: &'a str,
    value: &'a Json<'a>,
    report: &mut Report,
) -> Option<Object<'a>> {
    let place = map.place().key(name);
    report.required(rules::env_name(name).map_err(|flaw| Invalid::flawed(&place, name, flaw)))?;
    if let Json::Object(object) = value {
        let fields = Fields::new(object, place);
        let source = shape::object(&fields, "valueFrom", &VALUE_FROM, report);
        if source.is_none() {
            report.required::<()>(Err(not_a_text(&place)));
        }
        return source.map(|it| Object::new().with("valueFrom", it));
    }
    let text = scalar(value).ok_or_else(|| not_a_text(&place));
    report.required(text).map(|it| Object::new().with("value", it))
}

fn not_a_text(place: &Place<'_>) -> Invalid {
    Invalid::new(place, "type", "A variable has to be a text.")
}

/// Tells which variables the user listed without giving a value yet.
fn note_unset(fields: &Fields<'_, '_>, variables: &Object<'_>, report: &mut Report) {
    fields.each("envKeys", report, |key, report| {
        let Some(name) = report.optional(key.text("name")) else { return };
        if is_placeholder(&name) || variables.get(&name).is_some() {
            return;
        }
        let message = format!("The variable {} has no value yet and is left out.", quoted(&name));
        report
            .info("envKeys.unset", message)
            .at(key.pointer("name"))
            .suggest("Enter a value for it when you run the workflow.");
    });
}
