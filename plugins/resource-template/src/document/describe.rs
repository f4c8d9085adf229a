//! How a type looks in palette, form and canvas.

use bowsprit_plugin_sdk::{Kind, Object, TypeDescriptor};

use super::Document;
use crate::field::{required, standard_properties};

impl Document {
    /// The descriptor.
    pub(crate) fn descriptor(&self) -> TypeDescriptor {
        TypeDescriptor {
            name: self.name.clone(),
            title: self.title.clone(),
            description: self.description.clone(),
            category: self.category.clone(),
            icon: self.icon.clone(),
            tags: self.tags.clone(),
            schema_version: self.schema_version,
            schema: self.schema().to_text(),
            handles: self.handles.clone(),
            connections: self.connections.clone(),
            produces: self.produces(),
        }
    }

    fn schema(&self) -> bowsprit_plugin_sdk::Json<'static> {
        let standard = standard_properties(self.namespaced);
        let first = i64::try_from(standard.len()).unwrap_or_default().saturating_sub(1);
        let mut properties: Object<'static> = standard.into_iter().collect();
        for (field, order) in self.fields.iter().zip(first..) {
            properties.set(field.name.clone(), field.schema(Some(order)));
        }
        let mut required = required(&self.fields);
        required.insert(0, "name".into());
        Object::new()
            .with("$schema", "https://json-schema.org/draft/2020-12/schema")
            .with("properties", properties)
            .with("required", required)
            .with("title", self.title.clone())
            .with("type", "object")
            .into()
    }

    fn produces(&self) -> Vec<Kind> {
        let mut kinds: Vec<Kind> = Vec::new();
        for manifest in &self.manifests {
            if !kinds.contains(&manifest.kind) {
                kinds.push(manifest.kind.clone());
            }
        }
        kinds
    }
}
