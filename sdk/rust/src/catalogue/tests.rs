//! How entries stand on clusters.

use super::{Entry, Presence, Served, matched};
use crate::{Kind, kind};

fn entry(kinds: Vec<Kind>) -> Entry {
    let text = String::new;
    Entry {
        id: "argocd".into(),
        title: text(),
        description: text(),
        category: text(),
        icon: text(),
        version: text(),
        kinds,
        node_types: Vec::new(),
        install: text(),
    }
}

fn served(kind: Kind) -> Served {
    Served { kind, plural: String::new(), namespaced: true, schema: None, columns: "[]".into() }
}

#[test]
fn of_several_versions_the_preferred_one_that_is_served_is_used() {
    let all = vec![kind("x.io", "v2", "A"), kind("x.io", "v1", "A"), kind("x.io", "v1", "B")];
    let standing = |kinds: &[Kind]| {
        let it =
            matched(entry(all.clone()), &kinds.iter().cloned().map(served).collect::<Vec<_>>());
        (it.presence, it.versions)
    };
    assert_eq!(standing(&[]), (Presence::Missing, vec![]));
    assert_eq!(standing(&all[1..2]), (Presence::Partly, vec![all[1].clone()]));
    let (presence, versions) = standing(&all);
    assert_eq!((presence, versions), (Presence::Installed, vec![all[0].clone(), all[2].clone()]));
}
