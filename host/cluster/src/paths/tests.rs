//! Paths and what may be in them.

use super::*;

fn served(namespaced: bool) -> Served {
    Served { plural: "deployments".into(), namespaced }
}

fn path(kind: &Kind, namespaced: bool, namespace: Option<&str>) -> String {
    let request = collection(kind, &served(namespaced), namespace).unwrap();
    request.get("x", &Default::default()).unwrap().uri().to_string()
}

#[test]
fn puts_group_version_and_namespace_where_they_belong() {
    let apps = Kind::parse("apps/v1", "Deployment");
    let core = Kind::parse("v1", "Deployment");

    assert_eq!(path(&apps, true, Some("a")), "/apis/apps/v1/namespaces/a/deployments/x");
    assert_eq!(path(&core, true, None), "/api/v1/deployments/x");
    assert_eq!(path(&core, false, Some("a")), "/api/v1/deployments/x");
    assert_eq!(group_version(&apps).unwrap(), "/apis/apps/v1");
    assert_eq!(group_version(&core).unwrap(), "/api/v1");
}

#[test]
fn refuses_names_that_would_change_the_path() {
    for name in ["", ".", "..", "a/b", "a?b", "a#b", "a%2fb", "a b", "ä"] {
        assert!(segment("metadata.name", name).is_err(), "{name}");
        assert!(collection(&Kind::parse("v1", "X"), &served(true), Some(name)).is_err(), "{name}");
    }
    assert!(group_version(&Kind::parse("../v1", "X")).is_err());
    for name in ["a-b.c", "system:node", "v1.apps"] {
        assert!(segment("metadata.name", name).is_ok(), "{name}");
    }
}
