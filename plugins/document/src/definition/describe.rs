//! How a type looks in palette, form and canvas.

use bowsprit_plugin_sdk::{Kind, Object, TypeDescriptor};

use super::Definition;
use crate::field::{required, standard_properties};

impl Definition {
    /// The descriptor.
    pub fn descriptor(&self) -> TypeDescriptor {
        TypeDescriptor {
            name: self.head.name.clone(),
            title: self.head.title.clone(),
            description: self.head.description.clone(),
            category: self.head.category.clone(),
            icon: self.head.icon.clone(),
            tags: self.head.tags.clone(),
            schema_version: self.head.schema_version,
            schema: self.schema().to_text(),
            handles: self.handles.clone(),
            connections: self.connections.clone(),
            produces: self.produces(),
        }
    }

    fn schema(&self) -> bowsprit_plugin_sdk::Json<'static> {
        let standard = standard_properties(self.head.namespaced);
        let first = i64::try_from(standard.len()).unwrap_or_default().saturating_sub(1);
        let listed = self.head.listed;
        let standard = standard.into_iter().map(|(name, mut schema)| {
            if listed {
                schema.remove("x-order");
            }
            (name, schema)
        });
        let mut properties: Object<'static> = standard.collect();
        for (field, order) in self.head.fields.iter().zip(first..) {
            properties.set(field.name.clone(), field.schema(Some(order)));
        }
        let mut required = required(&self.head.fields);
        if !listed {
            required.insert(0, "name".into());
        }
        Object::new()
            .with("$schema", "https://json-schema.org/draft/2020-12/schema")
            .with("properties", properties)
            .with("required", required)
            .with("title", self.head.title.clone())
            .with("type", "object")
            .into()
    }

    /// Every kind that may be rendered.
    pub fn produces(&self) -> Vec<Kind> {
        let mut kinds: Vec<Kind> = Vec::new();
        for manifest in &self.manifests {
            kinds.extend(manifest.kinds().filter(|it| !kinds.contains(it)).collect::<Vec<_>>());
        }
        kinds
    }
}
