//! A Secret's keys, and which of them have a value in the vault.

use bowsprit_plugin_sdk::fields::is_placeholder;
use bowsprit_plugin_sdk::{Context, Json, Node, Object, Report, json, quoted, rules};

/// The type of a Secret nobody has opinions about.
pub(crate) const OPAQUE: &str = "Opaque";

/// Keys that types of Secrets have to have.
///
/// Source: `core/validation.ValidateSecret`.
const REQUIRED: [(&str, &[&str]); 4] = [
    ("kubernetes.io/dockerconfigjson", &[".dockerconfigjson"]),
    ("kubernetes.io/dockercfg", &[".dockercfg"]),
    ("kubernetes.io/ssh-auth", &["ssh-privatekey"]),
    ("kubernetes.io/tls", &["tls.crt", "tls.key"]),
];

/// The type of a Secret: one of the API's, or a domain's own.
///
/// # Errors
///
/// When it is no such word, or the cluster alone makes Secrets of this type.
pub(crate) fn secret_type(text: &str) -> Result<(), rules::Flaw> {
    let is_token = text == "kubernetes.io/service-account-token";
    if rules::label_key(text).is_ok() && !is_token {
        return Ok(());
    }
    Err(rules::Flaw {
        problem: "is not a type of Secret",
        hint: "Choose `Opaque`, `kubernetes.io/tls` or `kubernetes.io/dockerconfigjson`.",
    })
}

/// Names given with values in the drawing become keys; the values are dropped,
/// because a drawing is no place for them.
pub(crate) fn move_from_data(data: &mut Object<'_>, report: &mut Report) {
    let mut moved: Vec<String> = Vec::new();
    for field in ["data", "stringData"] {
        let Some(Json::Object(values)) = data.remove(field) else { continue };
        let names = values.iter().map(|(name, _)| name).filter(|it| !is_placeholder(it));
        moved.extend(names.map(str::to_owned));
        if !moved.is_empty() {
            report
                .warning("data.dropped", "Values of a Secret do not belong in the drawing.")
                .at(format!("/{field}"))
                .suggest("Keep the names, and enter the values when you run the workflow.");
        }
    }
    if moved.is_empty() {
        return;
    }
    let mut keys = match data.remove("keys") {
        Some(Json::List(keys)) => keys,
        _ => Vec::new(),
    };
    let is_listed = |keys: &[Json<'_>], name: &str| {
        keys.iter().filter_map(|it| it.as_object()).any(|it| it.text_at(&["name"]) == name)
    };
    for name in moved {
        if !is_listed(&keys, &name) {
            keys.push(Object::new().with("name", name).into());
        }
    }
    data.set("keys", Json::List(keys));
}

/// The names of all keys, sorted.
pub(crate) fn names<'a>(node: &'a Node<'_>) -> Vec<Json<'a>> {
    let keys = node.data.list_at(&["keys"]).iter().filter_map(Json::as_object);
    let names = keys.filter_map(|it| it.get("name").and_then(Json::as_str)).map(str::trim);
    json::sorted(names.filter(|it| !is_placeholder(it)))
}

/// References to the values of the keys. `None` when there is none to apply:
/// then a Secret that is in the cluster already stays as it is.
pub(crate) fn read<'a>(
    node: &'a Node<'_>,
    context: &'a Context<'_>,
    kind: &str,
    report: &mut Report,
) -> Option<Object<'a>> {
    let keys = listed(node, context, report);
    let mut data = Object::new();
    for (name, pointer) in &keys {
        if context.secret_keys.iter().any(|it| it == name) {
            let reference = Object::new().with("$vault", format!("secret/{name}"));
            data.set(name.clone(), reference);
        } else {
            report
                .warning("keys.unset", format!("The key {} has no value yet.", quoted(name)))
                .at(pointer.clone())
                .suggest("Enter a value for it when you run the workflow.");
        }
    }
    check_required(&keys, &data, kind, report);
    (!data.is_empty()).then_some(data)
}

/// The keys of the drawing with their places; those of the vault when the
/// drawing lists none.
fn listed(node: &Node<'_>, context: &Context<'_>, report: &mut Report) -> Vec<(String, String)> {
    let mut keys: Vec<(String, String)> = Vec::new();
    node.fields().each("keys", report, |key, report| {
        let Some(name) = report.optional(key.text("name")) else { return };
        if is_placeholder(&name) {
            return;
        }
        let pointer = key.pointer("name");
        if let Err(flaw) = rules::config_key(&name) {
            let message = format!("{} {}.", quoted(&name), flaw.problem);
            report.error("keys.name.invalid", message).at(pointer).suggest(flaw.hint);
        } else if keys.iter().any(|(known, _)| *known == name) {
            report
                .error("keys.name.taken", format!("The key {} is there twice.", quoted(&name)))
                .at(pointer)
                .suggest("Remove one of the two.");
        } else {
            keys.push((name.into_owned(), pointer));
        }
    });
    if node.data.get("keys").is_none() {
        let vault = context.secret_keys.iter().filter(|it| rules::config_key(it).is_ok());
        keys.extend(vault.map(|it| (it.clone(), "/keys".to_owned())));
    }
    if keys.is_empty() && !report.has_errors() {
        report
            .warning("keys.empty", "It has no keys.")
            .at("/keys")
            .suggest("Add a key, and enter its value when you run the workflow.");
    }
    keys
}

/// Some types work only with the keys they are about.
fn check_required(keys: &[(String, String)], data: &Object<'_>, kind: &str, report: &mut Report) {
    let Some((_, required)) = REQUIRED.iter().find(|(name, _)| *name == kind) else {
        return check_basic(keys, kind, report);
    };
    for name in *required {
        let is_listed = keys.iter().any(|(key, _)| key == name);
        let is_missing = !keys.is_empty() && !is_listed;
        // Some values without the others would make an object the API refuses.
        let is_half = !data.is_empty() && data.get(name).is_none();
        if is_missing || is_half {
            let message = format!("A Secret of type `{kind}` needs a value for the key `{name}`.");
            report
                .error("keys.required", message)
                .at("/keys")
                .suggest(format!("Add the key `{name}` and give it a value."));
        }
    }
}

fn check_basic(keys: &[(String, String)], kind: &str, report: &mut Report) {
    let is_known = |name: &str| matches!(name, "username" | "password");
    if kind == "kubernetes.io/basic-auth" && !keys.iter().any(|(name, _)| is_known(name)) {
        let message = "A Secret of this type needs the key `username` or `password`.";
        report.error("keys.required", message).at("/keys");
    }
}

/// Tells which keys of the drawing the live object does not have.
pub(crate) fn note_absent(node: &Node<'_>, object: &Object<'_>, report: &mut Report) {
    for key in names(node) {
        let Some(name) = key.as_str() else { continue };
        if object.path(&["data", name]).is_none() {
            report
                .warning("keys.absent", format!("The key {} is not in the cluster.", quoted(name)))
                .at("/keys")
                .suggest("Enter a value for it and run the workflow.");
        }
    }
}
