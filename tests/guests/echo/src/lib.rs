//! A node type that behaves well and hands back what it is given.

wit_bindgen::generate!({
    world: "node-types-plugin",
    path: "../../../wit/bowsprit-plugin/0.1",
});

use bowsprit::plugin::assets;
use exports::bowsprit::plugin::node_types::*;

struct Echo;

export!(Echo);

impl Guest for Echo {
    fn describe() -> Result<Vec<Descriptor>, Failure> {
        let names = asset("names", "echo");
        let schema = asset("schema", r#"{"type":"object"}"#);
        Ok(names.lines().map(|name| descriptor(name, &schema)).collect())
    }

    fn create(_: String, _: String, name: String, _: Context) -> Result<String, Failure> {
        Ok(format!(r#"{{"name":{}}}"#, quoted(&name)))
    }

    fn normalize(node: Node) -> Result<(String, Vec<Finding>), Failure> {
        Ok((node.data, Vec::new()))
    }

    fn public_view(node: Node) -> Result<String, Failure> {
        Ok(format!(r#"{{"mark":{},"name":{}}}"#, mark(), quoted(&node.id)))
    }

    fn validate(_: Node, _: Context) -> Result<Vec<Finding>, Failure> {
        Ok(Vec::new())
    }

    fn render(node: Node, _: Context) -> Result<Rendered, Failure> {
        let body = format!(
            r#"{{"apiVersion":"v1","data":{{"echo":{},"mark":{}}},"kind":"ConfigMap","metadata":{{"name":{}}}}}"#,
            quoted(&node.data),
            mark(),
            quoted(&node.id),
        );
        let manifest = Manifest {
            local_id: "map".into(),
            body,
            order: Order::Configuration,
            wait: WaitFor::Existence,
            prune: Prune::Delete,
            on_immutable: OnImmutable::Ask,
            yields: Vec::new(),
        };
        Ok(Rendered { manifests: vec![manifest], findings: Vec::new() })
    }

    fn observe(node: Node, _: Context) -> Result<Vec<Watch>, Failure> {
        Ok(vec![Watch {
            kind: config_map(),
            namespace: None,
            name: Some(node.id),
            selector: None,
            with_pods: false,
            with_events: false,
        }])
    }

    fn status(
        _: Node,
        answers: Vec<Answer>,
        at: String,
        _: Option<NodeStatus>,
    ) -> Result<NodeStatus, Failure> {
        let there = answers.iter().any(|it| matches!(it, Answer::Objects(all) if !all.is_empty()));
        Ok(NodeStatus {
            state: if there { State::Healthy } else { State::Pending },
            reason: if there { "Exists" } else { "NotFound" }.into(),
            message: format!("looked at {at}"),
            ready: None,
            desired: None,
            addresses: Vec::new(),
            findings: Vec::new(),
            card: "{}".into(),
            marks: "{}".into(),
        })
    }
}

fn descriptor(name: &str, schema: &str) -> Descriptor {
    Descriptor {
        name: name.into(),
        title: "Echo".into(),
        description: "Hands back what it is given.".into(),
        category: "test".into(),
        icon: "repeat".into(),
        tags: vec!["test".into()],
        schema_version: 1,
        schema: schema.into(),
        handles: Vec::new(),
        connections: Vec::new(),
        produces: vec![config_map()],
    }
}

fn config_map() -> Kind {
    Kind { group: String::new(), version: "v1".into(), kind: "ConfigMap".into() }
}

fn mark() -> String {
    quoted(asset("mark", "none").trim())
}

fn asset(path: &str, otherwise: &str) -> String {
    let bytes = assets::read(path).unwrap_or_else(|| otherwise.as_bytes().to_vec());
    String::from_utf8_lossy(&bytes).into_owned()
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
