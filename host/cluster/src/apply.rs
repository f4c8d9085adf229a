//! Server-side apply and what its answers mean.

use bowsprit_host_core::{
    error::Result,
    kubernetes::{Applied, FieldConflict},
    node_types::Kind,
};
use bytes::Bytes;
use kube::{
    api::{Patch, PatchParams},
    core::{Status, response::StatusCause},
};
use serde_json::{Value, json};

use crate::{
    FIELD_MANAGER, KEEPER, TAKER,
    clients::Clients,
    discovery::Discovery,
    errors, is_stand_in, paths,
    requests::{Link, Outcome},
};

/// How often an apply is repeated that met a write of somebody else's.
const RACES: u32 = 3;

/// The longest value that is repeated from an answer, bytes. Longer ones are
/// whole pod templates, with everything that is in their environment.
const LONGEST_VALUE: usize = 80;

/// Applies one object as field manager [`FIELD_MANAGER`], not forced. Unknown
/// fields are refused rather than dropped.
pub(crate) async fn apply(
    clients: &Clients,
    discovery: &Discovery,
    object: &Value,
) -> Result<Applied> {
    apply_or_try(clients, discovery, object, false).await
}

/// Applies one object; with `trial` the server does everything but write. What
/// nobody but a stand-in holds against it is taken back.
pub(crate) async fn apply_or_try(
    clients: &Clients,
    discovery: &Discovery,
    object: &Value,
    trial: bool,
) -> Result<Applied> {
    let mut params = PatchParams::apply(FIELD_MANAGER).validation_strict();
    params.dry_run = trial;
    match apply_with(clients, discovery, object, &params).await? {
        Applied::Conflict(conflicts) if conflicts.iter().all(|it| is_stand_in(&it.manager)) => {
            apply_with(clients, discovery, object, &params.force()).await
        }
        other => Ok(other),
    }
}

/// Applies fields as [`KEEPER`], not forced.
pub(crate) async fn hand_over(
    clients: &Clients,
    discovery: &Discovery,
    fields: &Value,
) -> Result<Applied> {
    let params = PatchParams::apply(KEEPER).validation_strict();
    apply_with(clients, discovery, fields, &params).await
}

/// Applies `object` after taking `fields` of it from whoever owns them.
///
/// Forcing the whole object would take any field, also one that somebody else
/// has taken since the conflict was told. So a manager of its own takes these by
/// force, and lets go when they are applied; should that fail it goes on holding
/// them, because a field that nobody holds is removed.
pub(crate) async fn take_back(
    clients: &Clients,
    discovery: &Discovery,
    object: &Value,
    fields: &Value,
) -> Result<Applied> {
    let params = PatchParams::apply(TAKER).validation_strict().force();
    let taken = apply_with(clients, discovery, fields, &params).await?;
    if !matches!(taken, Applied::Done(_)) {
        return Ok(taken);
    }
    let applied = apply(clients, discovery, object).await?;
    if !matches!(applied, Applied::Done(_)) {
        return Ok(applied);
    }
    let text = |pointer| fields.pointer(pointer).cloned();
    let nothing = json!({
        "apiVersion": text("/apiVersion"), "kind": text("/kind"),
        "metadata": {"name": text("/metadata/name"), "namespace": text("/metadata/namespace")},
    });
    apply_with(clients, discovery, &nothing, &params).await
}

async fn apply_with(
    clients: &Clients,
    discovery: &Discovery,
    object: &Value,
    params: &PatchParams,
) -> Result<Applied> {
    match sent(clients, discovery, object, params).await? {
        Sent::Done(body) => Ok(Applied::Done(Box::new(clients.writes().parse(&body)?))),
        Sent::Refused(status) => refusal(&status),
        Sent::Unfit(why) => Ok(Applied::Invalid(why.into())),
    }
}

/// How an apply was taken.
pub(crate) enum Sent {
    /// The object as the server answered it.
    Done(Bytes),
    /// The server does not want it.
    Refused(Box<Status>),
    /// It was not sent, because it says too little of itself.
    Unfit(&'static str),
}

/// Sends an apply.
pub(crate) async fn sent(
    clients: &Clients,
    discovery: &Discovery,
    object: &Value,
    params: &PatchParams,
) -> Result<Sent> {
    let text = |pointer| object.pointer(pointer).and_then(Value::as_str);
    let (Some(api_version), Some(kind), Some(name)) =
        (text("/apiVersion"), text("/kind"), text("/metadata/name"))
    else {
        return Ok(Sent::Unfit("the object needs `apiVersion`, `kind` and `metadata.name`"));
    };
    let kind = Kind::parse(api_version, kind);
    let served = discovery.required(clients.reads(), &kind).await?;
    let namespace = text("/metadata/namespace");
    if served.namespaced && namespace.is_none() {
        return Ok(Sent::Unfit("the object needs a `metadata.namespace`"));
    }
    paths::segment("metadata.name", name)?;
    let request = paths::collection(&kind, &served, namespace)?
        .patch(name, params, &Patch::Apply(object))
        .map_err(bowsprit_host_core::Error::internal)?;
    match send(clients.writes(), request).await? {
        Outcome::Done(body) => Ok(Sent::Done(body)),
        Outcome::Refused(status) => {
            // What else may be missing is the namespace.
            if status.code == 404 && !errors::names_an_object(&status) {
                discovery.forget(&kind);
            }
            Ok(Sent::Refused(status))
        }
    }
}

/// The server does a read and a write for an apply; when somebody writes in
/// between often enough, it gives up with a plain conflict.
async fn send(link: &Link, request: http::Request<Vec<u8>>) -> Result<Outcome> {
    let mut races = 0;
    loop {
        let outcome = link.send(request.clone()).await?;
        let raced =
            matches!(&outcome, Outcome::Refused(it) if it.code == 409 && conflicts(it).is_empty());
        races += 1;
        if !raced || races == RACES {
            return Ok(outcome);
        }
    }
}

/// What a refused apply means.
pub(crate) fn refusal(status: &Status) -> Result<Applied> {
    match status.code {
        409 => {
            let conflicts = conflicts(status);
            if conflicts.is_empty() {
                return Err(errors::status_error(status));
            }
            Ok(Applied::Conflict(conflicts))
        }
        403 if is_denial(status) => Ok(Applied::Invalid(explanation(status))),
        422 if is_immutable(status) => Ok(Applied::Immutable(explanation(status))),
        400 | 413 | 422 => Ok(Applied::Invalid(explanation(status))),
        // A field that the schema does not have is found before validation
        // and answered as the server's own failure.
        500 if status.message.contains("failed to create typed patch object") => {
            Ok(Applied::Invalid(explanation(status)))
        }
        _ => Err(errors::status_error(status)),
    }
}

/// Whether a webhook said no, with whatever code. These are the words of the API
/// server's admission.
pub(crate) fn is_denial(status: &Status) -> bool {
    status.message.starts_with("admission webhook") && status.message.contains("denied the request")
}

pub(crate) fn conflicts(status: &Status) -> Vec<FieldConflict> {
    let causes = status.details.iter().flat_map(|it| &it.causes);
    causes
        .filter(|it| it.reason == "FieldManagerConflict")
        .map(|it| FieldConflict { manager: manager(&it.message), field: it.field.clone() })
        .collect()
}

/// From `conflict with "kubectl" using apps/v1`; the name may hold quotes,
/// which are then escaped.
fn manager(message: &str) -> String {
    let quoted = message.split_once('"').map_or(message, |(_, rest)| rest);
    let mut name = String::new();
    let mut escaped = false;
    for it in quoted.chars() {
        match it {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '"' if !escaped => break,
            _ => name.push(it),
        }
        escaped = false;
    }
    name
}

/// Whether all that is wrong is that fields cannot be changed. The API has no
/// reason code for it; these are the sentences of its validation functions and
/// the usual ones of custom kinds.
pub(crate) fn is_immutable(status: &Status) -> bool {
    let causes: Vec<_> = status.details.iter().flat_map(|it| &it.causes).collect();
    !causes.is_empty() && causes.iter().all(|it| says_immutable(&it.message))
}

fn says_immutable(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let updates = message.contains("updates to") && message.contains("forbidden");
    updates
        || [
            "immutable",
            "may not change",
            "cannot change",
            "may not be changed",
            "cannot be changed",
            "can not be changed",
            "may not be updated",
            "cannot be updated",
            "may not be modified",
            "cannot be modified",
        ]
        .iter()
        .any(|it| message.contains(it))
}

/// The causes as one sentence, or the server's own when it gives none.
fn explanation(status: &Status) -> String {
    let causes: Vec<_> = status.details.iter().flat_map(|it| &it.causes).map(told).collect();
    if causes.is_empty() { errors::sentence(status) } else { errors::cut(&causes.join("; ")) }
}

/// A cause in words.
pub(crate) fn told(cause: &StatusCause) -> String {
    let message = shorten(&cause.message);
    if cause.field.is_empty() || cause.field == "<nil>" {
        message
    } else {
        format!("`{}`: {message}", cause.field)
    }
}

/// The first line, as further ones are diffs, and without a long value in
/// `Invalid value: <value>: <sentence>`.
fn shorten(message: &str) -> String {
    let message = message.lines().next().unwrap_or_default();
    let Some(rest) = message.strip_prefix("Invalid value: ") else {
        return message.to_owned();
    };
    let end = ["}: ", "]: ", "\": ", ": "].iter().find_map(|it| Some(rest.rfind(it)? + it.len()));
    match end.and_then(|end| rest.split_at_checked(end)) {
        Some((value, sentence)) if value.len() > LONGEST_VALUE => sentence.to_owned(),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests;
