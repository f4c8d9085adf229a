//! A file as a node type: what it answers when the host asks.

mod objects;
mod status;
mod versions;

use bowsprit_plugin_sdk::{
    Context, DynamicType, Failure, Json, Manifest, Node, Object, Observation, Report, Seed, Status,
    TypeDescriptor, Watch, metadata, normalize,
};

use crate::definition::Definition;
use crate::expression::Scope;

pub use objects::merge;
pub use versions::kind_of;

impl DynamicType for Definition {
    fn name(&self) -> &str {
        &self.head.name
    }

    fn describe(&self) -> Result<TypeDescriptor, Failure> {
        Ok(self.descriptor())
    }

    fn create<'a>(&'a self, seed: &Seed<'a>, context: &Context<'a>) -> Object<'a> {
        let mut data = Object::new().with("name", seed.name());
        if self.head.namespaced {
            let own = context.namespace;
            data.set("namespace", if own.is_empty() { "default" } else { own });
        }
        for field in &self.head.fields {
            match (&field.shown, &field.default) {
                (Some(shown), _) => {
                    if let Some(default) = &shown.default {
                        data.set(&field.name, default.as_str());
                    }
                }
                (None, Some(default)) => data.set(&field.name, default.clone()),
                (None, None) => {}
            }
        }
        data
    }

    fn normalize(&self, data: &mut Object<'_>, _report: &mut Report) {
        normalize::common(data);
        for field in &self.head.fields {
            for old in &field.was {
                if let Some(value) = data.remove(old)
                    && data.get(&field.name).is_none()
                {
                    data.set(field.name.clone(), value);
                }
            }
        }
    }

    fn public_view<'a>(&'a self, node: &'a Node<'_>) -> Object<'a> {
        let kind = self.judged().map_or("", |it| it.kind.kind.as_str());
        let provides: Vec<&str> = self.provides.iter().map(String::as_str).collect();
        let mut view = metadata::public_view(node, kind, &provides);
        if !self.head.namespaced {
            view.remove("namespace");
        }
        let Some(template) = &self.view else { return view };
        // What is wrong with the fields is the node's own business.
        let mut unheard = Report::new(&self.head.name, node.id);
        let fields = self.values(node, None, &mut unheard);
        let about = view.clone().with("id", node.id);
        let mut scope = Scope::new(Object::new().with("fields", fields).with("node", about));
        if let Ok(Json::Object(own)) = template.fill(&mut scope) {
            own.into_iter().for_each(|(key, value)| view.set(key, value));
        }
        view
    }

    fn render<'a>(
        &'a self,
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>> {
        let objects = self.objects(node, context, report);
        objects.into_iter().map(|(of, body)| of.applied(body)).collect()
    }

    fn observe(&self, node: &Node<'_>, context: &Context<'_>) -> Vec<Watch> {
        // What is wrong with the node is told when it is validated.
        let mut unheard = Report::new(&self.head.name, node.id);
        let objects = self.objects(node, context, &mut unheard);
        // What a faulty edit did not reach is still there.
        if unheard.has_errors() {
            return self.usual_watch(node, context);
        }
        self.watches(&objects)
    }

    fn status(
        &self,
        node: &Node<'_>,
        observation: &Observation<'_>,
        report: &mut Report,
    ) -> Status {
        self.observed(node, observation, report)
    }
}
