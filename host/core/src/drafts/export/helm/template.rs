//! An object as a template.

use serde_json::Value;

use crate::{Error, Result};

/// An object with expressions in place of some of its values.
pub(super) struct Template {
    body: Value,
    /// Marks for expressions begin with it; it occurs nowhere in the object.
    mark: String,
    expressions: Vec<String>,
}

impl Template {
    pub(super) fn of(body: &Value) -> Self {
        let text = body.to_string();
        let marks = (0..).map(|n: u32| format!("expression{n}x"));
        let mark = marks.into_iter().find(|it| !text.contains(it.as_str())).unwrap_or_default();
        Self { body: body.clone(), mark, expressions: Vec::new() }
    }

    /// Puts an expression at a place; false if one is there already, or
    /// nothing is.
    pub(super) fn put(&mut self, pointer: &str, expression: String) -> bool {
        if self.text_at(pointer).is_some_and(|it| it.starts_with(&self.mark)) {
            return false;
        }
        let Some(place) = self.body.pointer_mut(pointer) else { return false };
        *place = format!("{}{}x", self.mark, self.expressions.len()).into();
        self.expressions.push(expression);
        true
    }

    /// The text at a place; a mark where an expression is there.
    pub(super) fn text_at(&self, pointer: &str) -> Option<String> {
        self.body.pointer(pointer)?.as_str().map(str::to_owned)
    }

    /// The release's namespace, wherever this one is named as a namespace.
    pub(super) fn put_namespace(&mut self, namespace: &str) {
        let mut places = Vec::new();
        namespaces(&self.body, namespace, String::new(), &mut places);
        for pointer in places {
            self.put(&pointer, "{{ .Release.Namespace | toJson }}".into());
        }
    }

    /// The template's text.
    pub(super) fn finish(self) -> Result<String> {
        let text = serde_saphyr::to_string(&self.body).map_err(Error::internal)?;
        // What looks like an expression is a text of the user's.
        let mut text = text.replace("{{", r#"{{ "{{" }}"#);
        for (n, expression) in self.expressions.iter().enumerate() {
            text = text.replace(&format!("{}{n}x", self.mark), expression);
        }
        Ok(text)
    }
}

fn namespaces(value: &Value, namespace: &str, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let at = format!("{at}/{}", super::escaped(key));
                if key == "namespace" && value == namespace {
                    found.push(at);
                } else {
                    namespaces(value, namespace, at, found);
                }
            }
        }
        Value::Array(items) => {
            for (n, value) in items.iter().enumerate() {
                namespaces(value, namespace, format!("{at}/{n}"), found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn expressions_take_places_and_braces_stay_texts() {
        let body =
            json!({"metadata": {"namespace": "shop"}, "a": "expression0x", "b": 5, "c": "{{ x }}"});
        let mut template = Template::of(&body);
        template.put_namespace("shop");
        assert!(template.put("/b", "{{ toJson .Values.b }}".into()));
        assert!(!template.put("/b", "{{ other }}".into()), "the first one stays");
        assert!(!template.put("/z", "{{ nowhere }}".into()));
        let text = template.finish().unwrap();
        assert!(text.contains("namespace: {{ .Release.Namespace | toJson }}"), "{text}");
        assert!(text.contains("b: {{ toJson .Values.b }}"), "{text}");
        assert!(text.contains("a: expression0x"), "{text}");
        assert!(text.contains(r#"{{ "{{" }} x }}"#), "{text}");
    }
}
