//! A resource catalogue made with the SDK.

use bowsprit_plugin_sdk::catalogue::{Descriptor as Described, Entry, ResourceCatalogue, Served};
use bowsprit_plugin_sdk::{
    Context, Descriptor, Failure, Kind, Manifest, Metadata, Node, NodeType, Observation, Report,
    State, Status, kind, rules,
};

/// The kind the entry is about, in this version.
fn note(version: &str) -> Kind {
    kind("example.dev", version, "Note")
}

/// The node type of the entry.
pub struct Note;

impl NodeType for Note {
    const NAME: &'static str = "note";

    fn describe() -> Descriptor {
        Descriptor {
            title: "Note",
            description: "A note.",
            category: "custom",
            icon: "Notebook",
            tags: &[],
            schema_version: 1,
            schema: r#"{"type":"object"}"#,
            handles: Vec::new(),
            connections: Vec::new(),
            produces: vec![note("v1")],
        }
    }

    fn render<'a>(
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>> {
        let metadata = Metadata::read(node, context, rules::dns_subdomain, report);
        vec![Manifest::new("note", &note("v1"), metadata.object())]
    }

    fn status(_: &Node<'_>, _: &Observation<'_>, _: &mut Report) -> Status {
        Status::new(State::Healthy, "Written", "It is written.", "created")
    }
}

struct Almanac;

impl ResourceCatalogue for Almanac {
    fn entries() -> Result<Vec<Entry>, Failure> {
        Ok(vec![Entry {
            id: "almanac".into(),
            title: "Almanac".into(),
            description: "Notes.".into(),
            category: "custom".into(),
            icon: "Notebook".into(),
            version: "1".into(),
            kinds: vec![note("v2"), note("v1")],
            node_types: vec![Note::NAME.into()],
            install: "There is nothing to install.".into(),
        }])
    }

    fn form(served: &Served) -> Result<String, Failure> {
        let schema = served.schema.clone();
        schema.ok_or_else(|| Failure::Unsupported("a definition without a schema".into()))
    }

    fn describe_served(served: &Served) -> Result<Described, Failure> {
        Ok(Described {
            name: served.plural.clone(),
            title: served.kind.kind.clone(),
            description: "Made of a definition.".into(),
            category: "custom".into(),
            icon: "Notebook".into(),
            tags: Vec::new(),
            schema_version: 1,
            schema: Self::form(served)?,
            handles: Vec::new(),
            connections: Vec::new(),
            produces: vec![served.kind.clone()],
        })
    }
}

bowsprit_plugin_sdk::export_node_types!(Note);
bowsprit_plugin_sdk::export_catalogue!(Almanac);
