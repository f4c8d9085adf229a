//! The SDK beside a plugin that has no registry to get it from.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use toml::{Table, Value};

use super::{EMBEDDED, Files, embedded};

/// Where a plugin keeps its copy; SDK and interfaces lie in it as they lie in
/// our repository, because the one refers to the other.
const COPY: &str = "bowsprit";
/// How a scaffold refers to that copy.
const REFERENCE: &str = r#"path = "bowsprit/sdk/rust""#;

/// Adds a copy of the interfaces.
pub(super) fn copy_interfaces(files: &mut Files) {
    for (name, text) in EMBEDDED.iter().filter(|(name, _)| name.starts_with("wit/")) {
        files.insert(Path::new(COPY).join(name), (*text).to_owned());
    }
}

/// Adds a copy of SDK and interfaces.
pub(super) fn copy(files: &mut Files) -> anyhow::Result<()> {
    copy_interfaces(files);
    for (name, text) in EMBEDDED {
        if name.starts_with("sdk/rust/") && !name.starts_with("sdk/rust/scaffold/") {
            let text = match *name {
                "sdk/rust/Cargo.toml" => on_its_own(text)?,
                _ => (*text).to_owned(),
            };
            files.insert(Path::new(COPY).join(name), text);
        }
    }
    Ok(())
}

/// Uses the SDK in `folder` instead.
pub(super) fn refer(files: &mut Files, folder: &Path) -> anyhow::Result<()> {
    let shown = || format!("`--sdk {}`", folder.display());
    let folder = folder.canonicalize().with_context(shown)?;
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).with_context(shown)?;
    if !manifest.contains("bowsprit-plugin-sdk") {
        bail!("{} is not the SDK's folder: name `sdk/rust` of a checkout", shown());
    }
    let path = Value::String(folder.display().to_string());
    if let Some(text) = files.get_mut(&PathBuf::from("Cargo.toml")) {
        *text = text.replace(REFERENCE, &format!("path = {path}"));
    }
    if let Some(text) = files.get_mut(&PathBuf::from("README.md")) {
        let lines = text.lines().filter(|it| !it.starts_with("| `bowsprit/`"));
        *text = lines.flat_map(|it| [it, "\n"]).collect();
    }
    Ok(())
}

/// The SDK's manifest without what it inherits from our workspace.
fn on_its_own(manifest: &str) -> anyhow::Result<String> {
    let root: Table = toml::from_str(embedded("Cargo.toml").context("no root")?)?;
    let root = root.get("workspace").and_then(Value::as_table).context("no workspace")?;
    let mut manifest: Table = toml::from_str(manifest)?;
    // Tests and lints of the SDK are run where it is written.
    manifest.remove("lints");
    manifest.remove("dev-dependencies");
    inherit(&mut manifest, "package", root);
    inherit(&mut manifest, "dependencies", root);
    for target in tables_of(&mut manifest, "target") {
        inherit(target, "dependencies", root);
    }
    Ok(toml::to_string(&manifest)?)
}

/// The tables that stand below `key`.
fn tables_of<'a>(table: &'a mut Table, key: &str) -> impl Iterator<Item = &'a mut Table> {
    let below = table.get_mut(key).and_then(Value::as_table_mut);
    below.into_iter().flatten().filter_map(|(_, value)| value.as_table_mut())
}

/// Writes down what the entries of `part` have from the workspace; what they
/// add themselves, such as `optional`, stays.
fn inherit(manifest: &mut Table, part: &str, workspace: &Table) {
    let given = workspace.get(part).and_then(Value::as_table);
    let Some(part) = manifest.get_mut(part).and_then(Value::as_table_mut) else { return };
    for (key, value) in part.iter_mut() {
        let Some(own) = value.as_table_mut() else { continue };
        let inherits = own.remove("workspace").is_some();
        let Some(given) = given.and_then(|it| it.get(key)).filter(|_| inherits) else { continue };
        if own.is_empty() {
            *value = given.clone();
            continue;
        }
        match given {
            Value::Table(given) => own.extend(given.clone()),
            given => drop(own.insert("version".to_owned(), given.clone())),
        }
    }
}
