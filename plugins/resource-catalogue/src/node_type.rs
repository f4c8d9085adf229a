//! A document's node type: what its definition answers, and whether the object
//! follows the cluster's schema.

use bowsprit_plugin_sdk::{
    Context, DynamicType, Failure, Json, Manifest, Node, Object, Observation, Report, Seed, Status,
    TypeDescriptor, Watch,
};
use document::definition::{self, Definition};
use document::node_type::kind_of;

use crate::columns;
use crate::schema::{self, Breach};

/// A node type with fields chosen by an author.
#[derive(Debug)]
pub(crate) struct Curated(pub(crate) Definition);

impl DynamicType for Curated {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn describe(&self) -> Result<TypeDescriptor, Failure> {
        self.0.describe()
    }

    fn create<'a>(&'a self, seed: &Seed<'a>, context: &Context<'a>) -> Object<'a> {
        self.0.create(seed, context)
    }

    fn normalize(&self, data: &mut Object<'_>, report: &mut Report) {
        self.0.normalize(data, report);
    }

    fn public_view<'a>(&'a self, node: &'a Node<'_>) -> Object<'a> {
        self.0.public_view(node)
    }

    fn render<'a>(
        &'a self,
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>> {
        let objects = self.0.objects(node, context, report);
        for (manifest, body) in &objects {
            check(manifest, body, node, context, report);
        }
        objects.into_iter().map(|(manifest, body)| manifest.applied(body)).collect()
    }

    fn observe(&self, node: &Node<'_>, context: &Context<'_>) -> Vec<Watch> {
        self.0.observe(node, context)
    }

    fn status(
        &self,
        node: &Node<'_>,
        observation: &Observation<'_>,
        report: &mut Report,
    ) -> Status {
        let status = self.0.status(node, observation, report);
        match columns::shown(observation) {
            Some(object) => columns::add(status, node, object),
            None => status,
        }
    }
}

/// Tells where an object does not follow the schema the cluster has for it.
fn check(
    manifest: &definition::Manifest,
    body: &Object<'_>,
    node: &Node<'_>,
    context: &Context<'_>,
    report: &mut Report,
) {
    let kind = kind_of(body);
    let Some((_, text)) = context.schemas.iter().find(|it| it.0 == kind) else { return };
    // What cannot be read is the cluster's doing, and its server checks anyway.
    let Ok(schema) = Object::parse(text) else { return };
    for breach in schema::check(&schema, body).breaches {
        let field = field_of(manifest, &breach, node);
        breach.tell(field.as_deref(), report);
    }
}

/// The field that a part of the object comes from.
fn field_of(manifest: &definition::Manifest, breach: &Breach, node: &Node<'_>) -> Option<String> {
    let path: Vec<&str> = breach.path.iter().map(String::as_str).collect();
    let chosen = manifest.body.field_at(&path);
    // What no field says was written as YAML, if anything was.
    let more = manifest.more.as_ref().map(|it| it.field.as_str());
    let more = more.filter(|it| node.data.get(it).is_some_and(|it| *it != Json::from("")));
    chosen.or(more).map(str::to_owned)
}
