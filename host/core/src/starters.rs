//! Starters: drawings of whole applications to begin a workflow with.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};

use crate::{
    Error, Result,
    access::Caller,
    drawing::{Drawing, DrawingLimits},
    workflows::{Workflow, Workflows},
};

/// An application somebody drew beforehand.
#[derive(Debug, Clone)]
pub struct Starter {
    /// What it is called, in lists and in paths.
    pub name: String,
    /// What it is good for.
    pub description: String,
    drawing: Drawing,
}

/// A starter in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StarterEntry {
    /// What it is called.
    pub name: String,
    /// What it is good for.
    pub description: String,
    /// The types of its nodes, each once.
    pub node_types: Vec<String>,
}

/// What a new workflow is to be, besides what is drawn.
#[derive(Debug, Default)]
pub struct Wish {
    /// Its name; the starter's if absent.
    pub name: Option<String>,
    /// Its description; the starter's if absent.
    pub description: Option<String>,
    /// The cluster it is for.
    pub cluster: String,
    /// The namespace of all its nodes; the starter's if absent.
    pub namespace: Option<String>,
}

impl Starter {
    /// Reads `{"name", "description", "nodes", "edges"}`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] names what is missing or not as a canvas saves it.
    pub fn parse(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct File<'a> {
            name: String,
            description: String,
            #[serde(borrow)]
            nodes: &'a RawValue,
            #[serde(borrow)]
            edges: &'a RawValue,
        }
        let file: File<'_> = serde_json::from_str(text)
            .map_err(|error| Error::invalid("starter", format!("cannot be read: {error}")))?;
        let File { name, description, nodes, edges } = file;
        let plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
        if name.is_empty() || !name.bytes().all(plain) {
            let problem = "must consist of small letters, digits and `-`";
            return Err(Error::invalid("name", problem));
        }
        let drawing = Drawing::accept(nodes, edges, DrawingLimits::default())?;
        Ok(Self { name, description, drawing })
    }

    fn entry(&self) -> Result<StarterEntry> {
        let parts = self.drawing.parts()?;
        let mut node_types: Vec<String> =
            parts.nodes.into_iter().map(|it| it.type_name.into_owned()).collect();
        node_types.sort_unstable();
        node_types.dedup();
        let (name, description) = (self.name.clone(), self.description.clone());
        Ok(StarterEntry { name, description, node_types })
    }

    /// What it draws, with all nodes in `namespace`.
    fn drawn_in(&self, namespace: Option<&str>, limits: DrawingLimits) -> Result<Drawing> {
        let Some(namespace) = namespace else { return Ok(self.drawing.clone()) };
        let patch = Map::from_iter([("namespace".to_owned(), Value::from(namespace))]);
        let parts = self.drawing.parts()?;
        let nodes = parts.nodes.iter().map(|it| it.id.as_ref());
        let mut drawing = self.drawing.clone();
        for node in nodes {
            drawing = drawing.with_patched(node, &patch, limits)?;
        }
        Ok(drawing)
    }
}

/// The starter use-cases.
#[derive(Clone)]
pub struct Starters {
    shelf: Arc<[Starter]>,
    workflows: Workflows,
}

impl Starters {
    /// These starters, for workflows among `workflows`.
    pub fn new(mut shelf: Vec<Starter>, workflows: Workflows) -> Self {
        shelf.sort_by(|one, other| one.name.cmp(&other.name));
        Self { shelf: shelf.into(), workflows }
    }

    /// All of them, by name. They are everybody's.
    pub fn list(&self, _caller: &Caller) -> Result<Vec<StarterEntry>> {
        self.shelf.iter().map(Starter::entry).collect()
    }

    /// Makes a draft of one.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none called `starter`;
    /// [`Error::Invalid`] for a wish that no workflow can be.
    pub async fn begin(&self, caller: &Caller, starter: &str, wish: Wish) -> Result<Workflow> {
        let found = self.shelf.iter().find(|it| it.name == starter);
        let found = found.ok_or_else(|| Error::not_found("starter", starter))?;
        let namespace = wish.namespace.as_deref();
        if namespace.is_some_and(|it| !is_label(it)) {
            let problem = "must consist of at most 63 small letters, digits and `-`, and neither \
                           begin nor end with `-`";
            return Err(Error::invalid("namespace", problem));
        }
        let drawing = found.drawn_in(namespace, self.workflows.limits())?;
        let name = wish.name.unwrap_or_else(|| found.name.clone());
        let description = wish.description.unwrap_or_else(|| found.description.clone());
        self.workflows.create_drawn(caller, (name, description), wish.cluster, drawing).await
    }
}

/// What a namespace can be called (RFC 1123).
fn is_label(text: &str) -> bool {
    let word = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends = bytes.first().zip(bytes.last()).is_some_and(|(a, b)| word(*a) && word(*b));
    ends && bytes.len() <= 63 && bytes.iter().all(|it| word(*it) || *it == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"name":"two","description":"d","nodes":[
        {"id":"a","type":"service","position":{"x":1,"y":2},"data":{"name":"a","namespace":"old","n":1.50}},
        {"id":"b","type":"service","position":{"x":1,"y":2},"data":{"name":"b"}}],"edges":[]}"#;

    #[test]
    fn a_starter_is_a_drawing_with_a_name() {
        let starter = Starter::parse(TEXT).unwrap();
        assert_eq!(starter.entry().unwrap().node_types, ["service"]);
        let limits = DrawingLimits::default();
        assert_eq!(starter.drawn_in(None, limits).unwrap(), starter.drawing);
        let drawing = starter.drawn_in(Some("new"), limits).unwrap();
        let data = |n: usize| drawing.parts().unwrap().nodes[n].data.unwrap().get().to_owned();
        assert_eq!(data(0), r#"{"name":"a","namespace":"new","n":1.50}"#);
        assert_eq!(data(1), r#"{"name":"b","namespace":"new"}"#);
    }

    #[test]
    fn what_is_no_starter_is_said_so() {
        for (from, to) in [("two", "Two!"), ("two", ""), (r#""edges":[]"#, r#""edges":{}"#)] {
            assert!(Starter::parse(&TEXT.replace(from, to)).is_err(), "{to}");
        }
        assert!(Starter::parse("{}").is_err());
    }

    #[test]
    fn namespaces_are_labels() {
        assert!(["a", "shop-2", "0"].into_iter().all(is_label));
        assert!(is_label(&"a".repeat(63)) && !is_label(&"a".repeat(64)));
        assert!(!["", "-a", "a-", "A", "a.b", "a b"].into_iter().any(is_label));
    }
}
