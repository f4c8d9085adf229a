//! The values of a chart: fields of the drawing, by node.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::{Map, Value};

use super::Source;

/// Where in the values fields go whose own place is something else's.
const APART: &str = "more";

/// How a template refers to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expression(String);

impl fmt::Display for Expression {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Values under construction.
pub(super) struct Values {
    tree: Map<String, Value>,
    /// The key of each node's fields.
    keys: BTreeMap<String, String>,
}

impl Values {
    /// Without values yet; nodes are keyed by their names.
    pub(super) fn of(source: &Source) -> Self {
        let mut taken = BTreeSet::new();
        let mut keys = BTreeMap::new();
        for it in &source.plan.nodes {
            let view = source.plan.views.get(&it.node.id);
            let view: Value = view.and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default();
            let name = view.get("name").and_then(Value::as_str).unwrap_or(&it.node.id);
            let key = free_key(name, &it.node.type_name, &taken);
            taken.insert(key.clone());
            keys.insert(it.node.id.clone(), key);
        }
        Self { tree: Map::new(), keys }
    }

    /// Adds a field of a node; `data` is all its data, for the shape around
    /// the field.
    pub(super) fn add(
        &mut self,
        node: &str,
        pointer: &str,
        value: &Value,
        data: &Value,
    ) -> Expression {
        let key = self.key(node);
        let path: Vec<String> = pointer.split('/').skip(1).map(unescaped).collect();
        let mut expression = Expression::root(&key);
        let mut place = self.tree.entry(key).or_insert_with(|| Value::Object(Map::new()));
        let mut shape = Some(data);
        for segment in &path {
            let is_list = shape.is_some_and(Value::is_array);
            shape = shape.and_then(|it| child(it, segment));
            expression = if is_list { expression.item(segment) } else { expression.key(segment) };
            place = if is_list { item(place, segment) } else { entry(place, segment) };
        }
        *place = value.clone();
        expression
    }

    /// A value of a node that has to be given.
    pub(super) fn require(&mut self, node: &str, [group, name]: [&str; 2]) -> Expression {
        let key = self.key(node);
        let fields = self.tree.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
        let is_free = |it: &Value| it.get(group).is_none_or(Value::is_object);
        let mut expression = Expression::root(&key);
        let mut place = fields;
        if !is_free(place) {
            expression = expression.key(APART);
            place = entry(place, APART);
        }
        for segment in [group, name] {
            expression = expression.key(segment);
            place = entry(place, segment);
        }
        *place = Value::String(String::new());
        expression
    }

    /// What `values.yaml` holds.
    pub(super) fn into_value(self) -> Value {
        Value::Object(self.tree)
    }

    fn key(&self, node: &str) -> String {
        self.keys.get(node).cloned().unwrap_or_else(|| node.to_owned())
    }
}

impl Expression {
    fn root(key: &str) -> Self {
        Self(".Values".into()).key(key)
    }

    fn key(self, name: &str) -> Self {
        let letter = |it: char| it.is_ascii_alphanumeric() || it == '_';
        let plain = name.chars().all(letter) && !name.starts_with(|it: char| it.is_ascii_digit());
        if plain && !name.is_empty() {
            return Self(format!("{}.{name}", self.0));
        }
        Self(format!("(index {} {})", self.0, Value::from(name)))
    }

    fn item(self, number: &str) -> Self {
        Self(format!("(index {} {number})", self.0))
    }
}

/// The place of a key, made if it is not there. What stands in its way is
/// replaced: it cannot be a value as well.
fn entry<'v>(place: &'v mut Value, key: &str) -> &'v mut Value {
    if !place.is_object() {
        *place = Value::Object(Map::new());
    }
    match place {
        Value::Object(fields) => fields.entry(key).or_insert(Value::Null),
        other => other,
    }
}

/// The same for an item of a list.
fn item<'v>(place: &'v mut Value, number: &str) -> &'v mut Value {
    let n: usize = number.parse().unwrap_or_default();
    if !place.is_array() {
        *place = Value::Array(Vec::new());
    }
    if let Some(items) = place.as_array_mut().filter(|it| it.len() <= n) {
        items.resize(n + 1, Value::Null);
    }
    // Long enough by now.
    &mut place[n]
}

fn child<'v>(value: &'v Value, segment: &str) -> Option<&'v Value> {
    match value {
        Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
        other => other.get(segment),
    }
}

fn unescaped(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// A name in camel case; with the type if another node has it, and with a
/// number if that is not enough.
fn free_key(name: &str, type_name: &str, taken: &BTreeSet<String>) -> String {
    let key = camel(name);
    let with_type = camel(&format!("{name}-{type_name}"));
    let numbered = (2..).map(|n: u32| format!("{with_type}{n}"));
    let mut keys = [key.clone(), with_type.clone()].into_iter().chain(numbered);
    keys.find(|it| !taken.contains(it)).unwrap_or(key)
}

fn camel(text: &str) -> String {
    let mut key = String::new();
    let mut is_start = false;
    for letter in text.chars() {
        if !letter.is_ascii_alphanumeric() {
            is_start = !key.is_empty();
        } else if std::mem::take(&mut is_start) {
            key.push(letter.to_ascii_uppercase());
        } else {
            key.push(letter);
        }
    }
    if key.is_empty() || key.starts_with(|it: char| it.is_ascii_digit()) {
        key.insert_str(0, "node");
    }
    key
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values() -> Values {
        let keys = BTreeMap::from([("n".to_owned(), "web".to_owned())]);
        Values { tree: Map::new(), keys }
    }

    #[test]
    fn fields_keep_their_shape() {
        let data = json!({"ports": [{"name": "x"}, {"port": 80}], "data": {"a.b": "c"}});
        let mut values = values();
        let port = values.add("n", "/ports/1/port", &json!(80), &data);
        assert_eq!(port.to_string(), "(index .Values.web.ports 1).port");
        let entry = values.add("n", "/data/a.b", &json!("c"), &data);
        assert_eq!(entry.to_string(), r#"(index .Values.web.data "a.b")"#);
        let expected = json!({"web": {"ports": [null, {"port": 80}], "data": {"a.b": "c"}}});
        assert_eq!(values.into_value(), expected);
    }

    #[test]
    fn what_has_to_be_given_is_empty_and_in_nobodys_way() {
        let data = json!({"env": "odd"});
        let mut values = values();
        values.add("n", "/env", &json!("odd"), &data);
        let given = values.require("n", ["env", "TOKEN"]);
        assert_eq!(given.to_string(), ".Values.web.more.env.TOKEN");
        let expected = json!({"web": {"env": "odd", "more": {"env": {"TOKEN": ""}}}});
        assert_eq!(values.into_value(), expected);
    }

    #[test]
    fn every_node_has_a_key_of_its_own() {
        let mut taken = BTreeSet::new();
        for (name, key) in [
            ("my-web", "myWeb"),
            ("my.web", "myWebT"),
            ("my_web", "myWebT2"),
            ("1", "node1"),
            ("ü", "node"),
        ] {
            let made = free_key(name, "t", &taken);
            assert_eq!(made, key);
            taken.insert(made);
        }
    }
}
