//! What makes a component dear to compile, counted before it is.

use bowsprit_host_core::plugins::{LoadFailure, LoadStage};
use wasmparser::Payload;

use crate::failure::failure;

/// Functions of all modules. An interpreter of Python or JavaScript has some
/// tens of thousands.
const FUNCTIONS: u64 = 150_000;
/// Bytes of one function's body: compiling takes more than linear time. The
/// main loop of an interpreter has a few hundred kilobytes.
const FUNCTION_BYTES: u64 = 1 << 20;
/// Types of all modules and components.
const TYPES: u64 = 50_000;
/// Modules and components inside.
const PARTS: u64 = 256;
/// Instances and aliases, which wire the parts together.
const WIRES: u64 = 100_000;
/// Custom sections, and bytes of all of them: names and debugging help.
const CUSTOM_SECTIONS: u64 = 1_000;
const CUSTOM_BYTES: u64 = 16 << 20;

/// Counts while a component is read.
#[derive(Default)]
pub(super) struct Size {
    functions: u64,
    types: u64,
    parts: u64,
    wires: u64,
    custom_sections: u64,
    custom_bytes: u64,
}

impl Size {
    /// Counts one part more; too many of a kind is a failure.
    pub(super) fn add(&mut self, payload: &Payload<'_>) -> Result<(), LoadFailure> {
        match payload {
            Payload::FunctionSection(it) => {
                bounded("functions", &mut self.functions, it.count(), FUNCTIONS)
            }
            Payload::CodeSectionEntry(body) => {
                let bytes = body.range().len() as u64;
                bounded("bytes in one function", &mut 0, bytes, FUNCTION_BYTES)
            }
            Payload::TypeSection(it) => bounded("types", &mut self.types, it.count(), TYPES),
            Payload::ComponentTypeSection(it) => {
                bounded("types", &mut self.types, it.count(), TYPES)
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                bounded("modules and components", &mut self.parts, 1_u32, PARTS)
            }
            Payload::InstanceSection(it) => bounded("wires", &mut self.wires, it.count(), WIRES),
            Payload::ComponentInstanceSection(it) => {
                bounded("wires", &mut self.wires, it.count(), WIRES)
            }
            Payload::ComponentAliasSection(it) => {
                bounded("wires", &mut self.wires, it.count(), WIRES)
            }
            Payload::CustomSection(it) => {
                bounded("custom sections", &mut self.custom_sections, 1_u32, CUSTOM_SECTIONS)?;
                let bytes = it.data().len() as u64;
                bounded("bytes in custom sections", &mut self.custom_bytes, bytes, CUSTOM_BYTES)
            }
            _ => Ok(()),
        }
    }
}

fn bounded(
    what: &str,
    count: &mut u64,
    more: impl Into<u64>,
    most: u64,
) -> Result<(), LoadFailure> {
    *count = count.saturating_add(more.into());
    if *count <= most {
        return Ok(());
    }
    Err(failure(
        LoadStage::Admit,
        "plugin.component.too-complex",
        format!("the component has more than {most} {what}"),
        "split the plugin, or strip what is not needed",
    ))
}
