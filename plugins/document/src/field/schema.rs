//! From fields to the JSON Schema the form is made from.

use bowsprit_plugin_sdk::{Json, Object};

use super::{Field, Kind, Shown, Text};

impl Field {
    /// The schema of the field's value.
    pub fn schema(&self, order: Option<i64>) -> Object<'static> {
        let title = self.title.clone().unwrap_or_else(|| title_of(&self.name));
        let schema = match &self.shown {
            Some(shown) => shown.schema(),
            None => self.kind.schema().with_some("default", self.default.clone()),
        };
        let schema = schema.with("title", title);
        let schema = schema.with_some("description", self.description.clone());
        let schema = schema.with_some("x-order", order.filter(|_| !self.advanced));
        schema.with_some("x-secret", self.secret.then_some(true))
    }
}

/// `maxUnavailable` is shown as `Max unavailable`.
pub fn title_of(name: &str) -> String {
    let mut title = String::new();
    for character in name.chars() {
        if title.is_empty() {
            title.push(character.to_ascii_uppercase());
        } else if character == '_' {
            title.push(' ');
        } else if character.is_ascii_uppercase() {
            title.push(' ');
            title.push(character.to_ascii_lowercase());
        } else {
            title.push(character);
        }
    }
    title
}

impl Kind {
    fn schema(&self) -> Object<'static> {
        match self {
            Self::Text(text) => text.schema(),
            Self::Whole { least, most } => {
                of_type("integer").with_some("minimum", *least).with_some("maximum", *most)
            }
            Self::Decimal { least, most } => of_type("number")
                .with_some("minimum", least.map(Json::Float))
                .with_some("maximum", most.map(Json::Float)),
            Self::Flag => of_type("boolean"),
            Self::Select(options) => of_type("string").with("enum", options.clone()),
            Self::List { of, least, most } => of_type("array")
                .with("items", of.schema())
                .with_some("minItems", count(*least))
                .with_some("maxItems", count(*most))
                .with("x-form", "list"),
            Self::Map { .. } => of_type("object")
                .with("additionalProperties", of_type("string"))
                .with("x-form", "key-value"),
            Self::Object(fields) => object_of(fields),
            Self::Tree => of_type("object"),
            Self::Any => Object::new(),
            Self::NumberOrPercent => {
                Object::new().with("type", vec!["string", "integer"]).with("pattern", "^[0-9]+%?$")
            }
        }
    }
}

impl Shown {
    /// What plain widgets hold: texts, and numbers once they were edited.
    fn schema(&self) -> Object<'static> {
        let types = match self.widget.as_str() {
            "number" => Json::from(vec!["number", "string"]),
            _ => Json::from("string"),
        };
        Object::new()
            .with("type", types)
            .with_some("default", self.default.clone())
            .with_filled("enum", self.options.clone())
            .with("x-form", self.widget.clone())
            .with_some("x-placeholder", self.placeholder.clone())
    }
}

impl Text {
    fn schema(&self) -> Object<'static> {
        let pattern = self.pattern.as_ref().map(|it| it.as_str().to_owned());
        let form = match self.word {
            _ if self.multiline => Some("textarea"),
            "quantity" => Some("quantity"),
            "duration" => Some("duration"),
            _ => None,
        };
        of_type("string")
            .with_some("minLength", count(self.shortest))
            .with_some("maxLength", count(self.longest))
            .with_some("pattern", pattern)
            .with_some("x-form", form)
    }
}

fn of_type(name: &'static str) -> Object<'static> {
    Object::new().with("type", name)
}

fn count(count: Option<usize>) -> Option<i64> {
    count.and_then(|it| i64::try_from(it).ok())
}

fn object_of(fields: &[Field]) -> Object<'static> {
    let orders = (1..).map(Some);
    let properties =
        fields.iter().zip(orders).map(|(it, order)| (it.name.clone(), it.schema(order)));
    let required: Vec<String> = required(fields);
    of_type("object")
        .with("properties", properties.collect::<Object<'static>>())
        .with_filled("required", required)
}

/// Names of the fields that have to be filled in.
pub fn required(fields: &[Field]) -> Vec<String> {
    fields.iter().filter(|it| it.required && !it.secret).map(|it| it.name.clone()).collect()
}

/// The properties every type has.
pub fn standard_properties(namespaced: bool) -> Vec<(&'static str, Object<'static>)> {
    let name = of_type("string")
        .with("title", "Name")
        .with("description", "Name of the object in the cluster.")
        .with("maxLength", 253)
        .with("x-order", 1);
    let namespace = of_type("string")
        .with("title", "Namespace")
        .with("description", "Where the object lives.")
        .with("default", "default")
        .with("maxLength", 63)
        .with("pattern", "^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$")
        .with("x-order", 2);
    let mut all = vec![("name", name)];
    if namespaced {
        all.push(("namespace", namespace));
    }
    for (key, title) in [("labels", "Labels"), ("annotations", "Annotations")] {
        let map = of_type("object")
            .with("additionalProperties", of_type("string"))
            .with("description", format!("{title} of the object."))
            .with("title", title)
            .with("x-form", "key-value");
        all.push((key, map));
    }
    all
}
