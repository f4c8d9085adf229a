//! Inputs of functions as JSON, in the form of golden files: names as in the
//! WIT, JSON texts embedded as JSON (`sdk/rust` documents it).

use bowsprit_host_core::node_types::{
    Answer, Context, EdgeDirection, Kind, Neighbour, Node, NodeStatus, State,
};
use serde_json::Value;

/// What a golden file says about the time.
const AT: &str = "2026-01-01T00:00:00Z";

/// One node in its surroundings, and what the cluster says about it.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) node: Node,
    pub(crate) context: Context,
    pub(crate) answers: Vec<Answer>,
    pub(crate) at: String,
    pub(crate) previous: Option<NodeStatus>,
}

impl Input {
    /// Reads `input` of a golden file; the error names what is wrong.
    pub(crate) fn read(value: &Value) -> Result<Self, String> {
        let node = value.get("node").ok_or("`node` is missing")?;
        let word = |key: &str| match node.get(key).and_then(Value::as_str) {
            Some(text) if !text.is_empty() => Ok(text.to_owned()),
            _ => Err(format!("`node.{key}` is missing or no text")),
        };
        let data = match node.get("data") {
            Some(data) if data.is_object() => data.to_string(),
            None => "{}".to_owned(),
            Some(_) => return Err("`node.data` is no object".into()),
        };
        let previous = value.get("previous").filter(|it| !it.is_null());
        Ok(Self {
            node: Node { id: word("id")?, type_name: word("type")?, data },
            context: context(value.get("context").unwrap_or(&Value::Null)),
            answers: list(value, "answers").map(answer).collect(),
            at: value.get("at").and_then(Value::as_str).unwrap_or(AT).to_owned(),
            previous: previous.map(previous_status).transpose()?,
        })
    }
}

fn context(value: &Value) -> Context {
    let namespace = value.get("namespace").and_then(Value::as_str).unwrap_or("default");
    let label = |it: &Value| (at(it, 0), at(it, 1));
    let schema = |it: &Value| {
        let schema = it.get(1).map_or_else(|| "{}".to_owned(), Value::to_string);
        (kind(it.get(0).unwrap_or(&Value::Null)), schema)
    };
    Context {
        namespace: namespace.to_owned(),
        cluster: value.get("cluster").filter(|it| !it.is_null()).map(Value::to_string),
        neighbours: list(value, "neighbours").map(neighbour).collect(),
        names: texts(value, "names"),
        environment_keys: texts(value, "environment-keys"),
        secret_keys: texts(value, "secret-keys"),
        pull_secrets: texts(value, "pull-secrets"),
        identity_labels: list(value, "identity-labels").map(label).collect(),
        schemas: list(value, "schemas").map(schema).collect(),
    }
}

fn neighbour(value: &Value) -> Neighbour {
    let outgoing = value.get("direction").is_some_and(|it| it == "outgoing");
    let handle = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    Neighbour {
        edge: text(value, "edge"),
        direction: if outgoing { EdgeDirection::Outgoing } else { EdgeDirection::Incoming },
        own_handle: handle("own-handle"),
        other_handle: handle("other-handle"),
        id: text(value, "id"),
        type_name: text(value, "type"),
        view: value.get("view").map_or_else(|| "{}".to_owned(), Value::to_string),
    }
}

/// `{"objects": […]}`, `{"forbidden": ""}`, `{"unavailable": ""}`, or just the
/// list of objects.
fn answer(value: &Value) -> Answer {
    let reason = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    match (reason("forbidden"), reason("unavailable")) {
        (Some(reason), _) => Answer::Forbidden(reason),
        (_, Some(reason)) => Answer::Unavailable(reason),
        _ => {
            let objects = value.as_array().or_else(|| value.get("objects")?.as_array());
            let objects = objects.into_iter().flatten();
            Answer::Objects(objects.map(|it| it.to_string().into()).collect())
        }
    }
}

fn previous_status(value: &Value) -> Result<NodeStatus, String> {
    let state = value.get("state").cloned().unwrap_or(Value::Null);
    let number = |key: &str| value.get(key)?.as_u64().and_then(|it| u32::try_from(it).ok());
    let object = |key: &str| match value.get(key) {
        Some(object) if object.is_object() => object.to_string(),
        _ => "{}".to_owned(),
    };
    Ok(NodeStatus {
        state: serde_json::from_value::<State>(state)
            .map_err(|_| "`previous.state` is no state")?,
        reason: text(value, "reason"),
        message: text(value, "message"),
        ready: number("ready"),
        desired: number("desired"),
        addresses: texts(value, "addresses"),
        findings: Vec::new(),
        card: object("card"),
        marks: object("marks"),
    })
}

fn kind(value: &Value) -> Kind {
    let (group, version) = (text(value, "group"), text(value, "version"));
    Kind { group, version, kind: text(value, "kind") }
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn at(value: &Value, index: usize) -> String {
    value.get(index).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    list(value, key).map(|it| it.as_str().unwrap_or_default().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_input_names_what_is_wrong_with_it() {
        let wrong = |value: Value| Input::read(&value).expect_err("wrong");
        assert!(wrong(json!({})).contains("`node`"));
        assert!(wrong(json!({"node": {"id": "a"}})).contains("`node.type`"));
        let data = json!({"node": {"id": "a", "type": "t", "data": []}});
        assert!(wrong(data).contains("`node.data`"));
        let previous = json!({"node": {"id": "a", "type": "t"}, "previous": {"state": "x"}});
        assert!(wrong(previous).contains("`previous.state`"));
    }

    #[test]
    fn an_input_is_read_as_the_golden_form_says() {
        let input = Input::read(&json!({
            "node": {"id": "n", "type": "t", "data": {"a": 1}},
            "context": {
                "namespace": "ns", "secret-keys": ["k"], "identity-labels": [["a", "b"]],
                "neighbours": [{"edge": "e", "direction": "outgoing", "id": "m", "type": "u",
                                "own-handle": "h", "view": {"x": 1}}],
            },
            "answers": [[{}], {"objects": [{}, {}]}, {"forbidden": "no"}],
            "previous": {"state": "healthy", "ready": 2},
        }))
        .expect("right");
        assert_eq!(input.node.data, r#"{"a":1}"#);
        assert_eq!(input.context.secret_keys, ["k"]);
        assert_eq!(input.context.identity_labels, [("a".into(), "b".into())]);
        let neighbour = &input.context.neighbours[0];
        assert_eq!(neighbour.direction, EdgeDirection::Outgoing);
        assert_eq!(
            (neighbour.view.as_str(), neighbour.own_handle.as_deref()),
            (r#"{"x":1}"#, Some("h"))
        );
        let objects = |it: &Answer| matches!(it, Answer::Objects(all) if all.len() == 2);
        assert!(objects(&input.answers[1]));
        assert_eq!(input.answers[2], Answer::Forbidden("no".into()));
        assert_eq!(input.previous.and_then(|it| it.ready), Some(2));
        assert_eq!(input.at, AT);
    }
}
