//! An informer's objects, found by name or by the node they belong to.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use bowsprit_host_core::{kubernetes::Observed, labels};

/// Namespace and name.
pub(super) type Name = (Option<String>, String);

/// Objects in order of namespace and name, with an index by the label whose
/// value is asked for at every change ([`labels::NODE`]).
#[derive(Default)]
pub(super) struct Index {
    objects: BTreeMap<Name, Arc<Observed>>,
    by_node: HashMap<String, BTreeSet<Name>>,
}

impl Index {
    pub(super) fn insert(&mut self, object: Arc<Observed>) {
        let name = (object.namespace.clone(), object.name.clone());
        self.remove(&name);
        if let Some(node) = object.labels.get(labels::NODE) {
            self.by_node.entry(node.clone()).or_default().insert(name.clone());
        }
        self.objects.insert(name, object);
    }

    pub(super) fn remove(&mut self, name: &Name) {
        let Some(old) = self.objects.remove(name) else { return };
        let Some(node) = old.labels.get(labels::NODE) else { return };
        if let Some(names) = self.by_node.get_mut(node) {
            names.remove(name);
            if names.is_empty() {
                self.by_node.remove(node);
            }
        }
    }

    pub(super) fn get(&self, namespace: Option<&str>, name: &str) -> Option<Arc<Observed>> {
        self.objects.get(&(namespace.map(str::to_owned), name.to_owned())).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<Observed>> {
        self.objects.values().cloned().collect()
    }

    pub(super) fn with_label(&self, key: &str, value: &str) -> Vec<Arc<Observed>> {
        if key != labels::NODE {
            let has = |it: &&Arc<Observed>| it.labels.get(key).is_some_and(|it| it == value);
            return self.objects.values().filter(has).cloned().collect();
        }
        let names = self.by_node.get(value).into_iter().flatten();
        names.filter_map(|name| self.objects.get(name).cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(name: &str, node: &str) -> Arc<Observed> {
        Arc::new(Observed {
            namespace: Some("ns".into()),
            name: name.into(),
            uid: String::new(),
            owners: Vec::new(),
            labels: BTreeMap::from([(labels::NODE.to_owned(), node.to_owned())]),
            json: "{}".into(),
        })
    }

    #[test]
    fn the_index_follows_labels_that_change() {
        let mut index = Index::default();
        index.insert(object("a", "n1"));
        index.insert(object("b", "n1"));
        index.insert(object("a", "n2"));
        let names = |node: &str| {
            let found = index.with_label(labels::NODE, node);
            found.iter().map(|it| it.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!((names("n1"), names("n2")), (vec!["b".to_owned()], vec!["a".to_owned()]));
        assert!(index.get(Some("ns"), "a").is_some() && index.get(None, "a").is_none());
        index.remove(&(Some("ns".into()), "b".into()));
        assert!(index.with_label(labels::NODE, "n1").is_empty() && index.by_node.len() == 1);
    }
}
