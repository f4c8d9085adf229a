//! Answers as they are lifted out of a component.

use arbitrary::{Arbitrary, Result, Unstructured};
use bowsprit_fuzz::{Noise, Target};
use bowsprit_host_core::{labels, node_types as core};

use super::survives;
use crate::{
    bindings::v0_1::{node_types as wit, types},
    convert::{answers::Answers, manifests::Allowed},
};

/// Pieces of JSON, pointers and names, right and wrong.
const TEXTS: [&str; 24] = [
    "",
    "{}",
    "[]",
    "{",
    "null",
    "/",
    "/a",
    "/a/0",
    "~",
    "/~2",
    "main",
    "x",
    r#"{"apiVersion":"v1","kind":"Thing","metadata":{"name":"x"}}"#,
    r#"{"apiVersion":"v1","kind":"Other","metadata":{"name":"x"}}"#,
    r#"{"apiVersion":1,"kind":[],"metadata":{"name":{}}}"#,
    r#"{"apiVersion":"v1","kind":"Thing","metadata":[]}"#,
    r#"{"apiVersion":"v1","kind":"Thing","metadata":{"name":"x","namespace":"kube-system"}}"#,
    r#"{"apiVersion":"v1","kind":"Thing","metadata":{"name":"x","namespace":"team"}}"#,
    r#"{"apiVersion":"v1","kind":"Thing","metadata":{"name":"x","labels":{"bowsprit.dev/node":1}}}"#,
    r#"{"apiVersion":"v1","kind":"Thing","metadata":{"name":"x","labels":"app"}}"#,
    r#"{"apiVersion":"v1","kind":"Thing","metadata":{"name":"x"},"s":{"metadata":{"uid":"u"}}}"#,
    r#"{"_mark":1}"#,
    r#"{"mark":1}"#,
    "\u{0}\u{feff}\u{202e}",
];

fn text(source: &mut Unstructured<'_>) -> Result<String> {
    let piece = (*source.choose(&TEXTS)?).to_owned();
    Ok(if source.ratio(1, 8)? { piece + &String::arbitrary(source)? } else { piece })
}

fn maybe<T>(
    source: &mut Unstructured<'_>,
    make: impl FnOnce(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Option<T>> {
    if bool::arbitrary(source)? { make(source).map(Some) } else { Ok(None) }
}

fn some<T>(
    source: &mut Unstructured<'_>,
    mut make: impl FnMut(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let count = source.int_in_range(0..=4)?;
    (0..count).map(|_| make(source)).collect()
}

fn finding(source: &mut Unstructured<'_>) -> Result<types::Finding> {
    Ok(types::Finding {
        code: text(source)?,
        severity: types::Severity::Warning,
        message: text(source)?,
        node: maybe(source, text)?,
        at: maybe(source, text)?,
        suggestion: maybe(source, text)?,
        fixes: some(source, text)?,
    })
}

fn manifest(source: &mut Unstructured<'_>) -> Result<wit::Manifest> {
    Ok(wit::Manifest {
        local_id: text(source)?,
        body: text(source)?,
        order: *source.choose(&[
            wit::Order::ClusterScope,
            wit::Order::Last,
            wit::Order::Workload,
        ])?,
        wait: wit::WaitFor::Nothing,
        prune: wit::Prune::Ask,
        on_immutable: wit::OnImmutable::Skip,
        yields: some(source, text)?,
    })
}

fn status(source: &mut Unstructured<'_>) -> Result<wit::NodeStatus> {
    Ok(wit::NodeStatus {
        state: wit::State::Unknown,
        reason: text(source)?,
        message: text(source)?,
        ready: maybe(source, |it| it.arbitrary())?,
        desired: maybe(source, |it| it.arbitrary())?,
        addresses: some(source, text)?,
        findings: some(source, finding)?,
        card: text(source)?,
        marks: text(source)?,
    })
}

fn watch(source: &mut Unstructured<'_>) -> Result<wit::Watch> {
    Ok(wit::Watch {
        kind: types::Kind { group: text(source)?, version: text(source)?, kind: text(source)? },
        namespace: maybe(source, text)?,
        name: maybe(source, text)?,
        selector: maybe(source, text)?,
        with_pods: bool::arbitrary(source)?,
        with_events: bool::arbitrary(source)?,
    })
}

fn context(source: &mut Unstructured<'_>) -> Result<wit::Context> {
    Ok(wit::Context {
        namespace: (*source.choose(&["", "team"])?).to_owned(),
        cluster: None,
        neighbours: Vec::new(),
        names: "[]".into(),
        environment_keys: Vec::new(),
        secret_keys: Vec::new(),
        pull_secrets: Vec::new(),
        identity_labels: vec![(labels::NODE.into(), "n".into())],
        schemas: Vec::new(),
    })
}

/// What must hold of every object that was let through.
fn proper(rendered: &core::Rendered, context: &wit::Context, data: &str) {
    for it in &rendered.manifests {
        assert_eq!(it.body["kind"], "Thing");
        assert_eq!(it.body["apiVersion"], "v1");
        assert!(it.body["metadata"]["name"].is_string() && !it.local_id.is_empty());
        assert_ne!(it.order, core::Order::ClusterScope);
        let namespace = it.body["metadata"]["namespace"].as_str().unwrap_or_default();
        let is_drawn = namespace == context.namespace || data.contains(namespace);
        assert!(namespace.is_empty() || is_drawn, "{namespace}");
    }
}

/// Checks answers made of the bytes; `None` if there are too few.
fn check(bytes: &[u8]) -> Result<String> {
    let mut source = Unstructured::new(bytes);
    let node = types::Node { id: "n".into(), type_: "t".into(), data: text(&mut source)? };
    let context = context(&mut source)?;
    let answers = Answers::new(3, Some(&node));
    let produces = [core::Kind::parse("v1", "Thing")];
    let allowed =
        Allowed { produces: &produces, cluster_scoped: false, context: &context, data: &node.data };
    let code = |fault: crate::fault::Fault| {
        assert!(!fault.reason().is_empty() && !fault.fix().is_empty());
        fault.code()
    };
    let made = wit::Rendered {
        manifests: some(&mut source, manifest)?,
        findings: some(&mut source, finding)?,
    };
    let rendered = answers.rendered(made, &allowed).map_err(code);
    let status = answers.status(status(&mut source)?).map_err(code);
    let watches = answers.watches(some(&mut source, watch)?).map_err(code);
    if let Ok(rendered) = &rendered {
        proper(rendered, &context, &node.data);
    }
    let word = |it: std::result::Result<usize, &str>| match it {
        Ok(count) => count.to_string(),
        Err(code) => code.into(),
    };
    let rendered = word(rendered.map(|it| it.manifests.len()));
    let status = word(status.map(|it| it.findings.len()));
    Ok(format!("{rendered} {status} {}", word(watches.map(|it| it.len()))))
}

fn bytes(noise: &mut Noise) -> Vec<u8> {
    noise.bytes(400)
}

#[test]
fn lifted_answers() {
    survives(&Target {
        name: "answers",
        seeds: vec![vec![0; 400], vec![0x55; 400]],
        words: &[],
        make: Some(&bytes),
        most: 1 << 10,
        run: &|bytes| check(bytes).unwrap_or_else(|_| "too few bytes".into()),
    });
}
