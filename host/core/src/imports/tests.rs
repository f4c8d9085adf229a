//! Layout and sealing; the rest is tested through HTTP.

use secrecy::{ExposeSecret as _, SecretString};

use super::{Sealed, answer::positions};
use crate::{
    id::Id,
    importers::{DrawnEdge, DrawnNode},
    secrets::{Key, KeyRing},
};

fn node(id: &str, hint: Option<(u32, u32)>) -> DrawnNode {
    DrawnNode { id: id.into(), type_name: "x".into(), data: "{}".into(), hint }
}

fn edge(source: &str, target: &str) -> DrawnEdge {
    let (source, target) = (source.into(), target.into());
    DrawnEdge { source, target, source_handle: None, target_handle: None }
}

#[test]
fn nodes_follow_their_edges_beside_those_with_a_hint() {
    let nodes = [node("a", Some((0, 1))), node("b", None), node("c", None), node("d", None)];
    let placed = positions(&nodes, &[edge("b", "d"), edge("c", "d")]);
    let placed: Vec<(f64, f64)> = placed.iter().map(|it| (it.x, it.y)).collect();
    assert_eq!(placed, [(100.0, 300.0), (400.0, 100.0), (400.0, 300.0), (700.0, 100.0)]);
}

#[test]
fn a_circle_of_edges_ends() {
    let nodes = [node("a", None), node("b", None)];
    let placed = positions(&nodes, &[edge("a", "b"), edge("b", "a"), edge("a", "a")]);
    assert_eq!(placed.len(), 2);
}

#[test]
fn a_sealed_value_opens_for_its_user_node_and_key_only() {
    let keys = KeyRing::new(Key::parse(&SecretString::from("k")), []);
    let (mine, other) = (Id::new(), Id::new());
    let seal = Sealed::new(&keys, mine);
    let sealed = seal.seal("n", "KEY", &"value".into()).unwrap();
    assert!(!sealed.contains("value"));
    assert_eq!(seal.open("n", "KEY", &sealed).unwrap().expose_secret(), "value");
    assert!(seal.open("m", "KEY", &sealed).is_err());
    assert!(seal.open("n", "OTHER", &sealed).is_err());
    assert!(Sealed::new(&keys, other).open("n", "KEY", &sealed).is_err());
}
