//! Bytes that are said to be a component.

use std::{cell::OnceCell, path::Path};

use arbitrary::{Arbitrary as _, Unstructured};
use bowsprit_fuzz::{Noise, Target};
use wasmtime::{Engine, component::Component};

use super::{survives, word};
use crate::{admission::admit, package::Wants, world::World};

/// What has to be exported.
const EXPORT: &str = "bowsprit:plugin/node-types@0.1.0";

/// Sections, preambles, names of interfaces.
const WORDS: [&[u8]; 12] = [
    b"\0asm\x0d\0\x01\0",
    b"\0asm\x01\0\0\0",
    b"bowsprit:plugin/node-types@0.1.0",
    b"bowsprit:plugin/types@0.1.0",
    b"bowsprit:plugin/log@0.1.0",
    b"bowsprit:plugin/assets@0.2.0",
    b"wasi:cli/environment@0.2.0",
    &[1, 8, 0, b'a', b's', b'm', 1, 0, 0, 0],
    &[4, 8, 0, b'a', b's', b'm', 0x0d, 0, 1, 0],
    &[0, 9, 4, b's', b'a', b'l', b't', 1, 2, 3, 4],
    &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0x0b, 1, 0],
];

/// A valid component that nobody thought of.
fn smith(noise: &mut Noise) -> Vec<u8> {
    let bytes = noise.bytes(512);
    let mut source = Unstructured::new(&bytes);
    wasm_smith::Component::arbitrary(&mut source).map(|it| it.to_bytes()).unwrap_or_default()
}

fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        format!("(component (instance $i) (export \"{EXPORT}\" (instance $i)))"),
        format!("(component (import \"{}\" (instance)))", "bowsprit:plugin/log@0.1.0"),
        "(component (core module $m (func)) (core instance (instantiate $m)))".into(),
        "(component (component (component)) (type (func)))".into(),
        "(component (@custom \"x\" \"y\"))".into(),
    ];
    let mut seeds: Vec<_> = texts.iter().filter_map(|it| wat::parse_str(it).ok()).collect();
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests/dist");
    seeds.extend(std::fs::read(guests.join("echo/plugin.wasm")));
    seeds
}

#[test]
fn components() {
    let engine = OnceCell::<Engine>::new();
    let run = |bytes: &[u8]| match admit(bytes, World::NodeTypes, &Wants::default()) {
        Err(failure) => word(&failure),
        Ok(_) if bytes.len() > 4 << 10 => "large".into(),
        // What is let in goes to the compiler.
        Ok(_) => match Component::from_binary(engine.get_or_init(Engine::default), bytes) {
            Ok(_) => "compiled".into(),
            Err(_) => "refused by the compiler".into(),
        },
    };
    let words = WORDS;
    survives(&Target {
        name: "component",
        seeds: seeds(),
        words: &words,
        make: Some(&smith),
        most: 256 << 10,
        run: &run,
    });
}
