use super::*;

fn raw(value: &serde_json::Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap()
}

fn text(nodes: &str, edges: &str) -> Result<String> {
    let nodes: Box<RawValue> = serde_json::from_str(nodes).unwrap();
    let edges: Box<RawValue> = serde_json::from_str(edges).unwrap();
    Drawing::accept(&nodes, &edges, DrawingLimits::default())
        .map(|it| String::from_utf8(it.bytes().to_vec()).unwrap())
}

fn field(result: Result<String>) -> String {
    match result {
        Err(Error::Invalid { field, .. }) => field,
        other => panic!("expected an invalid field, got {other:?}"),
    }
}

#[test]
fn keeps_every_byte_of_what_the_canvas_put_there() {
    let nodes = r#"[{"id":"n","type":"gizmo","position":{"x":-1.50,"y":2e1},"data":{"u":"ü<&>\u00fc","f":1.0,"n":null,"$d":{"a.b":[]}} ,"width":280, "selected":true}]"#;
    let edges = r#"[{"id":"e","source":"n","target":"n","targetHandle":null,"animated":true}]"#;
    assert_eq!(text(nodes, edges).unwrap(), format!(r#"{{"nodes":{nodes},"edges":{edges}}}"#));
}

#[test]
fn trims_names_and_nothing_else() {
    let nodes = r#"[{"width":1,"id":"n","type":"t","position":{"x":0,"y":0},"data":{"z":" z ","name":" web ","image":"a\n","namespace":"d"}}]"#;
    let got = text(nodes, "[]").unwrap();
    assert!(
        got.contains(r#""data":{"z":" z ","name":"web","image":"a","namespace":"d"}"#),
        "{got}"
    );
    assert!(got.contains(r#"{"width":1,"id":"n""#), "{got}");
}

#[test]
fn names_the_field_that_is_wrong() {
    let good = r#"{"id":"a","type":"t","position":{"x":0,"y":0},"data":{}}"#;
    for (nodes, edges, expected) in [
        ("{}".to_owned(), "[]", "nodes"),
        ("[]".to_owned(), "{}", "edges"),
        ("[5]".to_owned(), "[]", "nodes.0"),
        (format!("[{good},{{}}]"), "[]", "nodes.1.id"),
        (format!("[{good},{good}]"), "[]", "nodes.1.id"),
        (good.replace("\"t\"", "7").replace('{', "[{").replacen("[{\"x", "{\"x", 1), "[]", "nodes"),
        (format!("[{}]", good.replace("\"x\":0", "\"x\":\"left\"")), "[]", "nodes.0.position"),
        (format!("[{}]", good.replace("\"data\":{}", "\"data\":[]")), "[]", "nodes.0.data"),
        (format!("[{good}]"), r#"[{"source":"a"}]"#, "edges.0"),
    ] {
        if serde_json::from_str::<&RawValue>(&nodes).is_err() {
            continue;
        }
        assert_eq!(field(text(&nodes, edges)), expected, "{nodes} {edges}");
    }
}

#[test]
fn accepts_missing_and_null_data() {
    let nodes = r#"[{"id":"a","type":"t","position":{"x":0,"y":0},"data":null},{"id":"b","type":"t","position":{"x":0,"y":0}}]"#;
    assert!(text(nodes, "[]").is_ok());
}

#[test]
fn refuses_what_is_beyond_the_limits() {
    let node = |n: usize| serde_json::json!({"id": n.to_string(), "type": "t", "position": {"x": 0, "y": 0}});
    let nodes = raw(&(0..3).map(node).collect::<serde_json::Value>());
    let limits = DrawingLimits { nodes: 2, ..DrawingLimits::default() };
    let result = Drawing::accept(&nodes, &raw(&serde_json::json!([])), limits);
    assert!(matches!(result, Err(Error::TooLarge { .. })), "{result:?}");
    let deep = format!(
        r#"[{{"id":"a","type":"t","position":{{"x":0,"y":0}},"data":{{"d":{}1{}}}}}]"#,
        "[".repeat(70),
        "]".repeat(70)
    );
    assert_eq!(field(text(&deep, "[]")), "nodes.0");
}

#[test]
fn lays_known_keys_over_saved_ones() {
    let nodes = r#"[{"id":"a","type":"t","position":{"x":0,"y":0},"data":{"name":"x","_status":{"state":"old"}}},{"id":"b","type":"t","position":{"x":0,"y":0},"data":null},{"id":"c","type":"t","position":{"x":0,"y":0},"data":{"_status":1}}]"#;
    let drawing = Drawing::from_bytes(text(nodes, "[]").unwrap().into());
    let status = || vec![("_status".to_owned(), raw(&serde_json::json!({"state": "healthy"})))];
    let overlay = Overlay::from([("a".to_owned(), status()), ("b".to_owned(), status())]);
    let overlaid = drawing.overlaid(&overlay).unwrap();
    let got = overlaid.fields();
    assert!(got.contains(r#""data":{"name":"x","_status":{"state":"healthy"}}"#), "{got}");
    assert!(got.contains(r#"{"id":"b","type":"t","position":{"x":0,"y":0},"data":{"_status":{"state":"healthy"}}}"#), "{got}");
    assert!(got.contains(r#""data":{"_status":1}"#), "{got}");
}

#[test]
fn forgets_that_it_was_run() {
    let nodes = r#"[{"id":"a","type":"t","position":{"x":0,"y":0},"data":{"name":"x","_mark":true,"_linked":["b"],"_status":{"state":"old"}}},{"id":"b","type":"t","position":{"x":0,"y":0},"data":{"_mark":1}},{"id":"c","type":"t","position":{"x":0,"y":0},"data":null}]"#;
    let drawing = Drawing::from_bytes(text(nodes, "[]").unwrap().into());
    let marks = vec![("_mark".to_owned(), raw(&serde_json::json!(true)))];
    let bare = drawing.without_marks(&Overlay::from([("a".to_owned(), marks)])).unwrap();
    let got = bare.fields();
    assert!(got.contains(r#""data":{"name":"x","_linked":["b"]}"#), "{got}");
    assert!(got.contains(r#""data":{"_mark":1}"#), "{got}");
}

#[test]
fn takes_itself_apart() {
    let nodes = r#"[{"id":"a\u0062","type":"t","position":{"x":0,"y":0},"data":{"k":1}}]"#;
    let edges = r#"[{"source":"ab","target":"zz","sourceHandle":"output","targetHandle":null}]"#;
    let drawing = Drawing::from_bytes(text(nodes, edges).unwrap().into());
    let parts = drawing.parts().unwrap();
    assert_eq!(parts.nodes[0].id, "ab");
    assert_eq!(parts.nodes[0].data.unwrap().get(), r#"{"k":1}"#);
    assert_eq!(parts.edges[0].source_handle.as_deref(), Some("output"));
    assert_eq!(parts.edges[0].target_handle, None);
}
