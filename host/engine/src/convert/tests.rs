//! Shapes of answers.

use bowsprit_host_core::{labels, node_types as core};

use super::{
    answers::object,
    manifests::Allowed,
    pointers::{is_pointer, resolved},
    shape::is_object,
};
use crate::bindings::v0_1::{node_types as wit, types};

#[test]
fn only_whole_objects_are_objects() {
    for good in ["{}", " {\"a\":[1,2.5,null,true,\"x\"]} ", "{\"a\":{\"b\":{}}}"] {
        assert!(is_object(good), "{good}");
    }
    for bad in ["", "[]", "{", "{}{}", "null", "{\"a\":}", "{\"a\":1,}"] {
        assert!(!is_object(bad), "{bad}");
    }
}

#[test]
fn an_object_nested_without_end_is_refused() {
    let deep = format!("{}1{}", "{\"a\":".repeat(5000), "}".repeat(5000));

    assert!(object("it", deep).is_err());
}

#[test]
fn pointers_are_cut_back_to_where_they_lead_somewhere() {
    let data = serde_json::json!({"a": {"b": [1, {"c~/": true}]}, "": 0, "text": "x"});
    for whole in ["", "/a", "/a/b/0", "/a/b/1/c~0~1", "/", "/missing", "/a/b/2", "/a/b/-", "/a/x"] {
        assert_eq!(resolved(whole, &data), whole);
    }
    for (pointer, place) in [
        ("/missing/x/y", "/missing"),
        ("/a/b/3", "/a/b"),
        ("/a/b/01", "/a/b"),
        ("/a/b/+1", "/a/b"),
        ("/a/b/99999999999999999999999", "/a/b"),
        ("/a/b/0/x", "/a/b/0"),
        ("/text/x", "/text"),
        ("/a/b/2/x", "/a/b/2"),
    ] {
        assert_eq!(resolved(pointer, &data), place, "{pointer}");
    }
    assert!(is_pointer("/a~0~1") && !is_pointer("a") && !is_pointer("/a~2") && !is_pointer("/a~"));
}

/// Whether the object may be applied by a node with these data.
fn admits(object: &serde_json::Value, data: &str, neighbour: &str) -> Result<(), &'static str> {
    let text = |it: &str| it.to_owned();
    let neighbours = vec![types::Neighbour {
        edge: text("e"),
        direction: types::Direction::Outgoing,
        own_handle: None,
        other_handle: None,
        id: text("n"),
        type_: text("t"),
        view: text(neighbour),
    }];
    let context = wit::Context {
        namespace: text("team"),
        cluster: None,
        neighbours,
        names: "[]".into(),
        environment_keys: Vec::new(),
        secret_keys: Vec::new(),
        pull_secrets: Vec::new(),
        identity_labels: vec![(text(labels::WORKFLOW), text("w")), (text(labels::NODE), text("n"))],
        schemas: Vec::new(),
    };
    let produces = [core::Kind::parse("v1", "Thing")];
    let allowed = Allowed { produces: &produces, cluster_scoped: false, context: &context, data };
    let body = allowed.body("id", &object.to_string(), core::Order::Last);
    body.map(drop).map_err(|fault| fault.code())
}

fn thing(metadata: serde_json::Value) -> serde_json::Value {
    let mut metadata = metadata;
    metadata["name"] = "x".into();
    serde_json::json!({"apiVersion": "v1", "kind": "Thing", "metadata": metadata})
}

#[test]
fn objects_go_where_the_drawing_says() {
    let placed = |namespace: &str, data: &str, neighbour: &str| {
        admits(&thing(serde_json::json!({"namespace": namespace})), data, neighbour)
    };
    assert_eq!(placed("team", "{}", "{}"), Ok(()));
    assert_eq!(placed("", "{}", "{}"), Ok(()), "none is the default");
    assert_eq!(placed("mine", r#"{"a":[{"namespace":"mine"}]}"#, "{}"), Ok(()));
    assert_eq!(placed("theirs", "{}", r#"{"namespace":"theirs"}"#), Ok(()));
    for data in ["{}", r#"{"namespace":"kube-system-2"}"#, r#"{"kube-system":1}"#] {
        assert_eq!(placed("kube-system", data, "{}"), Err("plugin.not-granted"), "{data}");
    }
}

#[test]
fn labels_of_the_host_are_its_own_and_those_of_users_are_theirs() {
    let labelled = |key: &str, value: &str, data: &str| {
        admits(&thing(serde_json::json!({"labels": {key: value}})), data, "{}")
    };
    assert_eq!(labelled("app", "x", "{}"), Ok(()));
    assert_eq!(labelled(labels::WORKFLOW, "w", "{}"), Ok(()), "as it was told");
    assert_eq!(labelled(labels::MANAGED_BY, labels::MANAGER, "{}"), Ok(()));
    let typed = r#"{"labels":{"bowsprit.dev/tier":"x","app.kubernetes.io/managed-by":"Helm"}}"#;
    assert_eq!(labelled("bowsprit.dev/tier", "x", typed), Ok(()), "the user wrote it");
    assert_eq!(labelled(labels::MANAGED_BY, "Helm", typed), Ok(()), "and ours is put over it");
    let lying = r#"{"labels":{"bowsprit.dev/workflow":"v","bowsprit.dev/node-id":"v"}}"#;
    for (key, value, data) in [
        (labels::WORKFLOW, "v", lying),
        (labels::NODE_ID, "v", lying),
        ("bowsprit.dev/tier", "x", "{}"),
        (labels::MANAGED_BY, "Helm", "{}"),
    ] {
        assert_eq!(labelled(key, value, data), Err("plugin.forged"), "{key}");
    }
}

#[test]
fn what_belongs_to_the_cluster_is_refused_wherever_it_stands() {
    let nested = |metadata: serde_json::Value| {
        let mut object = thing(serde_json::json!({}));
        object["spec"] = serde_json::json!({"claims": [{"metadata": metadata}]});
        admits(&object, "{}", "{}")
    };
    for field in ["ownerReferences", "managedFields", "finalizers", "uid", "resourceVersion"] {
        let metadata = serde_json::json!({field: ["x"]});
        assert_eq!(admits(&thing(metadata.clone()), "{}", "{}"), Err("plugin.forged"), "{field}");
        assert_eq!(nested(metadata), Err("plugin.forged"), "{field} in a template");
    }
    assert_eq!(nested(serde_json::json!({"labels": {"a": "b"}, "finalizers": null})), Ok(()));
    let annotations = serde_json::json!({"annotations": {"bowsprit.dev/node-id": "other"}});
    assert_eq!(nested(annotations), Err("plugin.forged"));
    let annotations = serde_json::json!({"annotations": {"bowsprit.dev/settings": "a=1"}});
    assert_eq!(nested(annotations), Ok(()), "nothing is found by it");
}
