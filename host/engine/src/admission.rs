//! The first look at a component: only its outside, before any time is spent
//! on compiling it.

mod size;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use bowsprit_host_core::{
    foreign::shown,
    plugins::{LoadFailure, LoadStage},
};
use wasmparser::{Encoding, Parser, Payload};

use crate::{
    bindings::v0_1::API,
    failure::failure,
    package::Wants,
    world::{Import, World},
};
use size::Size;

/// The grants that a component's imports take, as keys under `[wants]`.
pub(crate) type Needs = BTreeSet<&'static str>;

/// Checks that `bytes` are a component of that world which imports nothing but
/// what is offered and granted, provides what its world asks for, and is no
/// trap for the compiler.
pub(crate) fn admit(bytes: &[u8], world: World, wants: &Wants) -> Result<Needs, LoadFailure> {
    let outside = Outside::read(bytes)?;
    let mut needs = Needs::new();
    for name in &outside.imports {
        needs.extend(check_import(name, world, wants)?);
    }
    world.exports().iter().try_for_each(|export| check_export(export, world, &outside.exports))?;
    Ok(needs)
}

/// Refuses a component of another plugin whose imports take more than this
/// one wants.
pub(crate) fn admit_needs(needs: &Needs, wants: &Wants) -> Result<(), LoadFailure> {
    let missing = needs.iter().find(|it| !wants.includes(it));
    missing.map_or(Ok(()), |grant| Err(not_granted("what it uses of another plugin", grant)))
}

/// Names of what a component imports and exports.
#[derive(Default)]
pub(crate) struct Outside {
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
}

impl Outside {
    /// Reads no more of `bytes` than it has to.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, LoadFailure> {
        let mut outside = Self::default();
        let mut size = Size::default();
        // Modules and components inside the component have sections too.
        let mut depth = 0;
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(|error| malformed(&error))?;
            size.add(&payload)?;
            match payload {
                Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                    return Err(failure(
                        LoadStage::Admit,
                        "plugin.component.is-module",
                        "the file is a core module, not a component",
                        "turn the module into a component, as `bowsprit plugin build` does",
                    ));
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth -= 1,
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        let import = import.map_err(|error| malformed(&error))?;
                        outside.imports.push(import.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        let export = export.map_err(|error| malformed(&error))?;
                        outside.exports.push(export.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(outside)
    }
}

fn malformed(error: &wasmparser::BinaryReaderError) -> LoadFailure {
    failure(
        LoadStage::Admit,
        "plugin.component.malformed",
        format!("the component is cut off or damaged at byte {}", error.offset()),
        "build the component again and copy it whole",
    )
}

/// The grant that the import takes, if it takes one.
fn check_import(
    name: &str,
    world: World,
    wants: &Wants,
) -> Result<Option<&'static str>, LoadFailure> {
    let (interface, version) = split(name);
    if let Some(import) = world.imports().iter().find(|it| it.name == interface) {
        check_grant(import, wants)?;
        check_version(interface, version)?;
        return Ok(import.grant);
    }
    if interface.starts_with("wasi:") {
        return Err(failure(
            LoadStage::Admit,
            "plugin.import.wasi",
            format!("the component imports `{}`, and no WASI is offered", shown(name)),
            "build for `wasm32-unknown-unknown`, or stub WASI out",
        ));
    }
    Err(failure(
        LoadStage::Admit,
        "plugin.import.unknown",
        format!("the component imports `{}`, which this host does not offer", shown(name)),
        format!("import nothing but {}", offered(world)),
    ))
}

fn offered(world: World) -> String {
    let names: Vec<_> = world.imports().iter().map(|it| format!("`{}`", it.name)).collect();
    names.join(", ")
}

fn check_grant(import: &Import, wants: &Wants) -> Result<(), LoadFailure> {
    match import.grant {
        Some(grant) if !wants.includes(grant) => Err(not_granted(import.name, grant)),
        _ => Ok(()),
    }
}

fn not_granted(import: &str, grant: &str) -> LoadFailure {
    failure(
        LoadStage::Admit,
        "plugin.import.not-granted",
        format!("the component imports `{import}`, but does not want `{grant}`"),
        format!("add `{grant}` under `[wants]` in plugin.toml, or do not import it"),
    )
}

fn check_export(export: &str, world: World, exports: &[String]) -> Result<(), LoadFailure> {
    let versions = exports.iter().map(|it| split(it)).filter(|(name, _)| *name == export);
    let versions: Vec<_> = versions.map(|(_, version)| version).collect();
    match versions.first() {
        Some(_) if versions.iter().any(|it| speaks(*it)) => Ok(()),
        Some(version) => check_version(export, *version),
        None => Err(failure(
            LoadStage::Admit,
            "plugin.export.missing",
            format!("the component does not export `{export}`"),
            format!("build it for the world `{}`, or correct `kind`", world.name()),
        )),
    }
}

fn check_version(interface: &str, version: Option<&str>) -> Result<(), LoadFailure> {
    if speaks(version) {
        return Ok(());
    }
    let found = version.map_or("no version".to_owned(), |it| format!("version {}", shown(it)));
    Err(failure(
        LoadStage::Admit,
        "plugin.api.version",
        format!("the component has `{interface}` with {found}, expected version {API}.x"),
        format!("build the plugin against `wit/bowsprit-plugin/{API}`"),
    ))
}

fn speaks(version: Option<&str>) -> bool {
    let Some(Ok(version)) = version.map(semver::Version::parse) else { return false };
    format!("{}.{}", version.major, version.minor) == API && version.pre.is_empty()
}

fn split(name: &str) -> (&str, Option<&str>) {
    match name.split_once('@') {
        Some((interface, version)) => (interface, Some(version)),
        None => (name, None),
    }
}
