//! Which plugins there are, and from their crates to WebAssembly modules.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    BuildError, Runner, at, cargo,
    toolchain::{TARGET, Way, clear_inherited},
};

/// A plugin's sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its id, as `plugin.toml` says; the folder's name if it says none.
    pub id: String,
    /// The folder with `plugin.toml`.
    pub folder: PathBuf,
    /// The compiled module; none if the plugin has no code.
    pub module: Option<PathBuf>,
}

/// The plugins of a folder, by id: each crate of its workspace that has a
/// `plugin.toml`, or the folder itself if it has one and no crate.
///
/// # Errors
///
/// [`BuildError::NoPlugin`] if there is none, [`BuildError::NotLoadable`] if a
/// crate is no `cdylib`, [`BuildError::SameId`] if two have one id.
pub fn sources(folder: &Path, runner: &dyn Runner) -> Result<Vec<Source>, BuildError> {
    let mut found = if folder.join("Cargo.toml").is_file() {
        crates(folder, runner)?
    } else if folder.join("plugin.toml").is_file() {
        vec![Source { id: id(folder)?, folder: folder.to_owned(), module: None }]
    } else {
        Vec::new()
    };
    if found.is_empty() {
        return Err(BuildError::NoPlugin(folder.to_owned()));
    }
    found.sort_by(|left, right| left.id.cmp(&right.id));
    match found.windows(2).find(|it| matches!(it, [left, right] if left.id == right.id)) {
        Some([twice, ..]) => Err(BuildError::SameId(twice.id.clone())),
        _ => Ok(found),
    }
}

/// Compiles all crates of the workspace in `folder`; with `locked` to exactly
/// what its lock file says, if it has one.
///
/// # Errors
///
/// [`BuildError::Program`] if that fails; the compiler's words were printed.
pub fn compile(
    folder: &Path,
    way: &Way,
    locked: bool,
    runner: &dyn Runner,
) -> Result<(), BuildError> {
    let mut build = way.cargo_build(folder);
    build.arg("--lib");
    if locked && folder.join("Cargo.lock").is_file() {
        build.arg("--locked");
    }
    runner.run("cargo build", build).map_err(BuildError::Program)
}

fn crates(folder: &Path, runner: &dyn Runner) -> Result<Vec<Source>, BuildError> {
    let mut command = cargo::cargo("metadata", folder);
    clear_inherited(&mut command);
    command.args(["--no-deps", "--format-version", "1"]);
    let printed = runner.output("cargo metadata", command).map_err(BuildError::Program)?;
    let metadata: Value =
        serde_json::from_str(&printed).map_err(|_| BuildError::Metadata("JSON"))?;
    let target = text(&metadata, "/target_directory")?;
    let modules = Path::new(target).join(TARGET).join("release");
    let mut sources = Vec::new();
    for package in list(&metadata, "/packages") {
        sources.extend(source(package, &modules)?);
    }
    Ok(sources)
}

fn source(package: &Value, modules: &Path) -> Result<Option<Source>, BuildError> {
    let manifest = text(package, "/manifest_path")?;
    let folder = Path::new(manifest).parent().ok_or(BuildError::Metadata("a folder"))?;
    if !folder.join("plugin.toml").is_file() {
        return Ok(None);
    }
    let mut targets = list(package, "/targets").iter();
    let library = targets.find(|target| list(target, "/kind").iter().any(|kind| kind == "cdylib"));
    let Some(library) = library else {
        return Err(BuildError::NotLoadable(manifest.to_owned()));
    };
    let module = format!("{}.wasm", text(library, "/name")?.replace('-', "_"));
    let module = Some(modules.join(module));
    Ok(Some(Source { id: id(folder)?, folder: folder.to_owned(), module }))
}

/// What `plugin.toml` calls the plugin. Whether the file is right in all else
/// is for the host to say.
fn id(folder: &Path) -> Result<String, BuildError> {
    let file = folder.join("plugin.toml");
    let written = fs::read_to_string(&file).map_err(at(&file))?;
    let table: toml::Table = toml::from_str(&written).unwrap_or_default();
    let fine = |it: &&str| !it.is_empty() && !it.contains(['/', '\\', '.']);
    let named = table.get("id").and_then(toml::Value::as_str).filter(fine).map(str::to_owned);
    Ok(named.unwrap_or_else(|| match fs::canonicalize(folder) {
        Ok(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        Err(_) => "plugin".to_owned(),
    }))
}

fn text<'v>(value: &'v Value, pointer: &'static str) -> Result<&'v str, BuildError> {
    value.pointer(pointer).and_then(Value::as_str).ok_or(BuildError::Metadata(pointer))
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
