//! The URLs of kinds and objects.
//!
//! Names come from users, plugins and clusters; one with a slash or a question
//! mark in it would make a request mean something else.

use bowsprit_host_core::{
    error::{Error, Result},
    kubernetes::Served,
    node_types::Kind,
};
use kube::{
    Resource,
    core::{ApiResource, DynamicObject, Request},
};

/// Builds requests on a served kind in one namespace or, without one, on the
/// whole cluster. The namespace of a kind that lives outside namespaces is
/// ignored.
pub(crate) fn collection(kind: &Kind, served: &Served, namespace: Option<&str>) -> Result<Request> {
    let namespace = namespace.filter(|_| served.namespaced);
    if let Some(namespace) = namespace {
        segment("metadata.namespace", namespace)?;
    }
    Ok(Request::new(DynamicObject::url_path(&resource(kind, served), namespace)))
}

/// The kind as kube wants it.
pub(crate) fn resource(kind: &Kind, served: &Served) -> ApiResource {
    ApiResource {
        group: kind.group.clone(),
        version: kind.version.clone(),
        api_version: kind.api_version(),
        kind: kind.kind.clone(),
        plural: served.plural.clone(),
    }
}

/// Where the kinds of a group and version are listed.
pub(crate) fn group_version(kind: &Kind) -> Result<String> {
    segment("apiVersion", &kind.version)?;
    if kind.group.is_empty() {
        return Ok(format!("/api/{}", kind.version));
    }
    segment("apiVersion", &kind.group)?;
    Ok(format!("/apis/{}/{}", kind.group, kind.version))
}

/// Lets only what can be one segment of a path through; some kinds allow more
/// than DNS names (`system:node` for a role).
pub(crate) fn segment<'a>(field: &str, text: &'a str) -> Result<&'a str> {
    let plain =
        text.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_.:@~!$'()*+,;=".contains(&it));
    if text.is_empty() || !plain || text == "." || text == ".." {
        return Err(Error::invalid(field, format!("must be a name, not `{text}`")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
