//! The first look at a component: only its outside, before any time is spent
//! on compiling it.

use bowsprit_host_core::plugins::{LoadFailure, LoadStage};
use wasmparser::{Encoding, Parser, Payload};

use crate::{
    bindings::v0_1::{API, EXPORT, IMPORTS},
    failure::failure,
};

/// Checks that `bytes` are a component that wants nothing this host does not
/// offer and provides what it needs.
pub(crate) fn admit(bytes: &[u8]) -> Result<(), LoadFailure> {
    let outside = Outside::read(bytes)?;
    for name in &outside.imports {
        check_import(name)?;
    }
    check_exports(&outside.exports)
}

/// Names of what a component imports and exports.
#[derive(Default)]
struct Outside {
    imports: Vec<String>,
    exports: Vec<String>,
}

impl Outside {
    fn read(bytes: &[u8]) -> Result<Self, LoadFailure> {
        let mut outside = Self::default();
        // Modules and components inside the component have sections too.
        let mut depth = 0;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(|error| malformed(&error))? {
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

fn check_import(name: &str) -> Result<(), LoadFailure> {
    let (interface, version) = split(name);
    if IMPORTS.contains(&interface) {
        return check_version(interface, version);
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
        format!("import nothing but {}", IMPORTS.map(|it| format!("`{it}`")).join(", ")),
    ))
}

fn check_exports(exports: &[String]) -> Result<(), LoadFailure> {
    let mut others = Vec::new();
    for name in exports {
        match split(name) {
            (EXPORT, version) if speaks(version) => return Ok(()),
            (EXPORT, version) => others.push(version),
            _ => {}
        }
    }
    match others.first() {
        Some(version) => check_version(EXPORT, *version),
        None => Err(failure(
            LoadStage::Admit,
            "plugin.export.missing",
            format!("the component does not export `{EXPORT}`"),
            "build it for the world `node-types-plugin`",
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

/// At most 120 characters of a foreign text.
fn shown(text: &str) -> String {
    text.chars().take(120).collect()
}
