//! Drawings as files for other tools.

use std::io;

use axum::{
    body::Bytes,
    extract::State,
    http::{Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bowsprit_host_core::{
    Error,
    access::Caller,
    drafts::{Export, Format},
    id::Id,
};
use flate2::{Compression, write::GzEncoder};

use super::drafts::{self, Draft};
use crate::{
    ApiState,
    extract::{Auth, PathId, RawBody},
    openapi::Operation,
    problem::Problem,
    table::{Access, Table},
};

const MANIFESTS: &str = "/workflows/{id}/export/manifests";
const KUSTOMIZE: &str = "/workflows/{id}/export/kustomize";
const HELM: &str = "/workflows/{id}/export/helm";
const YAML: &str = "application/yaml";
const ARCHIVE: &str = "application/gzip";

pub(super) fn add(table: Table) -> Table {
    let described = |summary: &'static str, media: &'static str| {
        let operation = Operation::new(summary).answers_text(StatusCode::OK, media);
        drafts::fails(operation).fails(&["workflow.findings"])
    };
    let drawn = |summary: &'static str, media: &'static str| {
        described(summary, media).takes_shape(drafts::shape())
    };
    table
        .api(Method::GET, MANIFESTS, Access::User, export_manifests)
        .described(described("A workflow as one file of manifests", YAML))
        .api(Method::POST, MANIFESTS, Access::User, export_manifests)
        .described(drawn("A drawing as one file of manifests", YAML))
        .api(Method::GET, KUSTOMIZE, Access::User, export_kustomize)
        .described(described("A workflow as a kustomization, a tar.gz", ARCHIVE))
        .api(Method::POST, KUSTOMIZE, Access::User, export_kustomize)
        .described(drawn("A drawing as a kustomization, a tar.gz", ARCHIVE))
        .api(Method::GET, HELM, Access::User, export_helm)
        .described(described("A workflow as a Helm chart, a tar.gz", ARCHIVE))
        .api(Method::POST, HELM, Access::User, export_helm)
        .described(drawn("A drawing as a Helm chart, a tar.gz", ARCHIVE))
}

async fn export_manifests(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
    RawBody(body): RawBody,
) -> Result<Response, Problem> {
    let export = exported(&state, &caller, id, &body, Format::Manifests).await?;
    let text: String = export.files.into_iter().map(|(_, text)| text).collect();
    Ok(file(YAML, &format!("{}.yaml", export.name), text.into_bytes()))
}

async fn export_kustomize(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
    RawBody(body): RawBody,
) -> Result<Response, Problem> {
    archive(&exported(&state, &caller, id, &body, Format::Kustomize).await?)
}

async fn export_helm(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
    RawBody(body): RawBody,
) -> Result<Response, Problem> {
    archive(&exported(&state, &caller, id, &body, Format::Helm).await?)
}

async fn exported(
    state: &ApiState,
    caller: &Caller,
    id: Id,
    body: &Bytes,
    format: Format,
) -> Result<Export, Problem> {
    let draft = Draft::read(body)?;
    Ok(state.drafts.export(caller, id, draft.drawn(), format).await?)
}

/// The files in a folder of the export's name. The same files are the same
/// bytes.
fn archive(export: &Export) -> Result<Response, Problem> {
    let bytes = packed(export).map_err(Error::internal)?;
    Ok(file(ARCHIVE, &format!("{}.tar.gz", export.name), bytes))
}

fn packed(export: &Export) -> io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (path, text) in &export.files {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        let path = format!("{}/{path}", export.name);
        builder.append_data(&mut header, path, text.as_bytes())?;
    }
    builder.into_inner()?.finish()
}

/// A file to be kept; its name is one that needs no quoting.
fn file(media: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let kept = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, media.to_owned()), (header::CONTENT_DISPOSITION, kept)], bytes)
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_files_are_the_same_archive() {
        let files = vec![("a/b.yaml".to_owned(), "x: 1\n".to_owned())];
        let export = Export { name: "shop".into(), files };
        let bytes = packed(&export).unwrap();
        assert_eq!(bytes, packed(&export).unwrap());
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let mut entries = archive.entries().unwrap();
        let first = entries.next().unwrap().unwrap();
        assert_eq!(first.path().unwrap().to_str(), Some("shop/a/b.yaml"));
        assert!(entries.next().is_none());
    }
}
