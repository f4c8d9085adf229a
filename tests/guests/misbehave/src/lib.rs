//! A node type that fails in the way a node's data asks for.

wit_bindgen::generate!({
    world: "node-types-plugin",
    path: "../../../wit/bowsprit-plugin/0.1",
});

use std::{
    hint::black_box,
    sync::atomic::{AtomicU32, Ordering},
};

use bowsprit::plugin::{assets, log, types::Severity};
use exports::bowsprit::plugin::node_types::*;

struct Misbehave;

export!(Misbehave);

/// Shows whether an instance served more than one call.
static RENDERS: AtomicU32 = AtomicU32::new(0);

impl Guest for Misbehave {
    fn describe() -> Result<Vec<Descriptor>, Failure> {
        match asset("describe").as_str() {
            "trap" => trap(),
            "loop" => endless(),
            "eat" => eat(),
            "huge-output" => Ok(vec![descriptor("x".repeat(8 << 20))]),
            "huge-list" => Ok(vec![descriptor("x".into()); 100_000]),
            _ => Ok(vec![descriptor("Misbehave".into())]),
        }
    }

    fn create(_: String, _: String, _: String, _: Context) -> Result<String, Failure> {
        Ok(r#"{"do":"echo"}"#.into())
    }

    fn normalize(node: Node) -> Result<(String, Vec<Finding>), Failure> {
        match wish(&node.data) {
            "bad-json" => Ok(("{".into(), Vec::new())),
            _ => Ok((node.data, Vec::new())),
        }
    }

    fn public_view(node: Node) -> Result<String, Failure> {
        match wish(&node.data) {
            "bad-view" => Ok("[]".into()),
            _ => Ok("{}".into()),
        }
    }

    fn validate(_: Node, _: Context) -> Result<Vec<Finding>, Failure> {
        Ok(Vec::new())
    }

    fn render(node: Node, _: Context) -> Result<Rendered, Failure> {
        RENDERS.fetch_add(1, Ordering::Relaxed);
        match wish(&node.data) {
            "trap" => trap(),
            "loop" => endless(),
            "eat" => eat(),
            "recurse" => {
                black_box(recurse(black_box(1)));
            }
            "spin" => {
                let mut sum = 0u64;
                for i in 0..400_000_000u64 {
                    sum = black_box(sum.wrapping_mul(31).wrapping_add(i));
                }
            }
            "huge-output" => return Ok(one(config_map("x".repeat(8 << 20), ""))),
            "huge-list" => {
                return Ok(Rendered { manifests: vec![], findings: vec![finding(); 100_000] });
            }
            "flood-log" => {
                for n in 0..5_000 {
                    log::write(log::Level::Info, &format!("line {n}"));
                }
            }
            "empty" => return Ok(Rendered { manifests: vec![], findings: vec![] }),
            "namespace" => {
                // Says that it is inside of one.
                return Ok(one(object("v1", "Namespace", "x", &node.data)));
            }
            "bad-json" => return Ok(one("{".into())),
            "not-object" => return Ok(one("[]".into())),
            "foreign-kind" => {
                return Ok(one(object(
                    "rbac.authorization.k8s.io/v1",
                    "ClusterRole",
                    "x",
                    &node.data,
                )));
            }
            "twice" => {
                let manifests = vec![manifest(config_map(String::new(), "")); 2];
                return Ok(Rendered { manifests, findings: vec![] });
            }
            "invalid" => return Err(Failure::InvalidInput(vec![finding()])),
            "unsupported" => return Err(Failure::Unsupported("this one".into())),
            "internal" => return Err(Failure::Internal("wires crossed".into())),
            "count" => {
                return Ok(one(config_map(RENDERS.load(Ordering::Relaxed).to_string(), "")));
            }
            _ => {}
        }
        Ok(one(config_map(asset("mark"), &node.data)))
    }

    fn observe(_: Node, _: Context) -> Result<Vec<Watch>, Failure> {
        // Neither a name nor a selector: not a watch.
        let kind = Kind { group: String::new(), version: "v1".into(), kind: "ConfigMap".into() };
        let watch = Watch {
            kind,
            namespace: None,
            name: None,
            selector: None,
            with_pods: false,
            with_events: false,
        };
        Ok(vec![watch])
    }

    fn status(
        _: Node,
        _: Vec<Answer>,
        _: String,
        _: Option<NodeStatus>,
    ) -> Result<NodeStatus, Failure> {
        trap()
    }
}

fn trap() -> ! {
    std::process::abort()
}

fn endless() -> ! {
    loop {
        black_box(0);
    }
}

fn eat() -> ! {
    loop {
        std::mem::forget(black_box(vec![1u8; 1 << 20]));
    }
}

/// Keeps nothing in memory, so that the host's stack ends before the guest's.
#[inline(never)]
fn recurse(n: u64) -> u64 {
    if n == u64::MAX { n } else { recurse(n + 1).rotate_left(5) ^ n }
}

/// The value of `do`.
fn wish(data: &str) -> &str {
    value(data, r#""do":""#).unwrap_or_default()
}

/// The text that follows `key`, without a JSON parser.
fn value<'a>(data: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = data.split_once(key)?;
    rest.split_once('"').map(|(value, _)| value)
}

fn asset(path: &str) -> String {
    String::from_utf8_lossy(&assets::read(path).unwrap_or_default()).trim().into()
}

fn one(body: String) -> Rendered {
    Rendered { manifests: vec![manifest(body)], findings: vec![] }
}

fn manifest(body: String) -> Manifest {
    Manifest {
        local_id: "map".into(),
        body,
        order: Order::Configuration,
        wait: WaitFor::Nothing,
        prune: Prune::Delete,
        on_immutable: OnImmutable::Ask,
        yields: vec![],
    }
}

fn config_map(mark: String, node: &str) -> String {
    let object = object("v1", "ConfigMap", "it", node);
    object.replacen('{', &format!(r#"{{"data":{{"mark":"{mark}"}},"#), 1)
}

/// With the name and the namespace in a node's data, if it has them.
fn object(api_version: &str, kind: &str, name: &str, node: &str) -> String {
    let name = value(node, r#""name":""#).unwrap_or(name);
    let namespace = value(node, r#""namespace":""#);
    let namespace = namespace.map(|it| format!(r#","namespace":"{it}""#)).unwrap_or_default();
    format!(
        r#"{{"apiVersion":"{api_version}","kind":"{kind}","metadata":{{"name":"{name}"{namespace}}}}}"#
    )
}

fn finding() -> Finding {
    Finding {
        code: "misbehave.on-purpose".into(),
        severity: Severity::Error,
        message: "on purpose".into(),
        node: None,
        at: Some("/do".into()),
        suggestion: None,
        fixes: vec![],
    }
}

fn descriptor(title: String) -> Descriptor {
    Descriptor {
        name: "misbehave".into(),
        title,
        description: "Fails in the way a node asks for.".into(),
        category: "test".into(),
        icon: "bomb".into(),
        tags: vec![],
        schema_version: 1,
        schema: r#"{"type":"object"}"#.into(),
        handles: vec![],
        connections: vec![],
        produces: ["ConfigMap", "Namespace"].map(kind).into_iter().filter(is_wanted).collect(),
    }
}

fn kind(name: &str) -> Kind {
    Kind { group: String::new(), version: "v1".into(), kind: name.into() }
}

/// Namespaces only if the asset `namespaces` is there.
fn is_wanted(kind: &Kind) -> bool {
    kind.kind != "Namespace" || !asset("namespaces").is_empty()
}
