//! Plugin folders that no module in text can make.

use super::guest::Guest;
use crate::support::Folder;

/// A component's first eight bytes, and a core module's.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// The folder `name` stands for in `fixtures.toml`.
pub(super) fn made(name: &str, plain: Folder) -> Folder {
    let named = |names: Vec<&'static str>| Guest { names, ..Guest::default() }.component();
    let rendering = |manifest: String| Guest { manifest, ..Guest::default() }.component();
    let whole = Guest::default().component();
    match name {
        "many-instances" => plain.component(instances(200, "")),
        "many-memories" => plain.component(instances(4, "(memory 1)")),
        "deep-json" => plain.component(rendering("{\"a\":".repeat(6_000))),
        "long-name" => plain.component(rendering(format!(
            r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{}"}}}}"#,
            "x".repeat(300)
        ))),
        "core-module" => plain.component(MODULE.to_vec()),
        "truncated" => plain.component(whole[..whole.len() / 2].to_vec()),
        "text" => plain.component(b"hello".to_vec()),
        "empty-file" => plain.component(Vec::new()),
        "custom-section-bomb" => plain.component(with_custom(whole, 17, 1 << 20)),
        "custom-section-swarm" => plain.component(with_custom(whole, 100_000, 1)),
        "many-functions" => plain.component(within(&functions(200_000, &[0, 0x0b]))),
        "many-types" => {
            let types = [leb(60_000), [0x60, 0, 0].repeat(60_000)].concat();
            plain.component(within(&[MODULE, &section(1, &types)].concat()))
        }
        "huge-function" => {
            let body = [&[0][..], &vec![0x01; 2 << 20], &[0x0b]].concat();
            plain.component(within(&functions(1, &body)))
        }
        "component-in-component" => plain.component(nested(300)),
        "body-that-does-not-validate" => plain.component(exporting(&invalid_module())),
        "two-types-of-one-name" => plain.component(named(vec!["hostile", "hostile"])),
        "type-of-another-plugin" => plain.component(named(vec!["echo"])),
        "toml-nested-without-end" => {
            let deep = format!("homepage = {}\n[wants]", "[".repeat(20_000));
            plain.toml("[wants]", &deep)
        }
        "huge-toml" => plain.toml("[wants]", &format!("# {}\n[wants]", "x".repeat(100 << 10))),
        "link-out-of-the-folder" => plain.link("stolen", "/etc/passwd"),
        other => panic!("nobody makes `{other}`"),
    }
}

/// The interface of a plugin with node types.
pub(crate) const NODE_TYPES: &str = "bowsprit:plugin/node-types@0.1.0";

/// A component that imports instances of these names and exports an interface,
/// empty.
pub(crate) fn importing(imports: &[String], export: &str) -> Vec<u8> {
    let imports: String =
        imports.iter().map(|it| format!("(import \"{it}\" (instance))\n")).collect();
    let text = format!("(component {imports} {})", exported(export));
    wat::parse_str(text).expect("a component")
}

fn exported(name: &str) -> String {
    format!("(instance $i) (export \"{name}\" (instance $i))")
}

/// A component of so many instances of one module.
fn instances(count: usize, module: &str) -> Vec<u8> {
    let instances = "(core instance (instantiate $m))\n".repeat(count);
    let export = exported(NODE_TYPES);
    let text = format!("(component (core module $m {module}) {instances} {export})");
    wat::parse_str(text).expect("a component")
}

/// A component around a module that is only looked at.
fn within(module: &[u8]) -> Vec<u8> {
    [COMPONENT, &section(1, module)].concat()
}

/// The same with the export that admission asks for.
fn exporting(module: &[u8]) -> Vec<u8> {
    let outer =
        wat::parse_str(format!("(component {})", exported(NODE_TYPES))).expect("a component");
    [&within(module)[..], &outer[COMPONENT.len()..]].concat()
}

/// A module of `count` functions with one body.
fn functions(count: u32, body: &[u8]) -> Vec<u8> {
    let bodies = [leb(body.len() as u32), body.to_vec()].concat().repeat(count as usize);
    [
        MODULE,
        &section(1, &[1, 0x60, 0, 0]),
        &section(3, &[leb(count), vec![0; count as usize]].concat()),
        &section(10, &[leb(count), bodies].concat()),
    ]
    .concat()
}

/// A function that says it returns a number, and does not.
fn invalid_module() -> Vec<u8> {
    [
        MODULE,
        &section(1, &[1, 0x60, 0, 1, 0x7f]),
        &section(3, &[1, 0]),
        &section(10, &[1, 2, 0, 0x0b]),
    ]
    .concat()
}

fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(COMPONENT.to_vec(), |inner, _| [COMPONENT, &section(4, &inner)].concat())
}

fn with_custom(mut component: Vec<u8>, count: usize, bytes: usize) -> Vec<u8> {
    let custom = section(0, &[&[1, b'x'][..], &vec![0; bytes]].concat());
    component.extend(custom.repeat(count));
    component
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id][..], &leb(content.len() as u32), content].concat()
}

/// A number as WebAssembly writes it.
fn leb(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
