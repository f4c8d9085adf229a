//! Placeholders for values that are not in an export: `${DATABASE_PASSWORD}`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::runs::{plan::Planned, vault::reference};

/// Names of placeholders by node and key.
#[derive(Default)]
pub(super) struct Placeholders(BTreeMap<(String, String), String>);

impl Placeholders {
    /// The object with a placeholder for each value that holds or waits for a
    /// secret.
    pub(super) fn put(&mut self, object: &Planned) -> Value {
        let mut body = object.body.clone();
        if object.key.kind.is_secret() {
            let texts = self.secret(object, &mut body);
            if let Some(fields) = body.as_object_mut().filter(|_| !texts.is_empty()) {
                fields.insert("stringData".into(), Value::Object(texts));
            }
        }
        self.references(object, &mut body);
        body
    }

    /// Names of all placeholders.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }

    /// Whatever a Secret holds, as texts.
    fn secret(&mut self, object: &Planned, body: &mut Value) -> Map<String, Value> {
        let mut texts = Map::new();
        for field in ["data", "stringData"] {
            let removed = body.as_object_mut().and_then(|it| it.remove(field));
            let Some(Value::Object(values)) = removed else { continue };
            for key in values.keys() {
                let placeholder = self.of(object, &format!("secret/{key}"));
                texts.insert(key.clone(), placeholder.into());
            }
        }
        texts
    }

    fn references(&mut self, object: &Planned, value: &mut Value) {
        if let Some(key) = reference(value) {
            *value = self.of(object, &key).into();
            return;
        }
        match value {
            Value::Object(fields) => {
                fields.values_mut().for_each(|it| self.references(object, it));
            }
            Value::Array(items) => items.iter_mut().for_each(|it| self.references(object, it)),
            _ => {}
        }
    }

    fn of(&mut self, object: &Planned, key: &str) -> String {
        let at = (object.node.clone(), key.to_owned());
        if let Some(name) = self.0.get(&at) {
            return format!("${{{name}}}");
        }
        let key_name = key.split_once('/').map_or(key, |(_, it)| it);
        let base = variable(&format!("{}_{key_name}", object.key.name));
        let numbered = (2..).map(|n: u32| format!("{base}_{n}"));
        let mut names = std::iter::once(base.clone()).chain(numbered);
        let free = names.find(|it| !self.0.values().any(|taken| taken == it));
        let name = free.unwrap_or(base);
        let placeholder = format!("${{{name}}}");
        self.0.insert(at, name);
        placeholder
    }
}

/// A text as a name of a shell's variable.
fn variable(text: &str) -> String {
    let kept = |it: char| if it.is_ascii_alphanumeric() { it.to_ascii_uppercase() } else { '_' };
    let name: String = text.chars().map(kept).collect();
    if name.starts_with(|it: char| it.is_ascii_digit()) { format!("_{name}") } else { name }
}
