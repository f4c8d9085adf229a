//! From crates to WebAssembly modules.

use std::path::Path;

use serde_json::Value;

use crate::{
    BuildError, Code, Runner, Source, cargo,
    source::Head,
    toolchain::{TARGET, Way, clear_inherited},
};

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

/// The crates of the workspace in `folder` that are plugins.
pub(crate) fn crates(folder: &Path, runner: &dyn Runner) -> Result<Vec<Source>, BuildError> {
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
    let code = Some(Code::Module(modules.join(module)));
    Ok(Some(Source { id: Head::read(folder)?.id(), folder: folder.to_owned(), code }))
}

fn text<'v>(value: &'v Value, pointer: &'static str) -> Result<&'v str, BuildError> {
    value.pointer(pointer).and_then(Value::as_str).ok_or(BuildError::Metadata(pointer))
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
