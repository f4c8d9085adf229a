//! Components without what their tools exported for themselves.
//!
//! An export takes a number among functions or instances, so those after it
//! move up. Everything else is copied as it is.

use std::convert::Infallible;

use wasm_encoder::{
    Component, ComponentExportSection, ComponentSectionId, RawSection,
    reencode::{Error, Reencode, ReencodeComponent},
};
use wasmparser::{
    BinaryReaderError, CanonicalFunction, ComponentAlias, ComponentExport, ComponentExternalKind,
    ComponentTypeRef, CustomSectionReader, KnownCustom, Parser, Payload,
};

type Done = Result<(), Error<Infallible>>;

/// The component without the function or instance that it exports as `name`;
/// `None` if there is no such export, or something in it needs it.
pub(crate) fn without(component: &[u8], name: &str) -> Option<Vec<u8>> {
    let (kind, number) = find(component, name).ok().flatten()?;
    let mut trim = Trim { name, kind, number, depth: 0, needed: false };
    let mut trimmed = Component::new();
    trim.parse_component(&mut trimmed, Parser::new(0), component).ok()?;
    (!trim.needed).then(|| trimmed.finish())
}

/// What the export is, and its number among those of its kind.
fn find(
    component: &[u8],
    name: &str,
) -> Result<Option<(ComponentExternalKind, u32)>, BinaryReaderError> {
    use ComponentExternalKind::{Func, Instance};
    // Of functions and instances.
    let mut numbers = (0_u32, 0_u32);
    // Modules and components inside the component count for themselves.
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        let mut count = |kind| match kind {
            Func => numbers.0 += 1,
            Instance => numbers.1 += 1,
            _ => {}
        };
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            _ if depth > 0 => {}
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.name.name == name {
                        return Ok(match export.kind {
                            Func => Some((Func, numbers.0)),
                            Instance => Some((Instance, numbers.1)),
                            _ => None,
                        });
                    }
                    count(export.kind);
                }
            }
            other => taken(other)?.into_iter().for_each(count),
        }
    }
    Ok(None)
}

/// Kinds of what a section other than of exports adds, one for each.
fn taken(section: Payload<'_>) -> Result<Vec<ComponentExternalKind>, BinaryReaderError> {
    use ComponentExternalKind::{Func, Instance};
    let mut kinds = Vec::new();
    match section {
        Payload::ComponentImportSection(section) => {
            for import in section {
                match import?.ty {
                    ComponentTypeRef::Func(_) => kinds.push(Func),
                    ComponentTypeRef::Instance(_) => kinds.push(Instance),
                    _ => {}
                }
            }
        }
        Payload::ComponentAliasSection(section) => {
            for alias in section {
                if let ComponentAlias::InstanceExport { kind, .. } = alias? {
                    kinds.push(kind);
                }
            }
        }
        Payload::ComponentCanonicalSection(section) => {
            for canonical in section {
                if let CanonicalFunction::Lift { .. } = canonical? {
                    kinds.push(Func);
                }
            }
        }
        Payload::ComponentInstanceSection(section) => {
            kinds.extend((0..section.count()).map(|_| Instance));
        }
        _ => {}
    }
    Ok(kinds)
}

struct Trim<'n> {
    name: &'n str,
    kind: ComponentExternalKind,
    number: u32,
    /// Of types, in which numbers are their own.
    depth: u32,
    /// Whether something refers to what is taken away.
    needed: bool,
}

impl Trim<'_> {
    fn moved(&mut self, kind: ComponentExternalKind, number: u32) -> u32 {
        if self.depth > 0 || kind != self.kind || number < self.number {
            return number;
        }
        self.needed |= number == self.number;
        number.saturating_sub(1)
    }
}

impl Reencode for Trim<'_> {
    type Error = Infallible;
}

impl ReencodeComponent for Trim<'_> {
    fn component_instance_index(&mut self, number: u32) -> u32 {
        self.moved(ComponentExternalKind::Instance, number)
    }

    fn component_func_index(&mut self, number: u32) -> u32 {
        self.moved(ComponentExternalKind::Func, number)
    }

    fn push_depth(&mut self) {
        self.depth += 1;
    }

    fn pop_depth(&mut self) {
        self.depth -= 1;
    }

    fn parse_component_submodule(
        &mut self,
        component: &mut Component,
        _parser: Parser,
        module: &[u8],
    ) -> Done {
        component.section(&RawSection { id: ComponentSectionId::CoreModule.into(), data: module });
        Ok(())
    }

    fn parse_component_subcomponent(
        &mut self,
        component: &mut Component,
        _parser: Parser,
        data: &[u8],
        _whole_component: &[u8],
    ) -> Done {
        component.section(&RawSection { id: ComponentSectionId::Component.into(), data });
        Ok(())
    }

    fn parse_component_custom_section(
        &mut self,
        component: &mut Component,
        section: CustomSectionReader<'_>,
    ) -> Done {
        // Names are for people who debug, and go by number.
        if !matches!(section.as_known(), KnownCustom::ComponentName(_)) {
            component.section(&self.custom_section(section)?);
        }
        Ok(())
    }

    fn parse_component_export(
        &mut self,
        exports: &mut ComponentExportSection,
        export: ComponentExport<'_>,
    ) -> Done {
        if export.name.name == self.name {
            return Ok(());
        }
        wasm_encoder::reencode::component_utils::parse_component_export(self, exports, export)
    }
}

#[cfg(test)]
mod tests {
    use wasmparser::{Validator, WasmFeatures};

    use super::*;

    /// Functions and instances before and after what is taken away.
    const WHOLE: &str = r#"(component
        (core module $m (func (export "f")))
        (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f")))
        (component $c (import "f" (func $f)) (export "f" (func $f)))
        (instance $first (instantiate $c (with "f" (func $f))))
        (export "own" OWN)
        (func $g (canon lift (core func $i "f")))
        (instance $second (instantiate $c (with "f" (func $g))))
        (export "world" (instance $second))
        MORE
    )"#;

    fn built(own: &str, more: &str) -> Vec<u8> {
        let text = WHOLE.replace("OWN", own).replace("MORE", more);
        wat::parse_str(text).unwrap()
    }

    fn exports(component: &[u8]) -> Vec<String> {
        Validator::new_with_features(WasmFeatures::all()).validate_all(component).unwrap();
        let mut names = Vec::new();
        let mut depth = 0;
        for payload in Parser::new(0).parse_all(component) {
            match payload.unwrap() {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth -= 1,
                Payload::ComponentExportSection(section) if depth == 0 => {
                    names.extend(section.into_iter().map(|it| it.unwrap().name.name.to_owned()));
                }
                _ => {}
            }
        }
        names
    }

    #[test]
    fn an_export_is_taken_away_and_the_rest_stays() {
        for own in ["(func $f)", "(instance $first)"] {
            let whole = built(own, "");
            assert_eq!(exports(&whole), ["own", "world"]);
            let trimmed = without(&whole, "own").unwrap();
            assert_eq!(exports(&trimmed), ["world"], "{own}");
            assert_eq!(without(&trimmed, "own"), None, "there is none any more");
        }
    }

    #[test]
    fn what_something_needs_stays() {
        let more = r#"(alias export $own "f" (func $h)) (export "more" (func $h))"#;
        let text = WHOLE.replace("(export \"own\" OWN)", "(export $own \"own\" (instance $first))");
        let whole = wat::parse_str(text.replace("MORE", more)).unwrap();
        assert_eq!(without(&whole, "own"), None);
        assert_eq!(exports(&without(&whole, "more").unwrap()), ["own", "world"]);
        assert_eq!(without(b"no component", "own"), None);
        assert_eq!(without(&whole[..whole.len() - 9], "none"), None);
    }
}
