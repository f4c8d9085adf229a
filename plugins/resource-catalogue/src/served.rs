//! Node types made of a definition that a cluster serves, without a document.
//!
//! The host hands the definition over with each call that needs it: the
//! OpenAPI schema among the context's schemas, with the member [`MEMO`] for
//! what is not part of it. The type's name is made of plural and group, so it
//! stays the same when versions come and go.

mod card;
mod form;

use crate::schema::{self, Verdict};
use bowsprit_plugin_sdk::catalogue::{Descriptor, Served};
use bowsprit_plugin_sdk::{
    Context, Direction, DynamicType, Failure, Json, Kind, Manifest, Metadata, Node, Object,
    Observation, Report, Seed, Status, TypeDescriptor, Watch, handle, metadata, normalize, rules,
    status,
};
use form::Form;

/// How the names of these types begin.
pub(crate) const PREFIX: &str = "custom-";
/// What a definition says beside its schema: `plural`, `namespaced`.
const MEMO: &str = "x-served";
/// Longest name of a type.
const LONGEST: usize = 63;
/// The key of a node's object within the node.
const OBJECT: &str = "object";

/// The descriptor of a type that is made of a definition.
///
/// # Errors
///
/// `unsupported` when it has no schema that can be read.
pub(crate) fn describe(served: &Served) -> Result<Descriptor, Failure> {
    let Kind { group, version, kind } = &served.kind;
    let unusable = |why: &str| {
        Failure::Unsupported(format!("the definition of {kind} ({group}/{version}) {why}"))
    };
    let text = served.schema.as_ref().ok_or_else(|| unusable("has no schema"))?;
    let schema = Object::parse(text).map_err(|_| unusable("has a schema that cannot be read"))?;
    let form = Form::of(&schema);
    let description = schema.text_at(&["description"]).trim();
    let description = match description.split_once("\n") {
        Some((first, _)) => first.trim(),
        None => description,
    };
    let description = match description {
        "" => format!("A {kind} of {group}."),
        text => status::sentence(text),
    };
    Ok(Descriptor {
        name: name(&served.plural, group),
        title: kind.clone(),
        description,
        category: "custom".into(),
        icon: "Puzzle".into(),
        tags: vec![group.clone(), served.plural.clone()],
        schema_version: 1,
        schema: form.schema(kind, served.namespaced).to_text(),
        handles: vec![handle("input", Direction::Incoming, &["uses"])],
        connections: Vec::new(),
        produces: vec![served.kind.clone()],
    })
}

/// The type's name; too long ones end in a digest of the rest.
fn name(plural: &str, group: &str) -> String {
    let plain = |text: &str| -> String {
        let characters = text.chars().map(|it| it.to_ascii_lowercase());
        characters.map(|it| if it.is_ascii_alphanumeric() { it } else { '-' }).collect()
    };
    let whole = format!("{PREFIX}{}-{}", plain(plural), plain(group));
    if whole.len() <= LONGEST {
        return whole;
    }
    let kept = whole.get(..LONGEST.saturating_sub(9)).unwrap_or_default();
    format!("{}-{:08x}", kept.trim_end_matches('-'), digest(&whole))
}

/// FNV-1a, 32 bits.
fn digest(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// A type whose definition comes with each call.
#[derive(Debug)]
pub(crate) struct Custom {
    name: String,
}

/// A definition as it comes with a call.
struct Definition<'a> {
    kind: &'a Kind,
    namespaced: bool,
    schema: Object<'a>,
}

impl Custom {
    pub(crate) fn called(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    /// The definition of this type, in a version that is served.
    fn definition<'a>(&self, context: &'a Context<'_>) -> Option<Definition<'a>> {
        let listed = context.cluster.list_at(&["served"]);
        let mut found: Option<Definition<'a>> = None;
        for (kind, text) in context.schemas {
            let Ok(schema) = Object::parse(text) else { continue };
            if name(schema.text_at(&[MEMO, "plural"]), &kind.group) != self.name {
                continue;
            }
            let namespaced = schema.path(&[MEMO, "namespaced"]).and_then(Json::as_bool);
            let namespaced = namespaced.unwrap_or(true);
            let definition = Definition { kind, namespaced, schema };
            let name =
                format!("{}/{}", bowsprit_plugin_sdk::manifest::api_version(kind), kind.kind);
            if listed.iter().any(|it| it.as_str() == Some(&name)) {
                return Some(definition);
            }
            found = found.or(Some(definition));
        }
        found
    }

    /// The object, its kind, and what the schema says about it.
    fn made<'a>(
        &'a self,
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Option<(Object<'a>, Definition<'a>, Verdict)> {
        let Some(definition) = self.definition(context) else {
            let message = "The definition of this kind is not known.";
            report
                .error("definition.missing", message)
                .suggest("Connect a cluster that serves it, or offer it again from one.");
            return None;
        };
        let metadata = Metadata::read(node, context, rules::dns_subdomain, report);
        let form = Form::of(&definition.schema);
        let mut body = form.object(node, report);
        if report.has_errors() {
            return None;
        }
        let mut standard = metadata.object();
        if !definition.namespaced {
            standard.remove("namespace");
        }
        body.set("apiVersion", bowsprit_plugin_sdk::manifest::api_version(definition.kind));
        body.set("kind", definition.kind.kind.as_str());
        body.set("metadata", standard);
        let verdict = schema::check(&definition.schema, &body);
        for breach in &verdict.breaches {
            breach.tell(Some(&form.field_of(&breach.path)), report);
        }
        Some((body, definition, verdict))
    }
}

impl DynamicType for Custom {
    fn name(&self) -> &str {
        &self.name
    }

    fn describe(&self) -> Result<TypeDescriptor, Failure> {
        Err(Failure::Unsupported("the type is described by its definition".into()))
    }

    fn create<'a>(&'a self, seed: &Seed<'a>, context: &Context<'a>) -> Object<'a> {
        let namespace = if context.namespace.is_empty() { "default" } else { context.namespace };
        Object::new().with("name", seed.name()).with("namespace", namespace)
    }

    fn normalize(&self, data: &mut Object<'_>, _report: &mut Report) {
        normalize::common(data);
    }

    fn public_view<'a>(&'a self, node: &'a Node<'_>) -> Object<'a> {
        metadata::public_view(node, "", &["uses"])
    }

    fn validate(&self, node: &Node<'_>, context: &Context<'_>, report: &mut Report) {
        let Some((_, _, verdict)) = self.made(node, context, report) else { return };
        if verdict.left.is_empty() || report.has_errors() {
            return;
        }
        let count = verdict.left.len();
        let left: Vec<_> = verdict.left.iter().take(5).map(|it| status::sentence(it)).collect();
        let message = format!("Only the server can check {count} rule(s): {}", left.join(" "));
        report.info("schema.left-to-server", message);
    }

    fn render<'a>(
        &'a self,
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>> {
        let Some((body, definition, _)) = self.made(node, context, report) else {
            return Vec::new();
        };
        let manifest = Manifest::from_body(OBJECT, body);
        let scoped = bowsprit_plugin_sdk::Order::ClusterScope;
        vec![if definition.namespaced { manifest } else { manifest.order(scoped) }]
    }

    fn observe(&self, node: &Node<'_>, context: &Context<'_>) -> Vec<Watch> {
        let Some(definition) = self.definition(context) else { return Vec::new() };
        let namespace = node.own_namespace().filter(|_| definition.namespaced).map(Into::into);
        vec![status::watch(definition.kind.clone(), namespace, node.name())]
    }

    fn status(&self, node: &Node<'_>, observation: &Observation<'_>, _: &mut Report) -> Status {
        card::status(node, observation)
    }
}

#[cfg(test)]
mod tests;
