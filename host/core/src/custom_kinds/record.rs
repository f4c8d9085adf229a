//! A custom kind as it is kept.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::CustomNodeType;
use crate::{
    id::Id,
    node_types::{Descriptor, Json, Kind, NodeType, Package},
    store::{Collection, Field, FieldKind, Record, Unique},
    time::Timestamp,
};

/// Where they are kept.
pub static CUSTOM_KINDS: Collection = Collection {
    name: "user_custom_kinds",
    fields: &[
        Field { name: "user_id", kind: FieldKind::Id },
        Field { name: "name", kind: FieldKind::Text },
    ],
    indexes: &[],
    unique: &[Unique { name: "user_custom_kind", fields: &["user_id", "name"] }],
    expiry: None,
};

/// A node type that a user has made of a custom resource.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CustomKind {
    #[serde(skip)]
    pub(super) id: Id,
    pub(super) user_id: Id,
    /// The node type's.
    pub(super) name: String,
    /// Whose component is asked about its nodes.
    pub(super) plugin: String,
    /// The name of the cluster the definition is from.
    pub(super) cluster: String,
    pub(super) kind: Kind,
    pub(super) plural: String,
    pub(super) namespaced: bool,
    pub(super) descriptor: Descriptor,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// The schema with the rest of the definition under `x-served`; beside the
    /// body, because it may be large.
    #[serde(skip)]
    pub(super) definition: Json,
}

impl Record for CustomKind {
    const COLLECTION: &'static Collection = &CUSTOM_KINDS;

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn restore_key(&mut self, id: &str) {
        self.id = id.parse().unwrap_or_default();
    }

    fn payload(&self) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(self.definition.as_bytes()))
    }

    fn restore_payload(&mut self, payload: Option<Bytes>) {
        let text = payload.and_then(|it| String::from_utf8(it.into()).ok());
        self.definition = text.unwrap_or_default();
    }
}

impl CustomKind {
    /// The node type, if its plugin is among `packages`.
    pub(super) fn node_type(&self, packages: &[Package]) -> Option<NodeType> {
        let package = packages.iter().find(|it| it.id == self.plugin)?;
        Some(NodeType {
            descriptor: self.descriptor.clone(),
            plugin: self.plugin.clone(),
            offered_as: self.plugin.clone(),
            plugin_version: package.version.clone(),
            generation: String::new(),
            cluster_scoped: !self.namespaced,
            native: false,
            usage_frequency: "low".into(),
            difficulty: "hard".into(),
        })
    }

    pub(super) fn into_view(self) -> CustomNodeType {
        CustomNodeType {
            name: self.name,
            display_name: self.descriptor.title,
            description: self.descriptor.description,
            api_version: self.kind.api_version(),
            kind: self.kind.kind,
            namespaced: self.namespaced,
            cluster: self.cluster,
            updated_at: self.updated_at,
        }
    }
}
