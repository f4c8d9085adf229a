//! Names and labels of objects.

use super::{Metadata, public_view};
use crate::{Context, Node, Object, Report, rules};

fn check(id: &str, data: &str, check: impl Fn(&Metadata<'_>, Vec<String>)) {
    let node = Node { id, data: Object::parse(data).unwrap() };
    let identity = [("bowsprit.dev/node".to_owned(), "n1".to_owned())];
    let context = Context { namespace: "team", identity_labels: &identity, ..Context::default() };
    let mut report = Report::new("t", id);
    let metadata = Metadata::read(&node, &context, rules::dns_subdomain, &mut report);
    let codes = report.into_findings().into_iter().map(|it| it.code).collect();
    check(&metadata, codes);
}

#[test]
fn a_node_without_a_name_is_called_like_its_id() {
    check("node-1", "{}", |it, codes| {
        assert_eq!((it.name.as_ref(), it.namespace.as_ref()), ("node-1", "team"));
        assert!(codes.is_empty(), "{codes:?}");
    });
    check("Node 1", r#"{"name":"  "}"#, |_, codes| assert_eq!(codes, ["t.name.missing"]));
    check("Node 1", "{}", |_, codes| assert_eq!(codes, ["t.name.missing"]));
    check("Node 1", r#"{"name":"A"}"#, |_, codes| assert_eq!(codes, ["t.name.invalid"]));
}

#[test]
fn labels_are_the_users_the_app_and_the_hosts() {
    let data = r#"{"name":"web","labels":{"tier":true,"app":"x","bowsprit.dev/node":"y"}}"#;
    check("n1", data, |it, codes| {
        let labels = r#"{"app":"web","bowsprit.dev/node":"n1","tier":"true"}"#;
        assert_eq!(it.labels().to_text(), labels);
        assert_eq!(it.stable_labels().to_text(), r#"{"app":"web","bowsprit.dev/node":"n1"}"#);
        assert_eq!(codes, ["t.labels.reserved"]);
    });
}

#[test]
fn a_name_too_long_for_a_label_is_not_one() {
    let data = format!(r#"{{"name":"{}"}}"#, "a".repeat(64));
    check("n1", &data, |it, codes| {
        assert_eq!(it.stable_labels().get("app"), None);
        assert!(codes.is_empty());
    });
}

#[test]
fn a_public_view_names_kind_and_roles() {
    let data = Object::parse(r#"{"name":"web","namespace":"a"}"#).unwrap();
    let node = Node { id: "n1", data };
    let expected = r#"{"kind":"Deployment","labels":{"app":"web"},"name":"web","namespace":"a","provides":["selects"]}"#;
    assert_eq!(public_view(&node, "Deployment", &["selects"]).to_text(), expected);
}
