//! What the server says to an object before it is applied, and where in the
//! object.

use bowsprit_host_core::{
    error::{Error, Result},
    kubernetes::{Objection, Trial},
};
use kube::{api::PatchParams, core::Status};
use serde_json::Value;

use crate::{
    FIELD_MANAGER,
    apply::{Sent, conflicts, is_denial, is_immutable, sent, told},
    clients::Clients,
    discovery::Discovery,
    errors, is_stand_in, objects,
};

/// More objections to one object help nobody.
const MOST: usize = 20;

/// Applies an object as [`crate::apply::apply`] does, with everything but the
/// write.
pub(crate) async fn try_out(
    clients: &Clients,
    discovery: &Discovery,
    object: &Value,
) -> Result<Trial> {
    let mut params = PatchParams::apply(FIELD_MANAGER).validation_strict();
    params.dry_run = true;
    let mut answer = sent(clients, discovery, object, &params).await;
    if let Ok(Sent::Refused(status)) = &answer {
        let theirs = conflicts(status);
        if !theirs.is_empty() && theirs.iter().all(|it| is_stand_in(&it.manager)) {
            answer = sent(clients, discovery, object, &params.force()).await;
        }
    }
    let status = match answer {
        Ok(Sent::Done(_)) => return Ok(Trial::Fine),
        Ok(Sent::Refused(status)) => status,
        Ok(Sent::Unfit(why)) => {
            return Ok(refused(vec![Objection { at: None, message: why.into() }]));
        }
        Err(Error::Cluster { code: "cluster.kind-not-served", .. }) => return Ok(Trial::Unknown),
        Err(error) => return Err(error),
    };
    if status.code == 403 && !is_denial(&status) && is_homeless(clients, object).await? {
        return Ok(Trial::Unknown);
    }
    verdict(&status)
}

/// Whether an object's namespace has to be made first. Who makes one may be
/// given rights in it that nobody has before.
async fn is_homeless(clients: &Clients, object: &Value) -> Result<bool> {
    match object.pointer("/metadata/namespace").and_then(Value::as_str) {
        Some(namespace) => objects::is_namespace_missing(clients, namespace).await,
        None => Ok(false),
    }
}

/// What a refused trial means.
fn verdict(status: &Status) -> Result<Trial> {
    if is_denial(status) {
        return Ok(Trial::Denied(objections(status)));
    }
    match status.code {
        // Of what is applied only the namespace or the kind can be missing.
        404 => Ok(Trial::Unknown),
        // The words of the API server for webhooks that cannot leave things as
        // they are.
        400 if status.message.contains("does not support dry run") => Ok(Trial::Unknown),
        409 => Ok(match owners(status) {
            // Somebody else was writing; an apply tries again.
            why if why.is_empty() => Trial::Unknown,
            why => refused(why),
        }),
        400 | 403 | 413 | 422 => Ok(Trial::Refused {
            immutable: status.code == 422 && is_immutable(status),
            why: objections(status),
        }),
        500 if status.message.contains(UNTYPED) => Ok(refused(objections(status))),
        _ => Err(errors::status_error(status)),
    }
}

/// How the server says that a field is not in the schema.
const UNTYPED: &str = "failed to create typed patch object";

fn refused(why: Vec<Objection>) -> Trial {
    Trial::Refused { immutable: false, why }
}

fn owners(status: &Status) -> Vec<Objection> {
    let objection = |it: bowsprit_host_core::kubernetes::FieldConflict| Objection {
        at: pointer(&it.field),
        message: format!("`{}` is owned by `{}`", it.field, it.manager),
    };
    conflicts(status).into_iter().take(MOST).map(objection).collect()
}

fn objections(status: &Status) -> Vec<Objection> {
    let causes = status.details.iter().flat_map(|it| &it.causes).take(MOST);
    let mut found: Vec<Objection> = causes
        .map(|it| Objection { at: pointer(&it.field), message: errors::cut(&told(it)) })
        .collect();
    if found.is_empty() {
        let at = untyped(&status.message).and_then(pointer);
        found.push(Objection { at, message: errors::sentence(status) });
    }
    found
}

/// The field in `… (ns/n; x.dev/v1, Kind=X): .spec.y: field not declared in
/// schema`.
fn untyped(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once(UNTYPED)?.1.split_once("): ")?;
    Some(rest.split_once(": ")?.0)
}

/// From the server's notation (`spec.ports[0].name`, `data[a.b]`) to RFC 6901.
/// An item that is named by its keys (`[name="x"]`) ends it: the list is the
/// nearest that can be told without the object.
fn pointer(field: &str) -> Option<String> {
    let mut rest = field.trim_start_matches('.');
    if rest.is_empty() || rest == "<nil>" {
        return None;
    }
    let mut pointer = String::new();
    while !rest.is_empty() {
        let (part, after) = match rest.strip_prefix('[') {
            Some(inner) => inner.split_once(']')?,
            None => rest.split_at_checked(rest.find(['.', '[']).unwrap_or(rest.len()))?,
        };
        if part.contains('=') {
            break;
        }
        pointer.push('/');
        let part = part.trim_matches(['"', '\'']);
        pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    Some(pointer).filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests;
